import { expect, test } from 'vitest';
import { warningRows } from '../../source/console/rows/warnings.ts';
import { finalLines } from '../../source/plain/final.ts';
import { closingLines } from '../../source/wording/closing.ts';
import { FakeEngine } from './fake-engine.ts';

const finished = () => {
  const engine = new FakeEngine();
  const { view } = engine;
  return {
    ...view,
    begunAt: 0,
    steps: view.steps.map((step) => ({
      ...step,
      status: step.optional
        ? ({ kind: 'skipped', reason: '' } as const)
        : ({ kind: 'done', tookMs: 100, by: 'run' } as const),
    })),
    downtime: { kind: 'over', since: 10_000, until: 16_400 } as const,
    expectedDowntimeMs: 6_100,
    stage: {
      kind: 'finished',
      says: 'every node runs PostgreSQL 17.12',
      kept: [
        { host: 'node_1', path: '/data_pg15_bak', bytes: 44_023_414_784, linked: true },
        { host: 'node_2', path: '/data_pg15_bak', bytes: null, linked: false },
      ],
      extensionsUpdated: 2,
      at: 1_300_000,
    } as const,
  };
};

test('the closing card: result, downtime against its estimate, window, steps, what is kept, next commands, what is offered', () => {
  const lines = closingLines(finished());
  const of = (label: string) => lines.find(([one]) => one === label)?.[1];
  expect(of('Result')).toBe('Every node runs PostgreSQL 17.12.');
  expect(of('Downtime')).toBe('6.4 s (estimate 6.1 s)');
  const twice = closingLines({ ...finished(), earlierDowntimeMs: 66_000 });
  expect(twice).toContainEqual(['Downtime', '6.4 s (estimate 6.1 s), besides 66 s earlier in this window']);
  expect(of('Window')).toMatch(/21|22/);
  expect(of('Steps')).toMatch(/^\d+ done, 2 skipped, 0 failed$/);
  expect(of('Kept')).toBe('node_1:/data_pg15_bak, 41 GB (linked)');
  expect(lines.map(([, text]) => text)).toContain('node_2:/data_pg15_bak, size not known');
  expect(of('To know')).toMatch(/^2 extensions updated/);
  expect(of('Lost')).toBeUndefined();
  expect(of('Next')).toBe('pgaf-upgrade report > report-shop.md');
  expect(of('Offered')).toContain('writes pause');
});

test('the same in plain lines, and nothing of it before the end', () => {
  const view = finished();
  const lines = finalLines(view);
  expect(lines.filter((line) => line.startsWith('Downtime: 6.4 s'))).toHaveLength(1);
  expect(lines).toContain('Kept: node_1:/data_pg15_bak, 41 GB (linked)');
  expect(closingLines(new FakeEngine().view)).toEqual([]);
});

test('of a demo nothing is offered that is gone with it, and the report of one that is kept can be typed as it stands', () => {
  const view = { ...finished(), banner: 'DEMO', runDirectory: '/tmp/pgaf-demo-x/run' };
  const next = closingLines(view).filter(([label]) => label === 'Next');
  expect(next).toEqual([['Next', 'pgaf-upgrade report /tmp/pgaf-demo-x/run']]);
  expect(
    closingLines({ ...view, fleeting: true }).filter(([label]) => label === 'Offered' || label === 'Next'),
  ).toEqual([]);
});

test('a plain line of the closing has its label, whatever stands before it', () => {
  expect(finalLines(finished())).toContain('Kept: node_2:/data_pg15_bak, size not known');
  expect(finalLines(finished())).toContain('Next: a backup of the new version');
});

test('after a rollback that gave writes up: what, how much, where it still is, and who is the primary now', () => {
  const view = finished();
  const nodes = view.monitor.before.map((node) => ({
    ...node,
    reported: node.name === 'node_2' ? ('primary' as const) : ('secondary' as const),
  }));
  const { state } = view.monitor.feed;
  if (state === null) throw new Error('the monitor has said nothing');
  const lines = closingLines({
    ...view,
    direction: 'rollback',
    monitor: { ...view.monitor, feed: { ...view.monitor.feed, state: { ...state, nodes } } },
    stage: {
      ...view.stage,
      says: 'every node runs PostgreSQL 15.20 again; kept aside, until pgaf-upgrade cleanup: monitor:/data_pg17_abandoned, node_1:/data_pg17_abandoned',
      lost: 'what 17 wrote since 02:14 UTC (up to 55 transactions) is lost',
      kept: [
        { host: 'monitor', path: '/data_pg17_abandoned', bytes: 42_000, linked: false },
        { host: 'node_1', path: '/data_pg17_abandoned', bytes: 42_000, linked: false },
      ],
    },
  });
  const of = (label: string) => lines.find(([one]) => one === label)?.[1];
  expect(of('Lost')).toBe(
    'What 17 wrote since 02:14 UTC (up to 55 transactions) is not on PostgreSQL 15.20; until cleanup it can be taken by hand from node_1:/data_pg17_abandoned.',
  );
  expect(of('Result')).toBe('Every node runs PostgreSQL 15.20 again.');
  expect(lines.filter(([, text]) => text.includes(' cleanup, when'))).toHaveLength(1);
  expect(of('Primary')).toBe('node_2; before the upgrade it was node_1');
});

test('w lists each warning once for its host, with the step that noticed it, the cluster’s first, and the notices below', () => {
  const { view } = new FakeEngine();
  const said = 'no backup is known';
  const notes = (host: string, at: number) =>
    host === 'node_1' || host === 'node_2' ? [said] : at === 0 ? ['same-minor: 17.9'] : [];
  const steps = view.steps.map((step, at) => ({ ...step, notes: notes(step.host, at) }));
  const warned = {
    ...view,
    steps,
    clusterWarnings: ['same-minor: 17.9'],
    notices: [{ at: 0, text: 'node_2: no answer' }],
  };
  const rows = warningRows(warned, 100).map((row) => row.map(({ text }) => text).join(''));
  const under = (title: RegExp) => rows[rows.findIndex((row) => title.test(row)) + 1];
  expect(under(/^The cluster as a whole$/)).toContain('same-minor: 17.9');
  expect(under(/^Step \d+, node_1: /)).toContain(said);
  expect(under(/^Step \d+, node_2: /)).toContain(said);
  expect(rows.filter((row) => row.includes(said))).toHaveLength(2);
  expect(rows.filter((row) => row.includes('same-minor'))).toHaveLength(1);
  expect(rows.some((row) => row.includes('node_2: no answer'))).toBe(true);
  const known = closingLines({
    ...finished(),
    steps: steps.map((step, at) => ({ ...step, status: finished().steps[at]?.status ?? step.status })),
    clusterWarnings: ['same-minor: 17.9'],
  });
  expect(known.find(([label]) => label === 'To know')?.[1]).toContain('3 warnings');
});
