import { expect, test } from 'vitest';
import { headerRowsOf } from '../../source/console/rows/header.ts';
import { themeFor } from '../../source/console/theme.ts';
import type { Follows, RollbackVerdict } from '../../source/engine/view/controller.ts';
import { nameWords } from '../../source/wording/danger.ts';
import { stepCount } from './fake-cluster.ts';
import { FakeEngine } from './fake-engine.ts';

test('the stop of a rollback that loses writes begins the downtime, and cannot be undone: both are said', () => {
  const engine = new FakeEngine({ done: stepCount });
  engine.turn('rollback');
  const { view } = engine;
  const asked = view.steps.filter(({ asksName }) => asksName !== null);
  const [stop] = asked;
  expect(asked.map(({ asksName }) => asksName)).toContain('downtime-irreversible');
  if (stop === undefined) throw new Error('nothing is typed');
  expect(stop.host).toBe('node_1');
  expect(nameWords(view, stop)).toEqual({
    title: 'DOWNTIME BEGINS, IRREVERSIBLE',
    afterwards:
      'Applications cannot write any more, until PostgreSQL 15.20 is opened to them. It cannot be undone.',
    rollback: 'Gives up: what the application has written on PostgreSQL 17.',
  });
});

test.each([80, 100, 120, 200])('the header never cuts off that something is lost: %i columns', (columns) => {
  const { view } = new FakeEngine();
  for (const says of [
    'possible, but what 17 wrote since 02:17 UTC is lost',
    'possible through node_2, but what 17 wrote since 02:17 UTC (up to 1234567 transactions) is lost',
    'possible through node_2, but node_1 does not answer: what 17 may have written there is lost, and the copy cannot be compared with it',
    `possible through ${'n'.repeat(60)}, but what 17 wrote since 02:17 UTC is lost`,
  ]) {
    const rows = headerRowsOf(
      { ...view, verdict: { kind: 'loses-new-writes', says, lost: '' } },
      columns,
      0,
      themeFor({}),
    );
    const line = (rows[1] ?? [])
      .map(({ text }) => text)
      .join('')
      .slice(0, columns);
    expect(line).toMatch(/is lost|loses new writes/);
  }
});

test('while the versions are not known the header has no arrow between them', () => {
  const { view } = new FakeEngine();
  const first = (from: string, to: string) =>
    (headerRowsOf({ ...view, cluster: { ...view.cluster, from, to } }, 120, 0, themeFor({}))[0] ?? [])
      .map(({ text }) => text)
      .join('');
  expect(first('', '')).not.toMatch(/→|\(link\)/);
  expect(first('15.20', '17.12')).toContain('15.20 → 17.12');
});

test('the header has the lag of the version that follows: the end of the verdict gives way to the least of it', () => {
  const { view } = new FakeEngine();
  const second = (columns: number, verdict: RollbackVerdict, follows?: Follows) =>
    (headerRowsOf({ ...view, verdict, follows }, columns, 0, themeFor({}))[1] ?? [])
      .map(({ text }) => text)
      .join('');
  const lossless: RollbackVerdict = {
    kind: 'lossless',
    says: 'lossless: PostgreSQL 15 follows, and has what 17 writes',
  };
  const lag = ['lag 184 B, 0 s; 16 kB of WAL kept', 'lag 184 B, 0 s'];
  const follows: Follows = { lag, databases: [], trend: null, falls: false, at: null };
  expect(second(120, lossless, follows)).toMatch(
    /follows, and has what 17 writes +lag 184 B, 0 s; 16 kB of WAL kept$/,
  );
  expect(second(80, lossless, follows)).toMatch(
    /^Rollback: lossless: PostgreSQL 15 follows.* {2}lag 184 B, 0 s$/,
  );
  expect(second(120, lossless)).toBe(`Rollback: ${lossless.says}`);
  const prepared: RollbackVerdict = {
    kind: 'nothing-to-undo',
    says: 'nothing to undo: 15 serves, 17 follows; it is called off with pgaf-upgrade call-off',
  };
  const falls = {
    ...follows,
    lag: ['lag 1.1 GB, 40 s; falling behind by 1.1 MB a second', 'FALLING BEHIND'],
    falls: true,
  };
  expect(second(80, prepared, falls)).toMatch(
    /^Rollback: nothing to undo: 15 serves, 17 follows; .* +FALLING BEHIND$/,
  );
});
