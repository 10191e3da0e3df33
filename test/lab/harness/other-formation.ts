import { expect } from 'vitest';
import type { Lab, LabHost } from './lab.ts';

/** A second formation on the lab's monitor: pay_2 and pay_3 on the hosts of node_2 and node_3, with a unit of their own. */
export const payHosts = ['node2', 'node3'] as const;
const data = '/var/lib/pgsql/pay';
const port = 5434;
const unit = 'pgaf-pay';

const payName = (host: LabHost): string => host.replace('node', 'pay_');

export const payRows = (lab: Lab): Promise<Record<string, unknown>[]> =>
  lab.monitor(
    `select nodename, reportedstate, goalstate, health,
       extract(epoch from clock_timestamp() - reporttime) < 10 as fresh
     from pgautofailover.node where formationid = 'payments' order by nodename`,
  );

export const payPsql = (lab: Lab, host: LabHost, statement: string): Promise<string> =>
  lab.pg(host, `psql -X -q -v ON_ERROR_STOP=1 -p ${port} -d postgres -Atc "${statement}"`);

/** Who takes the writes: the node whose server is no standby. */
export const payPrimary = async (lab: Lab): Promise<LabHost> => {
  for (const host of payHosts)
    if ((await payPsql(lab, host, 'select pg_is_in_recovery()')).trim() === 'f') return host;
  throw new Error('payments has no primary');
};

/** Which process its server is: another one, and it was stopped meanwhile. */
export const payServers = (lab: Lab): Promise<string[]> =>
  Promise.all(
    payHosts.map((host) => lab.pg(host, `head -n 1 ${data}/postmaster.pid; cat ${data}/PG_VERSION`)),
  );

export const payAutoctl = (lab: Lab, host: LabHost): Promise<string> =>
  lab.root(host, `systemctl show -p ExecStart --value ${unit} | grep -o 'path=[^ ]*'`);

export const paySettled = async (lab: Lab, seconds = 60): Promise<void> => {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const rows = await payRows(lab);
    const states = rows.map((row) => `${row.reportedstate}/${row.goalstate}/${row.health}/${row.fresh}`);
    if (states.toSorted().join(' ') === 'primary/primary/1/true secondary/secondary/1/true') return;
    if (Date.now() > deadline) throw new Error(`payments does not settle: ${states.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

/**
 * Restarts its unit, until its server answers again and has reported so: the monitor's rows are those of before for a while, and
 * a failover for the server that was away may still come.
 */
export const payRestart = async (lab: Lab, host: LabHost): Promise<void> => {
  await lab.root(host, `systemctl restart ${unit}`);
  await lab.pg(
    host,
    `for i in $(seq 600); do ${lab.settings.newBin}/pg_isready -q -p ${port} && exit; sleep 0.1; done; exit 1`,
  );
  const [answered] = await lab.monitor('select clock_timestamp()::text as at');
  await expect
    .poll(
      () =>
        lab.monitor(
          `select 1 from pgautofailover.node where nodename = '${payName(host)}'
             and reporttime > '${String(answered?.at)}' and reportedpgisrunning`,
        ),
      { timeout: 60_000, interval: 500 },
    )
    .toHaveLength(1);
};

/** Makes it, and waits until it can fail over. */
export const makePayments = async (lab: Lab): Promise<void> => {
  const { oldBin, pgdata } = lab.settings;
  await lab.pg(
    'monitor',
    `${oldBin}/pg_autoctl create formation --pgdata ${pgdata} --formation payments --kind pgsql --dbname postgres >/dev/null 2>&1`,
  );
  for (const host of payHosts) {
    await lab.pg(
      host,
      `export LANG=en_US.UTF-8; ${oldBin}/pg_autoctl create postgres --pgdata ${data} --pgport ${port} --pgctl ${oldBin}/pg_ctl \
         --hostname ${host} --name ${payName(host)} --formation payments --auth trust --ssl-self-signed \
         --monitor "$(${oldBin}/pg_autoctl config get pg_autoctl.monitor --pgdata ${pgdata})" >/tmp/pay.log 2>&1`,
    );
    await lab.root(
      host,
      `sed 's|${pgdata}|${data}|' /etc/systemd/system/${lab.settings.unit}.service >/etc/systemd/system/${unit}.service
       systemctl daemon-reload; systemctl enable --quiet --now ${unit}`,
    );
  }
  await paySettled(lab);
};

/** What the cluster file says of it; both nodes are reached by address, as the lab's others. */
export const payConfig = (lab: Lab): string =>
  `formations: {payments: {do: restart, nodes: {${payHosts
    .map((host) => `${payName(host)}: {ssh: {host: ${lab.address(host)}}}`)
    .join(', ')}}}}\n`;
