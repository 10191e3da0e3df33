import { type ClusterFacts, hostsOf, isNode } from '../cluster/facts.ts';
import { problem } from '../cluster/result.ts';
import type { Look, World } from '../cluster/world.ts';
import { monitorQuery } from '../monitor/query.ts';
import type { RemoteHost } from '../remote/host.ts';
import type { Condition } from '../runbook/step.ts';
import { type Judged, judge } from './judge.ts';
import { parseLook } from './look/parse.ts';
import { lookScript } from './look/script.ts';
import { strangerIn } from './look/who.ts';

/** Milliseconds between two looks while waiting for the servers to show something. */
const pauseMs = 250;
const lookTimeoutMs = 30_000;
/** What cannot be looked at has not failed: for so long, in milliseconds, the time does not run while a line is down. */
const blindMs = 20_000;
/** A look that is no older than this, in milliseconds since it began, need not be made again before a step. */
const defaultFreshMs = 1_000;

export type Settled =
  | { readonly settled: true }
  | { readonly settled: false; readonly unmet: Judged['unmet'] };

/** Looks at the hosts, side by side, and keeps what it saw last. */
export class Observer {
  #world: World = { hosts: {} };
  /** Hosts that gave no answer when they were last asked; one that answers nonsense is not of them. */
  readonly #outOfReach = new Set<string>();
  readonly #facts: ClusterFacts;
  readonly #hosts: ReadonlyMap<string, RemoteHost>;
  readonly #onLook: (alias: string) => void;

  /** machine-id(5) of each host, as it was first seen. */
  readonly #machines = new Map<string, string>();
  readonly #freshMs: number;

  constructor(
    facts: ClusterFacts,
    hosts: ReadonlyMap<string, RemoteHost>,
    onLook: (alias: string) => void,
    freshMs: number = defaultFreshMs,
  ) {
    this.#freshMs = freshMs;
    this.#facts = facts;
    this.#hosts = hosts;
    this.#onLook = onLook;
  }

  get world(): World {
    return this.#world;
  }

  /** One round trip to each host named. */
  async look(aliases: readonly string[] = hostsOf(this.#facts).map((host) => host.alias)): Promise<World> {
    const looks = await Promise.all(
      aliases.map(async (alias) => [alias, await this.#lookAt(alias)] as const),
    );
    // Of two looks that cross, the one that began later counts.
    const newer = looks.filter(([alias, { at }]) => at >= (this.#world.hosts[alias]?.at ?? 0));
    this.#world = { hosts: { ...this.#world.hosts, ...Object.fromEntries(newer) } };
    return this.#world;
  }

  /**
   * Looks until every condition holds, or the time is up; only at `alias` and at those hosts that the conditions ask
   * about. While one of those cannot be reached the time stands still, within bounds. `say` hears what is still waited for. After a command only a new look counts; before one, a look that has just
   * been made is as good.
   */
  async until(
    conditions: readonly Condition[],
    alias: string,
    seconds: number,
    say: (waitingFor: string) => void,
    stop: () => boolean,
    from: 'a new look' | 'a fresh look' = 'a new look',
  ): Promise<Settled> {
    let deadline = Date.now() + seconds * 1000;
    const limit = deadline + blindMs;
    let freshSince = from === 'a fresh look' ? Date.now() - this.#freshMs : Number.POSITIVE_INFINITY;
    for (;;) {
      const began = Date.now();
      const { unmet, blind } = await this.#judge(conditions, alias, freshSince);
      const [first] = unmet;
      if (first === undefined) return { settled: true };
      if (blind) deadline = Math.min(limit, deadline + Date.now() - began + pauseMs);
      if (Date.now() >= deadline || stop()) return { settled: false, unmet };
      say(`${first.says} (now: ${first.found})`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      freshSince = Number.POSITIVE_INFINITY;
    }
  }

  /** Looks again at the hosts that a condition rests on, where the last look is older than a moment. */
  async freshen(condition: Condition, alias: string): Promise<void> {
    await this.#judge([condition], alias, Date.now() - this.#freshMs);
  }

  /** Judges on looks that began after `freshSince`; infinity: on looks made now. */
  async #judge(
    conditions: readonly Condition[],
    alias: string,
    freshSince: number,
  ): Promise<{ readonly unmet: Judged['unmet']; readonly blind: boolean }> {
    const looked = new Set<string>();
    let wanted = new Set([alias, ...judge(conditions, this.#world).asked]);
    for (;;) {
      const stale = [...wanted].filter((one) => !looked.has(one) && !this.#isFresh(one, freshSince));
      if (stale.length > 0) await this.look(stale);
      for (const one of wanted) looked.add(one);
      const { unmet, asked } = judge(conditions, this.#world);
      // What was seen may make a condition ask about a host that it had no question about before.
      wanted = new Set([...asked].filter((one) => !looked.has(one)));
      if (wanted.size === 0) return { unmet, blind: [...looked].some((one) => this.#outOfReach.has(one)) };
    }
  }

  #isFresh(alias: string, since: number): boolean {
    const look = this.#world.hosts[alias];
    return look?.kind === 'seen' && look.at > since;
  }

  async #lookAt(alias: string): Promise<Look> {
    const facts = hostsOf(this.#facts).find((host) => host.alias === alias);
    const host = this.#hosts.get(alias);
    const at = Date.now();
    if (facts === undefined || host === undefined)
      return { kind: 'unseen', at, problem: problem(`${alias} is not connected`, 'connect to it again') };
    const sql = isNode(facts) ? null : monitorQuery(this.#facts.formation);
    const output = await host.run(lookScript(facts, this.#facts.newMajor, sql), {
      as: this.#facts.postgres,
      timeoutMs: lookTimeoutMs,
    });
    if (!output.ok) {
      this.#outOfReach.add(alias);
      return { kind: 'unseen', at, problem: output.error };
    }
    this.#outOfReach.delete(alias);
    this.#onLook(alias);
    const seen = parseLook(alias, output.value.stdout);
    const stranger = strangerIn(facts, output.value.stdout, this.#machines);
    if (seen.ok && stranger !== null) return { kind: 'unseen', at, problem: stranger };
    return seen.ok ? { kind: 'seen', at, host: seen.value } : { kind: 'unseen', at, problem: seen.error };
  }
}
