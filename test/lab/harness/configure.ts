import type { Lab, LabHost } from './lab.ts';
import { monitorClock, settledWith } from './truth.ts';

/** What people have on their hosts, put onto the lab's. */

export const unitDirectory = '/etc/systemd/system';

/** Nobody is a candidate while servers are restarted, until all have settled: a restart of the primary may begin a failover. */
export const withoutCandidates = async (lab: Lab, restart: () => Promise<unknown>): Promise<void> => {
  const change = (statements: string): Promise<string> => lab.psql('monitor', 'pg_auto_failover', statements);
  await change(
    'create table kept as select nodeid, candidatepriority from pgautofailover.node; update pgautofailover.node set candidatepriority = 0',
  );
  await restart();
  await settledWith(lab, 'node1', await monitorClock(lab));
  await change(
    'update pgautofailover.node n set candidatepriority = k.candidatepriority from kept k where k.nodeid = n.nodeid; drop table kept',
  );
};

/** Everything is down meanwhile. */
export const whileDown = (
  lab: Lab,
  change: () => Promise<void>,
  units: ReadonlyMap<LabHost, string> = new Map(),
): Promise<void> =>
  withoutCandidates(lab, async () => {
    const { unit } = lab.settings;
    for (const host of lab.hosts.toReversed()) await lab.root(host, `systemctl stop ${unit}`);
    await change();
    for (const host of lab.hosts) await lab.root(host, `systemctl start ${units.get(host) ?? unit}`);
    // systemd has started pg_autoctl, which has its server a moment later
    await lab.pg(
      'monitor',
      `for i in $(seq 300); do psql -X -d pg_auto_failover -Atc 'select 1' >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1`,
    );
  });

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
