import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, known, quoted, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../../cluster/observations.ts';
import { type Path, parentOf, type SystemIdentifier } from '../../../cluster/words.ts';
import {
  acceptsWrites,
  dataIsNew,
  everySecondaryInMaintenance,
  isMajor,
  noSyncStandbys,
  onHost,
  verdictOf,
} from '../../language/conditions.ts';
import { isSwapped, newSystemIdentifier } from '../../language/evidence.ts';
import { monitorAnswers } from '../../language/group-conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { type Condition, ready, type Script } from '../../language/step.ts';
import { undoText } from '../../language/undo.ts';
import { carriedIsKept, carryLines } from '../../shell/configuration.ts';
import { kinLine, ownershipFunctions } from '../../shell/ownership.ts';
import { handedFileOf } from '../../shell/private-units.ts';
import { rootScriptAfter } from '../../shell/root-verbs.ts';
import {
  controlFunctions,
  idleFunction,
  keepFunction,
  versionFunction,
  wholeLines,
} from '../../shell/self-checks.ts';
import { inBin, script } from '../../shell/shell.ts';
import { identifierLines } from '../../shell/state-file-identifier.ts';
import { arriveSql, globalsSql, leaveSql, turnSql } from './carry-over-sql.ts';
import { askServer, eachDatabase, listLines } from './databases.ts';
import { notVoid } from './evidence.ts';
import { follows } from './follow.ts';
import { onlineDirectory, privateSocketOf, serveFile } from './names.ts';
import { fileLines, privatePlaceLines, privateServerCommand } from './private-server.ts';

/** Seconds for the last rows to arrive, once nobody writes any more. What takes longer is turned back: the old version goes home and serves. */
const arriveSeconds = 10;

type Marker = 'ready' | 'cut-over';
type SqlFile = 'leave' | 'arrive' | 'turn';
const sqlFile = (primary: NodeFacts, name: SqlFile): Path =>
  word`${onlineDirectory(primary)}/${known<SqlFile>(name)}.sql`;

/**
 * Lines that carry over every database that follows, all beside each other, from the server on one socket to the one on another. `again`: a subscription that an
 * earlier try has disabled.
 */
const carryDatabases = (
  primary: NodeFacts,
  { from, what, turn }: { readonly from: 'serving' | 'old'; readonly what: Marker; readonly turn: boolean },
): Fragment => {
  const [leave, arrive, turning] = [
    sqlFile(primary, 'leave'),
    sqlFile(primary, 'arrive'),
    sqlFile(primary, 'turn'),
  ];
  const database = { variable: 'database' } as const;
  const failed: Path = word`${onlineDirectory(primary)}/failed`;
  return sh`
    rm -f ${failed}
    one() {
      at=$(${askServer(primary, database, from)} -Atq -v what=${known<Marker>(what)} -f ${leave} </dev/null) &&
      ${askServer(primary, database, 'new')} -Atq -v what=${known<Marker>(what)} -v at="$at" -v seconds=${arriveSeconds} -v all=${turn ? sh`false` : sh`true`} -f ${arrive}${turn && sh` -v forward="pgaf_up_$oid" -v back="pgaf_back_$oid" -f ${turning}`} </dev/null ||
      printf '%s\n' "$database" >> ${failed}
    }
    ${eachDatabase(primary, 'with tables', sh`one </dev/null &`)}
    wait
    [ ! -e ${failed} ] || { echo "it did not all arrive: $(cat ${failed})" >&2; exit 1; }
  `;
};

/** Whether roles, databases and their settings are the same on both sides; what is not is named. */
const compareGlobals = (primary: NodeFacts, old: 'serving' | 'old'): Fragment => {
  const [was, is]: readonly [Path, Path] = [
    word`${onlineDirectory(primary)}/globals-old`,
    word`${onlineDirectory(primary)}/globals-new`,
  ];
  return sh`
    ${askServer(primary, 'postgres', old)} -Atqc ${quoted(globalsSql)} > ${was} </dev/null
    ${askServer(primary, 'postgres', 'new')} -Atqc ${quoted(globalsSql)} > ${is} </dev/null
    cmp -s ${was} ${is} || { echo 'roles, databases or their settings are not the same on both sides (left: the old one). Make them the same on the new one, in its socket directory:' >&2; diff ${was} ${is} >&2; exit 1; }
  `;
};

