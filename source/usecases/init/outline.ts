import type { Config } from '../../cluster/config.ts';
import { monitorNameOf } from '../../cluster/monitor-state.ts';
import { ok, type Problem, type Result } from '../../cluster/result.ts';
import { askMonitor, inspectHost, theOne } from '../../discover/ask.ts';
import { addressOf, type OpenHost } from '../../discover/reach.ts';
import type { Instance } from '../../inspect/discovery/parse.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { type Candidate, candidatesScript, chooseTarget, parseCandidates } from './candidates.ts';

export interface OutlineNode {
  readonly name: string;
  readonly hostname: string;
  readonly state: string;
  readonly pgdata: string | null;
  readonly unit: string | null;
  readonly bindir: string | null;
  /** Why it was not inspected. */
  readonly problem: Problem | null;
}

/** What a new cluster file is written from. */
export interface Outline {
  readonly oldVersion: string;
  readonly formation: string;
  readonly monitor: {
    readonly pgdata: string;
    readonly unit: string | null;
    readonly port: number;
    readonly bindir: string;
  };
  readonly nodes: readonly OutlineNode[];
  readonly target: Candidate | null;
  /** Every later version that some host has. */
  readonly candidates: readonly Candidate[];
}

const candidatesOn = async (
  host: RemoteHost,
  instance: Instance,
  postgres: string,
): Promise<readonly Candidate[]> => {
  const output = await host.run(candidatesScript(instance.oldBindir).text, {
    as: postgres,
    timeoutMs: 30_000,
  });
  return output.ok ? parseCandidates(output.value.stdout) : [];
};

/** From the monitor's address to what a cluster file should say: nodes that cannot be reached are named, not fatal. */
export const outline = async (
  config: Config,
  open: OpenHost,
  say: (doing: string) => void,
): Promise<Result<Outline>> => {
  say(`connecting to the monitor, ${config.monitor.host}`);
  const monitor = await open(addressOf(config, 'monitor', config.monitor.host, config.monitor));
  if (!monitor.ok) return monitor;
  const opened: RemoteHost[] = [monitor.value];
  const close = () => Promise.all(opened.map((host) => host.close()));
  const { postgres } = config.become;
  const found = await inspectHost(monitor.value, config, config.monitor);
  const instance = found.ok
    ? theOne('monitor', 'monitor', found.value.instances, (one) => one.config.role === 'monitor')
    : found;
  const state = instance.ok ? await askMonitor(monitor.value, config, instance.value) : instance;
  if (!instance.ok || !state.ok) {
    await close();
    return instance.ok
      ? state.ok
        ? { ok: false, error: { what: 'monitor: no answer', remedy: 'retry' } }
        : state
      : instance;
  }
  say(`connecting to ${state.value.nodes.map((node) => node.name).join(', ')}`);
  const perHost: (readonly Candidate[])[] = [await candidatesOn(monitor.value, instance.value, postgres)];
  const nodes = await Promise.all(
    state.value.nodes.map(async (row): Promise<OutlineNode> => {
      const base = { name: row.name, hostname: row.host, state: row.reported };
      const without = (problem: Problem): OutlineNode => ({
        ...base,
        pgdata: null,
        unit: null,
        bindir: null,
        problem,
      });
      const host = await open(addressOf(config, row.name, row.host, undefined));
      if (!host.ok) return without(host.error);
      opened.push(host.value);
      const its = await inspectHost(host.value, config, undefined);
      if (!its.ok) return without(its.error);
      const mine = theOne(
        row.name,
        'node',
        its.value.instances,
        (one) => one.config.role === 'keeper' && one.config.name === monitorNameOf(row),
      );
      if (!mine.ok) return without(mine.error);
      perHost.push(await candidatesOn(host.value, mine.value, postgres));
      const { pgdata, unit, oldBindir } = mine.value;
      return { ...base, pgdata, unit: unit?.name ?? null, bindir: oldBindir, problem: null };
    }),
  );
  await close();
  const { major, oldBindir, oldVersion, pgdata, unit, port } = instance.value;
  const later = new Map(
    perHost.flat().flatMap((one) => (one.version.major > major ? [[one.bindir, one] as const] : [])),
  );
  return ok({
    oldVersion,
    formation: config.formation,
    monitor: { pgdata, unit: unit?.name ?? null, port, bindir: oldBindir },
    nodes,
    target: chooseTarget(major, oldBindir, perHost),
    candidates: [...later.values()],
  });
};
