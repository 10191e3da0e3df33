import { type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { hostIn, isDataDirectory, nodeIn } from '../../../cluster/observations.ts';
import { isMajor, nodeSettled, nodesSettled, streaming, verdictOf } from '../../language/conditions.ts';
import { backupGauge } from '../../language/gauge.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { undoText } from '../../language/undo.ts';
import { disableMaintenanceScript, serviceLogs } from '../../shell/service.ts';

/**
 * Only against the old primary brought back: with another system as primary pg_autoctl would take a base backup and
 * delete this directory, which is the fallback copy. Source: pg_auto_failover,
 * fsm_transition.c, fsm_rewind_or_init; seen with 2.0 on the lab (fixtures/lab).
 */
const sameSystem = (primary: NodeFacts, node: NodeFacts): Condition => ({
  text: `${node.alias}’s directory belongs to the system that ${primary.alias} runs: it will not be deleted`,
  holds: (world) => {
    const [one, other] = [hostIn(world, primary.alias), hostIn(world, node.alias)];
    const [writer, standby] = [one, other].map((seen) =>
      seen !== null && isDataDirectory(seen.data) ? seen.data.control?.systemIdentifier : undefined,
    );
    if (other !== null && other.data.kind === 'absent') return { holds: true };
    return verdictOf(
      writer !== undefined && writer === standby,
      `${primary.alias} ${writer ?? 'unknown'}, ${node.alias} ${standby ?? 'unknown'}`,
    );
  },
});

/** Seconds; a keeper reports every second. */
const freshSeconds = 5;

/**
 * The monitor that came back still has the row of the window: maintenance, reported and assigned. The node's own first report is of the state in its state file,
 * and it is on its way to maintenance then: an order in that second is refused, and nobody gives it again. Seen on the lab with 2.0.
 */
const hasReported = (node: NodeFacts): Condition => ({
  text: `${node.alias} reports to the monitor again`,
  holds: (world) => {
    const age = nodeIn(world, node.alias)?.reportAge;
    return verdictOf(
      age !== undefined && age <= freshSeconds,
      age === undefined ? 'the monitor does not show it' : `its last report is ${Math.round(age)} s old`,
    );
  },
});

export const rejoin =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const nodes = facts.nodes.map(({ alias }) => alias);
    // What a later node still has to do is not waited for: its steps come behind this one.
    const upToHere = [primary.alias, ...nodes.slice(0, nodes.indexOf(node.alias) + 1)].filter(
      (alias, at, all) => all.indexOf(alias) === at,
    );
    return makeStep(facts, {
      id: 'join',
      phase,
      host: node,
      as: 'postgres',
      title: 'Disable maintenance',
      reason: `Its directory is of the same system as ${primary.alias}’s: it streams on, without a copy.`,
      guide: null,
      danger: 'changes',
      failureLogs: serviceLogs(facts, node),
      script: disableMaintenanceScript(node, node.oldAutoctl),
      probe: (world) => {
        const row = nodeIn(world, node.alias);
        const seen = hostIn(world, node.alias);
        if (
          row?.reported === 'secondary' &&
          row.assigned !== 'maintenance' &&
          seen !== null &&
          isMajor(seen.data, facts.oldMajor)
        )
          return done('it is secondary');
        if (row === null || row.assigned === 'maintenance')
          return pending(row === null ? 'not seen' : 'in maintenance');
        return half(`${row.reported} → ${row.assigned}`);
      },
      before: [
        acceptsWritesOnOld(facts, primary),
        sameSystem(primary, node),
        hasReported(node),
        nodesSettled(upToHere),
      ],
      after: [nodeSettled(node.alias, ['secondary']), streaming(primary, node), nodesSettled(upToHere)],
      settleSeconds: 24 * 3600,
      quietSeconds: 300,
      gauge: backupGauge(primary, node),
      undo: undoText(`pg_autoctl enable maintenance on ${node.alias}`),
    });
  };
