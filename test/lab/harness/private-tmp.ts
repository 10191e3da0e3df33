import type { Lab, LabHost } from './lab.ts';

const settled = async (lab: Lab): Promise<void> => {
  for (let tries = 0; tries < 120; tries += 1) {
    const rows = await lab.monitor(
      "select reportedstate::text as is, goalstate::text as goal, reporttime > now() - interval '5 s' as fresh from pgautofailover.node where formationid = 'default'",
    );
    const states = rows.map(({ is }) => is).sort();
    if (
      rows.every(({ is, goal, fresh }) => is === goal && fresh === true) &&
      states[0] === 'primary' &&
      states.at(-1) === 'secondary'
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('the nodes did not settle');
};

/**
 * Gives a node's pg_autoctl a /tmp of its own, and with it a pid file that nobody else sees. Nobody is a candidate
 * meanwhile: a restart of the primary would begin a failover.
 */
export const givePrivateTmp = async (lab: Lab, host: LabHost): Promise<void> => {
  const { unit, pgdata } = lab.settings;
  const candidates = (change: string): Promise<string> => lab.psql('monitor', 'pg_auto_failover', change);
  await candidates(
    'create table kept as select nodeid, candidatepriority from pgautofailover.node; update pgautofailover.node set candidatepriority = 0',
  );
  await lab.root(
    host,
    `d=/etc/systemd/system/${unit}.service.d; mkdir -p $d; printf '[Service]\\nPrivateTmp=yes\\n' >$d/private.conf
     systemctl daemon-reload; systemctl restart ${unit}; rm -rf /tmp/pg_autoctl${pgdata}`,
  );
  await settled(lab);
  await candidates(
    'update pgautofailover.node n set candidatepriority = k.candidatepriority from kept k where k.nodeid = n.nodeid; drop table kept',
  );
};
