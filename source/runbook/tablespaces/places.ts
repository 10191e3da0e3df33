import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { hostIn } from '../../cluster/world.ts';
import { about, when } from '../conditions.ts';
import { done, makeStep, pending } from '../make-step.ts';
import { script } from '../shell.ts';
import type { Step } from '../step.ts';
import { asideOf, words } from './names.ts';

/** A. Root makes the place, because the directory above belongs to root more often than not. */
export const placesStep = (facts: ClusterFacts, host: HostFacts): Step[] =>
  host.tablespaces.length === 0
    ? []
    : [
        makeStep(facts, {
          id: 'tablespaces',
          phase: 'A',
          host,
          as: 'root',
          title: 'A place beside each tablespace for what goes aside',
          reason: `${host.tablespaces.map(asideOf).join(', ')}: an old cluster’s part goes there when its data directory is renamed, and comes back with it.`,
          guide: null,
          differs:
            'The guide knows no tablespaces; pg_basebackup refuses their directories while they are occupied.',
          danger: 'changes',
          script: script(
            `for own in ${words(host)}; do`,
            '  place="$own"_aside',
            `  if [ ! -d "$place" ]; then install -d -m 700 -o ${sh(facts.postgres)} -g "$(id -gn ${sh(facts.postgres)})" "$place"; fi`,
            '  # where SELinux watches, it wants the label of its neighbour',
            '  if [ -e /sys/fs/selinux/enforce ]; then chcon --reference="$own" "$place"; fi',
            '  ls -ld "$place"',
            'done',
          ),
          probe: (world) =>
            hostIn(world, host.alias)?.tablespaces.every((one) => one.hasAside) === true
              ? done('they are there')
              : pending('one is not there'),
          after: [
            about(host.alias, 'postgres may write in the place beside each tablespace', (seen) =>
              when(
                seen.tablespaces.every((one) => one.hasAside),
                'in one it may not',
              ),
            ),
          ],
          undo: `rmdir ${host.tablespaces.map((one) => sh(asideOf(one))).join(' ')}`,
        }),
      ];

/** V, W. The place goes again where nothing lies in it; what a way back has left aside stays until the clean-up. */
export const placesGoStep = (facts: ClusterFacts, host: HostFacts, phase: 'V' | 'W'): Step[] =>
  host.tablespaces.length === 0
    ? []
    : [
        makeStep(facts, {
          id: 'tablespaces-gone',
          phase,
          host,
          as: 'root',
          title: 'Remove the empty places beside the tablespaces',
          reason: 'They were made for this upgrade. What still lies in one stays.',
          guide: null,
          danger: 'changes',
          script: script(
            `for own in ${words(host)}; do`,
            '  place="$own"_aside',
            '  [ -d "$place" ] || continue',
            '  for one in "$place"/*; do rmdir "$one" 2>/dev/null || true; done',
            '  rmdir "$place" 2>/dev/null || ls -l "$place"',
            'done',
          ),
          probe: (world) => {
            const left = hostIn(world, host.alias)?.tablespaces.some(
              (one) => one.hasAside && one.parts.every((part) => part.aside === ''),
            );
            return left === true ? pending('they are there') : done('none is left empty');
          },
          undo: 'nothing to undo here',
        }),
      ];
