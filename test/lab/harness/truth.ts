import { expect } from 'vitest';
import { z } from 'zod';
import { hostOf, type Lab, type LabHost } from './lab.ts';

/**
 * What the servers themselves say, asked without the console and not over the network. What differs between two
 * looks at the same cluster for no reason (process ids, LSNs, times) is left out, so that two truths can be compared.
 */

const textual = z.record(z.string(), z.string());

const nodeRowSchema = z.object({
  id: z.number(),
  name: z.string(),
  host: z.string(),
  port: z.number(),
  priority: z.number(),
  quorum: z.boolean(),
  health: z.number(),
  reported: z.string(),
  assigned: z.string(),
  systemIdentifier: z.string(),
});

const filesSchema = z.object({
  dataVersion: z.string(),
  controlIdentifier: z.string(),
  /** Empty on the monitor, which has none. */
  stateIdentifier: z.string(),
  stateNodeId: z.string(),
  backupVersion: z.string(),
  pgCtl: z.string(),
  /** What pg_autoctl is started from and what runs. */
  autoctl: z.string(),
  unit: z.string(),
  enabled: z.string(),
  active: z.string(),
  dropIns: z.string(),
  deleteScripts: z.string(),
});

const serverSchema = z.object({
  version: z.string(),
  recovery: z.boolean(),
  ssl: z.string(),
  checksums: z.string(),
  settings: textual,
  /** Settings that a configuration file has wrong; empty when all is well. */
  settingErrors: z.array(z.string()),
  hba: z.array(z.string()),
  hbaErrors: z.array(z.string()),
});

const databaseSchema = z.object({
  /** Owner, encoding, collation and its own settings. */
  properties: z.string(),
  extensions: textual,
  /** Extensions older than what the server's files offer. */
  outdated: z.array(z.string()),
  /** Rows and the sum of their hashes, whatever their order. */
  tables: z.record(z.string(), z.object({ rows: z.string(), sum: z.string() })),
  sequences: textual,
  largeObjects: textual,
  /** Every relation, index and function, with owner and privileges. */
  objects: z.array(z.string()),
});

export type NodeRow = z.infer<typeof nodeRowSchema>;
export type HostTruth = z.infer<typeof filesSchema> & z.infer<typeof serverSchema>;
export type DatabaseTruth = z.infer<typeof databaseSchema>;

export interface Truth {
  readonly nodes: readonly NodeRow[];
  readonly numberSyncStandbys: number;
  readonly monitorExtension: string;
  readonly hosts: Readonly<Record<string, HostTruth>>;
  /** The node that says of itself that it is not in recovery. */
  readonly primary: LabHost;
  readonly databases: Readonly<Record<string, DatabaseTruth>>;
  readonly roles: Readonly<Record<string, string>>;
  /** application_name → state/sync_state, of the primary's walsenders. */
  readonly replication: Readonly<Record<string, string>>;
  readonly slots: readonly string[];
}

const parseOne = async <T>(schema: z.ZodType<T>, text: Promise<string>): Promise<T> =>
  schema.parse(JSON.parse(await text));

/** `/opt/vmware/postgres/15/bin` is of 15, as every directory of binaries on the lab. */
export const majorOf = (bin: string): string => /\/(\d+)\/bin$/.exec(bin)?.[1] ?? '15';

