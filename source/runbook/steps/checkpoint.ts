import { primaryOf } from '../../cluster/facts.ts';
import { quoted, sh, word } from '../../cluster/fragment.ts';
import { connectableDatabasesSql } from '../../cluster/superuser-sql.ts';
import { makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { contentsFunction, countContents, notedFile } from '../shell/database-contents.ts';
import { inventoryFile, inventoryFunction } from '../shell/inventory/inventory.ts';
import { psql, script } from '../shell/shell.ts';
import { noteSubscriptionsLines } from '../shell/subscriptions.ts';
import { stopped } from './stopped.ts';

export const checkpoint: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const noted = notedFile(primary);
  const newNoted = word`${noted}.new`;
  const [inventory, newInventory] = [inventoryFile(primary), word`${inventoryFile(primary)}.new`];
  const databases = word`${primary.workDir}/databases`;
  return makeStep(facts, {
    id: 'checkpoint',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Checkpoint, record contents',
    reason:
      'What is written to disk now need not be written while the application waits; databases, tables and sequences are compared before the new version opens, privileges, settings and subscriptions behind it.',
    guide: null,
    danger: 'changes',
    script: script(sh`
      umask 077
      # the last checkpoint of an earlier stop says nothing of the one that comes
      rm -f ${word`${primary.workDir}/stopped`}
      ${contentsFunction(primary, primary.newBindir, primary.socketDirectory)}
      ${psql(primary, primary.newBindir, 'postgres')} -c ${quoted('checkpoint')}
      # compared when the application works again
      ${inventoryFunction(primary, primary.socketDirectory)}
      inventory ${newInventory}
      mv ${newInventory} ${inventory}
      ${psql(primary, primary.newBindir, 'postgres')} -Atc ${quoted(connectableDatabasesSql)} > ${databases}
      ${noteSubscriptionsLines(primary, sh`${databases}`)}
      rm ${databases}
      contents ${newNoted}
      mv ${newNoted} ${noted}
      ${countContents} ${noted} | sort
    `),
    probe: (world) => {
      const probe = stopped(facts, primary, world);
      return probe.state === 'done' ? probe : pending('the stop is still ahead');
    },
    undo: nothingToUndo,
  });
};
