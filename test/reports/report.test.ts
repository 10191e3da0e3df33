import { describe, expect, test } from 'vitest';
import { type Entry, parseJournal } from '../../source/engine/journal/entry.ts';
import { toHtml } from '../../source/reports/to-html.ts';
import { toMarkdown } from '../../source/reports/to-markdown.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { closedBehindTests } from '../engine/harness.ts';
import { labCluster } from '../runbook/clusters.ts';
import {
  outcome,
  recordedJournal,
  recordedReport,
  recordedRollback,
  reportOf,
  section,
  shortened,
  told,
} from './journals.ts';

const runbook = upgradeRunbook(labCluster());
const numberOf = (id: string): number => runbook.findIndex((step) => step.id === id) + 1;

const window = closedBehindTests();

describe('a whole upgrade, recorded on the lab', () => {
  test('as Markdown, for the ticket', async () => {
    await expect(toMarkdown(shortened(recordedReport()).blocks)).toMatchFileSnapshot(
      '__snapshots__/report.md',
    );
  });

  test('as HTML, for the ticket', async () => {
    const { title, blocks } = shortened(recordedReport());
    await expect(toHtml(title, blocks)).toMatchFileSnapshot('__snapshots__/report.html');
  });

  test('says in one sentence how it ended, and how long the application could not write', () => {
    const report = recordedReport();
    expect(outcome(report)).toBe('Finished at 2026-11-25 03:34:57 UTC: every node runs PostgreSQL 17.12.');
    expect(section(report, 'Downtime')[0]).toMatch(
      /^The application could not write for 25 s, .*; no estimate was recorded before it$/,
    );
    expect(section(report, 'Confirmed').join('\n')).toMatch(/All of these were confirmed by --yes/);
    expect(section(report, 'Confirmed').filter((line) => line.includes('irreversible: '))).toHaveLength(2);
  });

  test('compares what the servers held: version, extensions, settings, pg_hba, rows', () => {
    const facts = section(recordedReport(), 'Facts before and after').join('\n');
    expect(facts).toContain('app | pg_stat_statements | 1.10 | 1.11');
    expect(facts).toContain('pg_auto_failover | pgautofailover | 2.0 | 2.2');
    expect(facts).toContain('Every setting that somebody had set has the value that it had.');
    expect(facts).toContain('pg_hba: the same 14 rules in the same order.');
    expect(facts).toContain('Rows: all 8 tables that were counted');
    expect(facts).toContain('app | public.rooms | 100 | 100 | 100');
    expect(facts).not.toContain('not recorded');
  });

  test('of a demo it says so in its first line: it is no proof of anything', () => {
    const demo = recordedJournal.replace('"kind":"run",', '"kind":"run","banner":"DEMO",');
    expect(reportOf(parseJournal(demo)).title).toMatch(/^DEMO: Upgrade of /);
    expect(recordedReport().title).toMatch(/^Upgrade of /);
  });

  test('an older journal, without runbook, looks and estimates, is told as far as it goes', () => {
    const older = recordedJournal
      .split('\n')
      .filter((line) => !/"kind":"(runbook|inventory)"/.test(line))
      .map((line) => line.replace(/,"expectedMs":[0-9.]+/, '').replace(/,"unattended":true/, ''))
      .join('\n');
    const report = reportOf(parseJournal(older));
    expect(outcome(report)).toBe(outcome(recordedReport()));
    expect(section(report, 'Downtime')[0]).toMatch(/for 25 s, from .*step on node_1, Stop primary/);
    // The order was another then: a number of today's runbook would name another step.
    expect(section(report, 'Confirmed').filter((line) => / \| \d+ \| /.test(line))).toEqual([]);
    expect(section(report, 'Facts before and after')).toEqual([
      expect.stringMatching(/^Not recorded: .*older version/),
    ]);
    expect(section(report, 'Durations against estimates')).toEqual([
      expect.stringMatching(/^No estimates were recorded/),
    ]);
    expect(section(report, 'Timeline by host').join('\n')).toContain('Stop primary');
  });

  test('at every line at which somebody may ask, a report can be made', () => {
    const lines = recordedJournal.split('\n');
    for (let count = 0; count < lines.length; count += 7) {
      const { title, blocks } = reportOf(parseJournal(lines.slice(0, count).join('\n')));
      expect(toMarkdown(blocks)).toContain('## Left to do');
      expect(toHtml(title, blocks)).toContain('</html>');
    }
  });
});

