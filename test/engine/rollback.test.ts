import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { disagreement, lastJournalVerdict } from '../../source/engine/journal/last-verdict.ts';
import { rateOf } from '../../source/runbook/checks/rates.ts';
import { labCluster } from '../runbook/clusters.ts';
import { word } from '../runbook/word.ts';
import { closedBehindTests, Window } from './harness.ts';

const window = closedBehindTests();

describe('the journal of an earlier console', () => {
  test('only confirms the verdict; where it says otherwise, that is said, and the disks are believed', async () => {
    const night = window();
    await night.goTo('E.node_1.private-start');
    await night.engine.close();
    await night.done;
    expect(night.view.verdict.kind).toBe('safe');

    // Meanwhile somebody started 17 by hand.
    const host = night.servers.model.host('node_1');
    if (host.data.kind !== 'cluster' || host.data.control === null) throw new Error('17 is in place');
    host.data = {
      ...host.data,
      control: { ...host.data.control, modified: 'Mon 23 Nov 2026 03:33:00 AM UTC' },
    };
    night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
    night.again().open();
    await night.until('a look', ({ stage }) => stage.kind === 'confirm');
    expect(night.view.verdict.kind).toBe('safe-through');
    const said = night.view.notices.map(({ text }) => text).join('\n');
    expect(said).toContain('said “safe, no data loss: PostgreSQL 17 has never been started”');
    expect(said).toContain(
      'the disks now say “safe through node_2’s fallback copy, no data loss”. The disks count.',
    );
    const preview = await night.engine.previewRollback();
    expect(preview?.journalSays).toContain('The disks count.');
    expect(preview?.why).toContain('must never start again');
  }, 60_000);

  test('survives a torn last line, and its absence is no news', async () => {
    const night = window();
    await night.next('A.monitor.save');
    const [run = ''] = night.runDirectories;
    appendFileSync(join(run, 'journal.ndjson'), '{"at":"2026-11-23T02:10:00Z","verdict":"sa');
    expect(lastJournalVerdict(night.home, night.servers.facts)).toMatchObject({ says: 'nothing to undo' });
    expect(
      lastJournalVerdict(night.home, {
        ...night.servers.facts,
        name: word('another'),
        systemIdentifier: word('1'),
      }),
    ).toBeNull();
  });

  test('agrees where only the counter of transactions went on', () => {
    const says = 'possible, but what 17 wrote since 02:17 UTC (up to 12 transactions) is lost';
    const journal = { at: '2026-11-23T02:20:00Z', says };
    expect(disagreement(journal, says.replace('12', '4711'))).toBeNull();
    expect(disagreement(journal, says.replace('02:17', '03:17'))).not.toBeNull();
    expect(disagreement(null, says)).toBeNull();
  });
});

describe('how long a base backup takes', () => {
  test('follows from pg_autoctl’s maximum_backup_rate, whose default is 100M', () => {
    expect(rateOf('100M\n')).toBe(104_857_600);
    expect(rateOf('2048k')).toBe(2_097_152);
    expect(rateOf('2048')).toBe(2_097_152);
    for (const odd of ['', '100G', 'a lot']) expect(rateOf(odd)).toBe(104_857_600);
  });
});

test('a look that has just been made serves before a step, and never after one', async () => {
  const night = window(new Window(labCluster()));
  night.engine = night.console({ freshMs: 60_000 });
  night.open();
  await night.next('A.monitor.save');
  night.servers.inspections.length = 0;
  night.engine.confirm('A.monitor.save');
  await night.next('A.node_1.save');
  // After the command, at the host that it changed: the look before it is the console's first.
  expect(night.servers.inspections).toEqual(['monitor']);
});
