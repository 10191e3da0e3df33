import type { ClusterFacts, NodeFacts } from '../../../cluster/facts.ts';
import { type Fragment, known, sh, word } from '../../../cluster/fragment.ts';
import { type Path, parentOf } from '../../../cluster/words.ts';
import { carriedIsKept, carryLines } from '../../shell/configuration.ts';
import { kinLine, ownershipFunctions } from '../../shell/ownership.ts';
import { type HandedFile, momentLine, type PrivateRole } from '../../shell/private-units.ts';
import {
  controlFunctions,
  idleFunction,
  keepFunction,
  versionFunction,
  wholeLines,
} from '../../shell/self-checks.ts';
import { inBin } from '../../shell/shell.ts';
import { followFunction } from '../../shell/tablespaces.ts';
import { compareGlobals } from './comparisons.ts';
import { askServer, eachDatabase } from './databases.ts';
import { movedLines } from './moved-sequences.ts';
import { onlineDirectory, privateSocketOf, serveFile } from './names.ts';
import { type ChangeOfPlaces, type Side, sqlFile } from './places.ts';
import { fileLines, originOptions, privatePlaceLines, privateServerCommand } from './private-server.ts';
import { readyFile, stopsFile } from './ready.ts';
import { sideComesHome, sideGoesAside } from './tablespaces.ts';

/**
 * Two servers change places, the same way there and back: one serves in the cluster's directory, the other follows it in one of its own. The files that root's verb runs as
 * postgres (shell/private-units.ts, changePlacesLines), and what is done before it, while nobody waits.
 */

/** Seconds for the last rows to arrive, once nobody writes any more. What takes longer is turned back: who has served goes home and serves. */
export const arriveSeconds = 10;

/** The same where it is made ready, nobody waiting: the first time every sequence of the database travels as a row. */
const firstSeconds = 300;

const database = { variable: 'database' } as const;

/**
 * Lines that carry over every database that follows, all beside each other, from the server on one socket to the one on another. Of the sequences `first` all are looked at and set, `again` and
 * `stopped` those that have moved since (\`$moved\`, moved-sequences.ts).
 */
export const carryDatabases = (way: ChangeOfPlaces, now: 'first' | 'again' | 'stopped'): Fragment => {
  const { primary, leaves, comes } = way;
  const [from, what] = [
    now === 'stopped' ? leaves.role : ('serving' as const),
    now === 'first' ? ('ready' as const) : way.what,
  ];
  const given = sh`-Atq -v what=${known<typeof what>(what)} -v seconds=${now === 'first' ? firstSeconds : arriveSeconds}`;
  const leaving = sh`${given} -v stopped=${now === 'stopped' ? sh`true` : sh`false`} -v moved=${now === 'first' ? sh`all` : sh`"$moved"`} -v objects=${known<'refuse' | 'leave'>(way.objects)} -f ${sqlFile(primary, 'leave')}`;
  const turning = sh` -v follows="${constantOf(way.follows)}$oid" -v back=${way.turns === null ? sh`''` : sh`"${constantOf(way.turns)}$oid"`} -f ${sqlFile(primary, 'turn')}`;
  return sh`
    one() {
      at=$(${askServer(primary, database, from)} ${leaving} </dev/null) &&
      ${askServer(primary, database, comes.role)} ${given} -v at="$at" -v all=${now === 'first' ? sh`true` : sh`false`} -f ${sqlFile(primary, 'arrive')}${now === 'stopped' && turning} </dev/null ||
      { printf 'it did not all arrive: %s\n' "$database" >&2; exit 1; }
    }
    carrying=
    ${eachDatabase(primary, 'with tables', sh`one </dev/null & carrying="$carrying $!"`)}
    arrived=yes
    for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
    [ -n "$arrived" ] || { echo 'a database was not carried over' >&2; exit 1; }
  `;
};

export const constantOf = (name: 'pgaf_up_' | 'pgaf_back_'): Fragment =>
  name === 'pgaf_up_' ? sh`pgaf_up_` : sh`pgaf_back_`;

