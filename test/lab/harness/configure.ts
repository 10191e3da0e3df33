import type { Lab, LabHost } from './lab.ts';
import { monitorClock, settledWith } from './truth.ts';

/** What people have on their hosts, put onto the lab's. */

export const unitDirectory = '/etc/systemd/system';

/** Everything is down meanwhile, and nobody a candidate: a restart of the primary would begin a failover. */
export const whileDown = async (
  lab: Lab,
  change: () => Promise<void>,
  units: ReadonlyMap<LabHost, string> = new Map(),
): Promise<void> => {
  const { unit } = lab.settings;
  const rows = (sql: string) => lab.psql('monitor', 'pg_auto_failover', sql);
  await rows(
    'create table kept as select nodeid, candidatepriority from pgautofailover.node; update pgautofailover.node set candidatepriority = 0',
  );
  for (const host of lab.hosts.toReversed()) await lab.root(host, `systemctl stop ${unit}`);
  await change();
  for (const host of lab.hosts) await lab.root(host, `systemctl start ${units.get(host) ?? unit}`);
  // systemd has started pg_autoctl, which has its server a moment later
  await lab.pg(
    'monitor',
    `for i in $(seq 300); do psql -X -d pg_auto_failover -Atc 'select 1' >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1`,
  );
  await settledWith(lab, 'node1', await monitorClock(lab));
  await rows(
    'update pgautofailover.node n set candidatepriority = k.candidatepriority from kept k where k.nodeid = n.nodeid; drop table kept',
  );
};

export const dropIn = (lab: Lab, host: LabHost, name: string, ...lines: readonly string[]): Promise<string> =>
  lab.root(
    host,
    `d=${unitDirectory}/${lab.settings.unit}.service.d; mkdir -p $d; printf '%s\\n' '[Service]' ${lines.map((one) => `'${one}'`).join(' ')} >$d/${name}; systemctl daemon-reload`,
  );

/** A unit that goes down with pg_autoctl's, and is active. */
export const hangOn = (lab: Lab, host: LabHost, name: string, ...how: readonly string[]): Promise<string> =>
  lab.root(
    host,
    `printf '%s\\n' '[Unit]' ${how.map((one) => `'${one}'`).join(' ')} '[Service]' 'ExecStart=/bin/sleep infinity' >${unitDirectory}/${name}.service; systemctl daemon-reload; systemctl start ${name}`,
  );
