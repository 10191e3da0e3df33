import { type ClusterFacts, type HostFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, quoted, sh, spaced, word } from '../../../cluster/fragment.ts';
import { isDataDirectory } from '../../../cluster/observations.ts';
import { rollBackPreparedSql } from '../../../cluster/superuser-sql.ts';
import { aliasOf, type Path, parentOf } from '../../../cluster/words.ts';
import { nodeSettled } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { noTablespaceIsNew } from '../../language/tablespace-conditions.ts';
import { undoneBy } from '../../language/undo.ts';
import { isKin, kinLine, ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { command, inBin, option, pgCtl, script } from '../../shell/shell.ts';
import { askServer, listLines } from './databases.ts';
import { isPromoted, notVoid, onlineIn, onOnline, replicatedIn, slotOf } from './evidence.ts';
import { arrivingFile, copyAside, copyInMaking, onlineDirectory, privateSocketOf } from './names.ts';
import { reflinkLines } from './reflink.ts';
import {
  clearPlacesLines,
  copyPlaces,
  mappingOptions,
  noLiveTablespaceLines,
  settlePlacesLines,
} from './tablespaces.ts';

/**
 * What the copy's server must not do while it runs, for seconds, to be promoted: listen, archive, fetch, wait for standbys, work by itself. Its own file of
 * ALTER SYSTEM comes last of all configuration, so it wins; the copy's configuration is nobody's any more. A server that replays without hot_standby may have fewer
 * workers than the one whose WAL it replays, so no preloaded library can start any. Sources: PostgreSQL, hot-standby-admin; config-setting; xlogrecovery.c,
 * CheckRequiredParameterValues; seen with 15.20 on the lab.
 */
const settings = (socket: string): string => `
# pgaf-upgrade: this copy is only promoted, and taken over by pg_upgrade
listen_addresses = ''
unix_socket_directories = '${socket.replaceAll("'", "''")}'
unix_socket_permissions = 0700
hba_file = '${socket.replaceAll("'", "''")}/pg_hba.conf'
ssl = off
archive_mode = off
archive_command = ''
restore_command = ''
recovery_end_command = ''
archive_cleanup_command = ''
primary_conninfo = ''
primary_slot_name = ''
recovery_target = ''
recovery_target_name = ''
recovery_target_time = ''
recovery_target_xid = ''
recovery_target_lsn = ''
recovery_target_timeline = latest
synchronous_standby_names = ''
hot_standby = off
max_worker_processes = 0
max_logical_replication_workers = 0
autovacuum = off
logging_collector = off
log_destination = stderr
huge_pages = off
shared_buffers = 128MB
default_transaction_read_only = off`;

const slotsThere = (facts: ClusterFacts): Condition =>
  onOnline(facts, 'each database with tables has a slot', (seen) => {
    const other = replicatedIn(seen).find((one) => slotOf(seen, one) === undefined);
    if (replicatedIn(seen).length === 0) return { holds: false, found: 'no database has tables' };
    return other === undefined ? { holds: true } : { holds: false, found: `not ${other.name}` };
  });

/** Lines that stop the copy's server, where a try that was ended has left it: the copy is ours, and nobody else has started one on it. Behind {@link ownershipFunctions}. */
export const stopCopyLines = (host: HostFacts, copy: Path): Fragment => sh`
  if kin ${copy} && ${inBin(host.oldBindir, 'pg_ctl')} ${option('--pgdata', copy)} status >/dev/null 2>&1; then
    echo 'its server runs, from a try that was ended: it is stopped first'
    ${inBin(host.oldBindir, 'pg_ctl')} ${option('--pgdata', copy)} --wait --timeout=600 --mode=fast --silent stop
  fi
`;

const copyRateOf = (facts: ClusterFacts): string => facts.copyRate ?? '100M';

/** The secondary that the copy is taken from; null: the primary itself. `unknown`: what the cluster file names is no secondary. */
export const sourceOf = (facts: ClusterFacts): NodeFacts | 'unknown' | null => {
  const { copyFrom } = facts;
  if (copyFrom === undefined) return null;
  const named = facts.nodes.find((node) => node.alias === aliasOf(copyFrom));
  if (named === undefined) return 'unknown';
  return named.role === 'primary' ? null : named;
};

/**
 * From a secondary, as pg_autoctl takes its own base backups: its role, its password, its kind of connection, as its configuration says. The password goes from file to file, and is on no command
 * line and in no environment. Its base backup ends where it has replayed to: what the slots begin with must be in it.
 * Sources: pg_auto_failover, docs/ref/configuration.rst, replication.password and [ssl]; PostgreSQL, libpq-pgpass; pg_basebackup, “from a standby”.
 */
const fromSecondary = (
  primary: NodeFacts,
  source: NodeFacts,
): { readonly before: Fragment; readonly options: readonly Fragment[]; readonly after: Fragment } => {
  const passwords: Path = word`${onlineDirectory(primary)}/copy-password`;
  const kept = (section: Fragment, key: Fragment): Fragment =>
    sh`sed -n '/^\[${section}\]/,/^\[/s/^${key} *= *//p' ${primary.configFile} | head -n 1`;
  return {
    before: sh`
      target=$(${askServer(primary, 'postgres', 'serving')} -Atc 'select pg_current_wal_lsn()')
      tries=0
      until [ "$(${askServer(primary, 'postgres', 'serving')} -Atc "select bool_or(replay_lsn >= '$target') from pg_stat_replication where application_name = 'pgautofailover_standby_${source.nodeId}'")" = t ]; do
        tries=$((tries + 1)); [ $tries -le 600 ] || { echo ${word`${source.alias} has not replayed what the slots begin with: it does not stream from here, or is far behind`} >&2; exit 1; }
        sleep 0.5
      done
      passwords=${passwords}
      trap 'rm -f "$passwords"' EXIT
      rm -f "$passwords"
      ${kept(sh`replication`, sh`password`)} | sed 's/[\\:]/\\&/g; s/^/*:*:*:*:/' > "$passwords"
      export PGPASSFILE="$passwords"
      mode=$(${kept(sh`ssl`, sh`sslmode`)}) ca=$(${kept(sh`ssl`, sh`ca_file`)})
      export PGSSLMODE="\${mode:-prefer}"
      [ -z "$ca" ] || export PGSSLROOTCERT="$ca"
    `,
    options: [
      option('--host', source.hostname),
      sh`--port=${source.port}`,
      sh`--username=pgautofailover_replicator`,
    ],
    after: sh`rm -f "$passwords"; unset PGPASSFILE PGSSLMODE PGSSLROOTCERT`,
  };
};

/** Lines that remove what base backups that were ended have left: of whichever run, each wrote its name down before it began. */
export const dropArrivingLines = (facts: ClusterFacts, host: HostFacts): Fragment => sh`
  if [ -e ${arrivingFile(host)} ]; then
    while IFS= read -r run; do
      case $run in '' | *[!A-Za-z0-9._-]*) continue ;; esac
      rm -rf -- ${copyAside(facts, host)}."$run"
      ${host.tablespaces.length > 0 && sh`for place in ${spaced(copyPlaces(facts, host))}; do rm -rf -- "$place.$run"; done`}
    done < ${arrivingFile(host)}
    rm -f ${arrivingFile(host)}
  fi
`;

/** As fast as it may, over a connection of its own for the WAL that is written meanwhile. */
const baseBackup = (
  facts: ClusterFacts,
  primary: NodeFacts,
  making: Path,
  server: readonly Fragment[] = [
    option('--host', primary.socketDirectory),
    sh`--port=${primary.port}`,
    option('--username', primary.superuser),
  ],
): Fragment =>
  command(
    inBin(primary.oldBindir, 'pg_basebackup'),
    option('--pgdata', making),
    ...server,
    sh`--no-password --wal-method=stream --checkpoint=fast --no-manifest`,
    option('--max-rate', quoted(copyRateOf(facts))),
    option('--label', word`pgaf-upgrade ${facts.run}`),
    ...mappingOptions(facts, primary),
    sh`--progress --verbose`,
  );

const sourceIsKnown = (facts: ClusterFacts): Condition => ({
  text: `${facts.copyFrom ?? ''} is a node of the cluster`,
  holds: () =>
    sourceOf(facts) === 'unknown' ? { holds: false, found: 'upgrade.copyFrom names none' } : { holds: true },
});

/** Behind the slots, so that what is not in it comes by them. It arrives under a name that is this run's, and has its own once it is whole. */
export const takeCopy: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const [copy, making, socket] = [copyAside(facts), copyInMaking(facts), privateSocketOf(primary, 'copy')];
  const named = sourceOf(facts);
  const source = named === 'unknown' ? null : named;
  const from = source === null ? null : fromSecondary(primary, source);
  return makeStep(facts, {
    id: 'copy',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Take a copy beside the data',
    reason: `${
      source === null
        ? `To ${copy}: by reflinks, in seconds, where the file system has them, else a base backup of the server that serves, at most ${copyRateOf(facts)}B a second`
        : `A base backup of ${source.alias}, to ${copy}, at most ${copyRateOf(facts)}B a second`
    }; while it runs, and until the new version has followed, WAL is kept.`,
    guide: null,
    danger: 'changes',
    script: script(sh`
      umask 077
      ${ownershipFunctions(facts)}
      ${idleFunction}
      copy=${copy}
      if [ -e "$copy" ] || [ -L "$copy" ]; then
        ${kinLine(copy)}
        [ -z "$(find "$copy/global" -name pg_control)" ] || { echo "$copy is there, made for this cluster: taken over"; exit 0; }
        echo "$copy was taken over by pg_upgrade already" >&2; exit 1
      fi
      ${dropArrivingLines(facts, primary)}
      ${clearPlacesLines(facts, primary)}
      rm -rf ${making}
      mkdir -p ${onlineDirectory(primary)}
      echo ${facts.run} >> ${arrivingFile(primary)}
      sync ${arrivingFile(primary)} || sync
      ${
        from === null
          ? reflinkLines(facts, primary, making, baseBackup(facts, primary, making))
          : sh`
              ${from.before}
              ${baseBackup(facts, primary, making, from.options)}
              ${from.after}
            `
      }
      rm -f ${making}/standby.signal ${making}/recovery.signal
      : > ${making}/standby.signal
      mkdir -p ${socket}
      echo 'local all all trust' > ${socket}/pg_hba.conf
      ${hereDocument(sh`cat >> ${making}/postgresql.auto.conf`, 'END-OF-SETTINGS', settings(socket))}
      ${settlePlacesLines(facts, primary, making)}
      own ${making}
      sync ${word`${making}/postgresql.auto.conf`} ${word`${making}/standby.signal`} ${making} || sync
      mv -T ${making} "$copy"
      sync ${parentOf(copy)} || sync
      rm -f ${arrivingFile(primary)}
      du -sk "$copy"
    `),
    probe: (world) => {
      const seen = onlineIn(facts, world);
      if (seen === null) return pending('not seen');
      if (seen.copy.kind === 'absent') return pending('no copy yet');
      return isKin(facts, seen.copy) ? done('it is there') : half(`${copy} has no marker file of ours`);
    },
    before: [
      acceptsWritesOnOld(facts, primary),
      slotsThere(facts),
      noTablespaceIsNew(primary),
      ...(source === null ? [] : [nodeSettled(source.alias, ['secondary'])]),
      ...(facts.copyFrom === undefined ? [] : [sourceIsKnown(facts)]),
      notVoid(facts),
    ],
    after: [
      onOnline(facts, `${copy} is PostgreSQL ${facts.oldMajor}, with our marker file`, (seen) =>
        isKin(facts, seen.copy) ? { holds: true } : { holds: false, found: 'it is not' },
      ),
    ],
    quietSeconds: 300,
    undo: undoneBy(sh`rm -r ${spaced([copy, ...copyPlaces(facts, primary)])}`),
  });
};

