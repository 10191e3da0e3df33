import { expect, test } from 'vitest';
import { debianCluster, labCluster, linkedCluster, loneCluster, spacedCluster } from '../runbook/clusters.ts';
import { absences, oldStarts, search, skips } from '../runbook/search.ts';
import { leftAfter, vanishings, walkBack } from '../runbook/search-back.ts';

/** All of the machine search, an hour on a busy machine: `npm run test:search`. Its last result is in docs/machine-search.md. */
const layouts = [
  ['link', labCluster()],
  ['clone', labCluster({ mode: 'clone' })],
  ['copy', labCluster({ mode: 'copy' })],
  ['one secondary by hard links', linkedCluster()],
  ['two tablespaces, hard links', spacedCluster()],
  ['no systemd', debianCluster()],
  ['no secondary', loneCluster()],
] as const;

test.each(layouts)('%s', (name, facts) => {
  const { walks, found } = search(facts, (steps) => [
    ...skips(steps, [1, 2, 3, 4]),
    ...[1, 3, 10, 1000].flatMap((length) => absences(facts, steps, length)),
    ...oldStarts(facts, steps),
  ]);
  console.log(`${name}: ${walks} walks, ${found.length} harms`);
  expect(found).toEqual([]);
});

// Without tablespaces: the model of the rollback does not move their parts.
test.each(layouts.filter(([, facts]) => facts.nodes.every((node) => node.tablespaces.length === 0)))(
  'rolled back: %s',
  (name, facts) => {
    const froms = Array.from({ length: 45 }, (_, from) => from);
    const all = [null, ...vanishings(facts, froms, [1, 3, 1000])];
    const found = leftAfter(facts).flatMap((last) => all.flatMap((one) => walkBack(facts, last, one) ?? []));
    console.log(`${name}, rolled back: ${leftAfter(facts).length * all.length} walks, ${found.length} harms`);
    expect(found).toEqual([]);
  },
);
