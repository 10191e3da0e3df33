import { expect, test } from 'vitest';
import { ViewStore } from '../../source/engine/view/view-store.ts';
import { sayNews } from '../../source/plain/say-news.ts';

const emptyView = new ViewStore().view;

test('two notices of one millisecond are both said, and none twice', () => {
  const lines: string[] = [];
  const say = sayNews((more) => lines.push(...more), false);
  const at = 1_764_165_600_000;
  const first = { at, text: 'node_1: KillMode' };
  const second = { at, text: 'node_1: no backup is known here' };
  say({ ...emptyView, notices: [first] });
  say({ ...emptyView, notices: [first, second] });
  say({ ...emptyView, notices: [first, second] });
  // The oldest go when there are too many.
  say({ ...emptyView, notices: [second, { at, text: 'node_2: KillMode' }] });
  expect(lines.filter((line) => line.startsWith('* '))).toEqual([
    '* node_1: KillMode',
    '* node_1: no backup is known here',
    '* node_2: KillMode',
  ]);
});