const askFiles = (lab: Lab, host: LabHost): Promise<z.infer<typeof filesSchema>> => {
  const { pgdata, unit, oldBin, newBin } = lab.settings;
  return parseOne(
    filesSchema,
    lab.root(
      host,
      `
home=$(getent passwd postgres | cut -d: -f6)
data=${pgdata} unit=${unit}.service
version=$(cat $data/PG_VERSION 2>/dev/null)
case $version in ${majorOf(oldBin)}) bin=${oldBin} ;; *) bin=${newBin} ;; esac
state=$home/.local/share/pg_autoctl$data/pg_autoctl.state
number() { [ -f $state ] && od -An --endian=little -t $1 -j $2 -N $3 $state | tr -d ' '; }
fragment=$(systemctl show -P FragmentPath $unit)
# its pid file may lie in a /tmp of its own
if [ -n "$fragment" ]; then main=$(systemctl show -P MainPID $unit); else main=$(head -n 1 /tmp/pg_autoctl$data/pg_autoctl.pid 2>/dev/null); fi
jq -n --arg dataVersion "$version" \\
  --arg controlIdentifier "$(LC_ALL=C $bin/pg_controldata $data 2>/dev/null | sed -n 's/^Database system identifier: *//p')" \\
  --arg stateIdentifier "$(number u8 16 8)" --arg stateNodeId "$(number d4 24 4)" \\
  --arg backupVersion "$(cat \${data}_pg${majorOf(oldBin)}_bak/PG_VERSION 2>/dev/null)" \\
  --arg pgCtl "$(sed -n 's/^pg_ctl = //p' $home/.config/pg_autoctl$data/pg_autoctl.cfg)" \\
  --arg autoctl "$(readlink /proc/$main/exe)" \\
  --arg unit "$(cat "$fragment" 2>/dev/null)" \\
  --arg enabled "$(systemctl is-enabled $unit 2>/dev/null)" --arg active "$(systemctl is-active $unit 2>/dev/null)" \\
  --arg dropIns "$(systemctl show -P DropInPaths $unit; ls -d /run/systemd/system/*pgaf-upgrade* /etc/systemd/system/*pgaf-upgrade* 2>/dev/null)" \\
  --arg deleteScripts "$(find -L $home $(dirname $data) -xdev -name 'delete_old_cluster.*' \\( -perm /111 -o -name '*.sh' \\) 2>/dev/null | sort -u)" \\
  '$ARGS.named'`,
    ),
  );
};

const askServer = (lab: Lab, host: LabHost): Promise<z.infer<typeof serverSchema>> =>
  parseOne(
    serverSchema,
    lab.psql(
      host,
      'postgres',
      `select json_build_object(
  'version', current_setting('server_version'), 'recovery', pg_is_in_recovery(),
  'ssl', current_setting('ssl'), 'checksums', current_setting('data_checksums'),
  'settings', (select json_object_agg(name, setting order by name) from pg_settings
    where source in ('configuration file', 'command line') and name not in ('config_file', 'transaction_timeout')),
  'settingErrors', (select coalesce(json_agg(concat_ws(' ', sourcefile, sourceline, name, error)), '[]') from pg_file_settings
    where error is not null),
  'hba', (select coalesce(json_agg(concat_ws(' ', type, database, user_name, address, netmask, auth_method, options)
    order by line_number), '[]') from pg_hba_file_rules where error is null),
  'hbaErrors', (select coalesce(json_agg(error), '[]') from pg_hba_file_rules where error is not null))`,
    ),
  );

// 17 knows a further privilege, m for MAINTAIN, which comes with ALL.
const objectsQuery = `
select concat_ws(' ', 'relation', c.relkind, c.oid::regclass, pg_get_userbyid(c.relowner),
  (select string_agg(regexp_replace(a::text, '(=[a-zA-Z*]*)m', '\\1'), ',' order by a::text) from unnest(c.relacl) a)) as object
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^pg_temp'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select concat_ws(' ', 'function', p.oid::regprocedure, pg_get_userbyid(p.proowner))
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname not in ('pg_catalog', 'information_schema')
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
union all
select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
  from pg_constraint where conrelid <> 0 and contype <> 'n'
    and connamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`;

// One statement's text is made from the catalogue and run by \\gexec: all of a table in one pass.
const askDatabase = async (lab: Lab, host: LabHost, database: string): Promise<DatabaseTruth> => {
  const text = await lab.psql(
    host,
    database,
    `set search_path = public;
select format('select json_build_object(''table'', %L, ''rows'', count(*)::text, ''sum'',
    coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text) from %s t', c.oid::regclass, c.oid::regclass)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and n.nspname !~ '^pg_temp' and (c.relkind = 'r' or c.relispopulated)
    and not (c.relpersistence = 'u' and pg_is_in_recovery())
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by c.oid::regclass::text \\gexec
select jsonb_build_object(
  'properties', (select concat_ws(' ', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,
      datlocprovider, datconnlimit, (select string_agg(a::text, ',' order by a::text) from unnest(datacl) a)) from pg_database where datname = current_database()),
  'extensions', (select coalesce(json_object_agg(extname, extversion order by extname), '{}') from pg_extension),
  'outdated', (select coalesce(json_agg(name order by name), '[]') from pg_available_extensions
      where installed_version <> default_version),
  'sequences', (select coalesce(json_object_agg(schemaname || '.' || sequencename,
      concat_ws(' ', last_value, increment_by, start_value, cycle)), '{}') from pg_sequences),
  'largeObjects', (select coalesce(json_object_agg(oid, md5(lo_get(oid)) || ' ' || pg_get_userbyid(lomowner)), '{}')
      from pg_largeobject_metadata),
  'objects', (select coalesce(json_agg(object order by object), '[]') from (${objectsQuery}) o))`,
  );
  const tables: Record<string, { rows: string; sum: string }> = {};
  const tableSchema = z.object({ table: z.string(), rows: z.string(), sum: z.string() });
  const lines = text.trim().split('\n');
  const last = lines.pop() ?? '';
  for (const line of lines) {
    const { table, rows, sum } = tableSchema.parse(JSON.parse(line));
    tables[table] = { rows, sum };
  }
  return databaseSchema.parse({ ...databaseSchema.partial().parse(JSON.parse(last)), tables });
};

