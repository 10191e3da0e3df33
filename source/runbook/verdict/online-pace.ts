import { bytes, roughly } from '../../cluster/amounts.ts';
import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { isSwapped } from '../language/evidence.ts';
import { backSlotOf, onlineIn, replicatedIn, slotOf } from '../steps/online/evidence.ts';

/** What two looks at the server that serves tell and one does not: how fast WAL is written, and whether what follows keeps up with it. */

export interface OnlineLook {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Which server it is, and on which timeline: looks at two of them tell nothing of each other. */
  readonly server: string;
  /** Bytes of WAL that were ever written. */
  readonly written: number;
  /** Bytes that each database is behind, by its name, where its slot tells. */
  readonly behind: ReadonlyMap<string, number>;
}

/** Of the database that is furthest behind. Seconds, bytes a second. */
export type OnlineTrend =
  | { readonly kind: 'keeps-up' }
  | { readonly kind: 'catches-up'; readonly seconds: number }
  | { readonly kind: 'falls-behind'; readonly bytesPerSecond: number };

export interface OnlinePace {
  /** WAL that is written, in bytes a second. */
  readonly walPerSecond: number;
  readonly trend: OnlineTrend;
}

/** Null: another method, or the primary was not seen, or it takes no writes. */
export const onlineLook = (facts: ClusterFacts, world: Observations): OnlineLook | null => {
  const seen = onlineIn(facts, world);
  const look = world.hosts[primaryOf(facts).alias];
  const written = seen?.server?.written ?? null;
  if (seen === null || seen.server === null || written === null || look?.kind !== 'seen') return null;
  const behind = replicatedIn(seen).flatMap((one) => {
    const slot = backSlotOf(seen, one) ?? slotOf(seen, one);
    return slot?.behind == null ? [] : [[one.name, slot.behind] as const];
  });
  const server = `${isSwapped(facts, primaryOf(facts), world) ? facts.newMajor : facts.oldMajor} ${seen.server.timeline}`;
  return { at: look.at, server, written, behind: new Map(behind) };
};

/** Between looks that are closer together, in milliseconds, chance counts for too much. */
const closest = 900;
/** A lag below, in bytes, is what is on its way. */
const onItsWay = 1024 * 1024;
/** The same of its growth, in bytes a second. */
const even = 16 * 1024;

/** Null: the looks do not belong together, or are too close. */
export const paceBetween = (before: OnlineLook | null, now: OnlineLook | null): OnlinePace | null => {
  if (before === null || now === null || now.server !== before.server) return null;
  if (now.at - before.at < closest || now.written < before.written) return null;
  const seconds = (now.at - before.at) / 1000;
  const walPerSecond = (now.written - before.written) / seconds;
  const [most] = [...now.behind].toSorted(([, one], [, other]) => other - one);
  const was = most === undefined ? undefined : before.behind.get(most[0]);
  if (most === undefined || was === undefined || most[1] < onItsWay)
    return { walPerSecond, trend: { kind: 'keeps-up' } };
  const growth = (most[1] - was) / seconds;
  if (growth > even) return { walPerSecond, trend: { kind: 'falls-behind', bytesPerSecond: growth } };
  return {
    walPerSecond,
    trend: growth < 0 ? { kind: 'catches-up', seconds: most[1] / -growth } : { kind: 'keeps-up' },
  };
};

/** `falling behind by 1.2 MB a second`, `caught up in 3 min`; null: it keeps up, or nobody can tell. */
export const trendWords = (pace: OnlinePace | null): string | null => {
  switch (pace?.trend.kind) {
    case 'falls-behind':
      return `falling behind by ${bytes(Math.round(pace.trend.bytesPerSecond))} a second`;
    case 'catches-up':
      return `caught up in ${roughly(pace.trend.seconds)}`;
    default:
      return null;
  }
};

/** Seconds until so many bytes of WAL are written, as it is written now; null: nobody can tell, or in years. */
export const lastsSeconds = (left: number, pace: OnlinePace | null): number | null =>
  pace === null || pace.walPerSecond <= 0 || left / pace.walPerSecond > 3650 * 86_400
    ? null
    : Math.max(0, left) / pace.walPerSecond;

/** The looks of a console, which come when a step wants them: each is compared with one that is some seconds old, where there is such a one. */
export class OnlineLooks {
  /** Milliseconds. */
  static readonly apart = 10_000;
  #looks: readonly OnlineLook[] = [];

  /** What this look tells, with those before it. */
  see(now: OnlineLook | null): OnlinePace | null {
    if (now === null) return null;
    const same = this.#looks.filter((one) => one.server === now.server && one.at <= now.at);
    const before = same.findLast((one) => now.at - one.at >= OnlineLooks.apart) ?? same[0] ?? null;
    const last = same.at(-1);
    this.#looks = [
      ...same.slice(Math.max(0, before === null ? 0 : same.indexOf(before))),
      ...(last?.at === now.at ? [] : [now]),
    ];
    return paceBetween(before, now);
  }
}
