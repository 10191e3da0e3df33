import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { drive } from './harness/drive.ts';
import { type Lab, type LabHost, openLab, quote } from './harness/lab.ts';
import { expectWriteReaches, recordTruth, type Truth } from './harness/truth.ts';
import { type Desk, layDesk, openRun, walk } from './harness/walk.ts';

let desk: Desk | null = null;
afterEach(async () => {
  await desk?.clear();
  desk = null;
});

const begin = async (): Promise<{ lab: Lab; desk: Desk; before: Truth }> => {
  const lab = await openLab({ secondaries: 2 });
  desk = await layDesk(lab);
  const before = await recordTruth(lab);
  await lab.psql(
    'node1',
    'app',
    'create table promises (id int primary key); insert into promises select generate_series(1, 1000)',
  );
  return { lab, desk, before };
};

/** Without its journal a new console must come to the same verdict: it reads the disks. */
const expectSameVerdictWithoutJournal = async (at: Desk, says: string): Promise<void> => {
  await rm(join(at.directory, 'state'), { recursive: true, force: true });
  const again = await drive(at, { direction: 'rollback', until: () => true });
  expect(again.verdict.says).toBe(says);
};

/** The cluster that was there: 15 everywhere, every row from before the window, names, priorities, quorum, settings. */
const expectBack = async (
  lab: Lab,
  before: Truth,
  options: { primary?: LabHost; sameIds: boolean },
): Promise<void> => {
  const primary = options.primary ?? 'node1';
  expect(await lab.psql(primary, 'app', 'select count(*), sum(id) from promises')).toContain('1000|500500');
  await lab.psql(primary, 'app', 'drop table promises');
  const after = await recordTruth(lab);
  const row = (node: Truth['nodes'][number]) => ({
    ...(options.sameIds ? { id: node.id } : {}),
    name: node.name,
    priority: node.priority,
    quorum: node.quorum,
  });
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  expect(after.nodes.map(row).sort(byName)).toEqual(before.nodes.map(row).sort(byName));
  expect(after.numberSyncStandbys).toBe(before.numberSyncStandbys);
  expect(after.primary).toBe(primary);
  for (const host of lab.hosts) {
    const [was, is] = [before.hosts[host], after.hosts[host]];
    expect(is?.version.split('.')[0], host).toBe('15');
    expect(is?.unit, host).toBe(was?.unit);
    expect(is?.enabled, host).toBe(was?.enabled);
    expect(is?.dropIns, host).toBe(was?.dropIns);
  }
  // Through an image another node is primary, with the settings that its own files have.
  if (options.sameIds) expect(after.hosts[primary]?.settings).toEqual(before.hosts[primary]?.settings);
  expect(after.databases).toEqual(before.databases);
  await expectWriteReaches(lab, primary);
};

const back = (at: Desk) => drive(at, { direction: 'rollback' });

describe('the way back from every state of the field guide’s table', () => {
  it('before pg_upgrade: everything stopped, 15 starts again where it stands', async () => {
    const { lab, desk: at, before } = await begin();
    const there = await drive(at, { until: (step) => step.id === 'D.node_1.pg-upgrade' });
    expect(there.verdict.kind).toBe('safe');
    await expectSameVerdictWithoutJournal(at, there.verdict.says);
    expect((await back(at)).end).toBe('finished');
    await expectBack(lab, before, { sameIds: true });
  });

  it('after a pg_upgrade that failed', async () => {
    const { lab, desk: at, before } = await begin();
    // Passes --check and fails mid-way: the view's column is gone in 17.
    await lab.psql('node1', 'app', 'create view breaks as select buffers_backend from pg_stat_bgwriter');
    const there = await drive(at, { until: () => false });
    expect(there.end).toBe('failed');
    expect(JSON.stringify(there.view.stage)).toMatch(/buffers_backend/);
    expect(there.verdict.kind).toBe('safe');
    await expectSameVerdictWithoutJournal(at, there.verdict.says);
    expect((await back(at)).end).toBe('finished');
    await lab.psql('node1', 'app', 'drop view breaks');
    await expectBack(lab, before, { sameIds: true });
  });

  it('linked and never started: pg_control.old goes back, by keys', async () => {
    const { lab, desk: at, before } = await begin();
    const there = await drive(at, { until: (step) => step.id === 'E.node_1.private-start' });
    expect(there.verdict).toMatchObject({
      kind: 'safe',
      says: expect.stringContaining('never been started'),
    });
    await expectSameVerdictWithoutJournal(at, there.verdict.says);
    const console_ = openRun(at, { command: 'rollback' });
    try {
      expect(await walk(console_)).toBe('finished');
      expect(console_.screen()).toContain('15.');
    } finally {
      await console_.kill();
    }
    await expectBack(lab, before, { sameIds: true });
  });

  it('17 started, verified and the monitor upgraded: through a secondary’s image, nothing lost', async () => {
    const { lab, desk: at, before } = await begin();
    const there = await drive(at, { until: (step) => step.id === 'G.node_1.start' });
    expect(there.verdict).toMatchObject({ kind: 'safe-through', node: 'node_2' });
    await expectSameVerdictWithoutJournal(at, there.verdict.says);

    // The old directory shares its files with a 17 that has run: it must not start, whoever tries.
    const bak = `${lab.settings.pgdata}_pg15_bak`;
    const tried = await lab.pg(
      'node1',
      `${lab.settings.oldBin}/pg_ctl -D ${quote(bak)} -w -t 20 -l /tmp/tried.log start && echo STARTED || cat /tmp/tried.log; cat ${quote(bak)}/DO-NOT-START.txt`,
    );
    expect(tried).not.toContain('STARTED');
    expect(tried).toContain('pg_control');
    expect(tried).toContain('Do not start PostgreSQL 15');

    expect((await back(at)).end).toBe('finished');
    await expectBack(lab, before, { primary: 'node2', sameIds: false });
    expect(await lab.pg('node1', `ls -d ${quote(lab.settings.pgdata)}_pg17_abandoned`)).toContain(
      'abandoned',
    );
  });

  it('17 has written and one secondary is rebuilt: possible, and it says what is lost', async () => {
    const { lab, desk: at, before } = await begin();
    const there = await drive(at, { until: (step) => step.id === 'H.node_3.aside' });
    await lab.psql('node1', 'app', 'create table written_on_17 as select 1 as a');
    expect(there.verdict).toMatchObject({
      kind: 'loses-new-writes',
      says: expect.stringMatching(/through node_3.* wrote since \d\d:\d\d/),
    });
    await rm(join(at.directory, 'state'), { recursive: true, force: true });
    const steps: string[] = [];
    const gone = await drive(at, {
      direction: 'rollback',
      onStep: (step) => steps.push(`${step.id} ${step.danger}`),
    });
    expect(gone.end).toBe('finished');
    expect(steps[0]).toBe('R.node_1.stop point-of-no-return');
    // Its image still stood in its place, so it is the primary now.
    expect(await lab.psql('node3', 'app', "select to_regclass('written_on_17') is null")).toContain('t');
    await expectBack(lab, before, { primary: 'node3', sameIds: false });
  });
});
