import { quoted, sh } from '../../../cluster/fragment.ts';
import { sqlProgram } from '../../../cluster/superuser-sql.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { privateServer } from '../../shell/isolated-server.ts';
import { command, mark, option, privateSocket, psql, script } from '../../shell/shell.ts';
import { isNoted } from './on-copy.ts';
import type { CopyOfCluster } from './places.ts';

/**
 * Every table and every B-tree index, read by the new version: what the window has no time for. Where amcheck is not installed it is said, and nothing fails.
 * Source: PostgreSQL, pg_amcheck, which ends with 2 where it has found something.
 */
export const checkRelations =
  (rehearsal: CopyOfCluster): StepOf =>
  (facts, phase) => {
    const { copy } = rehearsal;
    const socket = privateSocket(copy);
    return makeStep(facts, {
      id: 'amcheck',
      phase,
      host: copy,
      as: 'postgres',
      title: 'Check tables and indexes',
      reason: `pg_amcheck reads every table and index of the copy with PostgreSQL ${facts.newMajor}: damage that the old version has carried along for years, or an index in another order of letters, is found while there is time. It may be skipped where it takes too long.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        there=$(${psql(copy, copy.newBindir, 'postgres', { socket })} -Atc ${quoted("select count(*) from pg_available_extensions where name = 'amcheck'")})
        if [ "$there" = 0 ]; then echo ${quoted(`amcheck is not installed for ${facts.newMajor}: nothing is checked`)}
        else
          ${command(
            sqlProgram('pg_amcheck', copy.newBindir, null),
            option('--host', socket),
            sh`--port=${copy.port}`,
            option('--username', copy.superuser),
            sh`--no-password --all --install-missing --progress`,
            facts.jobs > 1 && sh`--jobs=${facts.jobs}`,
          )}
          echo 'no damage was found'
        fi
        ${mark(copy, 'amcheck')}
      `),
      probe: (world) => (isNoted(rehearsal, 'amcheck', world) ? done('checked') : pending('not yet')),
      before: [privateServer(copy, facts.newMajor)],
      quietSeconds: 300,
      undo: nothingToUndo,
    });
  };
