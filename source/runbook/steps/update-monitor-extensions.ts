import { quoted, sh, word } from '../../cluster/fragment.ts';
import { connectableDatabasesSql } from '../../cluster/superuser-sql.ts';
import { onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { monitorAnswers } from '../language/group-conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { mark, psql, script } from '../shell/shell.ts';
import { keepToDo, toDoFunctions, toDoNotes } from '../shell/to-do.ts';
import { updateExtensionsLines } from '../shell/update-extensions.ts';

/**
 * I. What the monitor's databases have beside pgautofailover, long after the downtime: btree_gist, which pgautofailover requires, is 1.7 up to 17
 * and 1.8 from 18 on. Source: PostgreSQL, contrib/btree_gist/btree_gist.control; pg_auto_failover, src/monitor/pgautofailover.control.
 */
export const updateMonitorExtensions: StepOf = (facts, phase) => {
  const { monitor } = facts;
  const databases = sh`${word`${monitor.workDir}/databases`}`;
  const said = word`${monitor.workDir}/databases.log`;
  return makeStep(facts, {
    id: 'extensions',
    phase,
    host: monitor,
    as: 'postgres',
    title: 'Update the other extensions',
    reason:
      'pg_autoctl updates its own extension alone; btree_gist, on which that rests, keeps the version that it had.',
    guide: null,
    deviation:
      'The guide updates none on the monitor; what cannot be updated is noted, and holds nothing up.',
    danger: 'changes',
    script: script(sh`
      umask 077
      ${toDoFunctions(monitor, 'extensions')}
      ${psql(monitor, monitor.newBindir, 'postgres')} -Atc ${quoted(connectableDatabasesSql)} > ${databases} 2> ${said} || to_do '' "the databases could not be listed, and no extension was updated: $(cause ${said})" ''
      ${updateExtensionsLines(monitor, monitor.socketDirectory, databases)}
      rm -f ${databases} ${said}
      ${keepToDo}
      ${mark(monitor, 'extensions')}
    `),
    probe: (world) =>
      hasMarker(monitor, 'extensions', world) ? done('they are updated') : pending('not updated yet'),
    before: [monitorAnswers(facts)],
    after: [
      onHost(monitor.alias, 'what could not be updated is noted', (seen) =>
        verdictOf(seen.markers.includes('extensions'), 'the update did not finish'),
      ),
    ],
    notes: toDoNotes(monitor, 'extensions'),
    quietSeconds: 120,
    undo: nothingToUndo,
  });
};
