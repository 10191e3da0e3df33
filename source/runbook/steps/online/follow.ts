import { type ClusterFacts, primaryOf } from '../../../cluster/facts.ts';
import { hereDocument, quoted, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, type OnlineView } from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import { no, onHost, verdictOf, yes } from '../../language/conditions.ts';
import { newClusterStarted } from '../../language/evidence.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { analyzeLines } from '../../shell/analyze.ts';
import { carriedIsKept, carryLines } from '../../shell/configuration.ts';
import { isKin, kinLine, ownershipFunctions } from '../../shell/ownership.ts';
import { rootScriptAfter } from '../../shell/root-verbs.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { mark, script } from '../../shell/shell.ts';
import { toDoFunctions } from '../../shell/to-do.ts';
import { askServer, eachDatabase, listLines } from './databases.ts';
import { notVoid, onlineIn, onOnline, replicatedIn, slotOf, whyVoid } from './evidence.ts';
import { copyAside, onlineDirectory, privateSocketOf, serveFile } from './names.ts';
import { fileLines, originOptions, privateLogOf, privateServerCommand } from './private-server.ts';

const undo = undoText('call the preparation off: pgaf-upgrade call-off');

const followerAnswers = (facts: ClusterFacts): Condition =>
  onOnline(facts, `${facts.newMajor} runs, local socket only`, ({ follower }) =>
    follower === null
      ? no('it does not answer')
      : verdictOf(follower.version.startsWith(`${facts.newMajor}.`), `it is ${follower.version}`),
  );

/**
 * The new version, on a socket that its owner alone reaches. Its configuration is the old one's, and is carried again at the cut-over; what a server that only
 * follows must not do stands on its command line. Nothing is preloaded: no job of a library's runs twice. It may have more workers than the
 * old one, whose WAL it does not write.
 */
export const startFollower: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const [socket, serve, log] = [
    privateSocketOf(primary, 'new'),
    serveFile(primary, 'new'),
    privateLogOf(primary, 'new'),
  ];
  const servers = sh`
    # written by pgaf-upgrade: PostgreSQL ${facts.newMajor} follows ${facts.oldMajor}, on a socket that nobody else reaches
    set -eu
    [ -f ${word`${primary.newData}/PG_VERSION`} ] || exit 0
    exec ${privateServerCommand(primary, 'new', primary.newBindir, primary.newData, { kind: 'none' })} \
      -c wal_level=logical -c max_worker_processes=24${originOptions(facts.newMajor)}
  `;
  const first = script(sh`
    umask 077
    cd / # of whoever became postgres, a directory that postgres may not enter
    ${ownershipFunctions(facts)}
    ${idleFunction}
    ${kinLine(primary.newData)}
    idle ${primary.newData}
    ${carryLines(primary, primary.data, primary.newData)}
    ${carriedIsKept}
    mkdir -p ${onlineDirectory(primary)} ${socket} ${log}
    echo 'local all all trust' > ${socket}/pg_hba.conf
    ${fileLines(serve, servers)}
  `);
  return makeStep(facts, {
    id: 'start-follower',
    phase,
    host: primary,
    as: primary.service.kind === 'systemd' ? 'root' : 'postgres',
    title: `Start ${facts.newMajor}, local socket only`,
    reason: `A unit of its own keeps it running, after a reboot too. From its first start on the copy’s files are its own.`,
    guide: null,
    danger: 'changes',
    script:
      primary.service.kind === 'systemd'
        ? rootScriptAfter(facts, primary, first, 'serve-new')
        : script(sh`
            ${first}
            cd; setsid -f sh ${serve} </dev/null >/dev/null 2>&1
          `),
    probe: (world) => {
      const seen = onlineIn(facts, world);
      if (seen === null) return pending('not seen');
      if (seen.follower !== null) return done(`it is ${seen.follower.version}`);
      return newClusterStarted(facts, primary, world) === 'started'
        ? half('it was started, and does not answer')
        : pending('it does not run');
    },
    before: [
      onHost(primary.alias, `${primary.newData} was made by pg_upgrade for this cluster`, (seen) =>
        verdictOf(isKin(facts, seen.newData) && seen.fingerprint !== null, 'it was not'),
      ),
      notVoid(facts),
    ],
    after: [followerAnswers(facts)],
    settleSeconds: 60,
    failureLogs: [{ title: log, script: sh`tail -n 25 ${log}/*.log` }],
    undo,
  });
};

