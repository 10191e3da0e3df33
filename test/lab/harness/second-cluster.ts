import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConsoleHome, createConsoleHome } from './console-home.ts';
import { type Lab, type LabHost, quote } from './lab.ts';

/**
 * A second cluster of the same OS user on the same hosts: its own monitor, data directory, port and unit, and nodes that are
 * called what pg_auto_failover calls its nodes by itself: node_1 and node_2, as those of the first.
 */
export interface SecondCluster {
  readonly pgdata: string;
  readonly port: number;
  readonly unit: string;
  /** The hosts that it has nodes on, the monitor's host first. */
  readonly hosts: readonly LabHost[];
  /** What psql prints for statements to one of its servers. */
  psql(host: LabHost, database: string, statements: string): Promise<string>;
  /** A home whose cluster file is this one's. */
  createConsoleHome(): Promise<ConsoleHome>;
  /** Everything of it that must not change while nobody works on it: servers, ids, directories, unit. */
  truth(): Promise<string>;
}

const pgdata = '/var/lib/pgsql/b';
const port = 5433;
const unit = 'pgaf-b';
const monitorUri = `postgres://autoctl_node@monitor:${port}/pg_auto_failover?sslmode=require`;

const unitFile = (bindir: string): string => `[Unit]
Description = pg_auto_failover, another cluster
After = network.target

[Service]
WorkingDirectory = /var/lib/pgsql
Environment = 'PGDATA=${pgdata}'
User = postgres
ExecStart = ${bindir}/pg_autoctl run
Restart = always
StartLimitBurst = 0
ExecReload = ${bindir}/pg_autoctl reload

[Install]
WantedBy = multi-user.target
`;

const second = (lab: Lab): SecondCluster => {
  const hosts: readonly LabHost[] = ['monitor', 'node1', 'node2'];
  const psql = (host: LabHost, database: string, statements: string): Promise<string> =>
    lab.pg(
      host,
      `psql -X -q -v ON_ERROR_STOP=1 -p ${port} -d ${quote(database)} -At <<'LAB_SQL'\n${statements}\n;\nLAB_SQL\n`,
    );
  return {
    pgdata,
    port,
    unit,
    hosts,
    psql,
    createConsoleHome: async () => {
      const home = await createConsoleHome(lab);
      const file = join(home.directory, 'cluster.yaml');
      const first = await readFile(file, 'utf8');
      const own = first
        .replace(/^monitor: *\{/m, `monitor: {pgdata: ${pgdata}, port: ${port}, `)
        .replace(/^ *node_3: .*\n/m, '');
      await writeFile(file, `name: second\n${own}`);
      return home;
    },
    truth: async () => {
      const each = await Promise.all(
        hosts.map((host) =>
          lab.root(
            host,
            `cd /; echo ${host}; cat ${pgdata}/PG_VERSION; systemctl is-active ${unit}; systemctl is-enabled ${unit}; sha256sum </etc/systemd/system/${unit}.service
             ls -d ${pgdata} ${pgdata}_* /run/systemd/system/${unit}* /etc/systemd/system/${unit}* 2>/dev/null
             head -n 1 ${pgdata}/postmaster.pid; ls -A ~postgres/pgaf-upgrade${pgdata} 2>/dev/null
             f=~postgres/.local/share/pg_autoctl${pgdata}/pg_autoctl.state; [ -e $f ] && od -An -v -t u8 -t d4 -j 16 -N 16 $f; true`,
          ),
        ),
      );
      const rows = await psql(
        'monitor',
        'pg_auto_failover',
        'select nodeid, nodename, sysidentifier, reportedstate, goalstate from pgautofailover.node order by 1',
      );
      return `${each.join('')}${rows}`;
    },
  };
};

/** Makes it on the lab's running hosts; node_1 is its primary. About 20 s. */
export const createSecondCluster = async (lab: Lab): Promise<SecondCluster> => {
  const { oldBin } = lab.settings;
  const cluster = second(lab);
  const create = `${oldBin}/pg_autoctl create`;
  const common = `--pgdata ${pgdata} --pgport ${port} --pgctl ${oldBin}/pg_ctl --auth trust --ssl-self-signed`;
  const start = async (host: LabHost) => {
    await lab.root(
      host,
      `cat >/etc/systemd/system/${unit}.service <<'UNIT'\n${unitFile(oldBin)}UNIT\nsystemctl daemon-reload; systemctl enable --quiet --now ${unit}`,
    );
  };
  const await_ = (query: string) =>
    lab.pg(
      'monitor',
      `for ((i = 0; i < 600; i++)); do [ -n "$(psql -X -p ${port} -d pg_auto_failover -Atc ${quote(query)} 2>/dev/null)" ] && exit; sleep 0.1; done
       psql -X -p ${port} -d pg_auto_failover -c 'table pgautofailover.node' >&2; exit 1`,
    );
  await lab.pg(
    'monitor',
    `${create} monitor ${common} --hostname monitor >/tmp/second.log 2>&1 || { cat /tmp/second.log >&2; exit 1; }`,
  );
  await start('monitor');
  await await_('select 1 from pgautofailover.formation');
  for (const [host, state] of [
    ['node1', 'single'],
    ['node2', 'secondary'],
  ] as const) {
    const name = `node_${host.slice(4)}`;
    await lab.pg(
      host,
      `export LANG=en_US.UTF-8; ${create} postgres ${common} --hostname ${host} --name ${name} --monitor ${quote(monitorUri)} >/tmp/second.log 2>&1 || { cat /tmp/second.log >&2; exit 1; }`,
    );
    await start(host);
    await await_(
      `select 1 from pgautofailover.node where nodename = '${name}' and reportedstate = '${state}' and goalstate = '${state}'`,
    );
  }
  await await_("select 1 from pgautofailover.node where reportedstate = 'primary' and goalstate = 'primary'");
  await cluster.psql('node1', 'postgres', 'create table important as select 1 as a');
  return cluster;
};
