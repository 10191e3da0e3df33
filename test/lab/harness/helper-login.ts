import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './check.ts';
import type { Lab, LabHost } from './lab.ts';
import type { ConsoleHome } from './walk.ts';

const hostOfAlias = (alias: string): LabHost =>
  alias === 'monitor' ? 'monitor' : `node${Number(/(\d+)$/.exec(alias)?.[1])}`;

/** Puts a file of this machine onto a host, as root. */
const put = (path: string, text: string, mode: number): string =>
  `base64 -d >${path} <<'END'\n${Buffer.from(text).toString('base64')}\nEND\nchmod ${mode} ${path}\n`;

/**
 * The login of a window that has only the helper: what `pgaf-upgrade helper` prints is installed as it says, the lab's own
 * rule (anything, as anybody) is taken away, and the cluster file says so.
 */
export const onlyTheHelper = async (lab: Lab, home: ConsoleHome): Promise<void> => {
  const [file = ''] = home.args;
  await appendFile(file, 'become: {root: helper}\n');
  const out = join(home.directory, 'helpers');
  const printed = await runCommand(home, ['helper', file, '--out', out]);
  if (printed.code !== 0) throw new Error(printed.stderr);
  for (const alias of await readdir(out)) {
    const names = await readdir(join(out, alias));
    const scripts = await Promise.all(
      names.map(async (name) => {
        const text = await readFile(join(out, alias, name), 'utf8');
        const rule = name.endsWith('.sudoers');
        const stem = name.replace('.sudoers', '');
        return rule
          ? put(`/etc/sudoers.d/${stem.replace('pgaf-upgrade-root', 'pgaf-upgrade')}`, text, 440)
          : put(`/usr/local/sbin/${stem}`, text, 755);
      }),
    );
    await lab.root(
      hostOfAlias(alias),
      `${scripts.join('')}rm -f /etc/sudoers.d/dba; visudo -c -q; ! sudo -u dba sudo -n id 2>/dev/null`,
    );
  }
};
