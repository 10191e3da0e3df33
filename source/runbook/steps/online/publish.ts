import { primaryOf } from '../../../cluster/facts.ts';
import { hereDocument, quoted, sh, word } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import {
  firingTriggersSql,
  isReplicated,
  lacksIdentity,
  roleFunctionsSql,
} from '../../checks/inspection/online-sql.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { script } from '../../shell/shell.ts';
import { askServer, eachDatabase, listLines } from './databases.ts';
import { notVoid, ofDatabases, onlineIn, onOnline, replicatedIn, slotOf } from './evidence.ts';
import { onlineDirectory } from './names.ts';

const undo = undoText('call the preparation off: pgaf-upgrade call-off');

/** Each by itself: a lock is waited for for two seconds, and whoever holds it is not held up for longer. */
const identitySql = `set pgaf_upgrade.pass = on;
select format('select pgaf_upgrade.identify(%L, %L)', n.nspname, c.relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${isReplicated} and ${lacksIdentity} order by n.nspname, c.relname \\gexec`;
const lackingSql = `select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${isReplicated} and ${lacksIdentity}`;

/** Asked: the card names the tables. What each had is kept in the database, and comes back when the upgrade is accepted or called off. */
export const setIdentities: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const [sql, said]: readonly [Path, Path] = [
    word`${onlineDirectory(primary)}/identity.sql`,
    word`${onlineDirectory(primary)}/identity.log`,
  ];
  return makeStep(facts, {
    id: 'identities',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Set replica identities',
    reason:
      'A table without a primary key gets REPLICA IDENTITY FULL: else the server would refuse UPDATE and DELETE on it from the next step on. Each needs its lock for a moment, and gives up after two seconds.',
    guide: null,
    danger: 'changes',
    script: script(sh`
      # what a transaction has made that began before the freeze is seen when it has ended; the slots wait for it as well
      began=$(${askServer(primary, 'postgres', 'serving')} -Atc ${quoted('select pg_current_xact_id()')})
      tries=0
      until [ "$(${askServer(primary, 'postgres', 'serving')} -Atc "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $began")" = t ]; do
        tries=$((tries + 1)); [ $tries -le 600 ] || { echo 'a transaction that began before the freeze is open still: see pg_stat_activity and pg_prepared_xacts' >&2; exit 1; }
        [ $((tries % 30)) -ne 1 ] || echo 'waiting for transactions that began before the freeze'
        sleep 1
      done
      ${listLines(primary)}
      ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', identitySql)}
      ${eachDatabase(
        primary,
        'with tables',
        sh`
          tries=0
          while :; do
            ${askServer(primary, { variable: 'database' }, 'serving')} -Atq -v ON_ERROR_STOP=0 -f ${sql} </dev/null 2>${said} | database=$database awk '{ print ENVIRON["database"] ": replica identity full for " $0 }'
            left=$(${askServer(primary, { variable: 'database' }, 'serving')} -Atc ${quoted(lackingSql)} </dev/null)
            [ "$left" -gt 0 ] || break
            tries=$((tries + 1))
            if [ $tries -ge 15 ]; then printf '%s: %s tables have no replica identity still: %s\n' "$database" "$left" "$(head -n 1 ${said})" >&2; exit 1; fi
            sleep 1
          done
        `,
      )}
      rm -f ${sql} ${said}
    `),
    probe: (world) => {
      const seen = onlineIn(facts, world);
      if (seen === null || seen.databases.length === 0) return pending('not seen');
      const lacking = seen.databases.reduce((sum, one) => sum + one.lacking, 0);
      return lacking === 0 ? done('every table has one') : pending(`${lacking} tables have none`);
    },
    notes: (world) =>
      (onlineIn(facts, world)?.databases ?? [])
        .filter((one) => one.lacking > 0)
        .map(
          (one) =>
            `${one.name}: ${one.lacking} of ${one.tables} tables get REPLICA IDENTITY FULL (check names them)`,
        ),
    before: [
      acceptsWritesOnOld(facts, primary),
      ofDatabases(facts, 'the schema is frozen in every database', (one) => one.frozen),
    ],
    after: [ofDatabases(facts, 'every table has a replica identity', (one) => one.lacking === 0)],
    settleSeconds: 10,
    undo,
  });
};

