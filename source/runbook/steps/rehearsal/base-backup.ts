import { hereDocument, sh, word } from '../../../cluster/fragment.ts';
import type { Label } from '../../../cluster/words.ts';
import { isMajor, onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { ownSocketLines } from '../../shell/isolated-server.ts';
import { oursLine, ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { command, inBin, mark, option, privateSocket, script } from '../../shell/shell.ts';
import { isNoted } from './on-copy.ts';
import { ownStatistics } from './own-server.ts';
import { backupName, type CopyOfCluster, rehearsalRoot } from './places.ts';
import { endLeftBackupsLines } from './removal.ts';
import { freeFunction } from './room.ts';

/**
 * What no server of a rehearsal may do, the old version's nor the new one's, which gets this file with the rest of the configuration: listen, archive, fetch
 * WAL, wait for standbys, run anything by itself, write to a file of the server that serves. It is the file of ALTER SYSTEM, so it counts before any
 * other, and what stands in it above keeps its place. Without worker processes no preloaded library starts a worker (a job's of pg_cron, say), while
 * all of them are loaded as in the window. Sources: PostgreSQL, config-setting; bgworker.c, RegisterBackgroundWorker; runtime-config-replication.
 */
const settings = (root: string, socket: string, newMajor: number): string => {
  const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return `
# pgaf-upgrade rehearse: this copy is tried and removed, and acts on nothing outside
listen_addresses = ''
unix_socket_directories = ${text(socket)}
unix_socket_permissions = 0700
archive_mode = off
archive_command = ''
archive_cleanup_command = ''
recovery_end_command = ''
primary_conninfo = ''
primary_slot_name = ''
synchronous_standby_names = ''
max_worker_processes = 0
max_logical_replication_workers = 0
logging_collector = off
log_destination = stderr
external_pid_file = ${text(`${root}/external.pid`)}
huge_pages = off
shared_buffers = 128MB
default_transaction_read_only = off${newMajor < ownStatistics.removedIn ? `\n${ownStatistics.setting} = ${ownStatistics.value}` : ''}`;
};

/** From the server of the same host: a standby’s, where the copy lies on a secondary, so that the primary feels nothing. */
export const takeBackup =
  (rehearsal: CopyOfCluster, rate: Label): StepOf =>
  (facts, phase) => {
    const { copy, node } = rehearsal;
    const root = rehearsalRoot(node);
    const backup = command(
      sh`PGAPPNAME=${backupName} ${inBin(node.oldBindir, 'pg_basebackup')}`,
      option('--pgdata', copy.data),
      option('--host', node.socketDirectory),
      sh`--port=${node.port}`,
      option('--username', node.superuser),
      sh`--no-password --wal-method=stream --checkpoint=fast --no-manifest`,
      option('--max-rate', rate),
      option('--label', word`pgaf-upgrade rehearse ${facts.run}`),
      sh`--progress --verbose`,
    );
    return makeStep(facts, {
      id: 'copy',
      phase,
      host: copy,
      as: 'postgres',
      title: 'Take a base backup, own place',
      reason: `A copy of the whole cluster, from ${node.alias}’s own server and at most ${rate} a second; it ends by itself before the file system is full. Whatever its servers could do to others is switched off in the copy’s configuration.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        umask 077
        ${ownershipFunctions(facts)}
        ${freeFunction}
        ${idleFunction}
        ${oursLine(facts, root)}
        ${endLeftBackupsLines(copy)}
        idle ${root} # nothing is removed under what still writes there
        rm -rf ${copy.data} # of an earlier try
        end_backup() { # with the process that fetches its WAL, which would go on without it
          them=
          for one in "$backup" $(grep -ls "^PPid:[[:blank:]]*$backup\$" /proc/[0-9]*/status | cut -d / -f 3); do
            them="$them $one"; kill "$one" 2>/dev/null || true
          done
          for one in $them; do while [ -e "/proc/$one" ] && ! grep -qs '^State:[[:blank:]]*Z' "/proc/$one/status"; do sleep 0.1; done; done
        }
        ${backup} &
        backup=$!
        trap end_backup EXIT
        while kill -0 "$backup" 2>/dev/null; do
          room ${root}
          if [ "$free" -lt "$reserve" ]; then
            end_backup
            rm -rf ${copy.data}
            echo "only $((free / 1024)) MB are free, and $((reserve / 1024)) MB are to stay free for the server that serves: the base backup was ended, and what it had copied is removed" >&2; exit 1
          fi
          sleep 1
        done
        trap - EXIT
        wait "$backup"
        rm -f ${copy.data}/standby.signal
        : > ${copy.data}/recovery.signal # what the backup needs of the WAL is replayed, and then it is a primary
        ${ownSocketLines(copy)}
        ${hereDocument(sh`cat >> ${copy.data}/postgresql.auto.conf`, 'END-OF-SETTINGS', settings(root, privateSocket(copy), facts.newMajor))}
        is=$(${inBin(node.oldBindir, 'postgres')} -D ${copy.data} -C data_directory)
        [ "$(readlink -f "$is")" = "$(readlink -f ${copy.data})" ] || { echo "its configuration names $is as data_directory: a server of the copy would be started on that" >&2; exit 1; }
        ${mark(copy, 'copy')}
      `),
      probe: (world) => (isNoted(rehearsal, 'copy', world) ? done('it is there') : pending('no copy yet')),
      before: [
        onHost(node.alias, `PostgreSQL ${facts.oldMajor} answers on ${node.alias}`, (seen) =>
          verdictOf(seen.server?.version.startsWith(`${facts.oldMajor}.`) === true, 'it does not'),
        ),
      ],
      after: [
        onHost(copy.alias, `the copy is PostgreSQL ${facts.oldMajor}`, (seen) =>
          verdictOf(isMajor(seen.data, facts.oldMajor), 'it is not there'),
        ),
      ],
      quietSeconds: 120,
      gauge: { kind: 'base-backup', from: node.alias, standby: backupName },
      undo: nothingToUndo,
    });
  };
