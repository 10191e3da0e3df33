import type { NodeFacts } from '../../../cluster/facts.ts';
import { hereDocument, quoted, sh, word } from '../../../cluster/fragment.ts';
import { connectableDatabasesSql } from '../../../cluster/superuser-sql.ts';
import { hasMarker } from '../../language/evidence.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { citusCopies } from '../../shell/citus.ts';
import { mark, psql, script } from '../../shell/shell.ts';

const needsRepair =
  "select (select count(*) from pg_extension where extname = 'citus') = 1 and to_regclass('public.pg_dist_partition') is not null";

/**
 * What citus_prepare_pg_upgrade() takes away from the old cluster, made again as citus_finish_pg_upgrade() makes it; its catalogs it has left as they are.
 * Source: Citus 13.2, citus_prepare_pg_upgrade and citus_finish_pg_upgrade.
 */
const repairSql = `set citus.enable_ddl_propagation to off;
begin;
create aggregate pg_catalog.array_cat_agg(anycompatiblearray) (sfunc = array_cat, stype = anycompatiblearray);
comment on aggregate pg_catalog.array_cat_agg(anycompatiblearray) is 'concatenate input arrays into a single array';
alter extension citus add aggregate pg_catalog.array_cat_agg(anycompatiblearray);
select current_setting('server_version_num')::int < 160000 as any_value \\gset
\\if :any_value
create or replace function pg_catalog.any_value_agg(anyelement, anyelement) returns anyelement as 'select case when $1 is null then $2 else $1 end' language sql stable;
create aggregate pg_catalog.any_value(sfunc = pg_catalog.any_value_agg, combinefunc = pg_catalog.any_value_agg, basetype = anyelement, stype = anyelement);
alter extension citus add function pg_catalog.any_value_agg(anyelement, anyelement);
alter extension citus add aggregate pg_catalog.any_value(anyelement);
\\endif
drop table if exists ${citusCopies.map((name) => `public.${name}`).join(', ')};
commit;`;

/** On every primary that is back on the old version. */
export const repairCitus =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const [databases, sql] = [word`${node.workDir}/databases`, word`${node.workDir}/repair-citus.sql`];
    const inDatabase = psql(node, node.oldBindir, { variable: 'database' });
    return makeStep(facts, {
      id: 'citus-repair',
      phase,
      host: node,
      as: 'postgres',
      title: 'Restore Citus’ aggregates',
      reason:
        'citus_prepare_pg_upgrade() has dropped aggregates that Citus brings, and left its copies in the schema public. A table that has one of their names would be in the way of the next upgrade.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        umask 077
        ${psql(node, node.oldBindir, 'postgres')} -Atc ${quoted(connectableDatabasesSql)} > ${databases}
        ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', repairSql)}
        while IFS= read -r database; do
          [ "$(${inDatabase} -Atc ${quoted(needsRepair)} </dev/null)" = t ] || continue
          ${inDatabase} -qf ${sql} </dev/null
        done < ${databases}
        rm ${databases} ${sql}
        ${mark(node, 'citus-repair')}
      `),
      probe: (world) =>
        hasMarker(node, 'citus-repair', world) ? done('they are there') : pending('not restored yet'),
      before: [acceptsWritesOnOld(facts, node)],
      undo: nothingToUndo,
    });
  };