const waitFor = (primary: NodeFacts, server: 'serving' | PrivateRole, bindir: Path): Fragment => sh`
  tries=0
  until ${inBin(bindir, 'pg_isready')} -q -h ${server === 'serving' ? primary.socketDirectory : privateSocketOf(primary, server)} -p ${primary.port}; do
    tries=$((tries + 1)); [ $tries -le 300 ] || { echo 'the server does not answer' >&2; exit 1; }
    sleep 0.03
  done
`;

/**
 * Neither lies in the place: whoever was set aside there has served, and the other one has not, or was not verified to have everything. A host that lost its power behind the renaming leaves it so, and
 * both ways may be asked for then. Back, \`neverLeft\`: the new version has never served, and only the old one goes home. There: a cut back is gone on with, and nothing else.
 */
const neverLeft = ({ primary, goesBack }: ChangeOfPlaces): Fragment =>
  sh`[ ! -e ${primary.data} ] && [ ! -e ${goesBack} ]`;
const isBack = (way: ChangeOfPlaces): boolean => way.what === 'way-back';
const refuseBegunBack = (way: ChangeOfPlaces): Fragment | false =>
  !isBack(way) &&
  sh`if [ ! -e ${way.primary.data} ] && [ -e ${way.goesBack} ]; then echo ${word`a cut back was begun, PostgreSQL ${way.comes.major} has served: only a rollback goes on with it (pgaf-upgrade rollback)`} >&2; exit 1; fi`;

/** Where the one that leaves is kept, and what it runs as: from its first moment behind the stop on, under a unit of its own. */
const asideFile = (facts: ClusterFacts, way: ChangeOfPlaces): Fragment => {
  const { primary, leaves, comes, stopped, what } = way;
  const serve = sh`
    # written by pgaf-upgrade: PostgreSQL ${leaves.major} as it was stopped, on a socket that nobody else reaches
    set -eu
    [ -f ${word`${leaves.aside}/PG_VERSION`} ] || exit 0
    exec ${privateServerCommand(primary, leaves.role, leaves.bindir, leaves.aside, { kind: 'waits', major: leaves.major })}
  `;
  return sh`
    umask 077
    ${ownershipFunctions(facts)}
    ${keepFunction}
    ${versionFunction}
    ${controlFunctions}
    ${followFunction(primary)}
    [ "$(version ${primary.data})" != ${comes.major} ] || exit 0
    ${refuseBegunBack(way)}
    ${isBack(way) && sh`if ${neverLeft(way)}; then echo ${word`PostgreSQL ${leaves.major} has never served: PostgreSQL ${comes.major} goes home`}; exit 0; fi`}
    if [ -e ${primary.data} ] && [ "$(cat ${stopsFile(primary)} 2>/dev/null)" != ${known<typeof what>(what)} ]; then echo ${word`PostgreSQL ${leaves.major} was stopped already, and nothing is ready: it serves first`} >&2; exit 1; fi
    ${privatePlaceLines(primary, leaves.role)}
    ${fileLines(serveFile(primary, leaves.role), serve)}
    if [ -e ${primary.data} ]; then
      ${idleFunction}
      idle ${primary.data}
      [ ! -e ${leaves.aside} ] || { echo ${word`${leaves.aside} is there already`} >&2; exit 1; }
      ${wholeLines(sh`${stopped}.new`, sh`control ${leaves.bindir} ${primary.data}`)}
      grep -q '^Database cluster state: *shut down$' ${stopped}.new || { echo 'it was not shut down in order' >&2; exit 1; }
      keep ${stopped}.new; mv ${stopped}.new ${stopped}; keep ${stopped}
      ${sideGoesAside(primary, leaves, primary.data)}
      own ${primary.data}
      mv -T ${primary.data} ${leaves.aside}
      sync ${parentOf(primary.data)} || sync
    fi
    [ "$(version ${leaves.aside})" = ${leaves.major} ]
  `;
};

