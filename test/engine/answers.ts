import { type HostFacts, isNode, nodenameOf } from '../../source/cluster/facts.ts';
import type {
  Control,
  DirectoryView,
  HostObservation,
  TablespaceView,
} from '../../source/cluster/observations.ts';
import { joiner } from '../../source/inspect/lines.ts';
import { recorded } from '../cluster/recorded.ts';

/** What a host prints when the console looks at it, made from what is to be seen; held to recordings of the lab. */

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
export type Lines = readonly (readonly [string, string])[];
export const printed = (lines: Lines): string => lines.map(([key, value]) => `${key}\t${value}\n`).join('');
const text = (key: string, value: string): readonly [string, string] => [key, base64(value)];
/** A text as the look's script sends it. */
export const joined = (value: string): string => value.replaceAll('\n', joiner);
const lined = (key: string, value: string): readonly [string, string] => [key, joined(value)];

const replaced = (output: string, label: string, value: string): string =>
  output.replace(new RegExp(`^(${label}: +).*$`, 'm'), `$1${value}`);

/** pg_controldata's page with the fields that the console reads. */
export const controlData = (control: Control): string => {
  const xid = BigInt(control.nextXid);
  const fields: Lines = [
    ['Database system identifier', control.systemIdentifier],
    ['Database cluster state', control.state],
    ['pg_control last modified', control.modified],
    ['Latest checkpoint location', control.checkpoint],
    ["Latest checkpoint's TimeLineID", String(control.timeline)],
    ["Latest checkpoint's NextXID", `${xid >> 32n}:${xid & 0xffffffffn}`],
  ];
  return fields.reduce(
    (page, [label, value]) => replaced(page, label, value),
    recorded('postgresql-15.20/controldata-shut-down.txt'),
  );
};

const directory = (key: string, view: DirectoryView): Lines => {
  if (view.kind === 'absent') return [[key, 'absent']];
  if (view.kind === 'not-a-cluster')
    return [
      [key, 'other'],
      [`${key}.entries`, String(view.entries)],
    ];
  /** As the script names them. */
  const flags = {
    linked: view.controlRenamed,
    disarmed: view.madeUnstartable,
    shared: view.hasHardLinks,
    running: view.running,
    standby: view.standby,
    carried: view.hasConfiguration,
  };
  return [
    [key, 'cluster'],
    [`${key}.major`, String(view.major)],
    ...(view.control === null ? [] : [lined(`${key}.control`, controlData(view.control))]),
    ...Object.entries(flags).flatMap(([flag, holds]) => (holds ? [[`${key}.${flag}`, 'yes'] as const] : [])),
    ...(view.tablespaces.length === 0
      ? []
      : [lined(`${key}.tablespaces`, `${view.tablespaces.join('\n')}\n`)]),
    [`${key}.databases`, String(view.databases)],
    ...(view.mark === undefined
      ? []
      : [lined(`${key}.mark`, `run=${view.mark.run}\nsystem=${view.mark.system}\n`)]),
  ];
};

const tablespace = (key: string, view: TablespaceView): Lines => [
  lined(key, view.location),
  lined(
    `${key}.parts`,
    view.parts
      .map(({ aside, major }) => `${aside === '' ? '' : `_aside/${aside}`}/PG_${major}_202209061\n`)
      .join(''),
  ),
  ...(view.hasAside ? [[`${key}.aside`, 'yes'] as const] : []),
  ...(view.mayMake ? [[`${key}.above`, 'yes'] as const] : []),
];

const unitShown = (unit: NonNullable<HostObservation['unit']>, fragment: string): string =>
  [
    `ExecStart={ path=${unit.program} ; argv[]=${unit.program} run ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=1 ; code=(null) ; status=0/0 }`,
    `KillMode=${unit.killMode}`,
    `LoadState=${unit.loaded ? 'loaded' : 'not-found'}`,
    `ActiveState=${unit.active ? 'active' : 'inactive'}`,
    `FragmentPath=${fragment}`,
    `DropInPaths=${unit.dropIns.join(' ')}`,
    `UnitFileState=${unit.enabled ? 'enabled' : 'disabled'}`,
    `ActiveEnterTimestamp=${unit.activeSince}`,
    '',
  ].join('\n');

