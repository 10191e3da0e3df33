import { type ClusterFacts, hostsOf, isNode, nodesOf, type Outside, userOn } from '../../cluster/facts.ts';
import { theLogin } from '../../cluster/login.ts';
import {
  type HostObservation,
  isLeftOut,
  type Observation,
  type Observations,
  type RehearsalAsked,
} from '../../cluster/observations.ts';
import { present } from '../../cluster/present.ts';
import { type Problem, problem, type Result } from '../../cluster/result.ts';
import { outsideScript } from '../../inspect/state/outside.ts';
import { parseState } from '../../inspect/state/parse.ts';
import { stateScript } from '../../inspect/state/script.ts';
import { strangerIn } from '../../inspect/state/who.ts';
import { monitorQuery } from '../../monitor/query.ts';
import { debugEvent } from '../../remote/debug-events.ts';
import type { RemoteHost } from '../../remote/host.ts';
import type { Condition } from '../../runbook/language/step.ts';
import { runsAs, usersAt } from '../../runbook/steps/custom-place.ts';
import { type CopyOfCluster, copyAlias, rehearsalOn } from '../../runbook/steps/rehearsal/places.ts';
import { ageOf, type ClockReading, readClocks, steady } from './clock.ts';
import { type Judged, judgeConditions } from './judge.ts';

/** Milliseconds between two looks while waiting for the servers to show something. */
const pauseMs = 250;
const inspectionTimeoutMs = 30_000;
/** The same while its connection is down: it is being dialed, and whoever waits for others is not to wait for it. */
const lostTimeoutMs = 2_000;
const leftOutTimeoutMs = 250;
/** What cannot be inspected has not failed: for so long, in milliseconds, the time does not run while a line is down. */
const blindMs = 20_000;
/** A look that is no older than this, in milliseconds since it began, need not be made again before a step. */
const defaultFreshMs = 1_000;

/** A host that gives no answer. */
export interface Silence {
  readonly alias: string;
  /** When it was last heard, or first asked in vain: milliseconds since the epoch, for people. */
  readonly since: number;
  /** For how long, by a clock that nobody sets. */
  readonly seconds: number;
  readonly problem: Problem;
}

export type Settled =
  | { readonly settled: true }
  | {
      readonly settled: false;
      readonly unmet: Judged['unmet'];
      /** It was ended because this host gives no answer; null: the time was up. */
      readonly silent: Silence | null;
    };

/**
 * For how long a host may give no answer before a condition that rests on it ends, in seconds. A secondary holds up others meanwhile, in the
 * downtime too: within the step's own limit; a rebuild that takes hours can wait longer for a connection that was only cut. Without primary
 * or monitor nothing goes on in any case: a cut of some seconds is waited for beyond the limit.
 */
const patienceSeconds = (secondary: boolean, limit: number): number =>
  secondary ? Math.min(limit, limit > 3600 ? 90 : 15) : Math.min(limit + blindMs / 1000, 120);

/** Looks at the hosts, side by side, and keeps what it saw last. */
export class Observer {
  #world: Observations = { hosts: {} };
  /** Hosts that gave no answer when they were last asked, and since when; one that answers nonsense is not of them. */
  readonly #silent = new Map<string, { readonly since: number; readonly began: number; problem: Problem }>();
  readonly #heardAt = new Map<string, number>();
  #leftOut: readonly string[] = [];
  #skipped: readonly string[] = [];
  readonly #notTakenBack = new Set<string>();
  /** Whether the run may go on without a host that gives no answer; whoever answers for the run decides it. */
  goOnWithout: (silence: Silence) => boolean = () => false;
  /** A host that was left out answers again. */
  onBack: (alias: string) => void = () => undefined;
  /** When the look that counts began, of each host, and the how manieth it was: order needs no clock. */
  readonly #began = new Map<string, ClockReading & { readonly turn: number }>();
  #turns = 0;
  readonly #facts: ClusterFacts;
  readonly #hosts: ReadonlyMap<string, RemoteHost>;
  readonly #onLook: (alias: string) => void;

