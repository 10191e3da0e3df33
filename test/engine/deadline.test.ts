import { expect, test } from 'vitest';
import { localMoment } from '../../source/cluster/times.ts';
import { headerRowsOf } from '../../source/console/rows/header.ts';
import { themeFor } from '../../source/console/theme.ts';
import { deadlineOf } from '../../source/engine/view/deadline.ts';
import {
  type DeadlineView,
  deadlineNews,
  deadlineState,
  rollBackBy,
} from '../../source/engine/view/deadline-view.ts';
import { happeningsBetween } from '../../source/engine/view/run-events.ts';
import { describeStep } from '../../source/plain/describe.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { FakeEngine } from '../console/fake-engine.ts';
import { labCluster } from '../runbook/clusters.ts';
import type { Model } from '../runbook/model.ts';
import { modelAfter, modelAt } from '../runbook/worlds.ts';
import { closedBehindTests, Window } from './harness.ts';

/** The end of the window: it is told, and nothing acts by it. */

const minute = 60_000;
const end = new Date(2026, 10, 28, 3, 0).getTime();
const deadline = (more: Partial<DeadlineView> = {}): DeadlineView => ({
  at: end,
  note: null,
  rollbackSeconds: 720,
  aheadSeconds: 360,
  overIn: new Map(),
  state: 'ahead',
  late: new Set(),
  ...more,
});

test('ten minutes before the latest moment to roll back it is told, then that it has passed, then that the window has ended', () => {
  const one = deadline();
  expect(rollBackBy(one)).toBe(end - 12 * minute);
  const told = (before: number) => {
    const now = end - before * minute;
    const state = deadlineState(one, now);
    return [state, deadlineNews(one, state, now)?.replaceAll(/ [A-Z+0-9:]+(?=[,;).]|$)/g, '')];
  };
  expect(told(30)).toEqual(['ahead', undefined]);
  expect(told(21)).toEqual([
    'near',
    'Roll back by 02:48, in 9 min, for it to be over when the window ends at 03:00; it takes about 12 min.',
  ]);
  expect(told(11)).toEqual([
    'rollback-late',
    expect.stringMatching(
      /^A rollback from here would be over at about 03:01.*, behind the end of the window \(03:00/,
    ),
  ]);
  expect(told(-1)[0]).toBe('over');
  // Nothing to undo, or nothing to roll back to: the end alone counts.
  expect(deadlineState(deadline({ rollbackSeconds: 0 }), end - 11 * minute)).toBe('ahead');
  expect(deadlineState(deadline({ rollbackSeconds: null }), end - 9 * minute)).toBe('near');
});

test.each([
  [80, 'roll back by 02:48'],
  [100, 'end 03:00, roll back by 02:48'],
  [120, 'end 03:00, ~0:06 ahead, roll back by 02:48'],
])(
  'the header has the latest moment to roll back at %i columns, and what is lost is never cut off',
  (columns, says) => {
    const { view } = new FakeEngine();
    const second = (verdict: typeof view.verdict, now = end - 60 * minute) =>
      (headerRowsOf({ ...view, verdict, deadline: deadline() }, columns, now, themeFor({}))[1] ?? [])
        .map(({ text }) => text)
        .join('');
    const safe = second({ kind: 'safe', says: 'safe, no data loss: restart PostgreSQL 15 in place' });
    expect(safe.endsWith(says)).toBe(true);
    expect(safe.length).toBe(columns);
    const lost = second({
      kind: 'loses-new-writes',
      says: 'possible through node_2, but what 17 wrote since 02:17 UTC (up to 1234567 transactions) is lost',
      lost: '',
    });
    expect(lost).toMatch(/is lost|loses new writes/);
    expect(lost).toContain('roll back by 02:48');
    const near = second({ kind: 'safe', says: 'safe' }, end - 20 * minute);
    expect(near).toContain('roll back by 02:48 (8 min)');
    expect(second({ kind: 'safe', says: 'safe' }, end - 5 * minute)).toContain('a rollback ends ~03:07');
    expect(second({ kind: 'safe', says: 'safe' }, end + minute)).toContain('WINDOW ENDED 03:00');
    const brief = { ...view, deadline: deadline({ aheadSeconds: 40 }) };
    const shown = (headerRowsOf(brief, columns, end - 60 * minute, themeFor({}))[1] ?? []).map(
      ({ text }) => text,
    );
    expect(shown.join('')).not.toContain(' ahead');
  },
);

test('what is ahead and what a rollback takes follow from where the servers are', () => {
  const facts = labCluster();
  const steps = upgradeRunbook(facts);
  const at = (model: Model) => {
    const ahead = steps.filter((step) => step.probe(model.world()).state !== 'done');
    return deadlineOf({ at: end, note: null }, facts, model.world(), 'upgrade', ahead, null);
  };
  const [first, swapped, opened] = [
    modelAt('running', facts),
    modelAt('swapped', facts),
    modelAfter(facts, 'G.node_1.start'),
  ].map(at);
  expect(first?.rollbackSeconds).toBe(0);
  expect(swapped?.rollbackSeconds).toBeGreaterThan(5);
  expect(swapped?.aheadSeconds).toBeLessThan(first?.aheadSeconds ?? 0);
  expect(opened?.rollbackSeconds).toBeGreaterThan(0);
  expect(opened?.overIn.get('G.node_1.start')).toBeUndefined();
});

const window = closedBehindTests();
const ending = (at: number): string => `window: { end: "${localMoment(at).slice(0, 16)}" }`;

test('a window says when it ends, and the journal keeps it', async () => {
  const night = window(new Window(undefined, ending(Date.now() + 2 * 86_400_000)).open());
  await night.stage('confirm');
  expect(night.view.notices.map(({ text }) => text).join()).toMatch(
    /The window ends \d{4}-.*, in \d+ h \d+ min\./,
  );
  expect(night.view.deadline).toMatchObject({ rollbackSeconds: 0, state: 'ahead' });
  expect(night.journal.some((entry) => entry.kind === 'window-end')).toBe(true);
});

test('an end that has passed is told, every step ahead is late, and the run goes on as it would', async () => {
  const night = window(new Window(undefined, ending(Date.now() - 86_400_000)).open());
  const { step: id } = await night.stage('confirm');
  const { view } = night;
  expect(view.notices.map(({ text }) => text).join()).toMatch(
    /The window has ended at .* ago: nothing is done by itself\./,
  );
  expect(view.deadline).toMatchObject({ state: 'over' });
  expect(view.deadline?.late.size).toBe(
    view.steps.filter((one) => one.status.kind !== 'done' && !one.shownDone).length,
  );
  const step = view.steps.find((one) => one.id === id);
  if (step === undefined) throw new Error('no step');
  expect(describeStep(view, step).join('\n')).toContain(
    'Window: by the estimates it would be over behind the end',
  );
  expect(happeningsBetween(null, view)).toContainEqual(
    expect.objectContaining({ event: 'window-end', state: 'over', rollBackBy: null }),
  );
  expect(night.engine.confirm(id)).toEqual({ accepted: true });
});
