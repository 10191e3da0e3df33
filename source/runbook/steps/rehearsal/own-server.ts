import { quoted, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, isDataDirectory } from '../../../cluster/observations.ts';
import { rollBackPreparedSql, sqlProgram } from '../../../cluster/superuser-sql.ts';
import type { Path } from '../../../cluster/words.ts';
import { stoppedCleanly } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import {
  ownHbaOptions,
  ownLogOptions,
  ownSocketLines,
  privateServer,
  startLines,
  stopPrivateLines,
} from '../../shell/isolated-server.ts';
import { oursLine, ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { inBin, mark, privateSocket, psql, script } from '../../shell/shell.ts';
import { isNoted } from './on-copy.ts';
import { type CopyOfCluster, rehearsalRoot } from './places.ts';

/**
 * A recovery without hot_standby may have fewer workers than the server whose WAL it replays; and a restore_command that finds nothing ends it where the
 * backup's own WAL ends. Sources: PostgreSQL, hot-standby-admin; xlogrecovery.c, CheckRequiredParameterValues; seen with 15.20.
 */
const recoveryOptions = [
  "listen_addresses=''",
  'hot_standby=off',
  'restore_command=false',
  "recovery_target=''",
  "recovery_target_name=''",
  "recovery_target_time=''",
  "recovery_target_xid=''",
  "recovery_target_lsn=''",
  'recovery_target_timeline=latest',
  "shared_preload_libraries=''",
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

/**
 * Up to 14 a server keeps its statistics in files of a directory that its configuration may have elsewhere, and begins by removing what is there: that of the
 * server which serves. Source: PostgreSQL 14, runtime-config-statistics, stats_temp_directory; pgstat.c, pgstat_reset_remove_files.
 */
export const ownStatistics = {
  setting: 'stats_temp_directory',
  value: 'pg_stat_tmp',
  removedIn: 15,
} as const;

/** The old version, as it would stand before the stop: a primary on a local socket, which nobody else reaches. */
export const startCopy =
  (rehearsal: CopyOfCluster): StepOf =>
  (facts, phase) => {
    const { copy, node } = rehearsal;
    const log: Path = word`${copy.workDir}/copy-start.log`;
    const socket = privateSocket(copy);
    const inDatabase = sh`${sqlProgram('psql', copy.newBindir, { variable: 'database' })} -X -v ON_ERROR_STOP=1 -h ${socket} -p ${copy.port} -U ${copy.superuser}`;
    const prepared = word`${copy.workDir}/prepared`;
    return makeStep(facts, {
      id: 'own',
      phase,
      host: copy,
      as: 'postgres',
      title: 'Make it a server of its own',
      reason: `The copy becomes a primary of PostgreSQL ${facts.oldMajor}: no port is open, nothing is archived, received or sent, and no library works by itself. Transactions that were prepared on the cluster are rolled back in it.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        umask 077
        ${ownershipFunctions(facts)}
        ${oursLine(facts, rehearsalRoot(node))}
        ${idleFunction}
        ${stopPrivateLines(copy, copy.oldBindir)}
        idle ${copy.data}
        ${ownSocketLines(copy)}
        ${startLines(copy.oldBindir, copy.data, log, `${recoveryOptions}${facts.oldMajor < ownStatistics.removedIn ? ` -c ${ownStatistics.setting}=${ownStatistics.value}` : ''} ${ownLogOptions.text} ${ownHbaOptions(copy).text}`)}
        # until the recovery is over nobody may connect, and pg_ctl does not wait for that
        until ${psql(copy, copy.newBindir, 'postgres')} -Atc 'select' >/dev/null 2>&1; do
          ${inBin(copy.oldBindir, 'pg_ctl')} --pgdata ${copy.data} status >/dev/null || { tail -n 20 ${log} >&2; exit 1; }
          sleep 0.5
        done
        ${psql(copy, copy.newBindir, 'postgres')} -Atc ${quoted('select distinct database from pg_prepared_xacts')} > ${prepared}
        # their names are any text that a role has chosen, with line breaks: they never leave the server
        while IFS= read -r database; do
          printf '%s\n' ${quoted(rollBackPreparedSql)} '\gexec' | ${inDatabase}
        done < ${prepared}
        rm ${prepared}
        ${mark(copy, 'own')}
      `),
      probe: (world) => {
        if (isNoted(rehearsal, 'stop', world)) return done('it was one');
        const data = hostIn(world, copy.alias)?.data;
        // A host that went down takes it along: the steps behind it ask it.
        return isNoted(rehearsal, 'own', world) && data !== undefined && isDataDirectory(data) && data.running
          ? done('it runs')
          : pending('it does not run');
      },
      after: [privateServer(copy, facts.oldMajor)],
      failureLogs: [{ title: log, script: sh`tail -n 30 ${log}` }],
      settleSeconds: 60,
      quietSeconds: 300,
      undo: nothingToUndo,
    });
  };

/** As the window stops its primary: cleanly, with everything on the disk. */
export const stopCopy =
  (rehearsal: CopyOfCluster): StepOf =>
  (facts, phase) => {
    const { copy } = rehearsal;
    return makeStep(facts, {
      id: 'stop',
      phase,
      host: copy,
      as: 'postgres',
      title: `Stop ${facts.oldMajor} on the copy`,
      reason: 'pg_upgrade wants a cluster that was shut down.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${stopPrivateLines(copy, copy.oldBindir)}
        ${mark(copy, 'stop')}
      `),
      probe: (world) => (isNoted(rehearsal, 'stop', world) ? done('it was stopped') : pending('it runs')),
      after: [stoppedCleanly(copy, 'shut down')],
      settleSeconds: 60,
      undo: nothingToUndo,
    });
  };
