import type { NodeFacts } from '../../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../../cluster/fragment.ts';
import { hostIn } from '../../../cluster/observations.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { markFile, ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { privateSocket, script } from '../../shell/shell.ts';
import { type CopyOfCluster, rehearsalRoot } from './places.ts';

/**
 * Lines that end a base backup of the copy whose script was killed, with the process that fetches its WAL: nobody watches any more how much it
 * leaves free, and it would write into the files of the next one.
 */
export const endLeftBackupsLines = ({ data }: Pick<NodeFacts, 'data'>): Fragment => sh`
  for left in $(grep -lsF -- ${word`--pgdata=${data}`} /proc/[0-9]*/cmdline | cut -d / -f 3); do
    [ "$(cat "/proc/$left/comm" 2>/dev/null || true)" = pg_basebackup ] || continue
    echo "an earlier base backup, process $left, is ended"
    kill "$left" 2>/dev/null || true
    tries=100; while [ -e "/proc/$left" ] && ! grep -qs '^State:[[:blank:]]*Z' "/proc/$left/status" && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); sleep 0.1; done
  done
`;

/**
 * Lines that end every server of a rehearsal's directory and remove the directory: one that carries our marker file for this cluster, and nothing else.
 * A server is known by the directory that it works in. The marker file goes last, so that what a kill leaves is known still. Behind the functions of
 * {@link ownershipFunctions} and {@link idleFunction}; nothing where there is none.
 */
export const removeRehearsalLines = ({ copy, node }: CopyOfCluster): Fragment => sh`
  root=${rehearsalRoot(node)}
  if [ -L "$root" ] || { [ -e "$root" ] && ! kin "$root" && [ -n "$(find "$root" -mindepth 1 ! -name ${word`${markFile}.new`})" ]; }; then
    echo "$root is there and has no marker file of a rehearsal of this cluster (${markFile}): it may belong to somebody else. Inspect it, and move it away" >&2; exit 1
  fi
  if [ -e "$root" ]; then
    ${endLeftBackupsLines(copy)}
    for dir in "$root"/data "$root"/data_pg*; do
      [ -s "$dir/postmaster.pid" ] || continue
      read -r pid <"$dir/postmaster.pid" || true
      case $pid in '' | *[!0-9]*) continue ;; esac
      [ "$(readlink "/proc/$pid/cwd" 2>/dev/null || true)" = "$(readlink -f "$dir")" ] || continue
      echo "the server on $dir is ended"
      kill -INT "$pid" || true
      left=60; while [ -e "/proc/$pid" ] && [ "$left" -gt 0 ]; do left=$((left - 1)); [ "$left" -ne 30 ] || kill -QUIT "$pid" 2>/dev/null || true; sleep 1; done
    done
    idle "$root"
    find "$root" -mindepth 1 -maxdepth 1 ! -name ${markFile} -exec rm -rf -- '{}' +
    rm -f -- "$root"/${markFile}; rmdir -- "$root"
    echo "removed $root"
  fi
  rm -rf -- ${privateSocket(copy)}
`;

/** The end of a rehearsal: no server of it runs, nothing of it is left on the host. */
export const removeCopy =
  (rehearsal: CopyOfCluster): StepOf =>
  (facts, phase) => {
    const { copy, node } = rehearsal;
    const root = rehearsalRoot(node);
    return makeStep(facts, {
      id: 'remove',
      phase,
      host: copy,
      as: 'postgres',
      title: 'End its servers, remove the copy',
      reason: `What the rehearsal has made lies in ${root} and nowhere else on this host; its times are kept on your machine.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${ownershipFunctions(facts)}
        ${idleFunction}
        ${removeRehearsalLines(rehearsal)}
      `),
      probe: (world) => {
        const seen = hostIn(world, copy.alias);
        if (seen === null) return pending('not seen');
        const there =
          seen.markers.length > 0 ||
          [seen.data, seen.newData, seen.backupData].some(({ kind }) => kind !== 'absent');
        return there ? pending(`${root} is there`) : done('nothing is left of it');
      },
      quietSeconds: 600,
      undo: nothingToUndo,
    });
  };