/** The answer to stateScript. */
export const inspectionLines = (view: HostObservation): Lines => [
  ...directory('data', view.data),
  ...directory('new', view.newData),
  ...directory('backup', view.backupData),
  ...view.tablespaces.flatMap((one, index) => tablespace(`tablespace.${index}`, one)),
  ['autoctl', view.pgAutoctl],
  ...(view.unit?.held === true ? ([['held', 'yes']] as const) : []),
  lined('pg_ctl', `${view.pgCtl ?? ''}\n`),
  ...(view.stateIdentifier === null ? [] : ([['state', view.stateIdentifier]] as const)),
  ...(view.inMaintenance ? ([['maintenance', 'yes']] as const) : []),
  ...(view.fingerprint === null ? [] : [lined('fingerprint', controlData(view.fingerprint))]),
  ...(view.oldFingerprint === null ? [] : [lined('fingerprint-old', controlData(view.oldFingerprint))]),
  ...(view.handedOver === null
    ? []
    : ([
        lined('handed-over', controlData(view.handedOver.control)),
        ['handed-over.at', view.handedOver.at],
      ] as const)),
  ...(view.stopped === null ? [] : [lined('stopped', controlData(view.stopped))]),
  lined('markers', view.markers.map((marker) => `${marker}\n`).join('')),
  lined('abandoned', view.abandoned.map((path) => `${path}\n`).join('')),
  lined('delete_scripts', view.deleteScripts.map((path) => `${path}\n`).join('')),
  ...(view.upgradePortBusy ? ([['upgrade_port', 'busy']] as const) : []),
  ...(view.unit === null ? [] : [lined('unit', unitShown(view.unit, '/etc/systemd/system/x.service'))]),
  ...(view.server === null ? [] : [lined('server', `${JSON.stringify(view.server)}\n`)]),
  ...(view.monitor === null ? [] : [lined('monitor', `${JSON.stringify(view.monitor)}\n`)]),
  ['end', 'yes'],
];

/** The one password of these tests: it must be found nowhere afterwards. */
export const password = 'S3cr3t-of-the-monitor';

const configText = (host: HostFacts, formation: string): string =>
  isNode(host)
    ? recorded('pg_auto_failover-2.0/node1.cfg')
        .replace('autoctl_node@', `autoctl_node:${password}@`)
        .replace(/^formation = .*$/m, `formation = ${formation}`)
        .replace(/^name = .*$/m, `name = ${nodenameOf(host)}`)
        .replace(/^hostname = .*$/m, `hostname = ${host.hostname}`)
        .replace(/^pgdata = .*$/m, `pgdata = ${host.pgdata}`)
        .replace(/^pg_ctl = .*$/m, `pg_ctl = ${host.oldBindir}/pg_ctl`)
    : recorded('pg_auto_failover-2.0/monitor.cfg');

/** The system identifiers in a host's files. */
const systemsOf = (view: HostObservation): readonly string[] => [
  ...(view.stateIdentifier === null ? [] : [view.stateIdentifier]),
  ...[view.data, view.backupData].flatMap((one) =>
    one.kind === 'cluster' && one.control !== null ? [one.control.systemIdentifier] : [],
  ),
];

