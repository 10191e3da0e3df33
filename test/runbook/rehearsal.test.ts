import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { primaryOf } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { alias as aliasWord, label, osUser } from '../../source/cluster/words.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rehearsalRunbook } from '../../source/runbook/rehearsal.ts';
import { privateSocket } from '../../source/runbook/shell/shell.ts';
import { defaultRate, rehearsalOn, rehearsalRoot } from '../../source/runbook/steps/rehearsal/places.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { askedRehearsal } from '../../source/runbook/verdict/rehearsal-asked.ts';
import { debianCluster, labCluster, spacedCluster } from './clusters.ts';
import { worldAt } from './worlds.ts';

const worldOf = (facts: ClusterFacts, on: string, only?: 'remove'): Observations => ({
  ...worldAt('running', facts),
  rehearsal: { on: aliasWord.parse(on), rate: defaultRate, ...(only === undefined ? {} : { only }) },
});

const textOf = (step: Step, world: Observations): string => {
  const script = step.script(world);
  return script.kind === 'ready' ? script.text : `needs ${script.needs}`;
};

const clusters = [
  ['the lab’s cluster', labCluster()],
  ['blanks and quotes in every name', debianCluster()],
] as const;

describe.each(clusters)('%s', (_, facts) => {
  const secondary = facts.nodes.find(({ role }) => role === 'secondary')?.alias ?? '';
  const world = worldOf(facts, secondary);
  const steps = rehearsalRunbook(facts, world);

  test('the whole runbook stands in the checklist of the host that the copy lies on', () => {
    expect(steps.map(({ id }) => id)).toEqual([
      ...['room', 'copy', 'own'].map((kind) => `P.${secondary}.${kind}`),
      ...[
        'initdb',
        'check',
        'configuration',
        'checkpoint',
        'stop',
        'pg-upgrade',
        'swap',
        'private-start',
      ].map((kind) => `Y.${secondary}.${kind}`),
      ...['verify', 'analyze-1', 'analyze', 'amcheck'].map((kind) => `Y.${secondary}.${kind}`),
      `Z.${secondary}.remove`,
    ]);
    expect(steps.every(({ host }) => host === secondary)).toBe(true);
  });

  test('nothing of it stops the application, asks for a name or stands for a moment of the window', () => {
    for (const step of steps)
      expect([step.id, step.writes, step.danger === 'point-of-no-return', step.milestone]).toEqual([
        step.id,
        'unchanged',
        false,
        null,
      ]);
  });

  test('no script names a place of the cluster, but the two that read it', () => {
    const node = facts.nodes.find(({ alias }) => alias === secondary) ?? primaryOf(facts);
    const quoted = (path: string): string => path.replaceAll("'", "'\\''");
    const places = [node.newData, node.backupData, node.workDir, node.configFile, node.stateFile].map(quoted);
    for (const step of steps) {
      const text = textOf(step, world);
      expect([step.id, places.filter((place) => text.includes(place))]).toEqual([step.id, []]);
      expect([step.id, /systemctl|pg_autoctl (run|stop|enable|disable|set)/.exec(text)]).toEqual([
        step.id,
        null,
      ]);
      if (!/\.(room|copy)$/.test(step.id))
        expect([
          step.id,
          text.includes(`${quoted(node.data)}/`) || text.includes(`${quoted(node.data)}'`),
        ]).toEqual([step.id, false]);
    }
  });

  test('of an earlier rehearsal’s copy nothing counts', () => {
    for (const step of steps.slice(0, -1)) expect(step.probe(world).state).toBe('pending');
  });
});

