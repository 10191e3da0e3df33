import { type ClusterFacts, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, isLeftOut, isSkipped, monitorIn } from '../../cluster/observations.ts';
import {
  acceptsWrites,
  everyNodeSettled,
  nodeSettled,
  streaming,
  unlessLeftOut,
  verdictOf,
} from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import {
  newEverywhere,
  primarySettled,
  syncStandbysAre,
  waitsForStandbys,
} from '../language/group-conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { Condition } from '../language/step.ts';
import { nothingToUndo } from '../language/undo.ts';
import { mark, script } from '../shell/shell.ts';
import { syncStepId } from './number-sync-standbys.ts';
import { otherFormationsWork } from './other-formations.ts';
import { performed } from './switchover.ts';

const sameNodes = (facts: ClusterFacts): Condition => ({
  text: 'every node has the id, name, priority and quorum that it had',
  holds: (world) => {
    const rows = monitorIn(world)?.nodes;
    if (rows === undefined) return { holds: false, found: 'the monitor’s database does not answer' };
    const other = facts.nodes.find(
      (node) =>
        !rows.some(
          (row) =>
            row.id === node.nodeId &&
            row.name === node.alias &&
            row.priority === node.priority &&
            row.quorum === node.quorum,
        ),
    );
    return verdictOf(
      other === undefined && rows.length === facts.nodes.length,
      other === undefined ? `there are ${rows.length} nodes` : `${other.alias} differs`,
    );
  },
});

const oneIdentifier = (facts: ClusterFacts): Condition => ({
  text: 'one system identifier on the monitor, in every state file and every pg_control',
  holds: (world) => {
    const found = new Set<string>();
    for (const row of monitorIn(world)?.nodes ?? []) found.add(row.systemIdentifier);
    for (const node of facts.nodes) {
      if (isLeftOut(world, node.alias)) continue;
      const seen = hostIn(world, node.alias);
      found.add(seen?.stateIdentifier ?? 'none');
      found.add(
        (seen !== null && isDataDirectory(seen.data) ? seen.data.control?.systemIdentifier : null) ?? 'none',
      );
    }
    return verdictOf(found.size === 1 && !found.has('none'), [...found].join(', '));
  },
});

const finalConditions = (facts: ClusterFacts): readonly Condition[] => {
  const primary = primaryOf(facts);
  return [
    newEverywhere(facts),
    everyNodeSettled,
    primarySettled(primary, secondariesOf(facts)),
    ...secondariesOf(facts).flatMap((node) =>
      [nodeSettled(node.alias, ['secondary']), streaming(primary, node)].map((one) =>
        unlessLeftOut(node.alias, one),
      ),
    ),
    sameNodes(facts),
    oneIdentifier(facts),
    {
      ...syncStandbysAre(facts.numberSyncStandbys),
      holds: (world) =>
        isSkipped(world, syncStepId) || waitsForStandbys(facts, primary, world)
          ? { holds: true }
          : syncStandbysAre(facts.numberSyncStandbys).holds(world),
    },
    acceptsWrites(facts, primary),
    ...otherFormationsWork(facts),
  ];
};

export const finalVerification: StepOf = (facts, phase) =>
  makeStep(facts, {
    id: 'final',
    phase,
    host: facts.monitor,
    as: 'postgres',
    title: 'Run final verification',
    reason: 'What the change ticket asks for, as the servers show it.',
    guide: 'Step 13',
    danger: 'reads',
    script: script(sh`
      ${facts.monitor.newAutoctl} show state --formation ${facts.formation} --pgdata ${facts.monitor.pgdata}
      ${mark(facts.monitor, 'final')}
    `),
    probe: (world) => {
      if (!hasMarker(facts.monitor, 'final', world)) return pending('not verified yet');
      if (facts.nodes.some((node) => performed(facts, `promoted-${node.alias}`, world)))
        return done('it was verified before the switchover');
      return finalConditions(facts).every((one) => one.holds(world).holds)
        ? done('all of it holds')
        : pending('not verified yet');
    },
    after: finalConditions(facts),
    settleSeconds: 60,
    undo: nothingToUndo,
  });
