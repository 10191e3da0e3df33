import { hostsOf, primaryOf } from '../../../cluster/facts.ts';
import { sh, word } from '../../../cluster/fragment.ts';
import { hostIn } from '../../../cluster/observations.ts';
import { backupAgeLines, newestFunction } from '../../checks/inspection/backup-age.ts';
import { hasMarker } from '../../language/evidence.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { mark, script } from '../../shell/shell.ts';

const [firstAge = sh``, ...ages] = backupAgeLines;

export const backupIsKnown = word`cleanup-backup-known`;

/** Whether a backup of the new cluster exists: by the same traces as the check before the window, dated after the hand-over. */
export const findBackup: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'backup',
    phase,
    host: primary,
    as: 'postgres',
    title: `Find a backup of the ${facts.newMajor} cluster`,
    reason:
      'With the last fallback copy gone, a rollback is only possible from a backup. pgBackRest, WAL-G and the server’s own record of finished backups are asked; a backup made otherwise is not seen.',
    guide: null,
    danger: 'reads',
    script: script(sh`
      ${newestFunction}
      data=${primary.data}
      rm -f ${word`${primary.workDir}/done/${backupIsKnown}`}
      opened=$(stat -c %Y ${word`${primary.workDir}/handed-over`} 2>/dev/null || true)
      age=$({ ${firstAge}
        ${ages}
      } | sort -n | head -n 1)
      if [ -n "$age" ] && [ -n "$opened" ] && [ "$age" -lt $(($(date +%s) - opened)) ]; then
        echo "a backup was made $((age / 60)) minutes ago"
        ${mark(primary, backupIsKnown)}
      else
        echo ${word`no backup made since PostgreSQL ${facts.newMajor} was opened is known on ${primary.alias}: make one, and start the clean-up again`}
      fi
      ${mark(primary, 'cleanup-backup')}
    `),
    probe: (world) => {
      if (hostsOf(facts).every((host) => hostIn(world, host.alias)?.backupData.kind === 'absent'))
        return done('no fallback copy is left');
      if (hasMarker(primary, backupIsKnown, world)) return done('one is known');
      return hasMarker(primary, 'cleanup-backup', world)
        ? done('none is known')
        : pending('not searched for yet');
    },
    quietSeconds: 120,
    undo: nothingToUndo,
  });
};
