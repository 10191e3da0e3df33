import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectBack, expectLockedAway, promise } from './harness/back.ts';
import { askWithoutJournal, drive } from './harness/drive.ts';
import { type Lab, openLab, quote } from './harness/lab.ts';
import { expectAcknowledgedOn, WriteLoad } from './harness/load.ts';
import { expectSecretNowhere, giveMonitorPassword, watchProcessLists } from './harness/secret.ts';
import { expectWriteReaches, recordTruth, type Truth } from './harness/truth.ts';
import { type ConsoleHome, createConsoleHome, openRun, walk } from './harness/walk.ts';

let home: ConsoleHome | null = null;
afterEach(async () => {
  await home?.clear();
  home = null;
});

const begin = async (): Promise<{ lab: Lab; home: ConsoleHome; before: Truth }> => {
  const lab = await openLab({ snapshot: 'small' });
  home = await createConsoleHome(lab);
  const before = await recordTruth(lab);
  await promise(lab);
  return { lab, home, before };
};

const forgetJournal = (at: ConsoleHome) => rm(join(at.directory, 'state'), { recursive: true, force: true });
const back = (at: ConsoleHome) => drive(at, { direction: 'rollback' });
const without15 = (lab: Lab) => `${lab.settings.pgdata}_pg15_bak`;

