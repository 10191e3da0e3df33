import { expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { cardRows } from '../../source/console/rows/card.ts';
import { themeFor } from '../../source/console/theme.ts';
import { viewOf } from '../../source/engine/view/step-view.ts';
import { describeStep } from '../../source/plain/describe.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { FakeEngine } from '../console/fake-engine.ts';
import { labCluster } from './clusters.ts';
import { word } from './word.ts';
import { modelAfter } from './worlds.ts';

/** What `check` warns of for the cluster as a whole was never shown in `run`. */

const uneven = (): ClusterFacts => {
  const facts = labCluster();
  return {
    ...facts,
    nodes: facts.nodes.map((node) =>
      node.alias === 'node_3' ? { ...node, newVersion: word('17.9') } : node,
    ),
  };
};
const said = /same-minor: .*node_3 17\.9.* Do: install the newest of these everywhere/;
const notesAt = (facts: ClusterFacts, last: string | null) => {
  const world = modelAfter(facts, last).world();
  const steps = upgradeRunbook(facts, world);
  return steps
    .filter((step) => step.notes(world).some((note) => note.startsWith('same-minor')))
    .map(({ id }) => id);
};

test('whoever confirms the first step can see it, on the card and in plain mode', () => {
  const facts = uneven();
  const world = modelAfter(facts, null).world();
  const [first] = upgradeRunbook(facts, world);
  if (first === undefined) throw new Error('no steps');
  expect(first.notes(world).filter((note) => said.test(note))).toHaveLength(1);
  const view = viewOf(first, world, { kind: 'next' }, { direction: 'upgrade' });
  const card = cardRows(new FakeEngine().view, view, 200, themeFor({}))
    .map((row) => row.map(({ text }) => text).join(''))
    .join(' ')
    .replaceAll(/\s+/g, ' ');
  expect(card).toMatch(said);
  expect(describeStep(new FakeEngine().view, view).join(' ')).toMatch(said);
});

test('it goes with the step that is next, up to the first that changes the cluster, and no further', () => {
  const facts = uneven();
  expect(notesAt(facts, null)).toEqual(['A.monitor.save']);
  expect(notesAt(facts, 'A.node_1.save')).toHaveLength(1);
  expect(notesAt(facts, 'A.monitor.configuration')).toEqual([expect.stringMatching(/^B\./)]);
  expect(notesAt(facts, 'C.node_1.stop')).toEqual([]);
});

test('the monitor’s number of standbys, which only its state tells', () => {
  const facts = labCluster({ numberSyncStandbys: 2 });
  const world = modelAfter(facts, null).world();
  const [first] = upgradeRunbook(facts, world);
  expect(first?.notes(world).join(' ')).toMatch(/sync-standbys: number_sync_standbys is 2/);
});

test('what the cluster file accepts by name is not said again', () => {
  expect(notesAt({ ...uneven(), accept: ['same-minor'] }, null)).toEqual([]);
});

test('who goes on behind the last step that says it has it in the list of warnings all the same, and as it was told', () => {
  const facts = uneven();
  const told = (last: string | null): readonly string[] | undefined => {
    const world = modelAfter(facts, last).world();
    return (
      upgradeRunbook(facts, world)
        .map((step) => step.clusterNotes(world))
        .find((notes) => notes !== null) ?? undefined
    );
  };
  expect(told(null)?.join()).toMatch(said);
  expect(told('C.node_1.stop')).toBeUndefined();
});
