import { primaryOf } from '../../cluster/facts.ts';
import { quoted, sh, word } from '../../cluster/fragment.ts';
import { makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { contentsFunction, countContents, notedFile } from '../shell/database-contents.ts';
import { psql, script } from '../shell/shell.ts';
import { stopped } from './stopped.ts';

export const checkpoint: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const noted = notedFile(primary);
  const newNoted = word`${noted}.new`;
  return makeStep(facts, {
    id: 'checkpoint',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Checkpoint, record contents',
    reason:
      'What is written to disk now need not be written while the application waits; databases, tables and sequences are compared before the new version opens.',
    guide: null,
    danger: 'changes',
    script: script(sh`
      umask 077
      # the last checkpoint of an earlier stop says nothing of the one that comes
      rm -f ${word`${primary.workDir}/stopped`}
      ${contentsFunction(primary, primary.newBindir, primary.socketDirectory)}
      ${psql(primary, primary.newBindir, 'postgres')} -c ${quoted('checkpoint')}
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