/**
 * The publication first: a slot decodes by the catalogs of its time. A slot is made when every transaction that was writing by then has ended.
 * pg_autoctl leaves them alone: it drops and makes physical ones of its own name. Source: pg_auto_failover, pgsql.c, pgsql_replication_slot_maintain.
 */
export const createSlots: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'slots',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Create publications and slots',
    reason:
      'From each slot on the server keeps what the copy will have to follow; it waits for the transactions that are writing now. From here on WAL is kept until the new version has it.',
    guide: null,
    danger: 'changes',
    script: script(sh`
      ${listLines(primary)}
      # frozen since: what check has found before may have been changed until then
      ${eachDatabase(
        primary,
        'with tables',
        sh`
          theirs=$(${askServer(primary, { variable: 'database' }, 'serving')} -Atc ${quoted(`select string_agg(name, ', ') from (${roleFunctionsSql} union all ${firingTriggersSql} limit 5) few`)} </dev/null)
          if [ -n "$theirs" ]; then printf '%s: would run as the superuser where rows arrive (check: online-functions, online-triggers): %s\n' "$database" "$theirs" >&2; exit 1; fi
        `,
      )}
      # a table without an identity would refuse its rows from the publication on
      ${eachDatabase(
        primary,
        'with tables',
        sh`
          if [ "$(${askServer(primary, { variable: 'database' }, 'serving')} -Atc ${quoted(lackingSql)} </dev/null)" != 0 ]; then printf '%s: a table has no replica identity\n' "$database" >&2; exit 1; fi
        `,
      )}
      ${eachDatabase(
        primary,
        'with tables',
        sh`
          if [ -z "$(${askServer(primary, { variable: 'database' }, 'serving')} -Atc ${quoted("select 1 from pg_publication where pubname = 'pgaf_upgrade' and puballtables")} </dev/null)" ]; then
            ${askServer(primary, { variable: 'database' }, 'serving')} -q -c 'set pgaf_upgrade.pass = on' -c 'create publication pgaf_upgrade for all tables' </dev/null
          fi
        `,
      )}
      ${eachDatabase(
        primary,
        'with tables',
        sh`
          # what an earlier try has begun and not made is gone with its session
          if [ -z "$(${askServer(primary, 'postgres', 'serving')} -Atc "select 1 from pg_replication_slots where slot_name = 'pgaf_up_$oid'" </dev/null)" ]; then
            ${askServer(primary, { variable: 'database' }, 'serving')} -Atc "select slot_name || ' from ' || lsn from pg_create_logical_replication_slot('pgaf_up_$oid', 'pgoutput')" </dev/null
          fi
        `,
      )}
    `),
    probe: (world) => {
      const seen = onlineIn(facts, world);
      if (seen === null) return pending('not seen');
      const wanted = replicatedIn(seen);
      const made = wanted.filter((one) => one.published && slotOf(seen, one) !== undefined).length;
      if (wanted.length > 0 && made === wanted.length) return done(`${made} slots`);
      return made === 0 ? pending('no slot yet') : half(`${made} of ${wanted.length} slots`);
    },
    before: [
      acceptsWritesOnOld(facts, primary),
      onOnline(facts, 'wal_level is logical', ({ server }) =>
        server?.walLevel === 'logical'
          ? { holds: true }
          : { holds: false, found: `it is ${server?.walLevel ?? 'unknown'}` },
      ),
      ofDatabases(facts, 'every table has a replica identity', (one) => one.lacking === 0),
      notVoid(facts),
    ],
    after: [
      onOnline(facts, 'each database with tables has a publication and a slot', (seen) => {
        const other = replicatedIn(seen).find((one) => !one.published || slotOf(seen, one) === undefined);
        return other === undefined ? { holds: true } : { holds: false, found: `not ${other.name}` };
      }),
    ],
    quietSeconds: 120,
    undo,
  });
};
