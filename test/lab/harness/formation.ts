import { expect } from 'vitest';
import { z } from 'zod';
import { Lab, type LabHost, type LabOptions, nodeName } from './lab.ts';

/** The lab's formation of Citus: node1 and node2 are the coordinator's group, node3 and node4 the workers'. */
export const primaries: readonly LabHost[] = ['node1', 'node3'];
const nodes: readonly LabHost[] = ['node1', 'node2', 'node3', 'node4'];
const hosts: readonly LabHost[] = ['monitor', ...nodes];

// Citus hides shards by a condition with which an outer join to pg_class fails on 17: only where it is asked for its catalogs.
const citusCatalogs = `select 'pg_dist_node', count(*), md5(string_agg(n::text, ',' order by nodeid)) from pg_dist_node n
  union all select 'pg_dist_shard', count(*), md5(string_agg(s::text, ',' order by shardid)) from pg_dist_shard s
  union all select 'pg_dist_placement', count(*), md5(string_agg(p::text, ',' order by placementid)) from pg_dist_placement p
  union all select 'pg_dist_partition', count(*), md5(string_agg(concat_ws(' ', logicalrelid::text, partmethod, colocationid), ',' order by logicalrelid::text)) from pg_dist_partition
  union all select 'pg_dist_colocation', count(*), md5(string_agg(c::text, ',' order by colocationid)) from pg_dist_colocation c
  union all select 'pg_dist_object', count(*), '' from pg_dist_object
  union all select 'pg_dist_schema', count(*), '' from pg_dist_schema
  union all select 'tables of public', count(*), string_agg(relname, ',' order by relname) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
  order by 1`;
const members =
  "select pg_describe_object(classid, objid, objsubid) from pg_depend where refclassid = 'pg_extension'::regclass and deptype = 'e' and refobjid = (select oid from pg_extension where extname = 'citus') order by 1";
/** Through the coordinator, with rows of every worker. */
const answers = `select 'customers', count(*)::text from customers union all select 'orders', count(*) || ' ' || sum(amount) from orders
  union all select 'regions', count(*)::text from regions union all select 'notes', count(*)::text from notes
  union all select 'history', sum(amount)::text from history union all select 'tenant_1.invoices', sum(total)::text from tenant_1.invoices
  union all select 'totals', count(*)::text from totals order by 1`;

const rowSchema = z.object({
  id: z.number(),
  group: z.number(),
  name: z.string(),
  host: z.string(),
  priority: z.number(),
  quorum: z.boolean(),
  system: z.string(),
  reported: z.string(),
  assigned: z.string(),
});

