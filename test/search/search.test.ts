import { expect, test } from 'vitest';
import {
  citusCluster,
  debianCluster,
  labCluster,
  linkedCluster,
  loneCluster,
  spacedCluster,
} from '../runbook/clusters.ts';
import { absences, both, oldStarts, search, skips } from '../runbook/search.ts';
import { leftAfter, vanishings, walkBack } from '../runbook/search-back.ts';

/** Two mishaps at once, of every kind, and every rollback: `npm run test:search`. Its last result is in docs/development/machine-search.md. */
const layouts = [
  ['link', labCluster()],
  ['clone', labCluster({ mode: 'clone' })],
  ['copy', labCluster({ mode: 'copy' })],
  ['one secondary by hard links', linkedCluster()],
  ['two tablespaces, hard links', spacedCluster()],
  ['no systemd', debianCluster()],
  ['no secondary', loneCluster()],
  ['two groups of Citus', citusCluster()],
] as const;

test.each(layouts.filter(([name]) => name !== 'clone'))('%s', (name, facts) => {
  const { walks, found } = search(facts, (steps) => {
    const skipped = skips(steps, [1]);
    const away = absences(facts, steps, 10);
    const others = [...skipped, ...oldStarts(facts, steps)];
    return [
      ...others.flatMap((one) => away.map((other) => both(one, other))),
      ...skipped.flatMap((one, index) => others.slice(index + 1).map((other) => both(one, other))),
    ];
  });
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
