import { expect, test } from 'vitest';
import { debianCluster, labCluster, linkedCluster, loneCluster, spacedCluster } from './clusters.ts';
import { absences, oldStarts, search, skips } from './search.ts';

/** Every single mishap of the machine search; two at once: `npm run test:search`. */
test.each([
  ['link', labCluster()],
  ['clone', labCluster({ mode: 'clone' })],
  ['copy', labCluster({ mode: 'copy' })],
  ['one secondary by hard links', linkedCluster()],
  ['two tablespaces, hard links', spacedCluster()],
  ['no systemd', debianCluster()],
  ['no secondary', loneCluster()],
])('%s: skips, hosts that are away and an old server started by somebody harm nothing', (_, facts) => {
  const { found } = search(facts, (steps) => [
    ...skips(steps, [1, 2, 3, 4]),
    ...[1, 3, 10, 1000].flatMap((length) => absences(facts, steps, length)),
    ...oldStarts(facts, steps),
  ]);
  expect(found).toEqual([]);
});