const settledRows = z.array(z.object({ name: z.string(), rests: z.boolean(), assigned: z.string() }));

const askNodes = async (lab: Lab): Promise<readonly NodeRow[]> =>
  z.array(nodeRowSchema).parse(
    await lab.monitor(`select nodeid as id, nodename as name, nodehost as host, nodeport as port,
      candidatepriority as priority, replicationquorum as quorum, health, reportedstate::text as reported,
      goalstate::text as assigned, sysidentifier::text as "systemIdentifier" from pgautofailover.node
      where formationid = 'default' order by nodeid`),
  );

const byName = async <T>(names: readonly string[], ask: (name: string) => Promise<T>) => {
  const answers: Record<string, T> = {};
  for (const name of names) answers[name] = await ask(name);
  return answers;
};

const column = z.array(z.object({ name: z.string(), value: z.string() }));
const asRecord = (rows: unknown): Record<string, string> =>
  Object.fromEntries(column.parse(rows).map(({ name, value }) => [name, value]));

const namesOf = async (lab: Lab, host: LabHost): Promise<string[]> =>
  (await lab.psql(host, 'postgres', 'select datname from pg_database where datallowconn order by 1'))
    .trim()
    .split('\n');

/** Everything that an upgrade must keep, and everything that it must change. */
export const recordTruth = async (lab: Lab): Promise<Truth> => {
  const hosts: Record<string, HostTruth> = {};
  for (const host of lab.hosts) {
    hosts[host] = { ...(await askFiles(lab, host)), ...(await askServer(lab, host)) };
  }
  const primaries = lab.nodes.filter((node) => hosts[node]?.recovery === false);
  const primary = primaries[0];
  if (primary === undefined || primaries.length > 1) {
    throw new Error(`${primaries.length} nodes are not in recovery: ${primaries.join(', ')}`);
  }
  const [formation] = z.array(z.object({ standbys: z.number(), extension: z.string() })).parse(
    await lab.monitor(`select number_sync_standbys as standbys,
        (select extversion from pg_extension where extname = 'pgautofailover') as extension from pgautofailover.formation where formationid = 'default'`),
  );
  if (formation === undefined) throw new Error('the monitor has no formation');
  return {
    nodes: await askNodes(lab),
    numberSyncStandbys: formation.standbys,
    monitorExtension: formation.extension,
    hosts,
    primary,
    databases: await byName(await namesOf(lab, primary), (name) => askDatabase(lab, primary, name)),
    roles: asRecord(
      await lab.sql(
        primary,
        'postgres',
        `select rolname as name, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
          rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil,
          (select string_agg(concat_ws(' ', d.datname, s.setconfig), '; ' order by d.datname) from pg_db_role_setting s
            left join pg_database d on d.oid = s.setdatabase where s.setrole = r.oid)) as value
        from pg_authid r where rolname !~ '^pg_' order by 1`,
      ),
    ),
    replication: asRecord(
      await lab.sql(
        primary,
        'postgres',
        `select application_name as name, state || '/' || sync_state as value from pg_stat_replication
          where application_name like 'pgautofailover_standby%' order by 1`,
      ),
    ),
    slots: Object.keys(
      asRecord(
        await lab.sql(
          primary,
          'postgres',
          `select slot_name::text as name, slot_type as value from pg_replication_slots order by 1`,
        ),
      ),
    ),
  };
};

export interface ExpectOptions {
  readonly oldMajor?: string;
  readonly newMajor?: string;
  /** Tables that the test itself wrote to after `before`: `database` → table names. */
  readonly written?: Readonly<Record<string, readonly string[]>>;
}

