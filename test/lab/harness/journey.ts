import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, parseJournal } from '../../../source/engine/journal/entry.ts';
import type { EngineView, StepView } from '../../../source/engine/view/controller.ts';
import { type DriveOptions, drive } from './drive.ts';
import type { ConsoleHome } from './walk.ts';

/** One step of a journey, without what differs from cluster to cluster: names of hosts, paths, positions, times. */
export interface Leg {
  readonly step: string;
  readonly as: string;
  readonly danger: string;
  /** The verdict that stood beside the step when it was asked for. */
  readonly verdict: string;
  /** What must hold before and after, as it is said. */
  readonly conditions: number;
}

/** How a step ended, from the journal: by whom, with which code, what its probe said then, and the rollback then. */
export interface Ended {
  readonly step: string;
  readonly by: string;
  readonly code: number | null;
  readonly probe: string;
  readonly verdict: string;
}

export interface Journey {
  readonly end: string;
  readonly asked: readonly Leg[];
  readonly ended: readonly Ended[];
}

/** `possible through node_2, but what 17 wrote since 03:13 UTC (up to 344 transactions) is lost`, on every cluster. */
const words = (verdict: string): string =>
  verdict.replace(/ since \d\d:\d\d \S+/, ' since HH:MM').replace(/ \(up to \d+ transactions?\)/, '');

const entriesOf = (home: ConsoleHome): readonly Entry[] => {
  const runs = join(home.directory, 'state/pgaf-upgrade');
  if (!existsSync(runs)) return [];
  return readdirSync(runs, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('journal.ndjson'))
    .sort()
    .flatMap((name) => parseJournal(readFileSync(join(runs, name), 'utf8')))
    .flatMap((record) => ('entry' in record ? [record.entry] : []));
};

const endedIn = (entries: readonly Entry[]): readonly Ended[] => {
  const codes = new Map<string, number | null>();
  return entries.flatMap((entry): readonly Ended[] => {
    if (entry.kind === 'ended') codes.set(entry.step, entry.exitCode);
    if (entry.kind === 'skipped')
      return [{ step: entry.step, by: 'skipped', code: null, probe: entry.probe.state, verdict: '' }];
    if (entry.kind !== 'done') return [];
    const code = codes.get(entry.step) ?? null;
    return [
      { step: entry.step, by: entry.by, code, probe: entry.probe.state, verdict: words(entry.verdict) },
    ];
  });
};

/** Goes the whole way, or to `until`, and says what was asked and how it ended. */
export const journey = async (home: ConsoleHome, options: DriveOptions = {}): Promise<Journey> => {
  const asked: Leg[] = [];
  const before = entriesOf(home).length;
  const driven = await drive(home, {
    ...options,
    onStep: (step: StepView, view: EngineView) => {
      const { id, as, danger } = step;
      const conditions = step.before.length + step.after.length;
      asked.push({ step: id, as, danger, verdict: view.verdict.kind, conditions });
    },
  });
  return { end: driven.end, asked, ended: endedIn(entriesOf(home).slice(before)) };
};
