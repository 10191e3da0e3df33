import { expect, it } from 'vitest';
import { expectBack, expectLockedAway, promise } from './harness/back.ts';
import { withCleanup } from './harness/cleanup.ts';
import { askWithoutJournal, drive } from './harness/drive.ts';
import { quote } from './harness/lab.ts';
import { baseBackups, expectSound, linkedDesk } from './harness/linked.ts';
import { PlainRun } from './harness/plain.ts';
import { expectUpgraded, recordTruth } from './harness/truth.ts';

const opened = withCleanup();
const begin = () => linkedDesk(opened);

const others = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFb8rVBLGExdOKXEJOSzdbKwacty096TfoioT3XEn+WK an admin';

it('before the first start of 17 the links go, without a copy; then transfers that break off; then the whole window: no base backup, same ids, same data, nobody let in', async () => {
  const { lab, at } = await begin();
  await lab.pg(
    'node1',
    `umask 077; mkdir ~/.ssh; printf %s ${quote(others)} >~/.ssh/authorized_keys; chmod 640 ~/.ssh/authorized_keys`,
  );
  const keys = () => lab.pg('node1', 'cat ~/.ssh/authorized_keys; stat -c " %a" ~/.ssh/authorized_keys');
  const before = await recordTruth(lab);
  await promise(lab);
  const there = await drive(at, { until: (step) => step.id === 'E.node_1.private-start' });
  expect(there.ran).toContain('D.node_2.link');
  expect(there.verdict).toMatchObject({ kind: 'safe' });
  expect((await askWithoutJournal(at)).verdict).toEqual(there.verdict);
  expect((await drive(at, { direction: 'rollback' })).end).toBe('finished');
  expect(await baseBackups(lab, 'node2')).toBe(0);
  expect(await keys()).toBe(`${others} 640\n`);
  await expectSound(lab, 'node2', 'node1', lab.settings.oldBin);
  await expectBack(lab, before, { sameIds: true });

  // A transfer that breaks off is run again; one whose console was killed is found again.
  const hold = (signal: string) =>
    lab.root(
      'node2',
      `n=0; until pid=$(pgrep -xo rsync); do n=$((n + 1)); [ $n -lt 3000 ] || exit 1; sleep 0.01; done; kill -${signal} $pid; echo $pid`,
    );
  let run = new PlainRun(at);
  opened.console = run;
  const link = /node_2: Transfer hard links by rsync/;
  let stop = await run.goTo(link);
  const broken = hold('TERM');
  await run.confirm(stop);
  await broken;
  // 20 is rsync's own; one that has only just begun catches no signal yet.
  expect(await run.stop()).toMatchObject({ kind: 'failed', text: expect.stringMatching(/code (20|143)/) });
  await run.kill();

  run = new PlainRun(at);
  opened.console = run;
  stop = await run.goTo(link);
  const held = hold('STOP');
  await run.confirm(stop);
  const pid = (await held).trim();
  await run.kill();
  run = new PlainRun(at);
  opened.console = run;
  await run.sees(/“Transfer hard links by rsync” is still running; its output continues here/);
  await lab.root('node2', `kill -CONT ${pid}`);
  await run.goTo(/node_1: Start 17 first time/);
  await run.kill();
  // One of the window that was rolled back, two of this one.
  const jobs = await lab.root('node2', 'ls -d /home/dba/.pgaf-upgrade/jobs/*/D.node_2.link.* | wc -l');
  expect(Number(jobs)).toBe(3);

  run = new PlainRun(at, ['--yes', lab.address('monitor')]);
  opened.console = run;
  expect(
    await run.until('the end', (text) => /every node runs PostgreSQL 17/.exec(text)?.[0], 110_000),
  ).toBeTruthy();
  expect(await run.exited).toBe(0);
  expectUpgraded(before, await recordTruth(lab));
  expect([await baseBackups(lab, 'node2'), await baseBackups(lab, 'node3')]).toEqual([0, 1]);
  const links = (directory: string) =>
    lab.pg('node2', `find ${quote(`${lab.settings.pgdata}${directory}`)}/base -type f -links 2 | wc -l`);
  expect(Number(await links(''))).toBeGreaterThan(10);
  expect(await links('')).toBe(await links('_pg15_bak'));

  expect(await keys()).toBe(`${others} 640\n`);
  for (const host of lab.nodes)
    expect(await lab.pg(host, `ls ~/pgaf-upgrade${lab.settings.pgdata}/@work/link 2>/dev/null || true`)).toBe(
      '',
    );
  expect(await lab.pg('node2', 'ls -A ~/.ssh 2>/dev/null || true')).toBe('');
  const { verdict } = await askWithoutJournal(at);
  expect(verdict).toMatchObject({
    kind: 'loses-new-writes',
    says: expect.stringContaining('through node_3'),
  });
  await expectSound(lab, 'node2', 'node1', lab.settings.newBin);
});

it('17 has run on the primary alone: back through the other fallback copy, and the linked node with its own data', async () => {
  const { lab, at } = await begin();
  const before = await recordTruth(lab);
  await promise(lab);
  const there = await drive(at, { until: (step) => step.id === 'G.node_1.start' });
  expect(there.verdict).toMatchObject({ kind: 'safe-through', node: 'node_3' });
  expect((await askWithoutJournal(at)).verdict).toEqual(there.verdict);
  expect((await drive(at, { direction: 'rollback' })).end).toBe('finished');
  expect([await baseBackups(lab, 'node1'), await baseBackups(lab, 'node2')]).toEqual([1, 0]);
  await expectSound(lab, 'node2', 'node3', lab.settings.oldBin);
  await expectBack(lab, before, { primary: 'node3', sameIds: false });
});

it('17 has run on the linked node too: it gets a base backup, and its old directory never starts again', async () => {
  const { lab, at } = await begin();
  const before = await recordTruth(lab);
  await promise(lab);
  const there = await drive(at, { until: (step) => step.id === 'H.node_3.pg-ctl' });
  expect(there.ran).toContain('H.node_2.join');
  expect(there.verdict).toMatchObject({ kind: 'loses-new-writes', says: expect.stringContaining('node_3') });
  expect((await drive(at, { direction: 'rollback' })).end).toBe('finished');
  expect(await baseBackups(lab, 'node2')).toBe(1);
  const { oldBin, pgdata } = lab.settings;
  await expectLockedAway(lab, 'node2', oldBin, `${pgdata}_pg15_abandoned`, 15);
  await expectBack(lab, before, { primary: 'node3', sameIds: false });
});