/**
 * psql's variables: name, x, serving, private, port; `from`: a subscription that begins at the place x, or where its slot does. One transaction: with its place, or not there. Its tables need no first copy. The place is the origin's: the subscriber
 * asks the publisher for what is behind it. It reaches the old server where it serves, and in the cut-over where nobody else does. The publisher's stop is an error
 * like any other, so no error disables it. From 16 on rows arrive as the subscription's owner, not as each table's.
 * Sources: PostgreSQL, sql-createsubscription; functions-admin, pg_replication_origin_advance; 34.1.1 Connection Strings.
 */
export const subscribeSql = (major: number, from: 'place' | 'slot'): string => `set pgaf_upgrade.pass = on;
set synchronous_commit = on;
begin;
select format('create subscription %I connection %L publication pgaf_upgrade with (connect = true, copy_data = false, create_slot = false, enabled = false, slot_name = %L, streaming = on, synchronous_commit = off${major >= 15 ? ', disable_on_error = false' : ''}${major >= 16 ? ', run_as_owner = true' : ''})',
    :'name', format('host=%s port=%s user=%s dbname=%s application_name=%s connect_timeout=5', pg_temp.quoted(:'serving' || ',' || :'private'), pg_temp.quoted(:'port' || ',' || :'port'), pg_temp.quoted(current_user::text), pg_temp.quoted(current_database()::text), :'name'), :'name')
  where not exists (select from pg_subscription where subname = :'name') \\gexec
${from === 'place' ? "select pg_replication_origin_advance('pg_' || oid, :'x') from pg_subscription where subname = :'name' and not subenabled;" : ''}
select format('alter subscription %I enable', subname) from pg_subscription where subname = :'name' and not subenabled \\gexec
commit;`;
export const quotedSql = `create function pg_temp.quoted(text) returns text language sql as $body$ select '''' || replace(replace($1, '\\', '\\\\'), '''', '\\''') || '''' $body$;`;

export const subscribe: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const [sql, copy]: readonly [Path, Path] = [
    word`${onlineDirectory(primary)}/subscribe.sql`,
    copyAside(facts),
  ];
  return makeStep(facts, {
    id: 'subscribe',
    phase,
    host: primary,
    as: 'postgres',
    title: `Let ${facts.newMajor} follow`,
    reason: `A subscription in each database, from the copy’s end on: copy and stream are everything, once.`,
    guide: null,
    danger: 'changes',
    script: script(sh`
      umask 077
      ${ownershipFunctions(facts)}
      ${listLines(primary)}
      copy=${copy}
      ${kinLine(copy)}
      x=$(ls "$copy"/pg_wal/*.history | tail -n 1 | xargs awk 'NF { x = $2 } END { print x }')
      echo "from $x on"
      ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', `set pgaf_upgrade.pass = on;\n${quotedSql}\n${subscribeSql(facts.newMajor, 'place')}`)}
      ${eachDatabase(
        primary,
        'with tables',
        sh`
          # a slot beyond the place would send from there, and what lies between would be nowhere
          [ "$(${askServer(primary, 'postgres', 'serving')} -Atc "select active or confirmed_flush_lsn <= '$x' from pg_replication_slots where slot_name = 'pgaf_up_$oid'" </dev/null)" = t ] || { printf '%s: its slot is not there, or is beyond %s\n' "$database" "$x" >&2; exit 1; }
          ${askServer(primary, { variable: 'database' }, 'new')} -Atq -v name="pgaf_up_$oid" -v x="$x" -v serving=${primary.socketDirectory} -v private=${privateSocketOf(primary, 'old')} -v port=${primary.port} -f ${sql} </dev/null
          printf '%s follows\n' "$database"
        `,
      )}
      rm -f ${sql}
    `),
    probe: (world) => {
      const seen = onlineIn(facts, world);
      if (seen === null) return pending('not seen');
      const wanted = replicatedIn(seen);
      const there = wanted.filter((one) =>
        seen.follower?.subscriptions.some((it) => it.name === `pgaf_up_${one.oid}` && it.enabled),
      ).length;
      if (wanted.length > 0 && there === wanted.length) return done(`${there} subscriptions`);
      return there === 0 ? pending('no subscription yet') : half(`${there} of ${wanted.length}`);
    },
    before: [followerAnswers(facts), notVoid(facts)],
    after: [
      onOnline(facts, 'each database’s subscription has a worker', (seen) => {
        const other = replicatedIn(seen).find(
          (one) => !seen.follower?.subscriptions.some((it) => it.name === `pgaf_up_${one.oid}` && it.worker),
        );
        return other === undefined ? yes : no(`not ${other.name}`);
      }),
    ],
    undo,
  });
};

