import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import type { Lab } from './lab.ts';
import type { ConsoleHome } from './walk.ts';

/** A password that the lab's trust authentication never asks for, where a real cluster has its own. */
const secret = 'n0t-for-any-log';

/** Puts a password into the connection string by which every node reaches the monitor. */
export const giveMonitorPassword = async (lab: Lab): Promise<void> => {
  for (const node of lab.nodes)
    await lab.pg(
      node,
      `cfg=~/.config/pg_autoctl${lab.settings.pgdata}/pg_autoctl.cfg
sed -i 's|^monitor = postgres://autoctl_node@|monitor = postgres://autoctl_node:${secret}@|' "$cfg"
grep -q 'autoctl_node:${secret}@' "$cfg"`,
    );
};

/** Inspects every process's command line on the nodes until `work` is over; gives those that show the password. */
export const watchProcessLists = async <Value>(
  lab: Lab,
  work: () => Promise<Value>,
): Promise<{ value: Value; shown: string }> => {
  const stop = '/tmp/harness-watch-over';
  // The watcher's own command line does not hold the password: it stands in a file.
  const watching = lab.nodes.map((node) =>
    lab.root(
      node,
      `rm -f ${stop}; printf %s '${secret}' >/tmp/harness-secret
until [ -e ${stop} ]; do ps -eo args= | grep -Ff /tmp/harness-secret | grep -v harness-secret; sleep 0.05; done; rm -f ${stop} /tmp/harness-secret; true`,
    ),
  );
  const value = await work().finally(() =>
    Promise.all(lab.nodes.map((node) => lab.root(node, `touch ${stop}`))),
  );
  return { value, shown: (await Promise.all(watching)).join('') };
};

/** Neither the journal and the outputs here nor scripts, logs and everything else of the jobs there hold the password. */
export const expectSecretNowhere = async (lab: Lab, home: ConsoleHome): Promise<void> => {
  const found = (at: string) => `grep -rlF ${secret} ${at} 2>/dev/null || true`;
  expect(execFileSync('sh', ['-c', found(`${home.directory}/state`)], { encoding: 'utf8' })).toBe('');
  for (const host of lab.hosts)
    expect(`${host}: ${await lab.root(host, found('~dba/.pgaf-upgrade'))}`).toBe(`${host}: `);
};
