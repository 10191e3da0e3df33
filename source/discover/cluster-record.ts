import { posix } from 'node:path';
import { type Config, type HostSettings, nodeSettings } from '../cluster/config.ts';
import {
  type ClusterFacts,
  clusterFactsSchema,
  type HostFacts,
  hostsOf,
  isNode,
  type NodeFacts,
  nodenameOf,
  nodesOf,
  primaryOf,
} from '../cluster/facts.ts';
import { groupsOf } from '../cluster/formation.ts';
import { hostAndPort } from '../cluster/host-and-port.ts';
import { type MonitorState, monitorNameOf } from '../cluster/monitor-state.ts';
import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { parsePostgresVersion } from '../cluster/version.ts';
import { misfit } from '../cluster/words.ts';
import { workDirOf } from '../cluster/work-directory.ts';
import type { Found, Instance } from '../inspect/discovery/parse.ts';
import { ownUnitFile } from '../runbook/shell/root-verbs.ts';
import { customRefused, roleOf } from './cluster-facts.ts';
import { placesOf } from './host-facts.ts';
import { outsideOf } from './outside.ts';

/**
 * The record says how the cluster was before its upgrade. It is a file that the database's user can write on one host, and
 * it would decide what runs as whom on every other: so it counts only where the servers say the same. Who it is (monitor,
 * nodes, system identifier), as whom, with which programs, which unit and in which directories is found out again on each host,
 * and the record may only agree; where it does not, it is refused, with both values.
 *
 * What cannot be found out while servers are stopped comes from the record alone:
 * - superuser, initdb settings, tablespaces, socket directory, files to carry: only the old server could say them, and it
 *   is stopped, or has been replaced by the new one;
 * - number_sync_standbys, priorities, quorum, and the monitor's database and version as they were: the upgrade has changed them;
 * - mode, jobs and the ways to rebuild: they are decisions of the run, begun by them;
 * - minor versions: packages may have been updated meanwhile;
 * - the hosts' names, while the monitor is stopped: each host proves by its files which node it is.
 */

/** One host that has answered: all of it, and the instance that is of this cluster. */
export interface SeenHost {
  readonly found: Found;
  readonly instance: Instance;
}

/** The record of the monitor's data directory, where it is of this upgrade; null: none that this upgrade could go by. */
export const readRecord = (config: Config, { found, instance }: SeenHost): ClusterFacts | null => {
  const record = clusterFactsSchema.safeParse(instance.record);
  if (!record.success || !record.data.nodes.some((node) => node.role === 'primary')) return null;
  const target = parsePostgresVersion(found.newVersion);
  return record.data.newMajor === target?.major && record.data.formation === config.formation
    ? record.data
    : null;
};

/**
 * Why the record of the monitor's data directory counts for nothing, where one is there and a value of it cannot be: no
 * record at all would be another thing to look for. Null: it fits, or there is none.
 */
export const recordMisfit = ({ instance }: SeenHost): Problem | null => {
  if (instance.record === null || instance.record === undefined) return null;
  const record = clusterFactsSchema.safeParse(instance.record);
  return record.success
    ? null
    : misfit(
        record.error,
        instance.record,
        `monitor: the record in ${instance.workDir}/record.json cannot be gone by`,
        'Nothing was run with it. Put back what was there before it was changed; or, if that upgrade is over, move the work directory away.',
      );
};

type Value = string | number;

const settingsOf = (config: Config, host: HostFacts): HostSettings | undefined =>
  isNode(host) ? nodeSettings(config, host.alias) : config.monitor;

/** Where the old programs are, by this host alone: by the time the servers are swapped pg_autoctl.cfg names the new ones. */
const oldBindirSeen = (settings: HostSettings | undefined, newBindir: string, instance: Instance): string =>
  settings?.oldBindir ??
  (instance.oldBindir === newBindir && instance.saved.bindir !== ''
    ? instance.saved.bindir
    : instance.oldBindir);

/** A pg_autoctl that this host itself names; the first where the recorded one is not among them. */
const oneOf = (recorded: string, ...seen: readonly (string | null)[]): string => {
  const there = seen.filter((one): one is string => one !== null && one !== '');
  return there.includes(recorded) ? recorded : (there[0] ?? '');
};

/**
 * The unit's files. Once the window has edited one that is a package's, or a template's, the one in /etc counts. A drop-in is edited
 * as root: the record names none that systemd does not name.
 */
const unitPairs = (
  unit: Extract<HostFacts['service'], { kind: 'systemd' }> | null,
  now: Instance['unit'],
): readonly (readonly [string, Value, Value])[] => {
  if (unit === null || now === null)
    return [['the unit’s file', unit?.fragment ?? 'none', now?.fragment ?? 'none']];
  const own = ownUnitFile(unit.unit, unit.fragment);
  const drops = now.dropIns.map((file) => posix.basename(file));
  const stray = unit.dropIns.filter((file) => !drops.includes(posix.basename(file)));
  return [
    ['the unit’s file', unit.fragment, now.fragment === own ? unit.fragment : now.fragment],
    ['a drop-in of the unit', stray.join(', ') || 'none', 'none'],
  ];
};