/**
 * X, the end of the last record that the copy has replayed, is what its new timeline branched off at: copy and stream from X on are everything, once. Promoted
 * wherever its WAL ends: that is behind the end of the base backup. The subscriber asks for X, and the publisher begins there if the slot's own place is not beyond it.
 * Sources: PostgreSQL, continuous-archiving (timelines; history files); logical.c, CreateDecodingContext; snapbuild.c, SnapBuildXactNeedsSkip.
 */
export const promoteCopy: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const [copy, directory] = [copyAside(facts), onlineDirectory(primary)];
  const log: Path = word`${directory}/copy.log`;
  return makeStep(facts, {
    id: 'promote-copy',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Promote the copy, note its end',
    reason:
      'For some seconds it runs on a local socket of its own; its new timeline tells to the byte how far it has come, and every slot must begin before that. Transactions that are prepared in it are rolled back: they come whole by the slots.',
    guide: null,
    danger: 'changes',
    script: script(sh`
      umask 077
      ${ownershipFunctions(facts)}
      ${idleFunction}
      ${listLines(primary)}
      copy=${copy}
      ${kinLine(copy)}
      state() { ${inBin(primary.oldBindir, 'pg_controldata')} -D "$copy" | sed -n "s/^$1: *//p"; }
      [ -e "$copy/global/pg_control" ] || { echo "$copy was taken over by pg_upgrade already" >&2; exit 1; }
      ${stopCopyLines(primary, copy)}
      idle "$copy"
      ${noLiveTablespaceLines(facts, primary, sh`${askServer(primary, 'postgres', 'serving')} -Atc 'select oid from pg_tablespace where oid >= 16384'`)}
      if [ -e "$copy/standby.signal" ]; then
        ${pgCtl(primary.oldBindir, copy, sh`--silent`, option('--log', log), sh`start`)} </dev/null >/dev/null 2>&1 || { tail -n 20 ${log} >&2; exit 1; }
        ${pgCtl(primary.oldBindir, copy, sh`--silent`, sh`promote`)} </dev/null
      else # promoted already, and stopped in the middle
        ${pgCtl(primary.oldBindir, copy, sh`--silent`, option('--log', log), sh`start`)} </dev/null >/dev/null 2>&1 || { tail -n 20 ${log} >&2; exit 1; }
      fi
      ${askServer(primary, 'postgres', 'copy')} -Atc 'select distinct database from pg_prepared_xacts' > ${word`${directory}/prepared`}
      while IFS= read -r database; do
        printf '%s\n' ${quoted(rollBackPreparedSql)} '\gexec' | ${askServer(primary, { variable: 'database' }, 'copy')}
      done < ${word`${directory}/prepared`}
      ${pgCtl(primary.oldBindir, copy, sh`--silent --mode=fast stop`)} </dev/null
      [ "$(state 'Database cluster state')" = 'shut down' ]
      timeline=$(printf %08X "$(state "Latest checkpoint's TimeLineID")")
      # the file of its own timeline, and of no older one
      x=$(awk 'NF { x = $2 } END { print x }' "$copy/pg_wal/$timeline.history")
      echo "the copy ends at $x, timeline $timeline"
      late=$(${askServer(primary, 'postgres', 'serving')} -Atc "select slot_name || ' ' || confirmed_flush_lsn from pg_replication_slots where slot_name ~ '^pgaf_up_' and confirmed_flush_lsn > '$x'")
      [ -z "$late" ] || { echo "a slot begins behind the end of the copy: $late" >&2; exit 1; }
    `),
    probe: (world) => {
      const seen = onlineIn(facts, world);
      if (seen === null) return pending('not seen');
      if (isPromoted(facts, seen) && isDataDirectory(seen.copy)) {
        if (seen.copy.running) return half('its server runs');
        if (seen.copy.controlRenamed || seen.copy.control?.state === 'shut down')
          return done(`it ends at ${seen.copyEnd ?? ''}`);
      }
      return pending('it is not promoted');
    },
    before: [
      onOnline(facts, `${copy} was made for this cluster`, (seen) =>
        isKin(facts, seen.copy) ? { holds: true } : { holds: false, found: 'it is not' },
      ),
      notVoid(facts),
    ],
    after: [
      onOnline(facts, 'it is promoted, and every slot begins before its end', (seen) =>
        isPromoted(facts, seen) ? { holds: true } : { holds: false, found: 'it is not' },
      ),
      notVoid(facts),
    ],
    failureLogs: [{ title: log, script: sh`tail -n 25 ${log}` }],
    undo: undoneBy(sh`rm -r ${spaced([copy, ...copyPlaces(facts, primary)])}`),
  });
};
