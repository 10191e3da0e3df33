import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { quoted, sh } from '../../cluster/fragment.ts';
import { monitorIn, type Observations } from '../../cluster/observations.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import type { SystemIdentifier } from '../../cluster/words.ts';
import { verdictOf } from '../language/conditions.ts';
import { newSystemIdentifier } from '../language/evidence.ts';
import { monitorAnswers, monitorHasSettled } from '../language/group-conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { type Condition, type Probe, ready, type Script } from '../language/step.ts';
import { nothingToUndo, undoText } from '../language/undo.ts';
import { psql, script } from '../shell/shell.ts';

/** Every row of the group on the monitor. */
export const identifierIs = (facts: ClusterFacts, of: 'new' | 'old' = 'new'): Condition => ({
  text: `every node’s row has the ${of} system identifier`,
  holds: (world) => {
    const wanted = identifierOf(facts, of, world);
    const monitor = monitorIn(world);
    if (monitor === null || wanted === null) return { holds: false, found: 'it cannot be looked up' };
    const other = monitor.nodes.find((node) => node.systemIdentifier !== wanted);
    return verdictOf(other === undefined, `${other?.name ?? ''} has ${other?.systemIdentifier ?? ''}`);
  },
});

const identifierOf = (
  facts: ClusterFacts,
  of: 'new' | 'old',
  world: Observations,
): SystemIdentifier | null =>
  of === 'new' ? newSystemIdentifier(facts, primaryOf(facts), world) : facts.systemIdentifier;

const identifierScript = (facts: ClusterFacts, of: 'new' | 'old', world: Observations): Script => {
  const identifier = identifierOf(facts, of, world);
  if (identifier === null)
    return { kind: 'unresolved', needs: 'the new system identifier, which initdb chooses' };
  return ready(
    script(
      sh`${psql(facts.monitor, facts.monitor.newBindir, facts.monitor.database)} -c ${quoted(`update pgautofailover.node set sysidentifier = ${identifier} where formationid = ${sqlLiteral(facts.formation)} and groupid = ${facts.group}`)}`,
    ),
  );
};

const identifierParts = (facts: ClusterFacts, of: 'new' | 'old') => ({
  id: 'identifier',
  host: facts.monitor,
  as: 'postgres' as const,
  danger: 'changes' as const,
  script: (world: Observations) => identifierScript(facts, of, world),
  probe: (world: Observations): Probe => {
    const verdict = identifierIs(facts, of).holds(world);
    return verdict.holds ? done('every row has it') : pending(verdict.found);
  },
  before: [monitorAnswers(facts), monitorHasSettled],
  after: [identifierIs(facts, of)],
});

/** F. The monitor learns who its nodes are now. */
export const writeSystemIdentifier: StepOf = (facts, phase) =>
  makeStep(facts, {
    ...identifierParts(facts, 'new'),
    phase,
    title: 'Write new system identifier',
    reason: 'pg_upgrade gave the cluster a new identifier; the monitor would refuse nodes that report it.',
    guide: 'Step 10',
    deviation:
      'One UPDATE for the whole group: the guide’s, of one node, violates same_system_identifier_within_group.',
    undo: undoText(`the same UPDATE with ${facts.systemIdentifier}`),
  });

/** Q. The same back, where the old version serves again under a monitor that knew the new one. */
export const writeOldSystemIdentifier: StepOf = (facts, phase) =>
  makeStep(facts, {
    ...identifierParts(facts, 'old'),
    phase,
    title: 'Write old system identifier',
    reason: 'The old version serves again, and has the identifier that it had; the monitor would refuse it.',
    guide: null,
    undo: nothingToUndo,
  });
