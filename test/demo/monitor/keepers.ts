import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { type NodeState, nodeStateSchema } from '../../../source/cluster/states.ts';
import type { DemoMonitor } from '../../../source/demo/monitor/demo-monitor.ts';
import { openDemoMonitor } from '../../../source/demo/monitor/monitor.ts';

export const system15 = '17300000000000000015';
export const system17 = '7300000000000000017';
/** Long enough for a busy machine to keep up, short enough for a test. */
const secondMs = 40;
const rounds = 2_000;

const serverIsDown: readonly NodeState[] = ['draining', 'demote_timeout', 'demoted', 'prepare_maintenance'];
const isStandby: readonly NodeState[] = ['secondary', 'catchingup', 'wait_standby', 'maintenance'];

/** What pg_autoctl on a node is, as far as the monitor sees it: it reports, and does what it is told at once. */
export interface Keeper {
  id: number;
  readonly name: string;
  state: NodeState;
  alive: boolean;
  timeline: number;
  lsn: string;
  system: string;
  /** Everything that it was ever assigned, without repetitions. */
  readonly told: string[];
}

/** A formation without servers: a monitor, and keepers that obey it. */
export class Cluster {
  readonly monitor: DemoMonitor;
  readonly keepers: Keeper[] = [];
  readonly directory: string;

  private constructor(directory: string, monitor: DemoMonitor) {
    this.directory = directory;
    this.monitor = monitor;
  }

  static async start(directory?: string): Promise<Cluster> {
    const place = directory ?? (await mkdtemp(join(tmpdir(), 'pgaf-demo-monitor-')));
    const monitor = await openDemoMonitor({ directory: join(place, 'monitor'), secondMs });
    await monitor.start({ serverVersion: '15.20', extensionVersion: '2.0' });
    return new Cluster(place, monitor);
  }

  /** A primary and so many secondaries, settled. */
  static async settled(secondaries: number): Promise<Cluster> {
    const cluster = await Cluster.start();
    for (let number = 1; number <= secondaries + 1; number += 1) {
      await cluster.join(`node_${number}`);
      await cluster.until({ [`node_${number}`]: number === 1 ? 'single' : 'secondary' });
    }
    await cluster.until({ node_1: 'primary' });
    return cluster;
  }

  async end(): Promise<void> {
    await this.monitor.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  async join(name: string, more: { initialState?: NodeState; system?: string } = {}): Promise<Keeper> {
    const system = more.system ?? system15;
    const state = more.initialState ?? 'init';
    const registered = await this.monitor.registerNode({
      name,
      host: `${name}.example`,
      port: 5432,
      candidatePriority: 50,
      quorum: true,
      systemIdentifier: system,
      initialState: state,
    });
    if ('error' in registered) throw new Error(registered.error);
    const id = registered.nodeId;
    const keeper: Keeper = { id, name, state, alive: true, timeline: 1, lsn: '0/5000060', system, told: [] };
    this.keepers.push(keeper);
    return keeper;
  }

  keeper(name: string): Keeper {
    const found = this.keepers.findLast((keeper) => keeper.name === name);
    if (found === undefined) throw new Error(`no keeper ${name}`);
    return found;
  }

  /** Everybody that is alive reports once, and does what it is told. */
  async round(): Promise<void> {
    for (const keeper of this.keepers.filter(({ alive }) => alive)) {
      const answer = await this.monitor.nodeActive({
        nodeId: keeper.id,
        state: keeper.state,
        running: !serverIsDown.includes(keeper.state),
        tli: keeper.timeline,
        lsn: keeper.lsn,
        syncState: keeper.state === 'secondary' ? 'quorum' : '',
        systemIdentifier: keeper.system,
      });
      if ('error' in answer) continue;
      const goal = nodeStateSchema.parse(answer.assigned);
      if (goal !== keeper.told.at(-1)) keeper.told.push(goal);
      this.#obey(keeper, goal);
    }
    // The monitor's own clock beats on timers.
    await new Promise((resolve) => setImmediate(resolve));
  }

  #obey(keeper: Keeper, goal: NodeState): void {
    const leader = this.keepers.find(({ state }) => ['primary', 'wait_primary', 'single'].includes(state));
    if (goal === 'wait_primary' && ['stop_replication', 'prepare_promotion'].includes(keeper.state))
      keeper.timeline += 1;
    if (isStandby.includes(goal) && leader !== undefined && goal !== 'maintenance') {
      keeper.timeline = leader.timeline;
      keeper.system = leader.system;
    }
    keeper.state = goal;
  }

  /** Rounds, until these nodes have these states, reported and assigned alike. */
  async until(wanted: Readonly<Record<string, NodeState>>): Promise<void> {
    let seen: Record<string, string> = {};
    for (let round = 0; round < rounds; round += 1) {
      await this.round();
      seen = await this.states();
      if (Object.entries(wanted).every(([name, state]) => seen[name] === `${state}/${state}`)) return;
    }
    expect(seen).toEqual(Object.fromEntries(Object.entries(wanted).map(([name, s]) => [name, `${s}/${s}`])));
  }

  /** Reported and assigned state, by name. */
  async states(): Promise<Record<string, string>> {
    const rows = await this.rows(
      "select nodename, current_group_state || '/' || assigned_group_state from pgautofailover.current_state('default')",
    );
    return Object.fromEntries(rows.map(([name, state]) => [name ?? '', state ?? '']));
  }

  /** All rows of the last statement. Throws PostgreSQL's error. */
  async rows(sql: string): Promise<(string | null)[][]> {
    const answer = await this.monitor.sql(sql);
    if (!answer.ok) throw new Error(answer.error);
    return answer.results.at(-1)?.rows ?? [];
  }

  async value(sql: string): Promise<string | null> {
    return (await this.rows(sql))[0]?.[0] ?? null;
  }

  async events(): Promise<string[]> {
    return (await this.rows('select description from pgautofailover.event order by eventid')).map(
      ([text]) => text ?? '',
    );
  }

  setSyncStandbys(wanted: number): Promise<string | null> {
    return this.value(`select pgautofailover.set_formation_number_sync_standbys('default', ${wanted})`);
  }
}

/** For a test file: a settled cluster with so many secondaries, which is gone after the test. */
export const settledInTest = (): ((secondaries: number) => Promise<Cluster>) => {
  const started: Cluster[] = [];
  afterEach(async () => {
    for (const cluster of started.splice(0)) await cluster.end();
  });
  return async (secondaries) => {
    const cluster = await Cluster.settled(secondaries);
    started.push(cluster);
    return cluster;
  };
};