/** Where the old version is kept, and what it runs as: from its first moment behind the stop on, under a unit of its own. */
const asideFile = (facts: ClusterFacts, primary: NodeFacts): Fragment => {
  const kept: Path = word`${primary.workDir}/stopped`;
  const serve = sh`
    # written by pgaf-upgrade: PostgreSQL ${facts.oldMajor} as it was stopped, on a socket that nobody else reaches
    set -eu
    [ -f ${word`${primary.backupData}/PG_VERSION`} ] || exit 0
    exec ${privateServerCommand(primary, 'old', primary.oldBindir, primary.backupData)}
  `;
  return sh`
    umask 077
    ${ownershipFunctions(facts)}
    ${keepFunction}
    ${versionFunction}
    ${controlFunctions}
    [ "$(version ${primary.data})" != ${facts.newMajor} ] || exit 0
    ${privatePlaceLines(primary, 'old')}
    ${fileLines(serveFile(primary, 'old'), serve)}
    if [ -e ${primary.data} ]; then
      ${idleFunction}
      idle ${primary.data}
      [ ! -e ${primary.backupData} ] || { echo ${word`${primary.backupData} is there already`} >&2; exit 1; }
      ${wholeLines(sh`${kept}.new`, sh`control ${primary.oldBindir} ${primary.data}`)}
      grep -q '^Database cluster state: *shut down$' ${kept}.new || { echo 'it was not shut down in order' >&2; exit 1; }
      keep ${kept}.new; mv ${kept}.new ${kept}; keep ${kept}
      own ${primary.data}
      mv -T ${primary.data} ${primary.backupData}
      sync ${parentOf(primary.data)} || sync
    fi
    [ "$(version ${primary.backupData})" = ${facts.oldMajor} ]
  `;
};

const waitFor = (primary: NodeFacts, server: 'serving' | 'new' | 'old', bindir: Path): Fragment => sh`
  tries=0
  until ${inBin(bindir, 'pg_isready')} -q -h ${server === 'serving' ? primary.socketDirectory : privateSocketOf(primary, server)} -p ${primary.port}; do
    tries=$((tries + 1)); [ $tries -le 300 ] || { echo 'the server does not answer' >&2; exit 1; }
    sleep 0.03
  done
`;

/** In the state file: another layout is for pg_autoctl's own to write. */
const settleLines = (facts: ClusterFacts, primary: NodeFacts, identifier: SystemIdentifier): Fragment => sh`
  settle() (
    ${primary.newAutoctl} config set postgresql.pg_ctl ${inBin(primary.newBindir, 'pg_ctl')} --pgdata ${primary.pgdata}
    ${identifierLines(primary, facts.systemIdentifier, identifier, word`pg${facts.oldMajor}`)}
  )
`;

const carryOverFile = (facts: ClusterFacts, primary: NodeFacts, identifier: SystemIdentifier): Fragment => {
  const log: Path = word`${onlineDirectory(primary)}/settle.log`;
  return sh`
    umask 077
    ${keepFunction}
    ${versionFunction}
    [ "$(version ${primary.data})" != ${facts.newMajor} ] || exit 0
    tab=$(printf '\t')
    ${settleLines(facts, primary, identifier)}
    settle > ${log} 2>&1 & settling=$!
    ${waitFor(primary, 'old', primary.oldBindir)}
    ${waitFor(primary, 'new', primary.newBindir)}
    ${compareGlobals(primary, 'old')}
    ${carryDatabases(primary, { from: 'old', what: 'cut-over', turn: true })}
    wait $settling || { cat ${log} >&2; exit 1; }
  `;
};

/** What the unit of the new version runs from here on: the server that serves, as pg_autoctl has started the old one. */
const servingScript = (facts: ClusterFacts, primary: NodeFacts): Fragment => sh`
  # written by pgaf-upgrade: PostgreSQL ${facts.newMajor} serves, until pg_autoctl takes it over
  set -eu
  [ "$(cat ${word`${primary.data}/PG_VERSION`})" = ${facts.newMajor} ] || exit 0
  exec ${inBin(primary.newBindir, 'postgres')} -D ${primary.data} -p ${primary.port} -h '*'
`;

