import type { Lab } from './lab.ts';

const settled = async (lab: Lab): Promise<void> => {
  for (let tries = 0; tries < 120; tries += 1) {
    const rows = await lab.monitor(
      'select reportedstate::text as is, goalstate::text as goal from pgautofailover.node',
    );
    const states = rows.map(({ is }) => is).sort();
    if (rows.every(({ is, goal }) => is === goal) && states[0] === 'primary' && states.at(-1) === 'secondary')
      return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('the nodes did not settle');
};

/** Gives every node's pg_autoctl a /tmp of its own, and with it a pid file that nobody else sees. Another node may be primary then. */
export const givePrivateTmp = async (lab: Lab): Promise<void> => {
  const { unit, pgdata } = lab.settings;
  for (const host of lab.nodes.toReversed()) {
    await lab.root(
      host,
      `d=/etc/systemd/system/${unit}.service.d; mkdir -p $d; printf '[Service]\\nPrivateTmp=yes\\n' >$d/private.conf
       systemctl daemon-reload; systemctl restart ${unit}; rm -rf /tmp/pg_autoctl${pgdata}`,
    );
    await settled(lab);
  }
};
