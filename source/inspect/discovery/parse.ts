import { z } from 'zod';
import { type AutoctlConfig, parseAutoctlConfig } from '../../cluster/parse/autoctl-config.ts';
import { parseUnit } from '../../cluster/parse/unit.ts';
import { fail, ok, type Result } from '../../cluster/result.ts';
import { parsePostgresVersion } from '../../cluster/version.ts';
import * as words from '../../cluster/words.ts';
import { misfit, type Path, type RunName } from '../../cluster/words.ts';
import { decodeJson, decodeText, linesOf, readWhole } from '../lines.ts';
import { runFileSchema } from '../lock/parse.ts';

const serverSchema = z.object({
  version: z.string(),
  superuser: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  provider: z.enum(['c', 'i', 'b']),
  providerLocale: z.string().nullable(),
  checksums: z.boolean(),
  walSegmentBytes: z.number().int().positive(),
  preload: z.string().default(''),
  decoding: z.object({ slots: z.number().int().nonnegative(), plugins: z.string() }).nullable().default(null),
  socketDirectories: z.string(),
  tablespaces: z.array(z.string()).default([]),
  sources: z.array(z.string()),
  files: z.array(z.string().nullable()),
});
export type LiveServer = z.infer<typeof serverSchema>;

/** What of an instance reaches a script of its host. */
export const instanceWords = z.object({
  user: words.osUser,
  pgdata: words.ownPath,
  data: words.ownPath,
  configFile: words.path,
  stateFile: words.path,
  pidFile: words.path,
  oldBindir: words.path,
  oldAutoctl: words.pathOrNone,
  port: words.port,
  socketDirectory: words.pathOrNone,
  /** pg_autoctl's own, on the monitor. */
  database: words.sqlName,
});

/** One pg_autoctl on a host, as it was read: its files, its service and what its server says. */
export interface ReadInstance {
  /** Whose it is. */
  readonly user: string;
  readonly pgdata: string;
  readonly data: string;
  readonly major: number;
  readonly config: AutoctlConfig;
  readonly configFile: string;
  readonly stateFile: string;
  readonly pidFile: string;
  readonly running: boolean;
  /** The running pg_autoctl's program; '' when it does not run. */
  readonly program: string;
  readonly oldBindir: string;
  /** pg_autoctl in the old bindir; '' where packages keep it elsewhere. */
  readonly oldAutoctl: string;
  readonly oldVersion: string;
  readonly port: number;
  readonly socketDirectory: string;
  readonly database: string;
  readonly groupAccess: boolean;
  readonly unit: {
    readonly name: string;
    readonly fragment: string;
    readonly enabled: boolean;
    readonly program: string;
    /** Its drop-ins that name a pg_autoctl, or that nobody but root can read. */
    readonly dropIns: readonly string[];
  } | null;
  readonly files: readonly string[];
  readonly directories: readonly string[];
  /** Of these the ones that are no server's, small, and readable. */
  readonly small: readonly string[];
  /** Where a pg_wal that is a symbolic link leads, if another can be made beside it; '' otherwise. */
  readonly wal: string;
  readonly server: LiveServer | null;
  /** Why there is no `server`. */
  readonly serverError: string;
  /** Our own directory for this data directory. */
  readonly workDir: string;
  /** The run that was begun here and has not come to its end; null: there is none. */
  readonly run: RunName | null;
  /** The node's id in pg_autoctl's state file; null: there is none, or this is the monitor. */
  readonly nodeId: number | null;
  /** System identifiers in the files that belong to this data directory: state file, pg_control, old directories. */
  readonly systems: readonly string[];
  /** standby.signal is there. */
  readonly standby: boolean;
  /** Something shows that an upgrade or a rollback of this data directory has begun and is not over. */
  readonly underway: boolean;
  /** A rollback through a fallback copy is under way: the monitor has dropped the nodes, their ids will be new. */
  readonly registeredAnew: boolean;
  /** The record that an earlier run left for this data directory, not yet checked. */
  readonly record: unknown;
  /** What the copies say that an upgrade has made on this host: the old programs' directory, and the old unit's program. */
  readonly saved: { readonly bindir: string; readonly program: string };
}

/** The same, once what of it reaches a script has its kind. */
export type Instance = Omit<ReadInstance, keyof z.infer<typeof instanceWords>> &
  z.infer<typeof instanceWords>;

/** What a version that kept one place for every cluster has left on a host. */
export interface Earlier {
  readonly record: unknown;
  readonly run: unknown;
}

/** What a host answered to the discovery. */
export interface Found {
  readonly home: Path;
  readonly user: string;
  readonly newVersion: string;
  readonly newAutoctl: string | null;
  readonly missingTools: readonly string[];
  readonly instances: readonly ReadInstance[];
  /** Where no instance was found: whose pg_autoctl run there or have a unit, and the XDG_CONFIG_HOME of each, '' where it has none or cannot be read. */
  readonly keepers: readonly { readonly user: string; readonly configHome: string }[];
  /** machine-id(5); '' where there is none. */
  readonly machine: string;
  /** Null: nothing is there. */
  readonly earlier: Earlier | null;
}

