import type { ClusterFacts } from '../../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../../cluster/fragment.ts';
import { sqlLiteral } from '../../../cluster/quote.ts';
import type { Path } from '../../../cluster/words.ts';
import { onHost, verdictOf } from '../../language/conditions.ts';
import { hasMarker } from '../../language/evidence.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import { monitorIsOld } from '../../language/old-version.ts';
import type { StepsOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { keepFunction } from '../../shell/self-checks.ts';
import { inBin, mark, psql, script } from '../../shell/shell.ts';

/**
 * What became of the monitor's other formations since its upgrade. The old monitor knows them as they were at its stop; after a failover
 * since, it would assign the former primary to be primary again, which neither can reach, and their pg_autoctl stop both servers (seen
 * on the lab with 2.0 and 2.2). So their rows are noted at the new monitor's stop, and given to the old one before
 * any pg_autoctl of theirs is exchanged: until then it understands none of them.
 */

const marker = 'rollback-formations';

/** Beside the marks, and taken away with them. */
const notedFile = ({ monitor }: ClusterFacts): Path => word`${monitor.workDir}/done/formations-since`;

const hasOthers = (facts: ClusterFacts): boolean => Object.keys(facts.formations).length > 0;

const others = (facts: ClusterFacts): string => `formationid <> ${sqlLiteral(facts.formation)}`;

/** For the head of the new monitor's stop, as postgres. Where the new version does not run, the old rows are what there is. */
export const noteFormationsLines = (facts: ClusterFacts): Fragment | false => {
  if (!hasOthers(facts)) return false;
  const { monitor } = facts;
  const file = notedFile(facts);
  const ask = psql(monitor, monitor.newBindir, monitor.database);
  const noted = `copy (select pg_catalog.jsonb_build_object(
    'formations', (select coalesce(pg_catalog.jsonb_agg(f), '[]') from pgautofailover.formation f where ${others(facts)}),
    'nodes', (select coalesce(pg_catalog.jsonb_agg(n), '[]') from pgautofailover.node n where ${others(facts)}))) to stdout`;
  return sh`
    # how the other formations are: the old monitor does not know what became of them since
    ${keepFunction}
    if ${inBin(monitor.newBindir, 'pg_isready')} -q -h ${monitor.socketDirectory} -p ${monitor.port} && [ "$(${ask} -Atc 'show server_version_num' | cut -c 1-2)" = ${facts.newMajor} ]; then
      mkdir -p ${word`${monitor.workDir}/done`}
      ${ask} -c ${quoted(noted)} > ${file}.new
      # what an earlier rollback, that was left, has told is of no use any more
      rm -f ${word`${monitor.workDir}/done/rollback-formations`}
      keep ${file}.new; mv -T ${file}.new ${file}; keep ${file}
    fi
  `;
};

const isTold = (facts: ClusterFacts): Condition =>
  onHost('monitor', 'the old monitor knows what became of the other formations since', (_, world) =>
    verdictOf(hasMarker(facts.monitor, marker, world), 'it knows them as they were at its stop'),
  );

/** Before their pg_autoctl is exchanged: a monitor that takes the wrong node for their primary makes them stop. */
export const toldOfFormations = (facts: ClusterFacts): readonly Condition[] =>
  hasOthers(facts) ? [isTold(facts)] : [];

/** S. Whole rows, those of formations and nodes made since too; without triggers, which would begin to act on them. */
export const tellOtherFormations: StepsOf = (facts, phase) => {
  if (!hasOthers(facts)) return [];
  const { monitor } = facts;
  const file = notedFile(facts);
  const statements = [
    'set local session_replication_role = replica',
    'create temporary table since (noted jsonb) on commit drop',
    'copy since from stdin',
    `delete from pgautofailover.node where ${others(facts)}`,
    `delete from pgautofailover.formation where ${others(facts)}`,
    `insert into pgautofailover.formation select f.* from since, jsonb_populate_recordset(null::pgautofailover.formation, noted->'formations') f`,
    `insert into pgautofailover.node select n.* from since, jsonb_populate_recordset(null::pgautofailover.node, noted->'nodes') n`,
    `select setval('pgautofailover.node_nodeid_seq', (select max(nodeid) from pgautofailover.node)) where (select max(nodeid) from pgautofailover.node) > (select last_value from pgautofailover.node_nodeid_seq)`,
    'select formationid, nodename, reportedstate, goalstate from pgautofailover.node order by 1, 2',
  ];
  return [
    makeStep(facts, {
      id: 'formations',
      phase,
      host: monitor,
      as: 'postgres',
      title: 'Update other formations’ rows',
      reason:
        'It knows them as they were when it was stopped. After a failover since, it would take the wrong node for their primary, and their servers would stop.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        if [ -s ${file} ]; then
          ${psql(monitor, monitor.newBindir, monitor.database)} --single-transaction ${statements.map((one) => quoted(one)).reduce((all, one) => sh`${all} -c ${one}`, sh``)} < ${file}
        else echo ${word`nothing was noted: PostgreSQL ${facts.newMajor} has not run on the monitor since`}; fi
        ${mark(monitor, marker)}
        rm -f ${file}
      `),
      probe: (world) =>
        hasMarker(monitor, marker, world) ? done('it knows') : pending('it does not know yet'),
      before: [monitorIsOld(facts)],
      after: [isTold(facts)],
      undo: nothingToUndo,
    }),
  ];
};