export interface FormationTruth {
  readonly rows: readonly z.infer<typeof rowSchema>[];
  readonly standbys: string;
  /** Per primary. */
  readonly catalogs: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, string>>;
  readonly answers: string;
  /** Per host: versions of data directory, server, pg_autoctl and pg_ctl; the unit; the system identifier in pg_control and state file. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly left: Readonly<Record<string, string>>;
}

export const openFormation = async (options: LabOptions = {}): Promise<Lab> => {
  const lab = new Lab({ snapshot: 'citus', ...options });
  await lab.reset();
  return lab;
};

const hostTruth = (lab: Lab, host: LabHost): Promise<string> => {
  const { pgdata, unit, port } = lab.settings;
  return lab.root(
    host,
    `data=${pgdata} unit=${unit}.service
home=$(getent passwd postgres | cut -d: -f6)
state=$home/.local/share/pg_autoctl$data/pg_autoctl.state
major=$(cat $data/PG_VERSION)
echo "data $major"
echo "system $(/opt/vmware/postgres/$major/bin/pg_controldata $data | sed -n 's/^Database system identifier: *//p') $([ ! -f $state ] || od -An -tu8 -j16 -N8 $state | tr -d ' ')"
grep '^pg_ctl' $home/.config/pg_autoctl$data/pg_autoctl.cfg
echo "autoctl $(readlink /proc/$(systemctl show -P MainPID $unit)/exe)"
cat "$(systemctl show -P FragmentPath $unit)"
echo "$(systemctl is-enabled $unit) $(systemctl is-active $unit) $(systemctl show -P DropInPaths $unit)"
su postgres -c "psql -X -p ${port} -d postgres -Atc \\"select current_setting('server_version'), pg_is_in_recovery(), current_setting('shared_preload_libraries'), current_setting('max_connections')\\""`,
  );
};

const leftOn = (lab: Lab, host: LabHost): Promise<string> =>
  lab.pg(
    host,
    `ls -d ${lab.settings.pgdata}_pg1[5-8]_bak ${lab.settings.pgdata}_pg1[5-8]_new* ${lab.settings.pgdata}/.pgaf-upgrade* 2>/dev/null
     cd ~/pgaf-upgrade${lab.settings.pgdata}/@work 2>/dev/null && ls | grep -vE '^(saved|record)\\.[0-9TZ]+(\\.json)?$|^run\\.json$|^lock$|^pg_autoctl\\.log$'
     true`,
  );

const byHost = async (
  of: readonly LabHost[],
  ask: (host: LabHost) => Promise<string>,
): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all(of.map(async (host) => [host, (await ask(host)).trim()] as const)));

const askRows = async (lab: Lab): Promise<FormationTruth['rows']> =>
  z.array(rowSchema).parse(
    await lab.monitor(
      `select nodeid::int as id, groupid as group, nodename as name, nodehost as host, candidatepriority as priority, replicationquorum as quorum,
        sysidentifier::text as system, reportedstate::text as reported, goalstate::text as assigned from pgautofailover.node order by nodeid`,
    ),
  );

/** Every group has its primary and its secondary, all of them heard a moment ago. */
const settled = async (lab: Lab): Promise<void> => {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const rows = await lab.monitor(
      `select nodename as name from pgautofailover.node where not (health = 1 and reportedpgisrunning and reporttime > now() - interval '5 s'
        and reportedstate = goalstate and goalstate::text in ('primary', 'secondary'))`,
    );
    if (rows.length === 0) return;
    if (Date.now() > deadline) throw new Error(`not settled: ${JSON.stringify(await askRows(lab))}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

export const formationTruth = async (lab: Lab): Promise<FormationTruth> => {
  await settled(lab);
  return {
    rows: await askRows(lab),
    standbys: await lab.psql(
      'monitor',
      'pg_auto_failover',
      'select number_sync_standbys from pgautofailover.formation',
    ),
    catalogs: await byHost(primaries, (host) => lab.psql(host, 'app', citusCatalogs)),
    members: await byHost(primaries, (host) => lab.psql(host, 'app', members)),
    answers: await lab.psql('node1', 'app', answers),
    hosts: await byHost(hosts, (host) => hostTruth(lab, host)),
    left: await byHost(hosts, (host) => leftOn(lab, host)),
  };
};

/** New rows reach every shard and both secondaries, a new distributed table can be made, and Citus calls its nodes healthy. */
const expectWrites = async (lab: Lab): Promise<void> => {
  await lab.psql(
    'node1',
    'app',
    `create table harness_mark (id int primary key); select create_distributed_table('harness_mark', 'id'); insert into harness_mark select generate_series(1, 500)`,
  );
  expect((await lab.psql('node1', 'app', 'select count(*) from harness_mark')).trim()).toBe('500');
  expect(
    (await lab.psql('node1', 'app', 'select bool_and(result) from citus_check_cluster_node_health()')).trim(),
  ).toMatch(/^t?$/);
  const streams = await byHost(primaries, (host) =>
    lab.psql(host, 'postgres', "select count(*) from pg_stat_replication where state = 'streaming'"),
  );
  expect(streams).toEqual({ node1: '1', node3: '1' });
  await lab.psql('node1', 'app', 'drop table harness_mark');
};

/** The formation that was there, to the last catalog row. */
export const expectFormationBack = async (
  lab: Lab,
  before: FormationTruth,
  { prepared = false } = {},
): Promise<void> => {
  const after = await formationTruth(lab);
  expect({ ...after, ...(prepared ? { left: before.left } : {}) }).toEqual(before);
  await expectWrites(lab);
};

/** On 17, with the same nodes, catalogs and answers, and a new identifier for each group. */
export const expectFormationUpgraded = async (lab: Lab, before: FormationTruth): Promise<void> => {
  const after = await formationTruth(lab);
  const same = ({ id, group, name, host, priority, quorum, reported }: z.infer<typeof rowSchema>) => ({
    id,
    group,
    name,
    host,
    priority,
    quorum,
    reported,
  });
  expect(after.rows.map(same)).toEqual(before.rows.map(same));
  const systems = (group: number, { rows }: FormationTruth) => [
    ...new Set(rows.filter((row) => row.group === group).map(({ system }) => system)),
  ];
  for (const group of [0, 1]) {
    const [now] = systems(group, after);
    expect(systems(group, after)).toHaveLength(1);
    expect(systems(group, before)).not.toContain(now);
    for (const row of after.rows.filter((one) => one.group === group))
      expect(
        after.hosts[nodes[row.name === 'node_1' ? 0 : Number(row.name.slice(5)) - 1] ?? 'node1'],
      ).toContain(`system ${now} ${now}`);
  }
  expect(systems(0, after)).not.toEqual(systems(1, after));
  expect(after.catalogs).toEqual(before.catalogs);
  expect(after.answers).toBe(before.answers);
  expect(after.standbys).toBe(before.standbys);
  for (const host of hosts) {
    expect(after.hosts[host], host).toMatch(/^data 17\n/);
    expect(after.hosts[host], host).toMatch(/^autoctl .*\/17\//m);
  }
  await expectWrites(lab);
};

export const nodeNames = nodes.map(nodeName);
