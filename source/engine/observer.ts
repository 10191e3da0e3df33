import { type ClusterFacts, hostsOf, isNode } from '../cluster/facts.ts';
import { problem } from '../cluster/result.ts';
import type { Look, World } from '../cluster/world.ts';
import { monitorQuery } from '../monitor/query.ts';
import type { RemoteHost } from '../remote/host.ts';
import type { Condition } from '../runbook/step.ts';
import { parseLook } from './look/parse.ts';
import { lookScript } from './look/script.ts';

/** Milliseconds between two looks while waiting for the servers to show something. */
const pauseMs = 250;
const lookTimeoutMs = 30_000;
/** A look that is no older than this, in milliseconds since it began, need not be made again before a step. */
const defaultFreshMs = 1_000;

export type Settled =
  | { readonly settled: true }
  | { readonly settled: false; readonly unmet: readonly { says: string; found: string }[] };

/** Looks at the hosts, side by side, and keeps what it saw last. */
export class Observer {
  #world: World = { hosts: {} };
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
      aliases.map(async (alias) => [alias, await this.#lookAt(alias)] as const),
    );
    this.#world = { hosts: { ...this.#world.hosts, ...Object.fromEntries(looks) } };
    return this.#world;
  }

  /**
   * Looks until every condition holds, or the time is up. `say` hears what is still waited for. After a command only
   * a new look counts; before one, a look that has just been made is as good.
   */
  async until(
    conditions: readonly Condition[],
    aliases: readonly string[],
    seconds: number,
    say: (waitingFor: string) => void,
    stop: () => boolean,
    from: 'a new look' | 'a fresh look' = 'a new look',
  ): Promise<Settled> {
    const deadline = Date.now() + seconds * 1000;
    let world = from === 'a fresh look' && this.#isFresh(aliases) ? this.#world : await this.look(aliases);
    for (;;) {
      const unmet = conditions.flatMap((condition) => {
        const verdict = condition.holds(world);
        return verdict.holds ? [] : [{ says: condition.says, found: verdict.found }];
      });
      const [first] = unmet;
      if (first === undefined) return { settled: true };
      if (Date.now() >= deadline || stop()) return { settled: false, unmet };
      say(`${first.says} (now: ${first.found})`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      world = await this.look(aliases);
    }
  }

  /** Where one step follows the other without a person in between, the look after the first is the look before the second. */
  #isFresh(aliases: readonly string[]): boolean {
    const since = Date.now() - this.#freshMs;
    return aliases.every((alias) => {
      const look = this.#world.hosts[alias];
      return look?.kind === 'seen' && look.at > since;
    });
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
    if (!output.ok) return { kind: 'unseen', at, problem: output.error };
    this.#onLook(alias);
    const seen = parseLook(alias, output.value.stdout);
    return seen.ok ? { kind: 'seen', at, host: seen.value } : { kind: 'unseen', at, problem: seen.error };
  }
}
