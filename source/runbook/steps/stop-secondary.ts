import type { NodeFacts } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { allStopped, stoppedCleanly } from '../language/conditions.ts';
import { hasReceived, primaryWasShutDown, sameCheckpoint } from '../language/fallback-copies.ts';
import { makeStep } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { undoText } from '../language/undo.ts';
import { serviceUser, stopScript } from '../shell/service.ts';
import { psql } from '../shell/shell.ts';
import { stopped } from './stopped.ts';

/** Seconds for the replay of what was received: 64 MB at most are left when the primary is stopped. */
const replaySeconds = 600;

/**
 * A standby that is stopped before it has replayed all that it has received ends at an earlier checkpoint, and is no fallback copy.
 * Seen with 15.20 after drop database of 50,000 tables: received at once, replayed for minutes.
 */
const replayedLines = (node: NodeFacts): Fragment => sh`
  tries=0
  while behind=$(${psql(node, node.oldBindir, 'postgres')} -Atc ${quoted('select pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint where pg_is_in_recovery()')}) && [ "\${behind:-0}" -gt 0 ]; do
    tries=$((tries + 1)); [ $tries -le ${replaySeconds * 5} ] || { echo "$behind bytes are still to be replayed: pg_stat_activity shows what recovery waits for" >&2; exit 1; }
    if [ $((tries % 10)) -eq 1 ]; then echo "$behind bytes are to be replayed first"; fi
    sleep 0.2
  done
`;

export const stopSecondary =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    return makeStep(facts, {
      id: 'stop',
      phase,
      host: node,
      as: serviceUser(node),
      title: 'Stop secondary, verify its copy',
      reason:
        'Stopped at the primary’s shutdown checkpoint, its data directory is the complete cluster as it was: the fallback copy of a rollback.',
      guide: 'Step 2',
      danger: 'changes',
      script: stopScript(facts, node, node.oldAutoctl, replayedLines(node)),
      probe: (world) => stopped(facts, node, world),
      before: [primaryWasShutDown(facts), hasReceived(facts, node)],
      after: [allStopped(node), stoppedCleanly(node, 'shut down in recovery'), sameCheckpoint(facts, node)],
      // The command has ended with its server, whose last checkpoint does not change any more.
      settleSeconds: 60,
      quietSeconds: 30,
      undo: undoText(`start ${node.alias} again on ${facts.oldMajor}, after the primary`),
    });
  };