const carryOverFile = (way: ChangeOfPlaces): Fragment => {
  const { primary, leaves, comes } = way;
  const log: Path = word`${onlineDirectory(primary)}/settle.log`;
  return sh`
    umask 077
    ${keepFunction}
    ${versionFunction}
    [ "$(version ${primary.data})" != ${comes.major} ] || exit 0
    tab=$(printf '\t')
    settle() (
      ${way.settle}
    )
    ${isBack(way) && sh`if ${neverLeft(way)}; then settle; exit 0; fi # nobody has written since ${comes.major}`}
    settle > ${log} 2>&1 & settling=$!
    trap wait EXIT # what fails is taken back at once: not under its hands
    ${movedLines(way, 'stopped')}
    ${waitFor(primary, leaves.role, leaves.bindir)}
    ${waitFor(primary, comes.role, comes.bindir)}
    ${compareGlobals(way, 'stopped')}
    ${carryDatabases(way, 'stopped')}
    wait $settling || { cat ${log} >&2; exit 1; }
  `;
};

/** What the unit of the one that comes runs from here on: the server that serves, as pg_autoctl starts it, which gives it the addresses of its own file. Source: pg_auto_failover, service_postgres.c. */
const servingScript = (primary: NodeFacts, comes: Side): Fragment => sh`
  # written by pgaf-upgrade: PostgreSQL ${comes.major} serves, until pg_autoctl takes it over
  set -eu
  [ "$(cat ${word`${primary.data}/PG_VERSION`})" = ${comes.major} ] || exit 0
  listens=$(sed -n 's/^listen_addresses *= *//p' ${primary.configFile} | head -n 1)
  exec ${inBin(comes.bindir, 'postgres')} -D ${primary.data} -p ${primary.port} -h "\${listens:-*}"${originOptions(comes.major)}
`;

/** Of one that was stopped, and ended on its way aside: its parts of the tablespaces are at home again before it is started. */
const idleHome = (primary: NodeFacts, comes: Side): Fragment | false => {
  const follows = sideComesHome(primary, comes, primary.data);
  return follows && sh`if idle ${primary.data} 2>/dev/null; then ${follows}; fi`;
};

const inPlaceFile = (facts: ClusterFacts, way: ChangeOfPlaces): Fragment => {
  const { primary, leaves, comes, begins } = way;
  return sh`
    umask 077
    ${ownershipFunctions(facts)}
    ${idleFunction}
    ${keepFunction}
    ${versionFunction}
    ${controlFunctions}
    ${followFunction(primary)}
    if [ "$(version ${primary.data})" = ${comes.major} ]; then # ended behind its last rename, or it was never away
      ${idleHome(primary, comes)}
      ${fileLines(serveFile(primary, comes.role), servingScript(primary, comes))}
      unmark ${primary.data}
      exit 0
    fi
    [ ! -e ${primary.data} ] || { echo ${word`${primary.data} is there`} >&2; exit 1; }
    ${kinLine(comes.aside)}
    idle ${comes.aside}
    ${
      way.carries &&
      sh`
      ${carryLines(primary, leaves.aside, comes.aside)}
      ${carriedIsKept}
    `
    }
    names=$(${inBin(comes.bindir, 'postgres')} -D ${comes.aside} -C synchronous_standby_names)
    [ -z "$names" ] || { echo "synchronous_standby_names is $names: the first write would wait" >&2; exit 1; }
    # what is written from here on is the application’s
    ${wholeLines(sh`${begins}.new`, sh`control ${comes.bindir} ${comes.aside}`)}
    keep ${begins}.new; mv ${begins}.new ${begins}; keep ${begins}
    [ -e ${serveFile(primary, comes.role)}.was ] || cp -p ${serveFile(primary, comes.role)} ${serveFile(primary, comes.role)}.was
    ${fileLines(serveFile(primary, comes.role), servingScript(primary, comes))}
    ${sideComesHome(primary, comes, comes.aside)} # nothing starts it before it has its own name
    mv -T ${comes.aside} ${primary.data}
    sync ${parentOf(primary.data)} || sync
    unmark ${primary.data} || true
  `;
};

/** It answers; or it has begun to serve, which nobody takes back, however long it takes. */
const openedFile = ({ primary, comes, begins, keptConfiguration }: ChangeOfPlaces): Fragment => sh`
  ${controlFunctions}
  tries=0
  until ${inBin(comes.bindir, 'pg_isready')} -q -h ${primary.socketDirectory} -p ${primary.port}; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ]; then
      if as_kept ${comes.bindir} ${primary.data} ${begins}; then echo 'the server does not start' >&2; exit 1; fi
      [ $tries -le 600 ] || { echo 'the server has begun, and does not answer' >&2; exit 1; }
    fi
    sleep 0.03
  done
  ${momentLine('serving')}
  rm -f ${keptConfiguration} ${readyFile(primary)} ${stopsFile(primary)}
  ${askServer(primary, 'postgres', 'serving')} -Atqc "select 'it serves: ' || version()" </dev/null
