import { fail, ok, problem, type Result } from '../result.ts';

/** The [postgresql] section of pg_autoctl.cfg. */
export interface AutoctlPostgres {
  readonly pgdata: string;
  readonly pgCtl: string;
  /** The directory that pg_ctl is in. */
  readonly bindir: string;
  readonly port: number;
  /** Socket directory or address; null where pg_autoctl takes libpq's default. */
  readonly host: string | null;
  readonly listenAddresses: string;
  readonly username: string | null;
  readonly dbname: string | null;
  readonly authMethod: string | null;
  readonly hbaLevel: string | null;
}

export interface AutoctlSsl {
  readonly active: boolean;
  readonly sslmode: string | null;
  readonly caFile: string | null;
  readonly crlFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

interface Common {
  readonly hostname: string;
  readonly postgresql: AutoctlPostgres;
  readonly ssl: AutoctlSsl;
}

export interface AutoctlMonitorConfig extends Common {
  readonly role: 'monitor';
}

export interface AutoctlKeeperConfig extends Common {
  readonly role: 'keeper';
  /** Connection string, possibly with a password: show it only through redactUri. */
  readonly monitor: string;
  readonly formation: string;
  readonly group: number;
  readonly name: string;
  readonly nodekind: string;
  readonly replication: {
    /** As written, e.g. `100M`; null where the default (100M) applies. */
    readonly maximumBackupRate: string | null;
    /** Where pg_autoctl puts a base backup before it renames it. */
    readonly backupDirectory: string | null;
  };
  /** Seconds, except for *_max_retries, which are counts. */
  readonly timeout: Readonly<Record<string, number>>;
}

export type AutoctlConfig = AutoctlMonitorConfig | AutoctlKeeperConfig;

type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

const limit = 65_536;

const parseIni = (text: string): Ini => {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const raw of text.slice(0, limit).split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    const header = /^\[(.{1,100})\]$/.exec(line)?.[1];
    if (header !== undefined) {
      section = sections.get(header) ?? new Map();
      sections.set(header, section);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals > 0) section.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return sections;
};

const isUsable = (value: string | undefined): value is string =>
  value !== undefined && value !== '' && value.length <= 4096 && !/\p{Cc}/u.test(value);

/**
 * Reads ~postgres/.config/pg_autoctl/PGDATA/pg_autoctl.cfg of a monitor or a node. Fails with the name of the
 * setting that is missing or malformed.
 * Source: pg_auto_failover, docs/ref/configuration.rst and src/bin/pg_autoctl/keeper_config.c.
 */
export const parseAutoctlConfig = (text: string): Result<AutoctlConfig> => {
  const ini = parseIni(text);
  const optional = (section: string, key: string): string | null => {
    const value = ini.get(section)?.get(key);
    return isUsable(value) ? value : null;
  };
  const missing: string[] = [];
  const required = (section: string, key: string, form = /./): string => {
    const value = optional(section, key);
    if (value !== null && form.test(value)) return value;
    missing.push(`${section}.${key}`);
    return '';
  };

  const absolute = /^\//;
  const whole = /^\d{1,9}$/;
  const pgCtl = required('postgresql', 'pg_ctl', absolute);
  const common: Common = {
    hostname: required('pg_autoctl', 'hostname'),
    postgresql: {
      pgdata: required('postgresql', 'pgdata', absolute),
      pgCtl,
      bindir: pgCtl.replace(/\/[^/]*$/, ''),
      port: Number(required('postgresql', 'port', whole)),
      host: optional('postgresql', 'host'),
      listenAddresses: optional('postgresql', 'listen_addresses') ?? '*',
      username: optional('postgresql', 'username'),
      dbname: optional('postgresql', 'dbname'),
      authMethod: optional('postgresql', 'auth_method'),
      hbaLevel: optional('postgresql', 'hba_level'),
    },
    ssl: {
      active: optional('ssl', 'active') === '1',
      sslmode: optional('ssl', 'sslmode'),
      caFile: optional('ssl', 'ca_file'),
      crlFile: optional('ssl', 'crl_file'),
      certFile: optional('ssl', 'cert_file'),
      keyFile: optional('ssl', 'key_file'),
    },
  };
  const role = required('pg_autoctl', 'role', /^(monitor|keeper)$/);
  const config: AutoctlConfig =
    role === 'monitor'
      ? { role, ...common }
      : {
          role: 'keeper',
          ...common,
          monitor: required('pg_autoctl', 'monitor'),
          formation: required('pg_autoctl', 'formation'),
          // -1 while a registration is under way, or was ended in the middle of one
          group: Number(required('pg_autoctl', 'group', /^(?:-1|\d{1,9})$/)),
          name: required('pg_autoctl', 'name'),
          nodekind: required('pg_autoctl', 'nodekind'),
          replication: {
            maximumBackupRate: optional('replication', 'maximum_backup_rate'),
            backupDirectory: optional('replication', 'backup_directory'),
          },
          timeout: Object.fromEntries(
            [...(ini.get('timeout') ?? [])]
              .filter(([, value]) => whole.test(value))
              .map(([key, value]) => [key, Number(value)]),
          ),
        };
  if (missing.length === 0) return ok(config);
  return fail(
    problem(
      `pg_autoctl.cfg has no usable ${missing.join(', ')}.`,
      'Look at `pg_autoctl config get` on the host; pg_autoctl itself cannot run with this file.',
    ),
  );
};