const inPlaceFile = (facts: ClusterFacts, primary: NodeFacts): Fragment => {
  const handedOver: Path = word`${primary.workDir}/handed-over`;
  return sh`
    umask 077
    ${ownershipFunctions(facts)}
    ${idleFunction}
    ${keepFunction}
    ${versionFunction}
    ${controlFunctions}
    [ "$(version ${primary.data})" != ${facts.newMajor} ] || exit 0
    [ ! -e ${primary.data} ] || { echo ${word`${primary.data} is there`} >&2; exit 1; }
    ${kinLine(primary.newData)}
    idle ${primary.newData}
    ${carryLines(primary, primary.backupData, primary.newData)}
    ${carriedIsKept}
    names=$(${inBin(primary.newBindir, 'postgres')} -D ${primary.newData} -C synchronous_standby_names)
    [ -z "$names" ] || { echo "synchronous_standby_names is $names: the first write would wait" >&2; exit 1; }
    # what is written from here on is the application’s
    ${wholeLines(sh`${handedOver}.new`, sh`control ${primary.newBindir} ${primary.newData}`)}
    keep ${handedOver}.new; mv ${handedOver}.new ${handedOver}; keep ${handedOver}
    ${fileLines(serveFile(primary, 'new'), servingScript(facts, primary))}
    mv -T ${primary.newData} ${primary.data}
    sync ${parentOf(primary.data)} || sync
    unmark ${primary.data} || true
  `;
};

const openedFile = (primary: NodeFacts): Fragment => sh`
  ${waitFor(primary, 'serving', primary.newBindir)}
  ${askServer(primary, 'postgres', 'serving')} -Atqc "select 'it serves: ' || version()" </dev/null
`;

/** The old version has written nothing since its stop but our marker. Behind the rename of the new one nothing is moved here. */
const homeFile = (facts: ClusterFacts, primary: NodeFacts): Fragment => {
  const stateFile: Path = primary.stateFile;
  const kept: Path = word`${primary.stateFile}.pg${facts.oldMajor}`;
  return sh`
    ${ownershipFunctions(facts)}
    ${keepFunction}
    ${versionFunction}
    if [ ! -e ${primary.data} ]; then
      [ "$(version ${primary.backupData})" = ${facts.oldMajor} ]
      ${kinLine(primary.backupData)}
      rm -f ${serveFile(primary, 'old')}
      mv -T ${primary.backupData} ${primary.data}
      sync ${parentOf(primary.data)} || sync
    fi
    [ "$(version ${primary.data})" = ${facts.oldMajor} ] || { echo ${word`${primary.data} is not PostgreSQL ${facts.oldMajor}: it stays where it is`} >&2; exit 1; }
    unmark ${primary.data}
    rm -f ${word`${primary.workDir}/handed-over`} ${word`${primary.workDir}/stopped`}
    ${primary.newAutoctl} config set postgresql.pg_ctl ${inBin(primary.oldBindir, 'pg_ctl')} --pgdata ${primary.pgdata} || true
    if [ -e ${kept} ]; then cp -p ${kept} ${stateFile}.new; mv ${stateFile}.new ${stateFile}; keep ${stateFile}; fi
    echo ${word`PostgreSQL ${facts.oldMajor} goes home`}
  `;
};

/** Behind it, in service: the preparation goes on where it stood. */
const goOnFile = (facts: ClusterFacts, primary: NodeFacts): Fragment => sh`
  tab=$(printf '\t')
  ${waitFor(primary, 'serving', primary.oldBindir)}
  ${waitFor(primary, 'new', primary.newBindir)}
  ${eachDatabase(
    primary,
    'with tables',
    sh`
      ${askServer(primary, { variable: 'database' }, 'new')} -Atq -c 'set pgaf_upgrade.pass = on' -c "alter subscription \"pgaf_up_$oid\" enable" -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'pgaf_back_$oid'" </dev/null >/dev/null
    `,
  )}
  echo ${word`PostgreSQL ${facts.oldMajor} serves again: nothing was lost, and ${facts.newMajor} follows on`}
`;

const handed = (primary: NodeFacts, name: Parameters<typeof handedFileOf>[1], body: Fragment): Fragment =>
  fileLines(handedFileOf(primary.workDir, name), script(body), 'END-OF-FILE');

