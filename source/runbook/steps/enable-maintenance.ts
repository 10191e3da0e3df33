import { type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { nodeIn } from '../../cluster/observations.ts';
import { everyNodeSettled, nodeSettled, noSyncStandbys, streaming } from '../language/conditions.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { undoText } from '../language/undo.ts';
import { savedIsCurrent, suspensionIsPast } from '../language/window.ts';
import { script } from '../shell/shell.ts';

export const enableMaintenance =
  (node: NodeFacts, last: boolean): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    return makeStep(facts, {
      id: 'maintenance',
      phase,
      host: node,
      as: 'postgres',
      title: 'Enable maintenance',
      reason: `So that stopping the primary starts no failover; PostgreSQL on ${node.alias} keeps running and streaming.`,
      guide: 'Step 1',
      deviation:
        'Run on the secondary itself: pg_autoctl has no --name for it. Judged by the monitor’s state: the command prints errors and exits 0.',
      danger: 'changes',
      script: script(sh`
        # what it prints and how it exits does not tell: the monitor’s state does
        ${node.oldAutoctl} enable maintenance --pgdata ${node.pgdata} || echo "exit code $?: see what the monitor says"
      `),
      probe: (world) => {
        if (suspensionIsPast(facts, world)) return done('failover is suspended already');
        const row = nodeIn(world, node.alias);
        if (row?.reported === 'maintenance' && row.assigned === 'maintenance') return done('in maintenance');
        if (row?.assigned === 'maintenance') return half(`${row.reported} → maintenance`);
        return pending(row === null ? 'not seen' : `${row.reported} → ${row.assigned}`);
      },
      before: [everyNodeSettled, savedIsCurrent(facts)],
      after: [
        nodeSettled(node.alias, ['maintenance']),
        everyNodeSettled,
        streaming(primary, node),
        ...(last ? [noSyncStandbys(primary)] : []),
      ],
      settleSeconds: 120,
      undo: undoText(
        `pg_autoctl disable maintenance on ${node.alias}, while ${primary.alias} runs ${facts.oldMajor}`,
      ),
    });
  };