const wholeNumber = (text: string | undefined): number | null =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : null;

const instanceOf = (map: ReadonlyMap<string, string>, key: string): ReadInstance | null => {
  const text = decodeText(map.get(`${key}.cfg_text`));
  const config = text === null ? null : parseAutoctlConfig(text);
  if (config === null || !config.ok) return null;
  const answer = decodeText(map.get(`${key}.server`));
  const server = serverSchema.safeParse(decodeJson(answer));
  const shown = decodeText(map.get(`${key}.unit_show`));
  const unit = shown === null ? null : parseUnit(shown);
  return {
    user: map.get('user') ?? '',
    pgdata: map.get(key) ?? '',
    data: map.get(`${key}.data`) ?? '',
    major: Number.parseInt(map.get(`${key}.major`) ?? '', 10) || 0,
    config: config.value,
    configFile: map.get(`${key}.cfg`) ?? '',
    stateFile: map.get(`${key}.state`) ?? '',
    pidFile: map.get(`${key}.pid_file`) ?? '',
    running: map.get(`${key}.running`) === 'yes',
    program: map.get(`${key}.program`) ?? '',
    oldBindir: map.get(`${key}.old_bin`) ?? '',
    oldAutoctl: map.get(`${key}.old_autoctl`) ?? '',
    oldVersion: parsePostgresVersion(decodeText(map.get(`${key}.old_version`)) ?? '')?.text ?? '',
    port: Number.parseInt(map.get(`${key}.port`) ?? '', 10) || 0,
    socketDirectory: map.get(`${key}.socket`) ?? '',
    database: config.value.postgresql.dbname ?? 'pg_auto_failover',
    groupAccess: map.get(`${key}.group_access`) === 'yes',
    unit: unit?.ok
      ? {
          name: map.get(`${key}.unit`) ?? '',
          fragment: unit.value.fragmentPath ?? '',
          enabled: unit.value.unitFileState === 'enabled',
          program: unit.value.execStart?.path ?? '',
          dropIns: linesOf(decodeText(map.get(`${key}.unit_drop_ins`))),
        }
      : null,
    files: linesOf(decodeText(map.get(`${key}.files`))),
    directories: linesOf(decodeText(map.get(`${key}.directories`))),
    small: linesOf(decodeText(map.get(`${key}.small`))),
    wal: map.get(`${key}.wal`) ?? '',
    server: server.success ? server.data : null,
    serverError: server.success ? '' : (answer ?? 'no server answered on its socket').trim().slice(0, 400),
    workDir: map.get(`${key}.work`) ?? '',
    nodeId: config.value.role === 'keeper' ? wholeNumber(map.get(`${key}.node_id`)) : null,
    systems: linesOf(decodeText(map.get(`${key}.systems`))).filter((one) => /^[1-9]\d{0,19}$/.test(one)),
    standby: map.get(`${key}.standby`) === 'yes',
    underway: map.get(`${key}.underway`) === 'yes',
    registeredAnew: map.get(`${key}.registered_anew`) === 'yes',
    record: decodeJson(decodeText(map.get(`${key}.record`))),
    run: unfinished(map.get(`${key}.run`)),
    saved: {
      bindir: map.get(`${key}.saved_bin`) ?? '',
      program: map.get(`${key}.saved_program`) ?? '',
    },
  };
};

const unfinished = (text: string | undefined): RunName | null => {
  const run = runFileSchema.safeParse(decodeJson(decodeText(text)));
  return run.success && run.data.finished === null ? run.data.id : null;
};

/** Reads what the discovery script printed. */
export const parseFound = (alias: string, output: string): Result<Found> => {
  const whole = readWhole(output, `${alias}: the discovery`, 'retry');
  if (!whole.ok) return whole;
  const map = whole.value;
  const instances: ReadInstance[] = [];
  for (let number = 1; map.has(String(number)); number += 1) {
    const instance = instanceOf(map, String(number));
    if (instance !== null) instances.push(instance);
  }
  const home = z.object({ home: words.path }).safeParse({ home: map.get('home') });
  if (!home.success)
    return fail(
      misfit(
        home.error,
        { home: map.get('home') },
        alias,
        'Nothing was run with it. Look at that user’s home in the password database there, and at become.postgres in the cluster file.',
      ),
    );
  return ok({
    home: home.data.home,
    user: map.get('user') ?? '',
    newVersion: parsePostgresVersion(decodeText(map.get('new_version')) ?? '')?.text ?? '',
    newAutoctl: map.get('new_autoctl') ?? null,
    missingTools: linesOf(decodeText(map.get('missing'))),
    instances,
    keepers: linesOf(decodeText(map.get('keepers'))).map((line) => {
      const [user = '', ...configHome] = line.split(' ');
      return { user, configHome: configHome.join(' ') };
    }),
    machine: map.get('machine') ?? '',
    earlier:
      map.get('earlier') === 'yes'
        ? {
            record: decodeJson(decodeText(map.get('earlier.record'))),
            run: decodeJson(decodeText(map.get('earlier.run'))),
          }
        : null,
  });
};
