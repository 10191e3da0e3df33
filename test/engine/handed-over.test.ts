import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { countInView, currentStep, stepNumber } from '../../source/console/state/selectors.ts';
import { downtimesIn, stepsIn } from '../../source/engine/journal/downtimes.ts';
import { parseJournal } from '../../source/engine/journal/entry.ts';
import { outcome, reportOf, section } from '../reports/journals.ts';
import { labCluster } from '../runbook/clusters.ts';
import { askedStatus, Window } from './harness.ts';

/** The journal that a console at this seat has written. */
const journalIn = (home: string): string => {
  const cluster = join(home, 'lab');
  return readdirSync(cluster)
    .map((run) => readFileSync(join(cluster, run, 'journal.ndjson'), 'utf8'))
    .join('');
};

test('left until tomorrow, then the laptop is lost and a colleague goes on: console, status and report have the same numbers', async () => {
  const night = new Window(labCluster());
  const colleague = mkdtempSync(join(tmpdir(), 'pgaf-colleague-'));
  const stands = 'B.node_2.maintenance';
  /** What everybody is told at this seat. */
  const told = async (home: string) => {
    const { view } = night;
    const { done, skipped } = countInView(view.steps);
    const step = currentStep(view);
    const { upgrade } = await askedStatus(night, home);
    expect(step?.id).toBe(stands);
    expect(upgrade).toMatchObject({
      state: 'under-way',
      done,
      skipped,
      total: view.steps.length,
      next: { id: stands, number: stepNumber(view, stands) },
    });
    const says = outcome(reportOf(parseJournal(journalIn(home))));
    expect(says).toContain(`step ${stepNumber(view, stands)}, `);
    expect(says).toContain(`${done} of ${view.steps.length} steps are done`);
    return { done, skipped, number: stepNumber(view, stands) };
  };
  try {
    night.open();
    await night.goTo(stands);
    night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
    const evening = await told(night.home);
    await night.engine.close();

    night.again().open();
    await night.next(stands);
    expect(await told(night.home)).toEqual(evening);
    night.kill();

    night.again('', { stateHome: colleague, operator: 'ann@laptop' }).open();
    await night.next(stands);
    expect(await told(colleague)).toEqual(evening);
    const report = reportOf(parseJournal(journalIn(colleague)));
    expect(outcome(report)).toContain('It was begun by tess@bastion at another console');
    expect(section(report, 'Downtime')).toEqual([
      expect.stringContaining('stands in the journal of tess@bastion, who began the run at another console'),
    ]);
  } finally {
    await night.close();
    rmSync(colleague, { recursive: true, force: true });
  }
}, 60_000);

test('stopped by one, opened by a colleague, finished by the first: the downtime was another on each console, in status and in each report', async () => {
  const night = new Window(labCluster());
  const colleague = mkdtempSync(join(tmpdir(), 'pgaf-colleague-'));
  const shown = () => {
    const { downtime } = night.view;
    if (downtime.kind !== 'over' || downtime.since === null) throw new Error(`it is ${downtime.kind}`);
    return { since: new Date(downtime.since).toISOString(), until: new Date(downtime.until).toISOString() };
  };
  try {
    night.open();
    await night.goTo('D.node_1.pg-upgrade');
    night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
    await night.engine.close();

    night.again('', { stateHome: colleague, operator: 'ann@laptop' }).open();
    await night.goTo('H.node_2.aside');
    const opened = shown();
    expect((await askedStatus(night, colleague)).downtime).toMatchObject(opened);
    await night.engine.close();

    night.again().open();
    await night.next('H.node_2.aside');
    expect(shown()).toEqual(opened);
    expect((await askedStatus(night, night.home)).downtime).toMatchObject(opened);
    const counted = [night.home, colleague].map((home) => {
      const records = parseJournal(journalIn(home));
      return downtimesIn(records, night.servers.facts, stepsIn(records)).map(({ from, over }) => [
        new Date(from).toISOString(),
        over === null ? null : new Date(over.at).toISOString(),
        over?.ends,
      ]);
    });
    expect(counted[0]).toEqual([[opened.since, opened.until, 'G.node_1.start']]);
    expect(counted[1]).toEqual(counted[0]);
  } finally {
    await night.close();
    rmSync(colleague, { recursive: true, force: true });
  }
}, 60_000);