describe('the rollback from every state of the disks', () => {
  /** What goes back with the same registration leaves the cluster as it was, for the next. */
  describe('while 17 has never been started', () => {
    let lab: Lab;
    let at: ConsoleHome;
    let before: Truth;
    beforeAll(async () => {
      lab = await openLab({ snapshot: 'small' });
      before = await recordTruth(lab);
    });
    beforeEach(async () => {
      at = await createConsoleHome(lab);
      home = at;
      await promise(lab);
    });

    it('the monitor upgraded, the primary not stopped yet: the rollback does not touch it, and no write waits', async () => {
      const since = () => lab.psql('node1', 'postgres', 'select pg_postmaster_start_time()');
      const started = await since();
      const there = await drive(at, { until: (step) => step.id === 'C.node_1.checkpoint' });
      expect(there.verdict.kind).toBe('safe');
      expect((await askWithoutJournal(at)).verdict).toEqual(there.verdict);
      await lab.psql('node1', 'app', 'create table written_meanwhile as select 1 as a');
      const gone = await back(at);
      expect(gone.end).toBe('finished');
      expect(gone.ran.filter((step) => /^[RT]\.node_1\./.test(step))).toEqual([]);
      expect(await since()).toBe(started);
      await lab.psql('node1', 'app', 'drop table written_meanwhile');
      await expectBack(lab, before, { sameIds: true });
    });

    it('before pg_upgrade: everything stopped, 15 starts again where it stands', async () => {
      const there = await drive(at, { until: (step) => step.id === 'D.node_1.pg-upgrade' });
      expect(there.verdict.kind).toBe('safe');
      expect((await askWithoutJournal(at)).verdict).toEqual(there.verdict);
      expect((await back(at)).end).toBe('finished');
      await expectBack(lab, before, { sameIds: true });
    });

    it('linked: pg_control.old goes back, by keys', async () => {
      const there = await drive(at, { until: (step) => step.id === 'E.node_1.private-start' });
      expect(there.verdict).toMatchObject({
        kind: 'safe',
        says: expect.stringContaining('never been started'),
      });
      expect((await askWithoutJournal(at)).verdict).toEqual(there.verdict);
      const console_ = openRun(at, { command: 'rollback' });
      try {
        const end = await walk(console_);
        expect(end, console_.screen()).toBe('finished');
        expect(console_.screen()).toContain('15.');
      } finally {
        await console_.kill();
      }
      // It shares its files with the 15 that runs: whoever started it would destroy that.
      const { newBin, pgdata } = lab.settings;
      await expectLockedAway(lab, 'node1', newBin, `${pgdata}_pg17_abandoned`, 17);
      await expectBack(lab, before, { sameIds: true });
    });

    it('after a pg_upgrade that failed', async () => {
      // Fails mid-way, because the view's column is gone in 17; made after the checks, which would find it.
      const there = await drive(at, {
        until: () => false,
        onStep: async (step) => {
          if (step.id === 'C.node_1.checkpoint')
            await lab.psql(
              'node1',
              'app',
              'create view breaks as select buffers_backend from pg_stat_bgwriter',
            );
        },
      });
      expect(there.end).toBe('failed');
      expect(JSON.stringify(there.view.stage)).toMatch(/buffers_backend/);
      expect(there.verdict.kind).toBe('safe');
      expect((await askWithoutJournal(at)).verdict).toEqual(there.verdict);
      expect((await back(at)).end).toBe('finished');
      await lab.psql('node1', 'app', 'drop view breaks');
      await expectBack(lab, before, { sameIds: true });
    });
  });

  it('17 started, verified and the monitor upgraded: through a secondary’s fallback copy, nothing acknowledged is lost', async () => {
    const { lab, home: at, before } = await begin();
    await giveMonitorPassword(lab);
    const load = await WriteLoad.start(lab, { maxMs: 300_000 });
    const there = await drive(at, { until: (step) => step.id === 'G.node_1.start' });
    await load.ended();
    expect(load.acknowledged.length).toBeGreaterThan(100);
    expect(there.verdict).toMatchObject({ kind: 'safe-through', node: 'node_2' });
    const asked = await askWithoutJournal(at);
    expect(asked.verdict).toEqual(there.verdict);
    expect(asked.why).toContain('must never start again');

    // The old directory shares its files with a 17 that has run: it must not start, whoever tries.
    const bak = quote(without15(lab));
    const start = `${lab.settings.oldBin}/pg_ctl -D ${bak} -w -t 20 -l /tmp/tried.log start && echo STARTED || cat /tmp/tried.log`;
    const tried = await lab.pg('node1', `${start}; cat ${bak}/DO-NOT-START.txt`);
    expect(tried).not.toContain('STARTED');
    expect(tried).toContain('pg_control');
    expect(tried).toContain('Do not start PostgreSQL 15');

    // Registering the nodes again needs the monitor's connection string, and with it its password.
    const { value, shown } = await watchProcessLists(lab, () => back(at));
    expect(value.end).toBe('finished');
    expect(shown).toBe('');
    await expectSecretNowhere(lab, at);
    await expectAcknowledgedOn(load, lab, 'node2');
    await lab.psql('node2', 'app', 'drop table public.harness_load');
    expect(await lab.pg('node1', `ls -d ${quote(lab.settings.pgdata)}_pg*`)).toBe(
      `${lab.settings.pgdata}_pg15_abandoned\n${lab.settings.pgdata}_pg17_abandoned\n`,
    );
    await expectBack(lab, before, { primary: 'node2', sameIds: false });
  });

  it('17 has written and one of two secondaries is rebuilt: possible, and it says what is lost', async () => {
    const { lab, home: at, before } = await begin();
    const there = await drive(at, { until: (step) => step.id === 'H.node_3.pg-ctl' });
    await lab.psql('node1', 'app', 'create table written_on_17 as select 1 as a');
    expect(there.verdict).toMatchObject({
      kind: 'loses-new-writes',
      says: expect.stringMatching(/through node_3.* wrote since \d\d:\d\d/),
    });

    const start = `${lab.settings.oldBin}/pg_ctl -D ${quote(without15(lab))} -w -t 20 -l /tmp/tried.log start && echo STARTED || echo refused`;
    expect(await lab.pg('node1', start)).not.toContain('STARTED');
    // Somebody follows PostgreSQL's manual and gives the old directory its pg_control back: refused all the same.
    await lab.pg('node1', `cd ${quote(without15(lab))}/global && mv pg_control.do-not-start pg_control`);
    const asked = await askWithoutJournal(at);
    expect(asked.verdict.says).toMatch(/^possible through node_3, but what 17 wrote since/);
    expect(asked.why).toContain('must never start again');

    await forgetJournal(at);
    const steps: string[] = [];
    const gone = await drive(at, {
      direction: 'rollback',
      onStep: (step) => {
        steps.push(`${step.id} ${step.danger}`);
      },
    });
    expect(gone.end).toBe('finished');
    expect(steps).toContain('R.node_1.stop point-of-no-return');
    // Its fallback copy was not rebuilt yet, so it is the primary now.
    expect(await lab.psql('node3', 'app', "select to_regclass('written_on_17') is null")).toContain('t');
    await expectBack(lab, before, { primary: 'node3', sameIds: false });
  });

  it('both secondaries rebuilt and the window over: the verdict after every step is the same without the journal; back through the fallback copy that lies aside; clean-up takes what is left', async () => {
    const { lab, home: at, before } = await begin();
    const differing: string[] = [];
    let asked = 0;
    const there = await drive(at, {
      timeoutMs: 800_000,
      onStep: async (step, view) => {
        const disks = await askWithoutJournal(at);
        asked += 1;
        // The transaction counter goes on while the application's server runs.
        const plain = (says: string) => says.replace(/ \(up to \d+ transactions\)/, '');
        if (
          disks.verdict.kind !== view.verdict.kind ||
          plain(disks.verdict.says) !== plain(view.verdict.says)
        )
          differing.push(`before ${step.id}: ${view.verdict.says} / ${disks.verdict.says}`);
      },
    });
    expect(there.end).toBe('finished');
    expect(differing).toEqual([]);
    expect(asked).toBeGreaterThan(60);
    await lab.psql('node1', 'app', 'create table written_on_17 as select 1 as a');
    expect((await back(at)).end).toBe('finished');
    await expectBack(lab, before, { primary: 'node2', sameIds: false });

    const cleaned = await drive(at, { direction: 'cleanup' });
    expect(cleaned.end).toBe('finished');
    expect(cleaned.ran.filter((step) => step.includes('abandoned'))).toHaveLength(5);
    for (const host of lab.hosts)
      expect(await lab.pg(host, `ls -d ${quote(lab.settings.pgdata)}_pg* 2>/dev/null || true`)).toBe('');
    await expectWriteReaches(lab, 'node2');
  });

  it('copied: the primary’s own directory is whole, whatever 17 has written', async () => {
    const { lab, home: at, before } = await begin();
    await appendFile(at.args[0] ?? '', 'upgrade: {mode: copy}\n');
    const there = await drive(at, { until: (step) => step.id === 'H.node_3.aside' });
    await lab.psql('node1', 'app', 'create table written_on_17 as select 1 as a');
    expect(there.verdict).toMatchObject({
      kind: 'loses-new-writes',
      says: expect.stringMatching(/^possible, but what 17 wrote since/),
    });
    expect((await askWithoutJournal(at)).verdict.kind).toBe('loses-new-writes');
    expect((await back(at)).end).toBe('finished');
    expect(await lab.psql('node1', 'app', "select to_regclass('written_on_17') is null")).toContain('t');
    await expectBack(lab, before, { sameIds: true });
  });
});
