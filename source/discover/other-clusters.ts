import type { Config } from '../cluster/config.ts';
import { type OtherNode, otherNodeSchema } from '../cluster/facts.ts';
import type { MonitorState, OtherRow } from '../cluster/monitor-state.ts';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import { isPrimaryState } from '../cluster/states.ts';
import { misfit } from '../cluster/words.ts';
import type { RemoteHost } from '../remote/host.ts';
import { inspectHost, theOne } from './ask.ts';
import { addressOf, type OpenHost } from './reach.ts';

/** The nodes of other formations on the same monitor that the cluster file wants to be given the new pg_autoctl. */

/** Its jobs carry it in their names, so it is of few characters. */
const aliasOf = ({ formation, name }: { readonly formation: string; readonly name: string }): string =>
  `${formation}.${name}`.replaceAll(/[^A-Za-z0-9_.-]/g, '_').replace(/^[.-]/, '_');

const entryOf = <Value>(all: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.entries(all).find(([name]) => name === key)?.[1];
const otherSettings = (config: Config, formation: string, name: string) =>
  entryOf(entryOf(config.formations, formation)?.nodes ?? {}, name);

const openOther = (
  config: Config,
  open: OpenHost,
  {
    formation,
    name,
    hostname,
  }: { readonly formation: string; readonly name: string; readonly hostname: string },
): Promise<Result<RemoteHost>> =>
  open(addressOf(config, aliasOf({ formation, name }), hostname, otherSettings(config, formation, name)));

const otherNode = async (
  config: Config,
  open: OpenHost,
  row: OtherRow,
  hosts: Map<string, RemoteHost>,
): Promise<Result<OtherNode>> => {
  const alias = aliasOf(row);
  const settings = otherSettings(config, row.formation, row.name);
  const opened = await openOther(config, open, { ...row, hostname: row.host });
  if (!opened.ok) return opened;
  hosts.set(alias, opened.value);
  const found = await inspectHost(opened.value, config, settings);
  if (!found.ok) return found;
  const instance = theOne(
    alias,
    'node',
    found.value.instances,
    ({ config: its }) => its.role === 'keeper' && its.name === row.name && its.formation === row.formation,
  );
  if (!instance.ok) return instance;
  const { unit, program, oldAutoctl, configFile } = instance.value;
  const accept = `Set formations: { ${row.formation}: accept } in the cluster file, and see to its nodes right after the window.`;
  if (unit === null)
    return fail(
      problem(`${alias}: its pg_autoctl runs without a systemd unit: it cannot be exchanged.`, accept),
    );
  const running = program.replace(/ \(deleted\)$/, '');
  const old = unit.program.endsWith('/pg_autoctl') ? unit.program : oldAutoctl || running;
  if (old === '')
    return fail(problem(`${alias}: no pg_autoctl program found.`, `Start pg_autoctl there. Or: ${accept}`));
  const read = {
    alias,
    formation: row.formation,
    name: row.name,
    hostname: row.host,
    port: row.port,
    primary: isPrimaryState(row.reported),
    service: {
      kind: 'systemd' as const,
      unit: unit.name,
      fragment: unit.fragment,
      enabled: unit.enabled,
      dropIns: [...unit.dropIns],
    },
    oldAutoctl: old,
    newAutoctl: found.value.newAutoctl ?? old,
    configFile,
  };
  const fitting = otherNodeSchema.safeParse(read);
  return fitting.success
    ? ok(fitting.data)
    : fail(misfit(fitting.error, read, `${row.name} of formation ${row.formation}`, accept));
};

/** Connects to them and reads what runs there; adds their connections. Errors: the first that stands against it. */
export const otherNodes = async (
  config: Config,
  open: OpenHost,
  state: MonitorState,
  hosts: Map<string, RemoteHost>,
): Promise<Result<OtherNode[]>> => {
  const unknown = Object.keys(config.formations).find(
    (name) => !state.others.some((row) => row.formation === name),
  );
  if (unknown !== undefined)
    return fail(
      problem(
        `The cluster file says what to do with formation ${unknown}, of which this monitor has no node.`,
        state.others.length === 0
          ? 'There is no other formation: take formations out of the cluster file.'
          : `Its other formations are ${[...new Set(state.others.map((row) => row.formation))].join(', ')}.`,
      ),
    );
  const wanted = state.others.filter((row) => config.formations[row.formation]?.do === 'restart');
  const found = await Promise.all(wanted.map((row) => otherNode(config, open, row, hosts)));
  const nodes: OtherNode[] = [];
  for (const one of found) {
    if (!one.ok) return one;
    nodes.push(one.value);
  }
  return ok(nodes);
};

/** Connects to them again, in a window that is under way: one that does not answer holds up its own step alone. */
export const reachOthers = async (
  config: Config,
  open: OpenHost,
  others: readonly OtherNode[],
  hosts: Map<string, RemoteHost>,
): Promise<void> => {
  await Promise.all(
    others.map(async (other) => {
      const opened = await openOther(config, open, other);
      if (opened.ok) hosts.set(other.alias, opened.value);
    }),
  );
};
