import { fail, ok, problem, type Result } from '../result.ts';
import { parseLsn } from './lsn.ts';

/** Source: PostgreSQL, src/bin/pg_controldata/pg_controldata.c, dbState (the same from 13 to 18). */
export const clusterStates = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
] as const;
export type ClusterState = (typeof clusterStates)[number];

/**
 * What pg_controldata prints, as far as the upgrade needs it. Right after a crash `state` still says
 * `in production`: only together with "no postmaster runs" does a state prove anything.
 */
export interface ControlData {
  readonly controlVersion: number;
  readonly catalogVersion: number;
  /** uint64, hence text, as in the monitor's table. */
  readonly systemIdentifier: string;
  readonly state: ClusterState;
  /** `pg_control last modified`, as printed: the server's time zone, one-second steps. For equality only. */
  readonly modified: string;
  /** LSN of the latest checkpoint's record, and of its REDO point. */
  readonly latestCheckpoint: string;
  readonly redo: string;
  readonly timeline: number;
  /** `epoch:xid`. */
  readonly nextXid: string;
  /** LSN; `0/0` on a primary. */
  readonly minimumRecovery: string;
  readonly walLevel: string;
  readonly walLogHints: boolean;
  readonly maxConnections: number;
  readonly maxPreparedTransactions: number;
  /** Bytes. */
  readonly blockSize: number;
  /** Bytes; initdb takes it in megabytes. */
  readonly walSegmentSize: number;
  /** 0 when data checksums are off. */
  readonly checksumVersion: number;
}

/** pg_controldata prints about 3 kB; the rest of anything longer is not its output. */
const limit = 65_536;

const linesOf = (output: string): ReadonlyMap<string, string> => {
  const values = new Map<string, string>();
  for (const line of output.slice(0, limit).split('\n')) {
    const colon = line.indexOf(':');
    const label = line.slice(0, colon);
    // The first one counts, so that nothing that is appended can replace a value.
    if (colon > 0 && !values.has(label)) values.set(label, line.slice(colon + 1).trim());
  }
  return values;
};

const labels = {
  controlVersion: 'pg_control version number',
  catalogVersion: 'Catalog version number',
  systemIdentifier: 'Database system identifier',
  state: 'Database cluster state',
  modified: 'pg_control last modified',
  latestCheckpoint: 'Latest checkpoint location',
  redo: "Latest checkpoint's REDO location",
  timeline: "Latest checkpoint's TimeLineID",
  nextXid: "Latest checkpoint's NextXID",
  minimumRecovery: 'Minimum recovery ending location',
  walLevel: 'wal_level setting',
  walLogHints: 'wal_log_hints setting',
  maxConnections: 'max_connections setting',
  maxPreparedTransactions: 'max_prepared_xacts setting',
  blockSize: 'Database block size',
  walSegmentSize: 'Bytes per WAL segment',
  checksumVersion: 'Data page checksum version',
} as const satisfies Record<keyof ControlData, string>;

type Field = keyof ControlData;

const any = /^[^\p{Cc}]{1,80}$/u;
const uint = /^\d{1,10}$/;
const forms: Readonly<Record<Field, (value: string) => boolean>> = {
  controlVersion: (value) => uint.test(value),
  catalogVersion: (value) => uint.test(value),
  systemIdentifier: (value) => /^\d{1,20}$/.test(value) && BigInt(value) < 1n << 64n,
  state: (value) => clusterStates.some((state) => state === value),
  modified: (value) => any.test(value),
  latestCheckpoint: (value) => parseLsn(value) !== null,
  redo: (value) => parseLsn(value) !== null,
  timeline: (value) => uint.test(value),
  nextXid: (value) => /^\d{1,10}:\d{1,10}$/.test(value),
  minimumRecovery: (value) => parseLsn(value) !== null,
  walLevel: (value) => any.test(value),
  walLogHints: (value) => value === 'on' || value === 'off',
  maxConnections: (value) => uint.test(value),
  maxPreparedTransactions: (value) => uint.test(value),
  blockSize: (value) => uint.test(value),
  walSegmentSize: (value) => uint.test(value),
  checksumVersion: (value) => uint.test(value),
};

const isField = (name: string): name is Field => name in labels;
const fields: readonly Field[] = Object.keys(labels).filter(isField);

/**
 * Reads the output of pg_controldata, 13 to 18, run with LC_ALL=C. Fails when a value is missing or malformed, and
 * when pg_controldata itself says that the file's checksum does not match: nothing in it can be relied on then.
 */
export const parseControlData = (output: string): Result<ControlData> => {
  if (/warning:.*CRC/i.test(output.slice(0, limit)))
    return fail(
      problem(
        'pg_control is damaged: its checksum does not match.',
        'Restore the data directory; do not start it.',
      ),
    );
  const lines = linesOf(output);
  const text = (field: Field): string => lines.get(labels[field]) ?? '';
  const bad = fields.find((field) => !forms[field](text(field)));
  const state = clusterStates.find((known) => known === text('state'));
  if (bad !== undefined || state === undefined)
    return fail(
      problem(
        `The output of pg_controldata has no usable "${labels[bad ?? 'state']}".`,
        'Run pg_controldata of the same major version by hand, with LC_ALL=C, and look at what it prints.',
        output.slice(0, 500),
      ),
    );
  return ok({
    controlVersion: Number(text('controlVersion')),
    catalogVersion: Number(text('catalogVersion')),
    systemIdentifier: text('systemIdentifier'),
    state,
    modified: text('modified'),
    latestCheckpoint: text('latestCheckpoint'),
    redo: text('redo'),
    timeline: Number(text('timeline')),
    nextXid: text('nextXid'),
    minimumRecovery: text('minimumRecovery'),
    walLevel: text('walLevel'),
    walLogHints: text('walLogHints') === 'on',
    maxConnections: Number(text('maxConnections')),
    maxPreparedTransactions: Number(text('maxPreparedTransactions')),
    blockSize: Number(text('blockSize')),
    walSegmentSize: Number(text('walSegmentSize')),
    checksumVersion: Number(text('checksumVersion')),
  });
};
