import { type NodeFacts, primaryOf, takesLinks } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, nodeIn } from '../../cluster/observations.ts';
import {
  acceptsWrites,
  autoctlRuns,
  backupIsThere,
  describe,
  isMajor,
  nodeSettled,
  onHost,
  streaming,
  verdictOf,
} from '../language/conditions.ts';
import { hadJoined } from '../language/evidence.ts';
import { backupGauge } from '../language/gauge.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { Condition } from '../language/step.ts';
import { tablespacesAreFree } from '../language/tablespace-conditions.ts';
import { undoText } from '../language/undo.ts';
import { ownershipFunctions, stagingBegunLines } from '../shell/ownership.ts';
import { keepFunction } from '../shell/self-checks.ts';
import { disableMaintenanceScript, serviceLogs } from '../shell/service.ts';
import { partsBegunLines } from '../shell/tablespaces.ts';
import { canJoin, nothingCopied } from './hard-link/own-files.ts';

/** Once the order was given, pg_autoctl is at it or goes on with it after a restart: it is only waited for. */
const unlessOrdered = (node: NodeFacts, condition: Condition): Condition => ({
  text: condition.text,
  holds: (world) => {
    const row = nodeIn(world, node.alias);
    return row !== null && row.assigned !== 'maintenance' ? { holds: true } : condition.holds(world);
  },
});

export const joinGroup =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const linked = takesLinks(node);
    return makeStep(facts, {
      id: 'join',
      phase,
      host: node,
      as: 'postgres',
      failureLogs: serviceLogs(facts, node),
      title: linked ? 'Disable maintenance, rejoin' : 'Disable maintenance, base backup',
      reason: linked
        ? `pg_autoctl asks pg_rewind, which finds nothing to do, and streams from ${primary.alias}; the node keeps its id.`
        : `pg_autoctl takes the base backup from ${primary.alias} by itself and keeps the node’s id.`,
      guide: 'Step 12',
      deviation: 'Nobody disables maintenance in the guide: the node stays in it.',
      danger: 'changes',
      script: disableMaintenanceScript(
        node,
        node.newAutoctl,
        sh`
          ${ownershipFunctions(facts)}
          ${node.tablespaces.length > 0 && keepFunction}
          ${partsBegunLines(node, facts.newMajor)}
          ${stagingBegunLines(node)}
        `,
      ),
      probe: (world) => {
        const row = nodeIn(world, node.alias);
        const seen = hostIn(world, node.alias);
        if (hadJoined(facts, node, world)) return done('it has joined; pg_wal is moved behind it');
        // Primary: after a switchover it has long since joined.
        const joined = ['secondary', 'primary', 'wait_primary'];
        if (
          row !== null &&
          row.assigned !== 'maintenance' &&
          joined.includes(row.reported) &&
          seen !== null &&
          isMajor(seen.data, facts.newMajor)
        )
          return done(`it is ${row.reported}`);
        if (row === null || row.assigned === 'maintenance')
          return pending(row === null ? 'not seen' : 'in maintenance');
        return half(`${row.reported} → ${row.assigned}`);
      },
      before: [
        onHost(node.alias, 'pg_autoctl runs', autoctlRuns),
        ...[
          nodeSettled(node.alias, ['maintenance']),
          linked
            ? canJoin(facts, node)
            : onHost(node.alias, `${node.data} is not there: nothing can be overwritten`, (seen) =>
                verdictOf(!isDataDirectory(seen.data), `it ${describe(seen.data)}`),
              ),
          ...(linked ? [] : tablespacesAreFree(node)),
        ].map((one) => unlessOrdered(node, one)),
        backupIsThere(facts, node),
        acceptsWrites(facts, primary),
      ],
      after: [
        onHost(node.alias, `${node.data} is PostgreSQL ${facts.newMajor}, a standby`, (seen) =>
          verdictOf(
            isDataDirectory(seen.data) && seen.data.major === facts.newMajor && seen.data.standby,
            describe(seen.data),
          ),
        ),
        ...(linked ? [nothingCopied(facts, node)] : []),
        nodeSettled(node.alias, ['secondary']),
        streaming(primary, node),
        // Not for every node: another one's rebuild, beside it or behind it, is its own steps' business; I waits for all.
      ],
      settleSeconds: 24 * 3600,
      quietSeconds: 600,
      gauge: backupGauge(primary, node),
      undo: undoText(
        sh`enable maintenance, stop it; rm -r ${node.data}; mv ${node.backupData} ${node.data}`.text,
      ),
    });
  };
