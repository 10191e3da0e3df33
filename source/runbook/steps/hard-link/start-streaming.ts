import { posix } from 'node:path';
import { type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, isDataDirectory } from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import {
  acceptsWrites,
  allStopped,
  autoctlIsStopped,
  describe,
  onHost,
  verdictOf,
} from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { disarmLines } from '../../shell/disarm.ts';
import {
  ownHbaOptions,
  ownLogOptions,
  ownSocketLines,
  startLines,
  stopPrivateLines,
} from '../../shell/isolated-server.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { inBin, privateSocket, psql, script } from '../../shell/shell.ts';
import { hasStreamed, isJoined, isLeftToBackup } from './evidence.ts';

/**
 * pg_upgrade's new cluster has wal_log_hints off in pg_control, whatever its configuration says; the primary writes the
 * change into WAL at its first start, and a standby knows it once it has replayed that. Without it pg_rewind refuses,
 * and pg_autoctl takes a base backup. Source: PostgreSQL, pg_rewind, and XLOG_PARAMETER_CHANGE; seen with 17.12 and
 * pg_auto_failover 2.2 on the lab (fixtures/lab).
 */
export const startStreaming =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const socket = privateSocket(node);
    const log: Path = word`${node.workDir}/private-start.log`;
    const ask = (sql: string): Fragment =>
      sh`"$(${psql(node, node.newBindir, 'postgres', { socket })} -Atc ${quoted(sql)})"`;
    const wait = (condition: Fragment, failure: Fragment): Fragment => sh`
      tries=0
      until ${condition}; do
        tries=$((tries + 1)); [ $tries -le 18000 ] || { echo ${failure} >&2; exit 1; }
        [ $((tries % 50)) -ne 0 ] || ${psql(node, node.newBindir, 'postgres', { socket })} -Atc ${quoted("select 'replayed up to ' || pg_last_wal_replay_lsn()")}
        sleep 0.2
      done
    `;
    return makeStep(facts, {
      id: 'stream',
      phase,
      host: node,
      as: 'postgres',
      title: `Start ${facts.newMajor} until it streams`,
      reason: `So that pg_control holds what pg_rewind asks for; otherwise pg_autoctl would take a base backup after all. This is ${facts.newMajor}’s first start here: ${facts.oldMajor} must not run on ${posix.basename(node.backupData)} any more.`,
      guide: null,
      danger: 'changes',
      failureLogs: [
        {
          title: log,
          script: sh`tail -n 30 ${log}`,
        },
      ],
      script: script(sh`
        if [ ! -e ${node.data} ]; then echo 'a base backup follows'; exit 0; fi
        umask 077
        ${ownSocketLines(node)}
        if ! ${inBin(node.newBindir, 'pg_ctl')} --pgdata ${node.data} status >/dev/null; then
          ${idleFunction}
          idle ${node.data} ${node.backupData}
        ${disarmLines(facts, node.backupData)}
          ${startLines(node.newBindir, node.data, log, sh`-c listen_addresses='' -c unix_socket_directories=${socket} ${ownLogOptions} ${ownHbaOptions(node)}`.text)}
        fi
        ${wait(
          sh`[ ${ask('select status from pg_stat_wal_receiver')} = streaming ]`,
          sh`${word`it does not stream from ${primary.alias}`}`,
        )}
        upto=${ask('select latest_end_lsn from pg_stat_wal_receiver')}
        ${wait(
          sh`[ "$(${psql(node, node.newBindir, 'postgres', { socket })} -Atc "select pg_last_wal_replay_lsn() >= '$upto'::pg_lsn")" = t ]`,
          quoted('it does not replay what it receives'),
        )}
        echo "streams, and has replayed up to $upto"
        ${stopPrivateLines(node, node.newBindir)}
        ${inBin(node.newBindir, 'pg_controldata')} -D ${node.data} | grep -E '^(Database cluster state|wal_log_hints|Data page checksum|Minimum recovery ending location)'
      `),
      probe: (world) => {
        const seen = hostIn(world, node.alias);
        if (seen === null) return pending('not seen');
        if (isJoined(facts, node, world)) return done('it has joined');
        if (isLeftToBackup(facts, node, world)) return done('a base backup follows');
        if (isDataDirectory(seen.data) && seen.data.running && seen.pgAutoctl !== 'runs')
          return half('it runs, local socket only');
        return hasStreamed(facts, node, world)
          ? done('it has streamed')
          : pending('it has never been started');
      },
      before: [autoctlIsStopped(node), acceptsWrites(facts, primary)],
      after: [
        allStopped(node),
        onHost(node.alias, 'it has streamed, and pg_rewind will find what it asks for', (seen, world) =>
          verdictOf(
            isLeftToBackup(facts, node, world) || hasStreamed(facts, node, world),
            `${node.data} ${describe(seen.data)}`,
          ),
        ),
      ],
      settleSeconds: 60,
      quietSeconds: 60,
      undo: undoText(`stop it; from here ${posix.basename(node.backupData)} is no fallback copy`),
    });
  };
