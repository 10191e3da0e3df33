import type { HostFacts } from '../../../cluster/facts.ts';
import { sh, spaced } from '../../../cluster/fragment.ts';
import type { TablespaceView } from '../../../cluster/observations.ts';
import { hostIn, type Observations } from '../../../cluster/observations.ts';
import { onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepsOf } from '../../language/outline.ts';
import type { Condition, Probe } from '../../language/step.ts';
import { setAsidePlace, words } from '../../language/tablespace-names.ts';
import { nothingToUndo, type Undo, undoneBy } from '../../language/undo.ts';
import { rootScript } from '../../shell/root-verbs.ts';
import { script } from '../../shell/shell.ts';

/*
 * Whoever may write in the directory above makes the place: postgres itself where it may, root only where nobody but root
 * may. Were root to make one in a directory of postgres's, a symbolic link put there in between would have it hand
 * over any directory of the host.
 */

const seenPlaces = (
  host: HostFacts,
  world: Observations,
  missing: (one: TablespaceView) => boolean,
  says: string,
): Probe => {
  const seen = hostIn(world, host.alias);
  if (seen === null) return pending('not seen');
  return seen.tablespaces.some(missing) ? pending('one is not there') : done(says);
};

const arePlaces = (host: HostFacts, counts: (one: TablespaceView) => boolean): Condition =>
  onHost(host.alias, 'postgres may write in the place beside each tablespace', (seen) =>
    verdictOf(
      seen.tablespaces.every((one) => one.hasAside || !counts(one)),
      'in one it may not',
    ),
  );

const undo = (host: HostFacts): Undo => undoneBy(sh`rmdir ${spaced(host.tablespaces.map(setAsidePlace))}`);

/** A. A directory beside each tablespace for what is set aside. */
export const tablespaceDirectories =
  (host: HostFacts): StepsOf =>
  (facts, phase) => {
    if (host.tablespaces.length === 0) return [];
    const common = {
      phase,
      host,
      reason: `${host.tablespaces.map(setAsidePlace).join(', ')}: an old cluster’s part goes there when its data directory is renamed, and comes back with it.`,
      guide: null,
      deviation:
        'The guide knows no tablespaces; pg_basebackup refuses their directories while they are occupied.',
      danger: 'changes',
      undo: undo(host),
    } as const;
    return [
      makeStep(facts, {
        ...common,
        id: 'tablespaces',
        as: 'postgres',
        title: 'Create holding directories',
        script: script(sh`
          for own in ${words(host)}; do
            place="$own"_aside
            [ -w "$(dirname "$own")" ] || continue # root’s: the next step makes it
            if [ ! -d "$place" ]; then mkdir -m 700 "$place"; fi
            # where SELinux watches, it wants the label of its neighbor
            if [ -e /sys/fs/selinux/enforce ]; then chcon --reference="$own" "$place"; fi
            ls -ld "$place"
          done
        `),
        probe: (world) =>
          seenPlaces(
            host,
            world,
            (one) => one.mayMake && !one.hasAside,
            'they are there, where postgres makes them',
          ),
        after: [arePlaces(host, (one) => one.mayMake)],
      }),
      makeStep(facts, {
        ...common,
        id: 'tablespaces-root',
        as: 'root',
        title: 'Create holding directories, root',
        script: rootScript(facts, host, 'places'),
        probe: (world) => seenPlaces(host, world, (one) => !one.hasAside, 'they are there'),
        after: [arePlaces(host, () => true)],
      }),
    ];
  };

const isEmpty = (one: TablespaceView): boolean =>
  one.hasAside && one.parts.every((part) => part.aside === '');

/** V, W. The place goes again where nothing lies in it; what a rollback has left aside stays until the clean-up. */
export const removeTablespaceDirectories =
  (host: HostFacts): StepsOf =>
  (facts, phase) => {
    if (host.tablespaces.length === 0) return [];
    const common = {
      phase,
      host,
      reason: 'They were made for this upgrade. What still lies in one stays.',
      guide: null,
      danger: 'changes',
      undo: nothingToUndo,
    } as const;
    const probe =
      (mine: (one: TablespaceView) => boolean) =>
      (world: Observations): Probe =>
        hostIn(world, host.alias)?.tablespaces.some((one) => mine(one) && isEmpty(one)) === true
          ? pending('they are there')
          : done('none is left empty');
    return [
      makeStep(facts, {
        ...common,
        id: 'tablespaces-gone',
        as: 'postgres',
        title: 'Remove holding directories',
        script: script(sh`
          for own in ${words(host)}; do
            place="$own"_aside
            [ -d "$place" ] || continue
            for one in "$place"/*; do rmdir "$one" 2>/dev/null || true; done
            [ ! -w "$(dirname "$own")" ] || rmdir "$place" 2>/dev/null || ls -l "$place"
          done
        `),
        probe: probe((one) => one.mayMake),
      }),
      makeStep(facts, {
        ...common,
        id: 'tablespaces-gone-root',
        as: 'root',
        title: 'Remove holding directories, root',
        script: rootScript(facts, host, 'places-gone'),
        probe: probe((one) => !one.mayMake),
      }),
    ];
  };