/** The keys of one pg_autoctl in the answer to discoverScript. */
export const instanceLines = (
  number: number,
  host: HostFacts,
  view: HostObservation,
  formation: string,
): Lines => {
  const key = (name: string): string => `${number}.${name}`;
  const major = view.data.kind === 'cluster' ? String(view.data.major) : '';
  return [
    [String(number), host.pgdata],
    [key('cfg'), host.configFile],
    text(key('cfg_text'), configText(host, formation)),
    [key('data'), host.data],
    ...(major === '' ? [] : ([[key('major'), major]] as const)),
    [key('old_bin'), host.oldBindir],
    [key('old_autoctl'), host.oldAutoctl],
    text(key('old_version'), `postgres (PostgreSQL) ${host.oldVersion}\n`),
    [key('state'), host.stateFile],
    [key('work'), host.workDir],
    ...(isNode(host) ? ([[key('node_id'), String(host.nodeId)]] as const) : []),
    text(key('systems'), systemsOf(view).join('\n')),
    ...(view.data.kind === 'cluster' && view.data.standby ? ([[key('standby'), 'yes']] as const) : []),
    ...(view.fingerprint === null &&
    view.stopped === null &&
    !view.unit?.dropIns.some((one) => one.endsWith('pgaf-upgrade.conf'))
      ? []
      : ([[key('underway'), 'yes']] as const)),
    [key('pid_file'), host.pidFile],
    ...(view.pgAutoctl === 'runs'
      ? ([
          [key('running'), 'yes'],
          [key('program'), '/usr/lib/postgresql/15/bin/pg_autoctl'],
        ] as const)
      : []),
    ...(view.unit === null || host.service.kind === 'none'
      ? []
      : ([
          [key('unit'), host.service.unit],
          text(key('unit_show'), unitShown(view.unit, host.service.fragment)),
        ] as const)),
    text(key('files'), ['PG_VERSION', 'postmaster.pid', ...host.carry, ''].join('\n')),
    text(key('directories'), 'data\nbase\nglobal\n'),
    [key('port'), String(host.port)],
    ...(view.server === null ? [] : ([[key('socket'), host.socketDirectory]] as const)),
    text(
      key('server'),
      view.server === null
        ? 'psql: error: connection to server on socket failed: No such file or directory\n'
        : `${JSON.stringify({
            version: view.server.version,
            superuser: host.superuser,
            preload: host.preload.join(', '),
            encoding: host.initdb.encoding,
            collate: host.initdb.collate,
            ctype: host.initdb.ctype,
            provider: host.initdb.provider,
            providerLocale: host.initdb.providerLocale,
            checksums: host.initdb.checksums,
            walSegmentBytes: host.initdb.walSegmentBytes,
            socketDirectories: host.socketDirectory,
            sources: [`${host.pgdata}/postgresql.conf`],
            files: [
              `${host.pgdata}/pg_hba.conf`,
              `${host.pgdata}/pg_ident.conf`,
              'server.crt',
              'server.key',
              '',
              '',
              '',
            ],
          })}\n`,
    ),
  ];
};

/** The answer to discoverScript. */
export const discoveryLines = (
  host: HostFacts,
  instances: Lines,
  record: string | null,
  run: string | null = null,
): Lines => [
  ['home', host.home],
  ['user', 'postgres'],
  text('missing', ''),
  text('new_version', `postgres (PostgreSQL) ${host.newVersion}\n`),
  ['new_autoctl', host.newAutoctl],
  ...instances,
  ...(record === null ? [] : [text('1.record', record)]),
  ...(run === null ? [] : [text('1.run', run)]),
  ['end', 'yes'],
];

/** One answer with some of its lines said otherwise; a null takes a line out. */
export const but = (lines: Lines, changes: Readonly<Record<string, string | null>>): Lines => [
  ...lines.flatMap(([key, value]): Lines => {
    if (!(key in changes)) return [[key, value]];
    const change = changes[key];
    return typeof change === 'string' ? [[key, change]] : [];
  }),
];
export const asText = base64;

/** The answer to inventoryScript; as short as a server's can be. */
export const inventoryOutput = (host: HostFacts, view: HostObservation): string => {
  if (view.server === null) return printed([['end', 'yes']]);
  const { version, inRecovery, startedAt } = view.server;
  const control = view.data.kind === 'cluster' ? view.data.control : null;
  const settings = {
    max_connections: { value: '250', source: 'configuration file' },
    work_mem: { value: '4096 kB', source: 'default' },
    ...(version.startsWith('15')
      ? { old_snapshot_threshold: { value: '-1 min', source: 'default' } }
      : { summarize_wal: { value: 'off', source: 'default' } }),
  };
  const server = {
    version,
    systemIdentifier: control?.systemIdentifier ?? '',
    timeline: control?.timeline ?? 1,
    inRecovery,
    settings,
    hba: [
      'local all all trust',
      `host all all ${startedAt === '' ? '10.0.0.0' : '10.1.0.0'} 255.255.0.0 scram-sha-256`,
    ],
  };
  const database = {
    name: isNode(host) ? 'app' : 'pg_auto_failover',
    bytes: 8_000_000,
    tables: 2,
    indexes: 1,
    sequences: 1,
    views: 0,
    functions: 0,
    largeObjects: 0,
    extensions: [{ name: 'plpgsql', version: '1.0' }],
    rows: [
      {
        name: 'public.orders',
        bytes: 9_000_000,
        rows: null,
        estimate: version.startsWith('15') ? 100_000 : null,
      },
      { name: 'public.countries', bytes: 8192, rows: null, estimate: 3 },
    ],
  };
  return printed([
    text('server', JSON.stringify(server)),
    text('names', `${database.name}\n`),
    text('databases', `${JSON.stringify(database)}\n`),
    text('counts', `${JSON.stringify([database.name, 'public.countries', 3])}\n`),
    ['end', 'yes'],
  ]);
};