// pg_autoctl writes these to postgresql-auto-failover.conf in the way of its own release, and a standby has others.
const ownedByAutoctl = new Set(['primary_conninfo', 'primary_slot_name', 'recovery_target_timeline']);

// What the monitor sets on whoever is primary means nothing on a standby, and a former primary keeps a stale one.
const ownedOnStandbys = new Set([...ownedByAutoctl, 'synchronous_standby_names']);

export const settingsOf = (truth: HostTruth | undefined, standby: boolean): Record<string, string> => {
  const owned = standby ? ownedOnStandbys : ownedByAutoctl;
  return Object.fromEntries(Object.entries(truth?.settings ?? {}).filter(([name]) => !owned.has(name)));
};

/** Issue 2's list: what must be new, and that nothing else changed. */
export const expectUpgraded = (before: Truth, after: Truth, options: ExpectOptions = {}): void => {
  const { oldMajor = '15', newMajor = '17', written = {} } = options;

  // one cluster, everyone in place
  expect(after.nodes.map(({ name, reported }) => [name, reported])).toEqual(
    after.nodes.map(({ name, assigned }) => [name, assigned]),
  );
  expect(after.nodes.map(({ reported }) => reported).sort()).toEqual([
    'primary',
    ...Array.from({ length: before.nodes.length - 1 }, () => 'secondary'),
  ]);
  expect(
    after.nodes.filter(({ reported }) => reported === 'primary').map(({ name }) => hostOf(name)),
  ).toEqual([after.primary]);
  expect(Object.keys(after.replication)).toHaveLength(before.nodes.length - 1);
  // A node without a vote in the quorum streams asynchronously, before and after.
  for (const [name, state] of Object.entries(after.replication))
    expect(state).toMatch(
      before.replication[name] === 'streaming/async' ? /^streaming\/async$/ : /^streaming\/(quorum|sync)$/,
    );

  // the same nodes with the same properties
  const identity = ({ id, name, host, port, priority, quorum }: NodeRow) => ({
    id,
    name,
    host,
    port,
    priority,
    quorum,
  });
  expect(after.nodes.map(identity)).toEqual(before.nodes.map(identity));
  expect(after.numberSyncStandbys).toBe(before.numberSyncStandbys);

  // one system identifier, a new one, wherever it is written down
  const identifiers = new Set(after.nodes.map((node) => node.systemIdentifier));
  expect(identifiers.size, `one system identifier: ${[...identifiers].join(', ')}`).toBe(1);
  const [identifier] = identifiers;
  expect(identifier).not.toBe(before.nodes[0]?.systemIdentifier);

  for (const [host, now] of Object.entries(after.hosts)) {
    const then = before.hosts[host];
    const on = (what: string) => `${what} on ${host}`;
    expect(now.version, on('the server')).toMatch(new RegExp(`^${newMajor}\\.`));
    expect(now.dataVersion, on('PG_VERSION')).toBe(newMajor);
    expect(now.backupVersion, on(`data_pg${oldMajor}_bak`)).toBe(oldMajor);
    expect(now.deleteScripts, on('delete_old_cluster.sh')).toBe('');
    expect(now.pgCtl, on('pg_ctl')).toBe(then?.pgCtl.replace(`/${oldMajor}/`, `/${newMajor}/`));
    expect(now.autoctl, on('pg_autoctl')).toContain(`/${newMajor}/`);
    expect(now.dropIns, on('drop-ins')).toBe(then?.dropIns);
    expect(now.enabled, on('the unit')).toBe(then?.enabled);
    expect(now.active, on('the unit')).toBe(then?.active);
    expect(now.unit, on('the unit file')).toBe(then?.unit.replaceAll(`/${oldMajor}/`, `/${newMajor}/`));
    expect(now.ssl, on('ssl')).toBe(then?.ssl);
    expect(now.checksums, on('checksums')).toBe(then?.checksums);
    const standby = host !== 'monitor' && host !== after.primary;
    expect(settingsOf(now, standby), on('settings')).toMatchObject(settingsOf(then, standby));
    expect(now.settingErrors, on('configuration files')).toEqual([]);
    expect(now.hba, on('pg_hba.conf')).toEqual(expect.arrayContaining(then?.hba ?? []));
    expect(now.hbaErrors, on('pg_hba.conf')).toEqual([]);
    if (host !== 'monitor') {
      expect(now.controlIdentifier, on('pg_control')).toBe(identifier);
      expect(now.stateIdentifier, on('the state file')).toBe(identifier);
      expect(now.stateNodeId, on('the state file')).toBe(then?.stateNodeId);
    }
  }

  // the data
  expect(Object.keys(after.databases)).toEqual(Object.keys(before.databases));
  for (const [name, then] of Object.entries(before.databases)) {
    const now = after.databases[name];
    const skipped = new Set(written[name] ?? []);
    const kept = (tables: DatabaseTruth['tables'] = {}) =>
      Object.fromEntries(Object.entries(tables).filter(([table]) => !skipped.has(table)));
    expect(kept(now?.tables), `tables of ${name}`).toEqual(kept(then.tables));
    expect(now?.largeObjects, `large objects of ${name}`).toEqual(then.largeObjects);
    expect(Object.keys(now?.extensions ?? {}), `extensions of ${name}`).toEqual(Object.keys(then.extensions));
    expect(now?.outdated, `extensions to update in ${name}`).toEqual([]);
    expect(now?.properties, `properties of ${name}`).toBe(then.properties);
    expect(now?.objects, `objects of ${name}`).toEqual(then.objects);
    if (skipped.size === 0) expect(now?.sequences, `sequences of ${name}`).toEqual(then.sequences);
  }
  expect(after.roles).toEqual(before.roles);
};

