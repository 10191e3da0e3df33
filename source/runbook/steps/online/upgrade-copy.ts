import { primaryOf } from '../../../cluster/facts.ts';
import { sh, word } from '../../../cluster/fragment.ts';
import { hostIn, isDataDirectory } from '../../../cluster/observations.ts';
import { type Path, parentOf } from '../../../cluster/words.ts';
import { isMajor, onHost, placeIsFree, verdictOf } from '../../language/conditions.ts';
import { newClusterStarted } from '../../language/evidence.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { ownSocketLines } from '../../shell/isolated-server.ts';
import { newClusterLines } from '../../shell/new-cluster.ts';
import { isKin, kinLine, makingOf, ownershipFunctions } from '../../shell/ownership.ts';
import { upgradeCommand, upgradeLogs } from '../../shell/pg-upgrade-command.ts';
import {
  controlFunctions,
  idleFunction,
  keepFunction,
  versionFunction,
  wholeLines,
} from '../../shell/self-checks.ts';
import { fingerprint, script } from '../../shell/shell.ts';
import { isPromoted, notVoid, onOnline } from './evidence.ts';
import { copyAside, onlineDirectory } from './names.ts';
import { dropNewPartsLines, newPartsBegunLines, newPartsHomeLines } from './tablespaces.ts';

/**
 * While the old version serves: it may take as long as it likes, and be tried as often as need be. Until the new version is started the copy is as it was, but for the
 * name of its pg_control; from then on its files are shared with a server that writes, and another try begins with another copy.
 * The freeze comes along, its event triggers last of all. Source: PostgreSQL, pg_upgrade, “Reverting to old cluster”; pg_dump_sort.c, PRIO_EVENT_TRIGGER.
 */
export const upgradeTheCopy: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const copy = copyAside(facts);
  const place = { ...primary, data: copy };
  const [newData, making, kept] = [primary.newData, makingOf(facts, primary), fingerprint(primary)];
  const working: Path = word`${onlineDirectory(primary)}/pg_upgrade`;
  return makeStep(facts, {
    id: 'upgrade-copy',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Run pg_upgrade on the copy',
    reason: `The catalogs are rebuilt for ${facts.newMajor}, the copy’s files are taken over by hard links; ${facts.oldMajor} serves meanwhile, and nobody waits.`,
    guide: 'Step 4',
    deviation: 'Of a copy, days before the window, in no downtime.',
    danger: 'changes',
    script: script(sh`
      umask 077
      ${ownershipFunctions(facts)}
      ${idleFunction}
      ${keepFunction}
      ${controlFunctions}
      ${versionFunction}
      copy=${copy} new=${newData} left=${kept}
      ${kinLine(copy)}
      idle "$copy" "$new"
      if [ -e "$new" ]; then
        ${kinLine(newData)}
        if [ -s "$left" ] && as_kept ${primary.newBindir} "$new" "$left"; then echo 'pg_upgrade has finished already'; exit 0; fi
        [ ! -s "$left" ] || { echo "PostgreSQL ${facts.newMajor} has been started on $new, and shares the files of $copy: call it off, and begin with another copy" >&2; exit 1; }
        mv -T "$new" ${making}
      fi
      rm -f "$left"; rm -rf ${making}
      ${dropNewPartsLines(facts, primary)}
      # an earlier try has begun to link: the new version was never started on the links
      if [ ! -e "$copy/global/pg_control" ] && [ -e "$copy/global/pg_control.old" ]; then mv "$copy/global/pg_control.old" "$copy/global/pg_control"; keep "$copy/global/pg_control"; fi
      ${newClusterLines(facts, primary)}
      ${newPartsBegunLines(facts, primary)}
      mkdir -p ${working}
      ${ownSocketLines(primary)}
      cd ${working}
      nice -n 10 ${upgradeCommand(facts, place, false)}
      if [ -e delete_old_cluster.sh ]; then chmod 400 delete_old_cluster.sh; mv delete_old_cluster.sh delete_old_cluster.sh.never-run; fi
      rm -rf output; if [ -d "$new/pg_upgrade_output.d" ]; then mv "$new/pg_upgrade_output.d" output; fi
      ${newPartsHomeLines(facts, primary, sh`"$new"`)}
      ${wholeLines(sh`"$left.new"`, sh`control ${primary.newBindir} "$new"`)}
      keep "$left.new"; mv -T "$left.new" "$left"; keep "$left"
      sync ${parentOf(newData)} || sync
    `),
    probe: (world) => {
      const seen = hostIn(world, primary.alias);
      if (seen === null) return pending('not seen');
      const started = newClusterStarted(facts, primary, world);
      if (isKin(facts, seen.newData) && seen.fingerprint !== null && started !== 'unknown')
        return done(started === 'never' ? 'pg_upgrade has finished' : `${facts.newMajor} has run since`);
      if (isDataDirectory(seen.newData) && seen.newData.databases > 0)
        return half('pg_upgrade began and did not finish');
      return pending('pg_upgrade has not run');
    },
    before: [
      onOnline(facts, 'the copy is promoted', (seen) => verdictOf(isPromoted(facts, seen), 'it is not')),
      placeIsFree(facts, primary),
      notVoid(facts),
      onHost(primary.alias, 'port 50432 is free for pg_upgrade', (seen) =>
        verdictOf(!seen.upgradePortBusy, 'something listens there'),
      ),
    ],
    after: [
      onHost(primary.alias, `${newData} is PostgreSQL ${facts.newMajor}, made for this cluster`, (seen) =>
        verdictOf(
          isMajor(seen.newData, facts.newMajor) && isKin(facts, seen.newData) && seen.fingerprint !== null,
          'it is not',
        ),
      ),
    ],
    gauge: { kind: 'pg_upgrade', run: facts.mode, majors: { from: facts.oldMajor, to: facts.newMajor } },
    failureLogs: upgradeLogs(primary),
    undo: undoText(
      `while ${facts.newMajor} has never been started: remove ${newData}, rename global/pg_control.old of the copy back`,
    ),
  });
};
