import { type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { quoted, sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import { connectableDatabasesSql } from '../../cluster/superuser-sql.ts';
import { allStopped } from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo, undoText } from '../language/undo.ts';
import { privateServer } from '../shell/isolated-server.ts';
import { mark, privateSocket, psql, script } from '../shell/shell.ts';
import { stopped } from './stopped.ts';

/**
 * pg_upgrade dumps no rows of tables that belong to an extension: Citus' catalogs come out empty. Its own functions copy them into tables of the schema
 * public before the stop, and put them back behind pg_upgrade. Seen with Citus 13.2.2 from 15.20 to 17.12 (docs/citus.md).
 */

const hasCitus = "select count(*) from pg_extension where extname = 'citus'";

/** What must be the same before and behind, as lines that can be compared. */
const catalogsSql = `select 'nodes', count(*), coalesce(md5(string_agg(concat_ws(' ', nodeid, groupid, nodename, nodeport, noderole, isactive, shouldhaveshards), ',' order by nodeid)), '') from pg_dist_node
  union all select 'shards', count(*), coalesce(md5(string_agg(concat_ws(' ', shardid, logicalrelid::text, shardminvalue, shardmaxvalue), ',' order by shardid)), '') from pg_dist_shard
  union all select 'placements', count(*), coalesce(md5(string_agg(concat_ws(' ', placementid, shardid, groupid), ',' order by placementid)), '') from pg_dist_placement
  union all select 'tables', count(*), coalesce(md5(string_agg(concat_ws(' ', logicalrelid::text, partmethod, colocationid), ',' order by logicalrelid::text)), '') from pg_dist_partition
  order by 1`;

/**
 * On every primary, when its contents are noted and right before the coordinator stops. It is repeated by whoever goes on before that, for tables may have been
 * distributed since; behind it nobody distributes any.
 */
export const prepareCitus =
  (coordinator: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const [databases, noted] = [word`${primary.workDir}/databases`, word`${primary.workDir}/citus`];
    const inDatabase = psql(primary, primary.oldBindir, { variable: 'database' });
    return makeStep(facts, {
      id: 'citus-prepare',
      phase,
      host: primary,
      as: 'postgres',
      title: 'Save Citus’ catalogs',
      reason:
        'pg_upgrade carries no rows of an extension’s own tables: citus_prepare_pg_upgrade() copies which table is distributed where into tables that it does carry.',
      guide: null,
      deviation: 'The guide knows no Citus.',
      danger: 'changes',
      script: script(sh`
      umask 077
      ${psql(primary, primary.oldBindir, 'postgres')} -Atc ${quoted(connectableDatabasesSql)} > ${databases}
      : > ${word`${noted}.new`}
      while IFS= read -r database; do
        [ "$(${inDatabase} -Atc ${quoted(hasCitus)} </dev/null)" = 1 ] || continue
        # what an earlier window has left would be kept, and knows nothing of tables that were distributed since
        ${inDatabase} -qAtc ${quoted('drop table if exists public.pg_dist_partkeys_pre_16_upgrade')} -c ${quoted('select citus_prepare_pg_upgrade()')} </dev/null
        printf '%s\n' "$database" >> ${word`${noted}.new`}
        ${inDatabase} -Atc ${quoted(catalogsSql)} </dev/null >> ${word`${noted}.new`}
      done < ${databases}
      rm ${databases}
      mv ${word`${noted}.new`} ${noted}
      cat ${noted}
      ${psql(primary, primary.oldBindir, 'postgres')} -c ${quoted('checkpoint')}
      ${mark(primary, 'citus-prepare')}
    `),
      probe: (world) => {
        const probe = stopped(facts, primary, world);
        if (probe.state === 'done') return probe;
        return hasMarker(primary, 'citus-prepare', world) && hasStopped(coordinator, world)
          ? done('saved before the coordinator stopped')
          : pending('the stop is still ahead');
      },
      before: [allStopped(facts.monitor)],
      undo: undoText(
        'Citus’ own copies stay in the schema public, and do no harm; its aggregates array_cat_agg and, before 16, any_value must be made again: docs/citus.md, “Taking it back”',
      ),
    });
  };

/** Nothing of it runs. */
const hasStopped = ({ alias }: NodeFacts, world: Observations): boolean => {
  const seen = hostIn(world, alias);
  return (
    seen?.server === null && seen.pgAutoctl === 'stopped' && isDataDirectory(seen.data) && !seen.data.running
  );
};

/** On every new primary, while nobody but its DBA reaches it. */
export const finishCitus: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const socket = privateSocket(primary);
  const [databases, noted, now] = [
    word`${primary.workDir}/databases.citus`,
    word`${primary.workDir}/citus`,
    word`${primary.workDir}/citus.now`,
  ];
  const inDatabase = psql(primary, primary.newBindir, { variable: 'database' }, { socket });
  return makeStep(facts, {
    id: 'citus-finish',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Restore Citus’ catalogs',
    reason:
      'citus_finish_pg_upgrade() puts the catalogs back: before it distributed tables are empty ones of their own. Nodes, shards, placements and tables are compared with those before the stop.',
    guide: null,
    deviation: 'The guide knows no Citus.',
    danger: 'changes',
    script: script(sh`
      umask 077
      ${psql(primary, primary.newBindir, 'postgres', { socket })} -Atc ${quoted(connectableDatabasesSql)} > ${databases}
      : > ${now}
      while IFS= read -r database; do
        [ "$(${inDatabase} -Atc ${quoted(hasCitus)} </dev/null)" = 1 ] || continue
        # once only: it fails where the catalogs are back already
        if [ "$(${inDatabase} -Atc ${quoted("select to_regclass('public.pg_dist_partition') is not null")} </dev/null)" = t ]; then
          ${inDatabase} -qAtc ${quoted('select citus_finish_pg_upgrade()')} </dev/null
        fi
        printf '%s\n' "$database" >> ${now}
        ${inDatabase} -Atc ${quoted(catalogsSql)} </dev/null >> ${now}
      done < ${databases}
      rm ${databases}
      cmp ${noted} ${now} || { diff ${noted} ${now} >&2; exit 1; }
      cat ${now}
      rm ${now}
      ${mark(primary, 'citus')}
    `),
    probe: (world) =>
      hasMarker(primary, 'citus', world) ? done('they are back') : pending('not restored yet'),
    before: [privateServer(primary, facts.newMajor)],
    undo: nothingToUndo,
  });
};
