import { afterEach, expect, it } from 'vitest';
import { runCommand } from './harness/check.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { PlainRun } from './harness/plain.ts';
import { givePrivateTmp } from './harness/private-tmp.ts';
import { type Desk, layDesk } from './harness/walk.ts';

/** What cannot be seen is unknown: pg_autoctl of the primary has a private /tmp, so no pid file tells of it. */

let desks: Desk[] = [];
afterEach(async () => {
  for (const desk of desks) await desk.clear();
  desks = [];
});

const laid = async (lab: Lab): Promise<Desk> => {
  const desk = await layDesk(lab);
  desks.push(desk);
  return desk;
};

const startedAt = async (lab: Lab): Promise<readonly string[]> =>
  Promise.all(
    (['monitor', 'node1', 'node2'] as const).map((host) =>
      lab.psql(host, 'postgres', 'select pg_postmaster_start_time()'),
    ),
  );

const named = async (lab: Lab, desk: Desk, command: string) =>
  runCommand(desk, [command, ...desk.args, '--plain', '--yes', lab.address('monitor')]);

it('a private /tmp on the primary: a second run, and a second rollback, touch nothing; another operator reads that writes are down', async () => {
  const lab = await openLab({ secondaries: 1, snapshot: 'pg15-1' });
  await givePrivateTmp(lab);
  const desk = await laid(lab);

  const first = new PlainRun(desk, ['--yes', lab.address('monitor')]);
  await first.until(
    'pg_upgrade at work',
    (text) => /node_\d\| .*Linking user relation files/.test(text) || undefined,
    600_000,
  );
  const other = await laid(lab);
  const read = await runCommand(other, ['status', ...other.args]);
  expect(read.stdout).toMatch(/WRITES DOWN since 20\d\d-/);
  expect(read.stdout).toMatch(/Lock: held by /);
  expect(
    await first.until('its end', (text) => /every node runs PostgreSQL 17/.test(text) || undefined, 600_000),
  ).toBe(true);
  expect(await first.exited).toBe(0);

  const serving = await startedAt(lab);
  const again = await named(lab, desk, 'run');
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing to do: every node runs')]);
  expect(await startedAt(lab)).toEqual(serving);
  expect((await runCommand(other, ['status', ...other.args])).stdout).toMatch(
    /Writes: up, on node_\d\nUpgrade: finished/,
  );

  expect((await named(lab, desk, 'rollback')).code).toBe(0);
  const back = await startedAt(lab);
  expect((await named(lab, desk, 'rollback')).code).toBe(0);
  expect(await startedAt(lab)).toEqual(back);
});