`;

/** It has written nothing since its stop but our marker. Behind the rename of the other one only where that one has never begun to serve: its control file is as it was. */
const homeFile = (facts: ClusterFacts, way: ChangeOfPlaces): Fragment => {
  const { primary, leaves, comes, begins } = way;
  return sh`
    ${ownershipFunctions(facts)}
    ${idleFunction}
    ${keepFunction}
    ${versionFunction}
    ${controlFunctions}
    ${followFunction(primary)}
    ${refuseBegunBack(way)}
    ${isBack(way) && sh`[ "$(version ${primary.data})" = ${leaves.major} ] || [ -e ${way.stopped} ] || { echo ${word`PostgreSQL ${leaves.major} has never served, and does not now: the rollback goes on, or the cut-over`} >&2; exit 1; }`}
    if [ "$(version ${primary.data})" = ${comes.major} ] && [ ! -e ${comes.aside} ] && as_kept ${comes.bindir} ${primary.data} ${begins}; then
      idle ${primary.data}
      ${sideGoesAside(primary, comes, primary.data)}
      own ${primary.data}
      mv -T ${primary.data} ${comes.aside}
      sync ${parentOf(primary.data)} || sync
      echo ${word`PostgreSQL ${comes.major} has never begun to serve`}
    fi
    if [ ! -e ${primary.data} ]; then
      [ "$(version ${leaves.aside})" = ${leaves.major} ]
      ${kinLine(leaves.aside)}
      rm -f ${serveFile(primary, leaves.role)}
      mv -T ${leaves.aside} ${primary.data}
      sync ${parentOf(primary.data)} || sync
    fi
    [ "$(version ${primary.data})" = ${leaves.major} ] || { echo ${word`${primary.data} is not PostgreSQL ${leaves.major}: it stays where it is`} >&2; exit 1; }
    ${sideComesHome(primary, leaves, primary.data)}
    # from here on it can be started, whatever fails: a full disk gives no room for a copy, and takes a rename
    unmark ${primary.data} || true
    if [ -e ${serveFile(primary, comes.role)}.was ]; then mv ${serveFile(primary, comes.role)}.was ${serveFile(primary, comes.role)}; fi # it follows on
    rm -f ${way.begins} ${way.stopped} ${readyFile(primary)} ${stopsFile(primary)}
    if [ -e ${way.keptConfiguration} ]; then mv ${way.keptConfiguration} ${primary.configFile}; keep ${primary.configFile} || true; fi
    if [ -e ${way.keptState} ] && [ "$(wc -c < ${way.keptState})" -eq 1024 ]; then mv ${way.keptState} ${primary.stateFile}; keep ${primary.stateFile} || true; fi
    echo ${word`PostgreSQL ${leaves.major} goes home`}
  `;
};

/** Behind it, in service: the other one follows on where it stood. */
const goOnFile = (way: ChangeOfPlaces): Fragment => {
  const { primary, leaves, comes } = way;
  const dropped =
    way.turns === null
      ? sh``
      : sh` -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '${constantOf(way.turns)}$oid'"`;
  return sh`
    tab=$(printf '\t')
    ${waitFor(primary, 'serving', leaves.bindir)}
    ${momentLine('serving')}
    ${waitFor(primary, comes.role, comes.bindir)}
    ${eachDatabase(
      primary,
      'with tables',
      sh`
        ${askServer(primary, database, comes.role)} -Atq -c 'set pgaf_upgrade.pass = on' -c "alter subscription \"${constantOf(way.follows)}$oid\" enable"${dropped} </dev/null >/dev/null
      `,
    )}
    echo ${word`PostgreSQL ${leaves.major} serves again: nothing was lost, and ${comes.major} follows on`}
  `;
};