const cutOverScript = (facts: ClusterFacts, world: Observations): Script => {
  const primary = primaryOf(facts);
  const identifier = newSystemIdentifier(facts, primary, world);
  if (identifier === null)
    return { kind: 'unresolved', needs: 'the new system identifier, which initdb chooses' };
  const first = sh`
    umask 077
    cd /
    ${versionFunction}
    ${handed(primary, 'aside', asideFile(facts, primary))}
    ${handed(primary, 'carry-over', carryOverFile(facts, primary, identifier))}
    ${handed(primary, 'in-place', inPlaceFile(facts, primary))}
    ${handed(primary, 'opened', openedFile(primary))}
    ${handed(primary, 'home', homeFile(facts, primary))}
    ${handed(primary, 'go-on', goOnFile(facts, primary))}
    ${hereDocument(sh`cat > ${sqlFile(primary, 'leave')}`, 'END-OF-SQL', leaveSql)}
    ${hereDocument(sh`cat > ${sqlFile(primary, 'arrive')}`, 'END-OF-SQL', arriveSql)}
    ${hereDocument(sh`cat > ${sqlFile(primary, 'turn')}`, 'END-OF-SQL', turnSql)}
    if [ "$(version ${primary.data})" = ${facts.oldMajor} ]; then
      # nobody waits yet: what the downtime would have to do is done once before it, the proof among it
      ${listLines(primary)}
      ${compareGlobals(primary, 'serving')}
      ${eachDatabase(
        primary,
        'with tables',
        sh`${askServer(primary, { variable: 'database' }, 'new')} -q -c 'set pgaf_upgrade.pass = on' -c "alter subscription \"pgaf_up_$oid\" set (synchronous_commit = on)" -c "alter subscription \"pgaf_up_$oid\" enable" </dev/null`,
      )}
      ${carryDatabases(primary, { from: 'serving', what: 'ready', turn: false })}
      ${askServer(primary, 'postgres', 'new')} -qc checkpoint </dev/null
      ${askServer(primary, 'postgres', 'serving')} -qc checkpoint </dev/null
      echo ${word`everything is ready: PostgreSQL ${facts.oldMajor} stops now`}
    fi
  `;
  return ready(rootScriptAfter(facts, primary, first, 'cut-over'));
};

/** Whoever starts the server at the end of it is the new pg_autoctl, which the new monitor hears; the old one, started without its monitor, starts nothing. */
const keeperIsNew = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(primary.alias, `its unit starts ${primary.newAutoctl}`, (seen) =>
    verdictOf(seen.unit?.program === primary.newAutoctl, `it starts ${seen.unit?.program ?? 'nothing'}`),
  );
};

/** N. The old version stops, and the new one serves in its place; the old one is kept, and follows. What is not proven in time is turned back by itself. */
export const cutOver: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'cut-over',
    phase,
    host: primary,
    as: 'root',
    writes: 'pause',
    title: `Cut over to ${facts.newMajor}`,
    reason: `${facts.oldMajor} stops, a row written behind everything else in each database proves that ${facts.newMajor} has all of it, and ${facts.newMajor} serves in its place. What is not proven within ${arriveSeconds} s is turned back: ${facts.oldMajor} goes home and serves, nothing is lost, and the preparation goes on.`,
    guide: null,
    deviation: 'The guide has no online method.',
    danger: 'point-of-no-return',
    script: (world) => cutOverScript(facts, world),
    probe: (world) => {
      const seen = hostIn(world, primary.alias);
      if (seen === null) return pending('not seen');
      if (isSwapped(facts, primary, world))
        return seen.server === null
          ? half(`${facts.newMajor} is in its place, and does not serve`)
          : done(`${seen.server.version} serves`);
      if (seen.data.kind === 'absent' && isMajor(seen.backupData, facts.oldMajor))
        return half(`${facts.oldMajor} is set aside, ${facts.newMajor} is not in its place`);
      return pending(`${facts.oldMajor} serves`);
    },
    before: [
      {
        text: `${facts.newMajor} follows closely, or the cut-over was begun`,
        holds: (world) =>
          acceptsWritesOnOld(facts, primary).holds(world).holds
            ? follows(facts).holds(world)
            : verdictOf(
                hostIn(world, primary.alias)?.data.kind === 'absent' || isSwapped(facts, primary, world),
                `${primary.alias} does not accept writes`,
              ),
      },
      notVoid(facts),
      everySecondaryInMaintenance(facts),
      {
        text: 'no write waits for a secondary',
        holds: (world) =>
          hostIn(world, primary.alias)?.data.kind === 'cluster'
            ? noSyncStandbys(primary).holds(world)
            : { holds: true },
      },
      monitorAnswers(facts),
      keeperIsNew(facts),
    ],
    after: [dataIsNew(facts, primary), acceptsWrites(facts, primary)],
    settleSeconds: 30,
    quietSeconds: 30,
    failureLogs: [
      { title: 'online/new-log', script: sh`tail -n 20 ${word`${onlineDirectory(primary)}/new-log`}/*.log` },
      { title: 'online/old-log', script: sh`tail -n 20 ${word`${onlineDirectory(primary)}/old-log`}/*.log` },
    ],
    undo: undoText(
      `it turns back by itself until ${facts.newMajor} lies in its place; behind that, it is the rollback`,
    ),
  });
};