  /** machine-id(5) of each host, as it was first seen. */
  readonly #machines = new Map<string, string>();
  readonly #freshMs: number;
  /** Beside the hosts: a copy on one of them, by its own name. */
  #rehearsal: { readonly asked: RehearsalAsked; readonly of: CopyOfCluster } | null = null;

  constructor(
    facts: ClusterFacts,
    hosts: ReadonlyMap<string, RemoteHost>,
    onInspection: (alias: string) => void,
    freshMs: number = defaultFreshMs,
    /** When consoles before this one heard each host last, in milliseconds since the epoch. */
    heard: ReadonlyMap<string, number> = new Map(),
  ) {
    this.#freshMs = freshMs;
    for (const [alias, at] of heard) this.#heardAt.set(alias, at);
    this.#facts = facts;
    this.#hosts = hosts;
    this.#onLook = onInspection;
  }

  /** From now on the copy of a rehearsal is observed too, and what was asked of it stands in the world. */
  rehearse(asked: RehearsalAsked): void {
    const of = rehearsalOn(this.#facts, asked.on);
    if (of === null) throw new TypeError(`a rehearsal on ${asked.on}, which is no node`);
    this.#rehearsal = { asked, of };
    this.#world = { ...this.#world, rehearsal: asked };
  }

  get world(): Observations {
    return this.#world;
  }

  /** Since when a host gives no answer; null: it answered when it was last asked, or was not asked. */
  silence(alias: string): Silence | null {
    const silent = this.#silent.get(alias);
    if (silent === undefined) return null;
    const seconds = Math.round((steady() - silent.began) / 1000);
    return { alias, since: silent.since, seconds, problem: silent.problem };
  }

  /** Nothing waits for this host any more, until it answers; `for now`: as long as this console runs. */
  leaveOut(alias: string, until: 'until it answers' | 'for now' = 'until it answers'): void {
    if (until === 'for now') this.#notTakenBack.add(alias);
    if (!this.#leftOut.includes(alias)) this.#leftOut = [...this.#leftOut, alias];
    this.#world = { ...this.#world, leftOut: this.#leftOut };
  }

  /** A step was skipped, or is asked for again. */
  markSkipped(step: string, passed: boolean): void {
    if (this.#skipped.includes(step) === passed) return;
    this.#skipped = passed ? [...this.#skipped, step] : this.#skipped.filter((one) => one !== step);
    this.#world = { ...this.#world, skipped: this.#skipped };
  }

  /** One round trip to each host named. */
  async inspect(aliases: readonly string[] = this.#everyone()): Promise<Observations> {
    const observations = await Promise.all(
      aliases.map(async (alias) => {
        this.#turns += 1;
        const began = { ...readClocks(), turn: this.#turns };
        return { alias, began, inspect: await this.#lookAt(alias) };
      }),
    );
    // Of two looks that cross, the one that began later counts.
    const newer = observations.filter(({ alias, began }) => began.turn > (this.#began.get(alias)?.turn ?? 0));
    for (const { alias, began } of newer) this.#began.set(alias, began);
    this.#world = {
      hosts: {
        ...this.#world.hosts,
        ...Object.fromEntries(newer.map(({ alias, inspect }) => [alias, inspect])),
      },
      ...(this.#leftOut.length === 0 ? {} : { leftOut: this.#leftOut }),
      ...(this.#skipped.length === 0 ? {} : { skipped: this.#skipped }),
      ...(this.#rehearsal === null ? {} : { rehearsal: this.#rehearsal.asked }),
    };
    return this.#world;
  }

  #everyone(): readonly string[] {
    const hosts = [...hostsOf(this.#facts), ...this.#facts.outside].map((host) => host.alias);
    return this.#rehearsal === null ? hosts : [...hosts, copyAlias];
  }

  /**
   * Looks until every condition holds, or the time is up; only at `alias` and at those hosts that the conditions ask
   * about. While one of those cannot be reached the time stands still, within bounds; one that gives no answer for long ends it, unless
   * the run goes on without it. `say` hears what is still waited for. After a command only a new look counts; before one, a look that has
   * just been made is as good.
   */
  async until(
    conditions: readonly Condition[],
    alias: string,
    seconds: number,
    say: (waitingFor: string) => void,
    stop: () => boolean,
    from: 'a new look' | 'a fresh look' = 'a new look',
  ): Promise<Settled> {
    let deadline = steady() + seconds * 1000;
    const limit = deadline + blindMs;
    let oldest = from === 'a fresh look' ? this.#freshMs : 0;
    for (;;) {
      const began = steady();
      const { unmet, waitsFor, blind } = await this.#judge(conditions, alias, oldest);
      const [first] = unmet;
      if (first === undefined) return { settled: true };
      const silent = this.#tooLong(waitsFor, seconds);
      if (silent !== null && !isLeftOut(this.#world, silent.alias) && this.goOnWithout(silent)) {
        this.leaveOut(silent.alias);
        continue;
      }
      if (silent !== null) return { settled: false, unmet, silent };
      if (blind) deadline = Math.min(limit, deadline + steady() - began + pauseMs);
      if (steady() >= deadline || stop()) return { settled: false, unmet, silent: null };
      say(`${first.says} (now: ${first.found})`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      oldest = 0;
    }
  }

  /** Looks again at the hosts that a condition rests on, where the last look is older than a moment. */
  async freshen(condition: Condition, alias: string): Promise<void> {
    await this.#judge([condition], alias, this.#freshMs);
  }

  /** Judges on looks that are no older than so many milliseconds; 0: on looks made now. */
  async #judge(
    conditions: readonly Condition[],
    alias: string,
    oldest: number,
  ): Promise<Omit<Judged, 'asked'> & { readonly blind: boolean }> {
    const inspected = new Set<string>();
    let wanted = new Set([alias, ...judgeConditions(conditions, this.#world).asked]);
    for (;;) {
      const stale = [...wanted].filter((one) => !inspected.has(one) && !this.#isFresh(one, oldest));
      if (stale.length > 0) await this.inspect(stale);
      for (const one of wanted) inspected.add(one);
      const { unmet, asked, waitsFor } = judgeConditions(conditions, this.#world);
      // What was seen may make a condition ask about a host that it had no question about before.
      wanted = new Set([...asked].filter((one) => !inspected.has(one)));
      if (wanted.size === 0)
        return { unmet, waitsFor, blind: [...inspected].some((one) => this.#silent.has(one)) };
    }
  }

  /** One of these hosts that has given no answer for longer than it may; one that may be left out first. */
  #tooLong(aliases: ReadonlySet<string>, limit: number): Silence | null {
    const silences = [...aliases].flatMap((alias) => {
      const silence = this.silence(alias);
      const { role = 'monitor' } = nodesOf(this.#facts).find((node) => node.alias === alias) ?? {};
      const mayMiss = role === 'secondary' || this.#facts.outside.some((place) => place.alias === alias);
      return silence !== null && silence.seconds >= patienceSeconds(mayMiss, limit) ? [silence] : [];
    });
    return silences.find(({ alias }) => !isLeftOut(this.#world, alias)) ?? silences[0] ?? null;
  }

  #unanswered(alias: string, began: number, cause: Problem, lost: boolean): Problem {
    const known = this.#silent.get(alias);
    const silent = known ?? {
      since: this.#heardAt.get(alias) ?? present(),
      began,
      problem: cause,
    };
    this.#silent.set(alias, silent);
    // Whoever answers, and be it a refusal, is there: then the refusal is what is to be said.
    silent.problem = lost
      ? problem(
          `No answer from ${alias} for ${Math.round((steady() - silent.began) / 1000)} s.`,
          cause.remedy,
          cause.what,
        )
      : cause;
    return silent.problem;
  }

  #answered(alias: string): void {
    this.#silent.delete(alias);
    this.#heardAt.set(alias, present());
  }

  /** It is there again; the monitor only once its database answers: that it does not start is why it was left out. */
  #takenBack(alias: string): void {
    if (!this.#leftOut.includes(alias) || this.#notTakenBack.has(alias)) return;
    this.#leftOut = this.#leftOut.filter((one) => one !== alias);
    this.onBack(alias);
  }

  #isFresh(alias: string, oldest: number): boolean {
    const began = this.#began.get(alias);
    return this.#world.hosts[alias]?.kind === 'seen' && began !== undefined && ageOf(began) < oldest;
  }

  /** Outside the cluster there are marker files to be seen, and nothing else: of each user that runs steps there. */
  async #lookOutside(place: Outside): Promise<Observation> {
    const { alias } = place;
    const host = this.#hosts.get(alias);
    const at = present();
    if (host === undefined)
      return {
        kind: 'unseen',
        at,
        problem: problem(`${alias} is not connected.`, 'Start the console again.'),
      };
    const began = steady();
    const lost = host.line !== 'connected';
    const users = usersAt(this.#facts, place).map((as) => runsAs(this.#facts, place, as));
    const markers: string[] = [];
    let seen: Result<HostObservation> | null = null;
    for (const as of new Set([theLogin, ...users])) {
      const timeoutMs = lost ? lostTimeoutMs : inspectionTimeoutMs;
      const output = await host.run(outsideScript(this.#facts).text, { as, timeoutMs });
      if (!output.ok)
        return {
          kind: 'unseen',
          at,
          problem: this.#unanswered(alias, began, output.error, host.line !== 'connected'),
        };
      seen = parseState(alias, output.value.stdout);
      if (!seen.ok) return { kind: 'unseen', at, problem: seen.error };
      markers.push(...seen.value.markers);
    }
    this.#answered(alias);
    this.#onLook(alias);
    this.#takenBack(alias);
    if (seen === null || !seen.ok)
      return { kind: 'unseen', at, problem: problem(`${alias} was not asked.`, 'Report this as a bug.') };
    return { kind: 'seen', at, host: { ...seen.value, markers: [...new Set(markers)].sort() } };
  }

  async #lookAt(asked: string): Promise<Observation> {
    const outside = this.#facts.outside.find(({ alias }) => alias === asked);
    if (outside !== undefined) return this.#lookOutside(outside);
    const copy = asked === copyAlias ? (this.#rehearsal?.of ?? null) : null;
    // The host that is asked, and, of a copy on it, that node's own places.
    const alias = copy?.node.alias ?? asked;
    const facts = copy?.copy ?? hostsOf(this.#facts).find((host) => host.alias === alias);
    const host = this.#hosts.get(alias);
    const at = present();
    if (facts === undefined || host === undefined)
      return { kind: 'unseen', at, problem: problem(`${alias} is not connected.`, 'Connect to it again.') };
    const began = steady();
    const lost = host.line !== 'connected';
    const sql = isNode(facts) ? null : monitorQuery(this.#facts.formation);
    const output = await host.run(stateScript(facts, this.#facts.newMajor, sql, this.#facts).text, {
      as: userOn(this.#facts, alias),
      timeoutMs: !lost
        ? inspectionTimeoutMs
        : isLeftOut(this.#world, alias)
          ? leftOutTimeoutMs
          : lostTimeoutMs,
    });
    debugEvent('engine.inspection', {
      host: alias,
      ms: Math.round(steady() - began),
      why: output.ok ? null : output.error.what,
    });
    if (!output.ok) {
      const why = this.#unanswered(alias, began, output.error, host.line !== 'connected');
      return { kind: 'unseen', at, problem: why };
    }
    this.#answered(alias);
    this.#onLook(alias);
    const seen = parseState(asked, output.value.stdout);
    const stranger = strangerIn(facts, output.value.stdout, this.#machines);
    if (seen.ok && stranger !== null) return { kind: 'unseen', at, problem: stranger };
    if (seen.ok && (isNode(facts) || seen.value.monitor !== null)) this.#takenBack(alias);
    return seen.ok ? { kind: 'seen', at, host: seen.value } : { kind: 'unseen', at, problem: seen.error };
  }
}
