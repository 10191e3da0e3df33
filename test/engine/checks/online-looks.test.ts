import { expect, test } from 'vitest';
import { parseCheckInspection } from '../../../source/inspect/checks/parse.ts';
import { good } from '../../cluster/recorded.ts';
import { labCluster } from '../../runbook/clusters.ts';
import { printed } from '../answers.ts';
import { checkInspectionLines } from './inspection-lines.ts';

const [node] = labCluster({ method: 'online' }).nodes;
if (node === undefined) throw new Error('the lab has nodes');

const looked = (...looks: readonly [string, object][]) =>
  good(
    parseCheckInspection(
      'node_1',
      printed([
        ...looks.map(([key, look]) => [key, Buffer.from(JSON.stringify(look)).toString('base64')] as const),
        ...checkInspectionLines(node),
      ]),
    ),
  ).writtenNow;
const before = { at: 1_764_000_000.5, written: 1_000_000, changes: { app: 100, reset: 900 } };
const now = { at: 1_764_000_003, written: 6_000_000, changes: { app: 5_100, reset: 10, new: 7 } };

test('what is written now is the difference of two looks within the inspection', () => {
  expect(looked(['look', before], ['looked', now])).toEqual({
    seconds: 2.5,
    walPerSecond: 2_000_000,
    // statistics that were reset in between, or a database that came, tell nothing
    changesPerSecond: new Map([
      ['app', 2_000],
      ['reset', 0],
      ['new', 0],
    ]),
  });
});

test('one look tells nothing, nor do two of different servers', () => {
  expect(looked(['look', before])).toBeUndefined();
  expect(looked(['look', now], ['looked', before])).toBeUndefined();
});
