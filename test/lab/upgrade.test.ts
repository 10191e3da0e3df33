import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { drive } from './harness/drive.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { expectAcknowledgedInCopy, expectAcknowledgedOn, WriteLoad } from './harness/load.ts';
import {
  expectSwitchover,
  expectUpgraded,
  expectWriteReaches,
  recordTruth,
  settledWith,
} from './harness/truth.ts';
import { giveRuntimeDirectory } from './harness/unseen-pid-file.ts';
import { type ConsoleHome, createConsoleHome, leave, openRun, walk } from './harness/walk.ts';

let lab: Lab | null = null;
let home: ConsoleHome | null = null;

afterEach(async () => {
  await home?.clear();
  home = null;
});

describe('a window from 15 to 17, by keys alone', () => {
  it('takes a monitor, a primary and two secondaries over, under load until the primary stops', async () => {
    lab = await openLab({ secondaries: 2 });
    home = await createConsoleHome(lab);
    const before = await recordTruth(lab);
    const load = await WriteLoad.start(lab, { maxMs: 300_000 });
    const console_ = openRun(home);
    try {
      // Every secondary has been stopped: its directory must hold what was acknowledged before the primary stopped.
      const stopped = await walk(console_, {
        until: (screen) => /phase E Verify/.test(screen),
      });
      expect(stopped).toBe('stopped-before');
      await load.ended();
      expect(load.acknowledged.length).toBeGreaterThan(100);
      for (const host of ['node2', 'node3'] as const)
        await expectAcknowledgedInCopy(load, lab, host, lab.settings.pgdata);
      const end = await walk(console_);
      expect(end, console_.screen()).toBe('finished');
      expect(console_.screen()).toMatch(/every node runs PostgreSQL 17/i);
      expect(await leave(console_)).toBe(0);
    } finally {
      await console_.kill();
    }
    await expectAcknowledgedOn(load, lab, 'node1');
    await lab.psql('node1', 'app', 'drop table public.harness_load');
    const after = await recordTruth(lab);
    expectUpgraded(before, after);
    await expectWriteReaches(lab, 'node1');
    await expectSwitchover(lab);
  });

  it('takes a cluster with one secondary over, at 80x24', async () => {
    lab = await openLab({ secondaries: 1 });
    home = await createConsoleHome(lab);
    const before = await recordTruth(lab);
    const console_ = openRun(home, { cols: 80, rows: 24 });
    try {
      const end = await walk(console_);
      expect(end, console_.screen()).toBe('finished');
    } finally {
      await console_.kill();
    }
    expectUpgraded(before, await recordTruth(lab));
    await expectWriteReaches(lab, 'node1');
  });

  it('takes a primary over that had been a standby, in plain lines that confirm themselves', async () => {
    lab = await openLab({ snapshot: 'was-standby' });
    home = await createConsoleHome(lab);
    const before = await recordTruth(lab);
    const name = /^name: (\S+)/m.exec(execFileSync('cat', [...home.args], { encoding: 'utf8' }))?.[1];
    const out = execFileSync(
      process.execPath,
      ['dist/cli.js', 'run', ...home.args, '--plain', '--yes', name ?? lab.address('monitor')],
      {
        encoding: 'utf8',
        env: { ...process.env, ...home.env },
        timeout: 600_000,
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    expect(out).toMatch(/every node runs PostgreSQL 17/);
    expectUpgraded(before, await recordTruth(lab));
    await expectWriteReaches(lab, 'node1');
  });

  it('takes hosts over on which pg_autoctl runs without a systemd unit, its pid file where nobody else looks', async () => {
    lab = await openLab({ snapshot: 'nounits' });
    await giveRuntimeDirectory(lab);
    home = await createConsoleHome(lab);
    const { end, view } = await drive(home);
    expect(end).toBe('finished');
    expect(view.steps.filter((step) => step.as === 'root')).toEqual([]);
    await settledWith(lab, 'node1');
    for (const host of lab.hosts)
      expect(await lab.psql(host, 'postgres', 'show server_version'), host).toMatch(/^17\./);
    await expectWriteReaches(lab, 'node1');
  });
});
