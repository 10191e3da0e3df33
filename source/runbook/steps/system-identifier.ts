import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { quoted, sh } from '../../cluster/fragment.ts';
import { monitorIn, type Observations } from '../../cluster/observations.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import { verdictOf } from '../language/conditions.ts';
import { newSystemIdentifier } from '../language/evidence.ts';
import { monitorAnswers, monitorHasSettled } from '../language/group-conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { type Condition, ready, type Script } from '../language/step.ts';
import { undoText } from '../language/undo.ts';
import { psql, script } from '../shell/shell.ts';

/** Every row of the group on the monitor. */
export const identifierIs = (facts: ClusterFacts): Condition => ({
  text: 'every node’s row has the new system identifier',
  holds: (world) => {
    const wanted = newSystemIdentifier(facts, primaryOf(facts), world);
    const monitor = monitorIn(world);
    if (monitor === null || wanted === null) return { holds: false, found: 'it cannot be looked up' };
    const other = monitor.nodes.find((node) => node.systemIdentifier !== wanted);
    return verdictOf(other === undefined, `${other?.name ?? ''} has ${other?.systemIdentifier ?? ''}`);
  },
});

const identifierScript = (facts: ClusterFacts, world: Observations): Script => {
  const identifier = newSystemIdentifier(facts, primaryOf(facts), world);
  if (identifier === null)
    return { kind: 'unresolved', needs: 'the new system identifier, which initdb chooses' };
  return ready(
    script(
      sh`${psql(facts.monitor, facts.monitor.newBindir, facts.monitor.database)} -c ${quoted(`update pgautofailover.node set sysidentifier = ${identifier} where formationid = ${sqlLiteral(facts.formation)} and groupid = ${facts.group}`)}`,
    ),
  );
};

/** F. The monitor learns who its nodes are now. */
export const writeSystemIdentifier: StepOf = (facts, phase) =>
  makeStep(facts, {
    id: 'identifier',
    phase,
    host: facts.monitor,
    as: 'postgres',
    title: 'Write new system identifier',
    reason: 'pg_upgrade gave the cluster a new identifier; the monitor would refuse nodes that report it.',
    guide: 'Step 10',
    deviation:
      'One UPDATE for the whole group: the guide’s, of one node, violates same_system_identifier_within_group.',
    danger: 'changes',
    script: (world) => identifierScript(facts, world),
    probe: (world) => {
      const verdict = identifierIs(facts).holds(world);
      return verdict.holds ? done('every row has it') : pending(verdict.found);
    },
    before: [monitorAnswers(facts), monitorHasSettled],
    after: [identifierIs(facts)],
    undo: undoText(`the same UPDATE with ${facts.systemIdentifier}`),
  });
