import { describe, expect, test } from 'vitest';
import { citusCluster, labCluster, linkedCluster } from './clusters.ts';
import { leftAfter, vanishings, walkBack } from './search-back.ts';

test('of a formation of two groups: left behind steps of each phase, all of it comes back in one run', () => {
  expect(leftAfter(citusCluster(), 30).flatMap((last) => walkBack(citusCluster(), last, null) ?? [])).toEqual(
    [],
  );
});

/** A part of the machine search of the rollback; all of it: `npm run test:search`. */
describe.each([
  ['link', labCluster(), 9],
  ['copy', labCluster({ mode: 'copy' }), 18],
  [
    'a group whose fallback copies have no candidate priority',
    labCluster({
      nodes: labCluster().nodes.map((node) => ({ ...node, priority: node.role === 'primary' ? 50 : 0 })),
    }),
    18,
  ],
  ['one secondary by hard links', linkedCluster(), 18],
] as const)('%s', (_, facts, stride) => {
  test('left behind any step, with everybody there, the rollback ends with the cluster as it was', () => {
    expect(leftAfter(facts, 3).flatMap((last) => walkBack(facts, last, null) ?? [])).toEqual([]);
  });

  test('no host that goes away from a step of the rollback on harms anything, or keeps it from its end', () => {
    const all = vanishings(facts, [0, 13, 25], [1000]);
    const found = leftAfter(facts, stride).flatMap((last) =>
      all.flatMap((one) => walkBack(facts, last, one) ?? []),
    );
    expect(found).toEqual([]);
  });
});
