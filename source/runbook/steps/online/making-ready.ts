import type { ClusterFacts } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, known, sh, word } from '../../../cluster/fragment.ts';
import { type HandedFile, handedFileOf, handedFiles } from '../../shell/private-units.ts';
import { versionFunction, visitorsFunction } from '../../shell/self-checks.ts';
import { inBin, script } from '../../shell/shell.ts';
import { arriveSql, leaveSql, turnSql } from './carry-over-sql.ts';
import { carryDatabases, constantOf, handedBodies } from './changing-places.ts';
import { compareGlobals, compareSchemas, refuseOpenTransactions, refuseOthersSlots } from './comparisons.ts';
import { askServer, eachDatabase, listLines } from './databases.ts';
import { keepSinceLines, movedLines, noteSinceLines } from './moved-sequences.ts';
import { onlineDirectory } from './names.ts';
import { type ChangeOfPlaces, type PlacesSql, sqlFile, sqlNames } from './places.ts';
import { fileLines } from './private-server.ts';
import { freshSeconds, readyFile, readyFunctions, stopsFile } from './ready.ts';
import { schemaLinesSql } from './schema-sql.ts';

/** As postgres, before the stop of a change of places: what the downtime would have to do is done once, the verification among it. */

const sql: Readonly<Record<PlacesSql, string>> = {
  leave: leaveSql,
  arrive: arriveSql,
  turn: turnSql,
  schema: schemaLinesSql,
};
const sqlLines = ({ primary }: ChangeOfPlaces): readonly Fragment[] =>
  sqlNames.map((name) => hereDocument(sh`cat > ${sqlFile(primary, name)}`, 'END-OF-SQL', sql[name]));

/** Nothing lies where the one that leaves will be kept, and nothing is there that rows do not carry. */
const compareLines = (way: ChangeOfPlaces): Fragment => {
  const { primary, leaves, comes } = way;
  return sh`
    rm -f ${stopsFile(primary)} ${way.goesBack}
    if [ -e ${leaves.aside} ] || [ -L ${leaves.aside} ]; then echo ${word`${leaves.aside} is there already`} >&2; exit 1; fi
    ${visitorsFunction}
    visitors ${primary.data} ${comes.aside}
    ${listLines(primary)}
    ${compareGlobals(way, 'before')}
    ${way.carries && refuseOthersSlots(way)}
    ${refuseOpenTransactions(way)}
    ${compareSchemas(way)}
  `;
};

/** What takes longest, and stays true: every sequence travels, and is set where it arrives. From here on it is known which have moved since. */
const carryAllLines = (way: ChangeOfPlaces): Fragment => {
  const { primary, comes, what } = way;
  return sh`
    rm -f ${readyFile(primary)}
    of=$(servers ${primary.data} ${comes.aside})
    ${eachDatabase(
      primary,
      'with tables',
      sh`${askServer(primary, { variable: 'database' }, comes.role)} -q -c 'set pgaf_upgrade.pass = on' -c "alter subscription \"${constantOf(way.follows)}$oid\" set (synchronous_commit = on)" </dev/null`,
    )}
    ${noteSinceLines(way)}
    ${carryDatabases(way, 'first')}
    ${keepSinceLines(way)}
    printf '%s\n' ${known<typeof what>(what)}" $of" "$(date +%s)" > ${readyFile(primary)}.new
    mv ${readyFile(primary)}.new ${readyFile(primary)}
  `;
};

const checkpoints = ({ primary, comes }: ChangeOfPlaces): Fragment => sh`
  ${askServer(primary, 'postgres', comes.role)} -qc checkpoint </dev/null
  ${askServer(primary, 'postgres', 'serving')} -qc checkpoint </dev/null
`;

/** Of the step of its own, before applications are made to wait. */
export const makeReadyLines = (way: ChangeOfPlaces): Fragment => {
  const { primary, leaves } = way;
  return sh`
    umask 077
    cd / # of whoever became postgres, a directory that postgres may not enter
    mkdir -p ${onlineDirectory(primary)}
    ${versionFunction}
    ${readyFunctions}
    [ "$(version ${primary.data})" = ${leaves.major} ] || { echo ${word`${primary.data} is not PostgreSQL ${leaves.major}`} >&2; exit 1; }
    ${sqlLines(way)}
    ${compareLines(way)}
    ${carryAllLines(way)}
    ${checkpoints(way)}
    echo ${word`everything is ready, for ${freshSeconds / 60} minutes: PostgreSQL ${leaves.major} serves on`}
  `;
};

/**
 * Of the change of places: its files; and, applications waiting already where they are made to, what has changed since it was made ready, or all of it where that is not fresh. Begun again
 * behind a stop, or where the host was restarted meanwhile, it writes the files anew, and no more.
 */
export const readyLines = (facts: ClusterFacts, way: ChangeOfPlaces): Fragment => {
  const { primary, leaves, comes, what } = way;
  const handed = (name: HandedFile, body: Fragment): Fragment =>
    fileLines(handedFileOf(primary.workDir, name), script(body), 'END-OF-FILE');
  const bodies = handedBodies(facts, way);
  return sh`
    umask 077
    cd /
    mkdir -p ${onlineDirectory(primary)}
    ${versionFunction}
    ${handedFiles.map((name) => handed(name, bodies[name]))}
    ${sqlLines(way)}
    if [ "$(version ${primary.data})" = ${leaves.major} ] && ${inBin(leaves.bindir, 'pg_isready')} -q -h ${primary.socketDirectory} -p ${primary.port}; then
      ${readyFunctions}
      rm -f ${way.keptState} # of an earlier time
      cp -p ${primary.configFile} ${way.keptConfiguration}
      ${compareLines(way)}
      age=$(ready_age ${readyFile(primary)} ${known<typeof what>(what)} ${primary.data} ${comes.aside})
      if [ -n "$age" ]; then
        ${noteSinceLines(way)}
        ${movedLines(way, 'again')}
        [ "$moved" != all ] || age=
      fi
      if [ -n "$age" ]; then
        echo "it was made ready $age s ago; sequences that have moved since: $(printf '%s' "$moved" | wc -w)"
        ${carryDatabases(way, 'again')}
        ${keepSinceLines(way)}
      else
        echo 'what was made ready is not fresh, or nothing was: all of it now'
        ${carryAllLines(way)}
      fi
      ${checkpoints(way)}
      echo ${known<typeof what>(what)} > ${stopsFile(primary)}
      sync ${stopsFile(primary)} || sync
      echo ${word`everything is ready: PostgreSQL ${leaves.major} stops now`}
    fi
  `;
};