/** What must be the same in the record and on the host: what it is, the record's value, the host's. */
const hostPairs = (
  config: Config,
  record: ClusterFacts,
  host: HostFacts,
  { found, instance }: SeenHost,
): readonly (readonly [string, Value, Value])[] => {
  const settings = settingsOf(config, host);
  const newBindir = settings?.newBindir ?? config.target.bindir;
  const oldBindir = oldBindirSeen(settings, newBindir, instance);
  const places = placesOf(settings, instance.data, record.oldMajor, record.newMajor);
  const program = instance.unit?.program ?? '';
  const oldAutoctl = oneOf(
    host.oldAutoctl,
    instance.saved.program,
    program,
    `${oldBindir}/pg_autoctl`,
    instance.program.replace(/ \(deleted\)$/, ''),
  );
  const pidFile = `/pg_autoctl${instance.pgdata}/pg_autoctl.pid`;
  const unit = host.service.kind === 'systemd' ? host.service : null;
  return [
    ['pgdata', host.pgdata, instance.pgdata],
    ['the data directory', host.data, instance.data],
    ['newData', host.newData, places.newData],
    ['the old cluster’s later place', host.backupData, places.backupData],
    ['postgres', host.postgres ?? record.postgres, instance.user],
    ['port', host.port, settings?.port ?? instance.port],
    ['oldBindir', host.oldBindir, oldBindir],
    ['newBindir', host.newBindir, newBindir],
    ['the old pg_autoctl', host.oldAutoctl, oldAutoctl],
    ['the new pg_autoctl', host.newAutoctl, found.newAutoctl ?? oldAutoctl],
    ['pg_autoctl’s configuration', host.configFile, instance.configFile],
    ['pg_autoctl’s state file', host.stateFile, instance.stateFile],
    ['pg_autoctl’s pid file', host.pidFile, host.pidFile.endsWith(pidFile) ? host.pidFile : instance.pidFile],
    ['the home directory', host.home, found.home],
    ['the work directory', host.workDir, workDirOf(found.home, instance.pgdata)],
    ['unit', unit?.unit ?? 'none', instance.unit?.name ?? 'none'],
    ...unitPairs(unit, instance.unit),
    ['the target', record.newMajor, parsePostgresVersion(found.newVersion)?.major ?? record.newMajor],
    ['the old version', host.oldVersion, parsePostgresVersion(host.oldVersion)?.text ?? 'none'],
    ['the new version', host.newVersion, parsePostgresVersion(host.newVersion)?.text ?? 'none'],
  ];
};

const keys = 'pgdata newData port oldBindir newBindir unit postgres'.split(' ');

const hostDisagreement = (
  config: Config,
  record: ClusterFacts,
  host: HostFacts,
  seen: SeenHost,
  at: string,
): Problem | null => {
  const pair = hostPairs(config, record, host, seen).find(([, recorded, now]) => recorded !== now);
  if (pair === undefined) return null;
  const [what, recorded, now] = pair;
  const key = isNode(host) ? `nodes.${host.alias}.${what}` : `monitor.${what}`;
  return problem(
    `${host.alias}: ${what} is ${now} by its host and the cluster file, and ${recorded} by the record of ${record.readAt} in ${at}.`,
    keys.includes(what)
      ? `The upgrade was begun with ${recorded}: if that is right, set ${key} to it in the cluster file; else the record is not of this cluster, and must be moved away.`
      : 'The upgrade was begun with what the record says: bring the host back to it, or, if the record is not of this cluster, move it away.',
  );
};

const listed = (nodes: readonly { readonly id: number; readonly name: string }[]): string =>
  nodes
    .map(({ id, name }) => `${name} (id ${id})`)
    .sort()
    .join(', ');

/** The nodes by the monitor; while it is stopped, by the state files of the hosts that answer. */
const nodesDisagreement = (
  record: ClusterFacts,
  seen: ReadonlyMap<string, SeenHost>,
  state: MonitorState | null,
  at: string,
): Problem | null => {
  const recorded = listed(nodesOf(record).map((node) => ({ id: node.nodeId, name: nodenameOf(node) })));
  const now = listed(
    state?.nodes.map((row) => ({ id: row.id, name: monitorNameOf(row) })) ??
      nodesOf(record).map((node) => ({
        id: seen.get(node.alias)?.instance.nodeId ?? node.nodeId,
        name: nodenameOf(node),
      })),
  );
  return recorded === now
    ? null
    : problem(
        `The nodes are ${now} now, and were ${recorded} when the record of ${record.readAt} in ${at} was written.`,
        'Bring the group back to the recorded nodes (pg_autoctl drop node, pg_autoctl show state), or, if that upgrade is over, move the work directories away.',
      );
};

