import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Opened } from './cleanup.ts';
import { type Lab, type LabHost, openLab, quote } from './lab.ts';
import { expectWriteReaches } from './truth.ts';
import { type ConsoleHome, createConsoleHome } from './walk.ts';

/** A home whose cluster file has node_2 take over the primary's links; node_3 gets a base backup. */
export const linkedDesk = async (
  opened: Opened,
  snapshot = 'small',
  env: Readonly<Record<string, string>> = {},
): Promise<{ lab: Lab; at: ConsoleHome }> => {
  const lab = await openLab({ snapshot, env });
  const at = await createConsoleHome(lab);
  opened.home = at;
  const [file = ''] = at.args;
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('node_2: {', 'node_2: {rebuild: hard-link, '));
  return { lab, at };
};

/** How often pg_autoctl has taken a base backup on a host: by the service's own log, and by what `create postgres` printed. */
export const baseBackups = async (lab: Lab, host: LabHost): Promise<number> =>
  Number(
    await lab.root(
      host,
      `{ journalctl -u ${quote(lab.settings.unit)} --no-pager -q -o cat; cat /home/dba/.pgaf-upgrade/jobs/*/*/log; } | grep -c 'bin/pg_basebackup' || true`,
    ),
  );

/** Every page of every table and index, on a standby: the extension comes from the primary. */
export const expectSound = async (lab: Lab, host: LabHost, primary: LabHost, bin: string): Promise<void> => {
  await lab.psql(primary, 'app', 'create extension if not exists amcheck');
  await expectWriteReaches(lab, primary);
  expect(
    await lab.pg(host, `${bin}/pg_amcheck -p ${lab.settings.port} -d app --heapallindexed && echo sound`),
  ).toBe('sound\n');
  await lab.psql(primary, 'app', 'drop extension amcheck');
};