/** Seconds behind the order to stop, from which on neither a reader of WAL nor the archiver is waited for. */
export const patienceSeconds = 2;

/**
 * An orderly stop ends when each reader of WAL has confirmed all of it, or has been silent for wal_sender_timeout, and when the archiver has handed over all that is there, however long its
 * command takes or hangs: a secondary whose line is cut, or a full archive, would have the application wait. What a reader lacks comes later, for each has a slot and the server runs on; what is not archived
 * stays marked so, with the server that stops. The archiver leads the group of its command: both get the signal, and as many seconds later one that nobody can refuse (a command that is
 * root's, or waits for a disk that is gone): not before the control file says that the server is shut down, or it would take that for a crash.
 * Sources: PostgreSQL, walsender.c, WalSndDone; postmaster.c, PM_SHUTDOWN_2; pgarch.c; miscinit.c, InitPostmasterChild.
 */
export const letGoFile = (
  { primary, leaves }: ChangeOfPlaces,
  seconds: number = patienceSeconds,
): Fragment => {
  const file: Path = word`${primary.data}/postmaster.pid`;
  return sh`
    ${controlFunctions}
    server=$(head -n 1 ${file} 2>/dev/null) || exit 0
    case $server in '' | *[!0-9]*) exit 0 ;; esac
    tries=0 archiver=0
    while [ "$(head -n 1 ${file} 2>/dev/null)" = "$server" ] && [ $tries -lt 600 ]; do
      tries=$((tries + 1))
      sleep 0.1
      [ $tries -gt ${seconds * 10} ] || continue
      for at in $(grep -lsx "PPid:[[:space:]]*$server" /proc/[0-9]*/status || true); do
        at=\${at%/status}
        case $(tr '\0' ' ' 2>/dev/null < "$at/cmdline") in
          'postgres: walsender '* | 'postgres: '*': walsender '*) kill "\${at#/proc/}" 2>/dev/null && echo 'a reader of WAL has not answered, and is not waited for' || true ;;
          'postgres: archiver'* | 'postgres: '*': archiver'*)
            control ${leaves.bindir} ${primary.data} 2>/dev/null | grep -q '^Database cluster state: *shut down$' || continue # nothing else is waited for then
            archiver=$((archiver + 1))
            [ $archiver -gt 1 ] || echo "the archiver has not ended, and is not waited for; files of WAL that are not archived: $(find ${word`${primary.data}/pg_wal/archive_status/`} -name '*.ready' | wc -l)"
            if [ $archiver -gt ${Math.max(1, seconds * 10)} ]; then kill -s KILL -- "-\${at#/proc/}" 2>/dev/null || true; else kill -s TERM -- "-\${at#/proc/}" 2>/dev/null || true; fi ;;
        esac
      done
    done
  `;
};

/** What each file does, in the order in which root runs them. */
export const handedBodies = (
  facts: ClusterFacts,
  way: ChangeOfPlaces,
): Readonly<Record<HandedFile, Fragment>> => ({
  'let-go': letGoFile(way),
  aside: asideFile(facts, way),
  'carry-over': carryOverFile(way),
  'in-place': inPlaceFile(facts, way),
  opened: openedFile(way),
  home: homeFile(facts, way),
  'go-on': goOnFile(way),
});
