import { describe, expect, test } from 'vitest';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { everyCluster } from './clusters.ts';
import { worldAt } from './worlds.ts';

/** Words that a title may begin with: what the step does, in the imperative. */
const verb =
  /^(Authorize|Checkpoint|Choose|Clear|Collect|Copy|Create|Disable|Drop|Enable|Find|Measure|Move|Point|Promote|Register|Remove|Restore|Return|Revoke|Run|Save|Set|Start|Stop|Swap|Switch|Test|Transfer|Update|Validate|Verify|Write)\b/;

describe.each(everyCluster.filter(([, facts]) => facts.nodes.length > 1))('titles: %s', (_, facts) => {
  // The moments of worlds.ts are those of a cluster with these three nodes.
  const moments = facts.nodes.some(({ alias }) => alias === 'node_3')
    ? (['all stopped', 'swapped', 'verified', 'finished'] as const).map((moment) => worldAt(moment, facts))
    : [];
  const all: readonly Step[] = [
    ...upgradeRunbook(facts),
    ...moments.flatMap((world) => [...rollbackRunbook(facts, world).steps, ...cleanupRunbook(facts, world)]),
  ];

  test('each says in at most 32 characters what is done, verb first', () => {
    expect(all.length).toBeGreaterThan(35);
    const wrong = all.filter(({ title }) => [...title].length > 32 || !verb.test(title));
    expect([...new Set(wrong.map(({ title }) => title))]).toEqual([]);
  });

  test('none names a host: the column beside it does', () => {
    const names = facts.nodes.map(({ alias }) => alias);
    expect(all.filter(({ title }) => names.some((name) => title.includes(name))).map(({ id }) => id)).toEqual(
      [],
    );
  });
});