/** Bytes that a slot may be behind for the cut-over to begin: what is applied in a fraction of a second. */
export const closeBytes = 16 * 1024 * 1024;

/** Every slot is active, kept, and close. */
/** A slot is read for a moment by one that ends with an error each time, too. */
export const readerLasts = (follower: OnlineView['follower'] | undefined, name: string): boolean =>
  follower?.subscriptions.some((one) => one.name === name && one.worker) === true;
export const noReader = (slot: string, database: string): string =>
  `what reads slot ${slot} of ${database} does not last: the log of the server that follows has the error`;

export const follows = (facts: ClusterFacts): Condition =>
  onOnline(facts, `${facts.newMajor} follows closely`, (seen, world) => {
    // what looks like following behind a switchover and back is not: what was written meanwhile came by no slot
    const why = whyVoid(facts, world);
    if (why !== null) return no(why);
    const thawed = seen.databases.find((one) => !one.frozen);
    if (thawed !== undefined)
      return no(`the freeze is gone in ${thawed.name}: pgaf-upgrade prepare brings it back`);
    for (const one of replicatedIn(seen)) {
      const slot = slotOf(seen, one);
      if (slot === undefined) return no(`${one.name} has no slot`);
      if (!slot.active) return no(`nobody reads slot ${slot.name} of ${one.name}`);
      if (!readerLasts(seen.follower, slot.name)) return no(noReader(slot.name, one.name));
      if (slot.behind === null || slot.behind > closeBytes)
        return no(`${one.name} is ${slot.behind ?? '?'} bytes behind`);
    }
    return replicatedIn(seen).length === 0 ? no('no database has answered') : yes;
  });

export const waitForFollower: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'follow',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Wait until it has caught up',
    reason:
      'From here on the cut-over may come at any time, in days too; status shows how far behind each database is.',
    guide: null,
    danger: 'reads',
    script: script(sh`
      ${askServer(primary, 'postgres', 'serving')} -c ${quoted("select slot_name, database, active, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) as bytes_behind, wal_status from pg_replication_slots where slot_name ~ '^pgaf_up_'")}
    `),
    probe: (world) => {
      const verdict = follows(facts).holds(world);
      return verdict.holds ? done('it follows') : pending(verdict.found);
    },
    before: [followerAnswers(facts), notVoid(facts)],
    after: [follows(facts)],
    settleSeconds: 24 * 3600,
    undo: nothingToUndo,
  });
};

/** The planner of the new version knows the data before anybody asks it. Statistics of what comes meanwhile are autovacuum's. */
export const collectFollowerStatistics: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'follower-statistics',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Collect full statistics',
    reason: 'In no downtime: the new version has them when it opens.',
    guide: 'Step 6',
    deviation: 'Before the cut-over.',
    danger: 'changes',
    script: script(sh`
      mkdir -p ${word`${primary.workDir}/to-do`}
      ${toDoFunctions(primary, 'statistics')}
      ${analyzeLines(primary, privateSocketOf(primary, 'new'), facts.jobs > 1 && sh`${facts.jobs}`, [{}])}
      ${mark(primary, 'follower-statistics')}
    `),
    probe: (world) =>
      hostIn(world, primary.alias)?.markers.includes('follower-statistics')
        ? done('they are there')
        : pending('not yet'),
    before: [followerAnswers(facts)],
    after: [],
    quietSeconds: 300,
    gauge: { kind: 'vacuumdb', rounds: 1 },
    undo: nothingToUndo,
  });
};
