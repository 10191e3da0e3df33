import { type ClusterFacts, hostsOf, isNode } from '../cluster/facts.ts';
import { problem } from '../cluster/result.ts';
import type { Look, World } from '../cluster/world.ts';
import { monitorQuery } from '../monitor/query.ts';
import type { RemoteHost } from '../remote/host.ts';
import type { Condition } from '../runbook/step.ts';
import { ageOf, type Moment, moment, steady } from './clock.ts';
import { type Judged, judge } from './judge.ts';
import { parseLook } from './look/parse.ts';
import { lookScript } from './look/script.ts';

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
  /** When the look that counts began, of each host, and the how manieth it was: order needs no clock. */
  readonly #began = new Map<string, Moment & { readonly turn: number }>();
  #turns = 0;
  /** Hosts that gave no answer when they were last asked; one that answers nonsense is not of them. */
  readonly #outOfReach = new Set<string>();
  readonly #facts: ClusterFacts;
  readonly #hosts: ReadonlyMap<string, RemoteHost>;
  readonly #onLook: (alias: string) => void;

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
      aliases.map(async (alias) => {
        this.#turns += 1;
        const began = { ...moment(), turn: this.#turns };
        return { alias, began, look: await this.#lookAt(alias) };
      }),
    );
    // Of two looks that cross, the one that began later counts.
    const newer = looks.filter(({ alias, began }) => began.turn > (this.#began.get(alias)?.turn ?? 0));
    for (const { alias, began } of newer) this.#began.set(alias, began);
    this.#world = {
      hosts: { ...this.#world.hosts, ...Object.fromEntries(newer.map(({ alias, look }) => [alias, look])) },
    };
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
    let deadline = steady() + seconds * 1000;
    const limit = deadline + blindMs;
    let oldest = from === 'a fresh look' ? this.#freshMs : 0;
    for (;;) {
      const began = steady();
      const { unmet, blind } = await this.#judge(conditions, alias, oldest);
      const [first] = unmet;
      if (first === undefined) return { settled: true };
      if (blind) deadline = Math.min(limit, deadline + steady() - began + pauseMs);
      if (steady() >= deadline || stop()) return { settled: false, unmet };
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
  ): Promise<{ readonly unmet: Judged['unmet']; readonly blind: boolean }> {
    const looked = new Set<string>();
    let wanted = new Set([alias, ...judge(conditions, this.#world).asked]);
    for (;;) {
      const stale = [...wanted].filter((one) => !looked.has(one) && !this.#isFresh(one, oldest));
      if (stale.length > 0) await this.look(stale);
      for (const one of wanted) looked.add(one);
      const { unmet, asked } = judge(conditions, this.#world);
      // What was seen may make a condition ask about a host that it had no question about before.
      wanted = new Set([...asked].filter((one) => !looked.has(one)));
      if (wanted.size === 0) return { unmet, blind: [...looked].some((one) => this.#outOfReach.has(one)) };
    }
  }

  #isFresh(alias: string, oldest: number): boolean {
    const began = this.#began.get(alias);
    return this.#world.hosts[alias]?.kind === 'seen' && began !== undefined && ageOf(began) < oldest;
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
    return seen.ok ? { kind: 'seen', at, host: seen.value } : { kind: 'unseen', at, problem: seen.error };
  }
}