const until = async (what: string, holds: () => Promise<boolean>, timeoutMs = 90_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${timeoutMs / 1000} s passed without ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

/** What the monitor's clock says, for `since` of {@link settledWith}. */
export const monitorClock = async (lab: Lab): Promise<string> =>
  (await lab.psql('monitor', 'pg_auto_failover', 'select clock_timestamp()')).trim();

/**
 * Every node is where the monitor wants it, says that its server runs, has said so after `since`, and `primary` is the primary.
 * The states alone do not tell: a restarted pg_autoctl reports its old state before its server runs.
 */
export const settledWith = (lab: Lab, primary: LabHost, since = '-infinity'): Promise<void> =>
  until(
    `${primary} as primary and the rest secondary`,
    async () => {
      const nodes = settledRows.parse(
        await lab.monitor(`select nodename as name, health = 1 and reportedpgisrunning
            and reporttime > greatest('${since}', now() - interval '5 s') and reportedstate = goalstate as rests,
          goalstate::text as assigned from pgautofailover.node where formationid = 'default'`),
      );
      return nodes.every(
        ({ name, rests, assigned }) =>
          rests && assigned === (hostOf(name) === primary ? 'primary' : 'secondary'),
      );
    },
    90_000,
  );

/** A write on the primary is acknowledged and arrives on every secondary. Leaves nothing behind. */
export const expectWriteReaches = async (lab: Lab, primary: LabHost): Promise<void> => {
  const mark = `${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
  await lab.psql(
    primary,
    'postgres',
    `set statement_timeout = '20s'; create table public.harness_mark as select '${mark}'::text as mark`,
  );
  try {
    for (const node of lab.nodes.filter((name) => name !== primary)) {
      await until(
        `the write on ${node}`,
        async () => {
          const looked = await lab.attempt(
            ['pg', node],
            `psql -X -p ${lab.settings.port} -d postgres -Atc 'table public.harness_mark'`,
          );
          return looked.stdout.trim() === mark;
        },
        30_000,
      );
    }
  } finally {
    await lab.psql(primary, 'postgres', 'drop table public.harness_mark');
  }
};

/** Makes a secondary the primary and then the old one again; a write reaches everyone each time. */
export const expectSwitchover = async (lab: Lab, other: LabHost = 'node2'): Promise<void> => {
  const { pgdata, newBin, oldBin } = lab.settings;
  const first = (await askNodes(lab)).find(({ reported }) => reported === 'primary');
  if (first === undefined) throw new Error('no primary to switch over from');
  for (const target of [other, hostOf(first.name)]) {
    await lab.pg(
      target,
      `bin=${newBin}; [ "$(cat ${pgdata}/PG_VERSION)" = ${majorOf(oldBin)} ] && bin=${oldBin}
timeout 120 $bin/pg_autoctl perform promotion --pgdata ${pgdata}`,
    );
    await settledWith(lab, target);
    await expectWriteReaches(lab, target);
  }
};