describe('runs that went otherwise', () => {
  test('a rollback of a finished upgrade, recorded on the lab: what it gave up, and how long it took', () => {
    const report = reportOf(parseJournal(recordedRollback));
    expect(report.title).toBe('Rollback of the upgrade of payments: PostgreSQL 15.20 → 17.12');
    expect(outcome(report)).toBe(
      'Rolled back, finished at 2026-11-25 03:30:51 UTC: every node runs PostgreSQL 15.20 again.',
    );
    expect(section(report, 'Downtime')[0]).toMatch(
      /^The application could not write for 19 s, from .*Stop node_1: what 17 has written is given up.* to .*step 18 on node_2/,
    );
    expect(section(report, 'The rollback over time').map((line) => line.split(' | ')[2])).toEqual([
      'what a rollback would have meant',
      'possible through node_2, but what 17 wrote since 03:28 UTC (up to 345 transactions) is lost',
      'safe through node_2’s image, nothing lost',
      'nothing to undo',
    ]);
  });

  test('under way: where it stands, what is down, and how to go on', async () => {
    const night = window();
    await night.goTo('D.node_1.pg-upgrade');
    const report = reportOf(parseJournal(night.journalText));
    expect(outcome(report)).toMatch(
      new RegExp(
        `^Under way at step ${numberOf('D.node_1.pg-upgrade')}, node_1: Run pg_upgrade --link, \\d+ of ${runbook.length} steps are done; the last entry is of `,
      ),
    );
    expect(section(report, 'Downtime')[0]).toMatch(/not over by this journal/);
    expect(section(report, 'Left to do').join('\n')).toContain('pgaf-upgrade run cluster.yaml goes on');
    expect(section(report, 'Facts before and after').join('\n')).toMatch(
      /After: not recorded, because the journal has no such look/,
    );
  });

  test('failed, retried, and rolled back: every part of it, and what is left to do', async () => {
    const night = window();
    await night.goTo('D.node_1.pg-upgrade');
    night.servers.plan(
      'D.node_1.pg-upgrade',
      () => ({ kind: 'exited', code: 1 }),
      () => ({ kind: 'exited', code: 1 }),
    );
    night.engine.confirm('D.node_1.pg-upgrade');
    await night.stage('failed');
    const stuck = reportOf(parseJournal(night.journalText));
    expect(outcome(stuck)).toMatch(
      new RegExp(
        `^Not finished: the upgrade stands at step ${numberOf('D.node_1.pg-upgrade')}, node_1.* The step has failed\\.$`,
      ),
    );
    expect(section(stuck, 'Failures, and how they were resolved').at(-1)).toMatch(
      /\| 1 \| .*ended with exit code 1\. \| open$/,
    );

    const looked = parseJournal(night.journalText)
      .flatMap((one) => ('entry' in one && one.entry.kind === 'inventory' ? [one.entry] : []))
      .find((entry) => entry.host === 'node_1');
    if (looked === undefined) throw new Error('the primary was not looked at');
    night.engine.retry('D.node_1.pg-upgrade');
    await night.until('the second try', ({ stage }) => stage.kind === 'running');
    await night.stage('failed');
    night.engine.turn('rollback');
    await night.until(
      'the rollback',
      ({ direction, stage }) => direction === 'rollback' && stage.kind === 'confirm',
    );
    // The model of these tests walks no rollback: its steps are told as the engine tells them.
    const back = told(
      [
        ...night.view.steps.flatMap((step): Entry[] => [
          {
            kind: 'confirmed',
            step: step.id,
            host: step.host,
            as: step.as,
            typed: null,
            job: step.id,
            script: 'true\n',
          },
          { kind: 'ended', step: step.id, job: step.id, exitCode: 0, tookMs: 5, outputFrom: 0, outputTo: 0 },
          {
            kind: 'done',
            step: step.id,
            by: 'run',
            probe: { state: 'done', says: '' },
            verdict: 'nothing to undo',
          },
        ]),
        { ...looked, moment: 'end' },
        {
          kind: 'finished',
          direction: 'rollback',
          says: 'every node runs PostgreSQL 15.20 again; kept aside, until pgaf-upgrade cleanup: node_1:/x/data_pg17_abandoned',
        },
      ],
      new Date(Date.now() + 10_000).toISOString(),
    );
    const report = reportOf([...parseJournal(night.journalText), ...back]);
    expect(outcome(report)).toMatch(
      /^Rolled back, finished at .*: every node runs PostgreSQL 15\.20 again\.$/,
    );
    const failures = section(report, 'Failures, and how they were resolved').join('\n');
    expect(failures).toMatch(/retried by tess@bastion at .*: failed again/);
    expect(failures).toMatch(/direction changed at .*: rolled back/);
    expect(section(report, 'Downtime')).toHaveLength(2);
    expect(section(report, 'Downtime')[0]).not.toContain('not over');
    expect(section(report, 'Left to do').join('\n')).toContain('Kept aside: node_1:/x/data_pg17_abandoned.');
    const facts = section(report, 'Facts before and after').join('\n');
    expect(facts).toMatch(/version \| 15\.20.* \| 15\.20/);
    expect(section(report, 'The rollback over time').length).toBeGreaterThan(2);
  });

  test('left, taken over, skipped, done by hand: who and why', () => {
    const probe = { state: 'pending', says: 'not yet' } as const;
    const confirmed = (step: string, typed: string | null = null): Entry => ({
      kind: 'confirmed',
      step,
      host: 'node_1',
      as: 'postgres',
      typed,
      job: `1/${step}.1`,
      script: 'true\n',
    });
    const report = reportOf(
      told([
        { kind: 'run', cluster: 'lab', operator: 'tess@bastion', from: '15.20', to: '17.12', factsId: 'x' },
        { kind: 'facts', facts: labCluster() },
        confirmed('D.node_1.swap'),
        {
          kind: 'ended',
          step: 'D.node_1.swap',
          job: 'x',
          exitCode: 1,
          tookMs: 10,
          outputFrom: 0,
          outputTo: 0,
        },
        { kind: 'failed', step: 'D.node_1.swap', what: 'it ended with exit code 1', unmet: [], probe },
        {
          kind: 'done',
          step: 'D.node_1.swap',
          by: 'hand',
          probe: { state: 'done', says: 'there' },
          verdict: 'safe',
        },
        { kind: 'left', running: null },
        {
          kind: 'resumed',
          operator: 'ada@desk',
          began: '2026-11-25T22:00:00.000Z',
          by: 'tess@bastion',
          known: 'host',
        },
        { kind: 'lock', event: 'taken-over', token: 'secret', other: 'tess@bastion', typed: 'lab' },
        { kind: 'skipped', step: 'D.node_1.unit', reason: 'we have no unit', probe },
        confirmed('E.node_1.private-start', 'node_1'),
        { kind: 'cancelled', step: 'E.node_1.private-start', job: 'x', typed: 'node_1' },
        { kind: 'quiet', step: 'E.node_1.private-start', seconds: 60, found: [] },
        { kind: 'left', running: 'E.node_1.private-start', why: 'SIGHUP' },
      ]),
    );
    expect(outcome(report)).toMatch(
      /^Not finished: the upgrade was left at 2026-11-25 22:00:13 UTC at node_1: Start 17 first time, local only\.$/,
    );
    const events = section(report, 'What else happened').join('\n');
    expect(events).toContain('ada@desk took the lock over from tess@bastion, typing lab');
    expect(events).toContain('ada@desk went on with the run that tess@bastion began 2026-11-25 22:00:00');
    expect(events).toContain(
      'the console was left (SIGHUP), while E.node_1.private-start went on on its host',
    );
    expect(events).not.toContain('secret');
    expect(section(report, 'Skipped').at(-1)).toContain('| ada@desk | – | node_1 | ');
    expect(section(report, 'Skipped').at(-1)).toContain('we have no unit');
    const failures = section(report, 'Failures, and how they were resolved').join('\n');
    expect(failures).toMatch(/marked as done, as the servers showed at 22:00:05/);
    expect(failures).toMatch(/ended by the operator; the operator ended it, typing node_1/);
    expect(section(report, 'Confirmed').at(-1)).toContain('irreversible: node_1');
  });

  test('a name that was typed for the stop, or for the opening, makes neither irreversible', () => {
    const confirmed = (step: string): Entry => ({
      kind: 'confirmed',
      step,
      host: 'node_1',
      as: 'root',
      typed: 'node_1',
      job: `1/${step}.1`,
      script: 'true\n',
    });
    const report = reportOf(
      told([
        { kind: 'facts', facts: labCluster() },
        confirmed('C.node_1.stop'),
        confirmed('E.node_1.private-start'),
        confirmed('G.node_1.start'),
      ]),
    );
    expect(
      section(report, 'Confirmed')
        .slice(-3)
        .map((line) => line.split('|').at(-1)?.trim()),
    ).toEqual(['node_1', 'irreversible: node_1', 'node_1']);
  });

  test('another operator stopped the servers: their downtime was in no report of the one who went on', () => {
    const report = reportOf(
      told([
        {
          kind: 'resumed',
          operator: 'ada@desk',
          began: '2026-11-25T21:50:00.000Z',
          by: 'tess@bastion',
          known: 'host',
        },
        { kind: 'facts', facts: labCluster() },
        { kind: 'writes-down', since: '2026-11-25T21:58:00.000Z' },
        {
          kind: 'confirmed',
          step: 'G.node_1.start',
          host: 'node_1',
          as: 'root',
          typed: null,
          job: '1/G.node_1.start.1',
          script: 'true\n',
        },
        {
          kind: 'done',
          step: 'G.node_1.start',
          by: 'run',
          probe: { state: 'done', says: 'it is wait_primary' },
          verdict: 'gone',
        },
      ]),
    );
    expect(section(report, 'Downtime').join('\n')).toMatch(
      /could not write for 02:04, from 2026-11-25 21:58:00.* \(before this journal, as the servers showed\) to 2026-11-25 22:00:04/,
    );
    expect(section(report, 'What else happened').join('\n')).toContain(
      'the application could not write already when ada@desk came, since 2026-11-25 21:58:00 UTC',
    );
  });

  test('turned after the end without a step: it ended as it ended; turned there and back: nothing counts twice', () => {
    const finished = [
      ...parseJournal(recordedJournal),
      ...told([{ kind: 'turned', direction: 'rollback', verdict: 'possible' }]),
    ];
    expect(outcome(reportOf(finished))).toMatch(/^Finished at 2026-11-25 03:34:57/);
    const confirmed: Entry = {
      kind: 'confirmed',
      step: 'A.monitor.save',
      host: 'monitor',
      as: 'postgres',
      typed: null,
      job: '1',
      script: 'true\n',
    };
    const again = [
      ...finished,
      ...told(
        [{ kind: 'turned', direction: 'upgrade', verdict: 'nothing to undo' }, confirmed],
        '2026-11-26T00:00:00Z',
      ),
    ];
    expect(outcome(reportOf(again))).toMatch(/^Under way at step 1, monitor: .*, 0 of 67 steps are done/);
  });

  test('opened and never begun; and no journal to speak of', () => {
    expect(outcome(reportOf(told([{ kind: 'facts', facts: labCluster() }])))).toMatch(/^Not begun/);
    expect(outcome(reportOf([]))).toMatch(/^Not begun/);
    expect(section(reportOf([{ unknown: '{"kind":"of tomorrow"}' }]), 'What else happened').at(-1)).toContain(
      '1 lines of the journal',
    );
  });
});
