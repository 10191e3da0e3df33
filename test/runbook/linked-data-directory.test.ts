import { expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster, onEveryHost } from './clusters.ts';
import { Model } from './model.ts';
import { worldAt } from './worlds.ts';

/**
 * PGDATA is a symbolic link: pg_autoctl's files, the unit and every --pgdata have its name, and what it leads to is renamed. Seen on
 * the lab with pg_auto_failover 2.0 and 2.2: the base backup is not renamed to a link that leads nowhere.
 */
const facts = onEveryHost(labCluster(), () => ({
  data: '/pgdata/main',
  newData: '/pgdata/main_pg17_new',
  backupData: '/pgdata/main_pg15_bak',
}));

const scriptsOf = (steps: readonly Step[], cluster: ClusterFacts): Map<string, string> => {
  const model = new Model(cluster);
  return new Map(
    steps.map((step) => {
      const script = step.script(model.world());
      model.run(step.id);
      return [step.id, script.kind === 'ready' ? script.text : ''];
    }),
  );
};
const place = '[ -e /pgdata/main ] || mkdir -m 700 /pgdata/main';

test('the link itself is never moved, removed or written over', () => {
  for (const text of scriptsOf(upgradeRunbook(facts), facts).values())
    for (const line of text.split('\n'))
      expect(line).not.toMatch(/^\s*(mv|rm|rmdir|ln|mkdir|own|unmark) .*\/var\/lib\/pgsql\/data( |$)/);
});

test('pg_autoctl goes by the link, and finds something behind it before a base backup', () => {
  const scripts = scriptsOf(upgradeRunbook(facts), facts);
  expect(scripts.get('H.node_2.join')).toContain('--pgdata /var/lib/pgsql/data');
  const start = scripts.get('H.node_2.start') ?? '';
  expect(start.indexOf(place)).toBeGreaterThan(0);
  expect(start.indexOf(place)).toBeLessThan(start.indexOf('systemctl start'));
  expect([...scriptsOf(upgradeRunbook(labCluster()), labCluster()).values()].join('')).not.toContain(
    'mkdir -m 700',
  );
});

test('a rollback takes away what was not filled, and makes it anew where a base backup comes', () => {
  const world = worldAt('finished', facts);
  const steps = rollbackRunbook(facts, world).steps;
  const texts = steps.map((step): readonly [string, string] => {
    const script = step.script(world);
    return [step.id, script.kind === 'ready' ? script.text : ''];
  });
  const of = (part: string) => texts.filter(([id]) => id.includes(part));
  expect(of('.directories').length).toBeGreaterThan(0);
  for (const [, text] of of('.directories'))
    expect(text).toContain('[ -z "$(ls -A /pgdata/main)" ]; then rmdir /pgdata/main; fi');
  expect(of('.create').length).toBeGreaterThan(0);
  for (const [, text] of of('.create'))
    expect(text.indexOf(place)).toBeLessThan(text.indexOf('create postgres'));
});
