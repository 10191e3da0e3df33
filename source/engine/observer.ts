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

export type Settled =
  | { readonly settled: true }
  | { readonly settled: false; readonly unmet: readonly { says: string; found: string }[] };

/** Looks at the hosts, side by side, and keeps what it saw last. */
export class Observer {
  #world: World = { hosts: {} };
  readonly #facts: ClusterFacts;
  readonly #hosts: ReadonlyMap<string, RemoteHost>;
  readonly #onLook: (alias: string) => void;

  constructor(facts: ClusterFacts, hosts: ReadonlyMap<string, RemoteHost>, onLook: (alias: string) => void) {
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

  /** Looks until every condition holds, or the time is up. `say` hears what is still waited for. */
  async until(
    conditions: readonly Condition[],
    aliases: readonly string[],
    seconds: number,
    say: (waitingFor: string) => void,
    stop: () => boolean,
  ): Promise<Settled> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const world = await this.look(aliases);
      const unmet = conditions.flatMap((condition) => {
        const verdict = condition.holds(world);
        return verdict.holds ? [] : [{ says: condition.says, found: verdict.found }];
      });
      const [first] = unmet;
      if (first === undefined) return { settled: true };
      if (Date.now() >= deadline || stop()) return { settled: false, unmet };
      say(`${first.says} (now: ${first.found})`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
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