test('phase Y has the very scripts of the window, but for the places', () => {
  const facts = labCluster();
  const primary = primaryOf(facts);
  const world = worldOf(facts, primary.alias);
  const copy = rehearsalOn(facts, primary.alias)?.copy;
  if (copy === undefined) throw new Error('no copy');
  const places = [
    [primary.newData, copy.newData],
    [primary.backupData, copy.backupData],
    [primary.workDir, copy.workDir],
    [privateSocket(primary), privateSocket(copy)],
    [primary.socketDirectory, copy.socketDirectory],
    [primary.data, copy.data],
  ] as const;
  // One after the other through names that no path has, so that none is put into another.
  const moved = (text: string): string => {
    const marked = places.reduce((all, [from], at) => all.replaceAll(from, `\u0001${at}\u0001`), text);
    const there = places.reduce((all, [, to], at) => all.replaceAll(`\u0001${at}\u0001`, to), marked);
    // The directory that the new one is made in.
    return there.replaceAll(/(?<= )\/var\/lib\/pgsql(?=[ ;]|$)/gm, rehearsalRoot(primary));
  };
  const window = new Map(upgradeRunbook(facts).map((step) => [step.id, step]));
  const same = [
    'A.initdb',
    'A.check',
    'A.configuration',
    'C.checkpoint',
    'D.swap',
    'E.verify',
    'E.analyze-1',
  ];
  for (const one of [...same, 'G.analyze']) {
    const [phase, kind] = one.split('.');
    const its = window.get(`${phase}.${primary.alias}.${kind}`);
    const rehearsed = rehearsalRunbook(facts, world).find(({ id }) => id === `Y.${primary.alias}.${kind}`);
    expect([one, its === undefined || rehearsed === undefined]).toEqual([one, false]);
    if (its === undefined || rehearsed === undefined) continue;
    expect(textOf(rehearsed, world)).toBe(moved(textOf(its, world)));
  }
});

test('every step runs as the user of that host', () => {
  const facts = labCluster();
  const nodes = facts.nodes.map((node) =>
    node.alias === 'node_2' ? { ...node, postgres: osUser.parse('pg2') } : node,
  );
  const [first, ...others] = rehearsalRunbook({ ...facts, nodes }, worldOf(facts, 'node_2'));
  expect([first, ...others].map((step) => step?.as)).toEqual(Array.from({ length: 16 }, () => 'pg2'));
});

test('--remove is the last step alone', () => {
  const facts = labCluster();
  expect(rehearsalRunbook(facts, worldOf(facts, 'node_2', 'remove')).map(({ id }) => id)).toEqual([
    'Z.node_2.remove',
  ]);
});

test('the copy lies beside the data, and has no unit and no pg_autoctl', () => {
  const facts = labCluster();
  const rehearsal = rehearsalOn(facts, 'node_2');
  expect(rehearsal?.copy.service).toEqual({ kind: 'none' });
  expect(rehearsalRoot(rehearsal?.node ?? primaryOf(facts))).toMatch(/\/pgaf-upgrade-rehearsal\.data$/);
  expect(rehearsalOn(facts, 'nobody')).toBeNull();
});

describe('where it is made', () => {
  const asked = (
    facts: ClusterFacts,
    host: string | null,
    moment: Parameters<typeof worldAt>[0] = 'running',
  ) => askedRehearsal(facts, worldAt(moment, facts), false, { host, rate: label.parse('100M') });

  test('on a secondary, unless a node is named', () => {
    const facts = labCluster();
    const found = asked(facts, null);
    expect(found.ok && facts.nodes.find(({ alias }) => alias === found.value.on)?.role).toBe('secondary');
    expect(asked(facts, 'node_1')).toMatchObject({ ok: true, value: { on: 'node_1' } });
    expect(asked(facts, 'node_9')).toMatchObject({
      ok: false,
      error: { what: expect.stringContaining('node_9') },
    });
  });

  test('on the primary’s host only where that is asked for', () => {
    const facts = labCluster();
    const alone = { ...facts, nodes: [primaryOf(facts)] };
    expect(asked(alone, null)).toMatchObject({
      ok: false,
      error: { remedy: expect.stringContaining('--host node_1') },
    });
    expect(asked(alone, 'node_1').ok).toBe(true);
  });

  test('not with tablespaces, and not once a window has begun', () => {
    expect(asked(spacedCluster(), null)).toMatchObject({
      ok: false,
      error: { what: expect.stringContaining('tablespaces') },
    });
    expect(asked(labCluster(), null, 'fenced')).toMatchObject({
      ok: false,
      error: { what: expect.stringContaining('has been begun') },
    });
  });
});