/** The old system identifier is on the disks while anything of the old cluster is; without it, this is another cluster. */
const systemDisagreement = (
  record: ClusterFacts,
  seen: ReadonlyMap<string, SeenHost>,
  at: string,
): Problem | null => {
  const found = new Set(record.nodes.flatMap(({ alias }) => seen.get(alias)?.instance.systems ?? []));
  return found.has(record.systemIdentifier)
    ? null
    : problem(
        `The record of ${record.readAt} in ${at} is of the system ${record.systemIdentifier}, and the nodes’ disks hold ${[...found].join(', ') || 'none that can be read'}.`,
        'The record is of another cluster, or of one that is gone: move it away.',
      );
};

/**
 * Whoever takes the writes must be the one that the record calls the primary: until its disks show the new version, from
 * then on a failover is the new version's own affair.
 */
const primaryDisagreement = (
  record: ClusterFacts,
  seen: ReadonlyMap<string, SeenHost>,
  state: MonitorState | null,
  at: string,
): Problem | null => {
  const primary = primaryOf(record);
  const instance = seen.get(primary.alias)?.instance;
  if (instance === undefined || instance.major === record.newMajor) return null;
  const other = state?.nodes.find((row) => row.name !== primary.alias && roleOf(row) === 'primary');
  const row = state?.nodes.find((one) => one.name === primary.alias);
  const moved = other !== undefined && (row === undefined || roleOf(row) !== 'primary');
  if (!moved && !(instance.standby && instance.major === record.oldMajor)) return null;
  return problem(
    `${other?.name ?? 'another node'} is the primary now, and ${primary.alias} was when the record of ${record.readAt} in ${at} was written: there was a failover since.`,
    `Make ${primary.alias} the primary again (pg_autoctl perform promotion), or, if that upgrade was given up and nothing of it is left, move ${at} away on every host.`,
  );
};

/** The monitor's rows of one group. */
const rowsOf = (
  record: ClusterFacts,
  group: ClusterFacts,
  state: MonitorState | null,
): MonitorState | null =>
  state === null || record.workers === undefined
    ? state
    : { ...state, nodes: state.nodes.filter((row) => row.group === group.group) };

const hostnameDisagreement = (
  nodes: readonly NodeFacts[],
  state: MonitorState | null,
  at: string,
): Problem | null => {
  const pairs = nodes.map((node) => [node, state?.nodes.find((row) => row.name === node.alias)] as const);
  const [node, row] =
    pairs.find(([one, its]) => its !== undefined && (its.host !== one.hostname || its.port !== one.port)) ??
    [];
  return node === undefined || row === undefined
    ? null
    : problem(
        `${node.alias} is at ${hostAndPort(row.host, row.port)} by the monitor, and at ${hostAndPort(node.hostname, node.port)} by the record in ${at}.`,
        'Give it its recorded name and port again (pg_autoctl set node metadata), or move the record away if it is not of this cluster.',
      );
};

/**
 * The record's facts, once everything that the hosts can say agrees with them. Hosts that gave no answer are not in
 * `seen`, and their facts are the record's alone. After the monitor has dropped the nodes for a rollback through a fallback
 * copy, ids and roles are on their way to new ones, and it still is this rollback's record.
 */
export const recordedFacts = (
  config: Config,
  record: ClusterFacts,
  seen: ReadonlyMap<string, SeenHost>,
  state: MonitorState | null,
): Result<ClusterFacts> => {
  const monitor = seen.get('monitor');
  const at = monitor?.instance.workDir ?? record.monitor.workDir;
  if (record.postgres !== config.become.postgres)
    return fail(
      problem(
        `PostgreSQL’s user is ${config.become.postgres} in the cluster file, and ${record.postgres} in the record of ${record.readAt} in ${at}.`,
        'Correct become.postgres, or, if it is right, move the record away: it is not of this cluster.',
      ),
    );
  const anew = monitor?.instance.registeredAnew ?? false;
  const groups = groupsOf(record);
  const refusals = [
    ...hostsOf(record).map((host) => {
      const one = seen.get(host.alias);
      return one === undefined ? null : hostDisagreement(config, record, host, one, at);
    }),
    ...(anew
      ? []
      : [
          nodesDisagreement(record, seen, state, at),
          hostnameDisagreement(nodesOf(record), state, at),
          ...groups.map((group) => primaryDisagreement(group, seen, rowsOf(record, group, state), at)),
        ]),
    ...groups.map((group) => systemDisagreement(group, seen, at)),
  ];
  // Whoever can write the record could else have anything run: the steps are the cluster file's alone.
  const facts = {
    ...record,
    name: config.name,
    postgres: config.become.postgres,
    custom: [...config.steps],
    outside: outsideOf(config),
    accept: [...config.check.accept],
  };
  const refusal = [...refusals, customRefused(facts)].find((one) => one !== null);
  return refusal == null ? ok(facts) : fail(refusal);
};
