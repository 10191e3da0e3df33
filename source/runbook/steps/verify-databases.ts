import { primaryOf } from '../../cluster/facts.ts';
import { quoted, sh, word } from '../../cluster/fragment.ts';
import { connectableDatabasesSql } from '../../cluster/superuser-sql.ts';
import { onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { compareLines, contentsFunction, countContents } from '../shell/database-contents.ts';
import { privateServer } from '../shell/isolated-server.ts';
import { mark, privateSocket, psql, script } from '../shell/shell.ts';
import { keepToDo, toDoFunctions, toDoNotes } from '../shell/to-do.ts';
import { updateExtensionsLines } from '../shell/update-extensions.ts';

/** E. The new primary's data, seen by its DBA alone. */
export const verifyDatabases: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const socket = privateSocket(primary);
  const server = privateServer(primary, facts.newMajor);
  const ask = psql(primary, primary.newBindir, 'postgres', { socket });
  const databases = sh`${word`${primary.workDir}/databases`}`;
  return makeStep(facts, {
    id: 'verify',
    phase,
    host: primary,
    as: 'postgres',
    milestone: 'verified',
    title: 'Verify data, update extensions',
    reason:
      'No database, table, index or view may be missing that was there before the stop, and no sequence may have a lower value; extensions are updated, and keep their privileges.',
    guide: 'Step 6',
    deviation:
      'Each extension by itself, instead of update_extensions.sql, which ends at the first one that cannot be updated: that is noted, and holds nothing up.',
    danger: 'changes',
    script: script(sh`
      umask 077
      ${ask} -Atc ${quoted('select version()')}
      ${contentsFunction(primary, primary.newBindir, socket)}
      now=${word`${primary.workDir}/noted.now`}
      contents "$now"
      ${countContents} "$now" | sort
      # nothing may be missing that was noted before the stop; extensions are updated after that
      ${compareLines(primary, sh`"$now"`)}
      rm "$now"
      ${toDoFunctions(primary, 'extensions')}
      ${ask} -Atc ${quoted(connectableDatabasesSql)} > ${databases}
      ${updateExtensionsLines(primary, socket, databases)}
      rm ${databases}
      ${keepToDo}
      ${mark(primary, 'verify')}
    `),
    probe: (world) => (hasMarker(primary, 'verify', world) ? done('verified') : pending('not verified yet')),
    before: [server],
    after: [
      onHost(primary.alias, 'the databases answer', (seen) =>
        verdictOf(seen.markers.includes('verify'), 'the inspection did not finish'),
      ),
    ],
    notes: toDoNotes(primary, 'extensions'),
    quietSeconds: 120,
    undo: nothingToUndo,
  });
};
