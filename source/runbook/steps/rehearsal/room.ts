import { type Fragment, sh, word } from '../../../cluster/fragment.ts';
import { hostIn } from '../../../cluster/observations.ts';
import { parentOf } from '../../../cluster/words.ts';
import { onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { mark, script } from '../../shell/shell.ts';
import { isNoted } from './on-copy.ts';
import { type CopyOfCluster, ofRun, rehearsalRoot } from './places.ts';
import { removeRehearsalLines } from './removal.ts';

/**
 * Shell: `free` and `reserve`, in kilobytes, of the file system that the copy lies on. The server that serves writes to it too, and ends where it is
 * full: so a twentieth of it stays free, a gigabyte at least and ten at most, whatever the rehearsal needs.
 */
export const freeFunction: Fragment = sh`
  room() { # DIRECTORY: sets free and reserve, kilobytes
    room=$(df -Pk "$1" | awk 'END { print $2, $4 }')
    free=\${room#* } reserve=$((\${room% *} / 20))
    [ "$reserve" -ge 1048576 ] || reserve=1048576
    [ "$reserve" -le 10485760 ] || reserve=10485760
  }
`;

/** The name of the mark that tells how large the data are, in front of the number. */
const sizeMark = word`kilobytes-`;

/** Before a byte is copied: what an earlier rehearsal has left is removed, and there is room for what this one makes. */
export const makeRoom =
  (rehearsal: CopyOfCluster): StepOf =>
  (facts, phase) => {
    const { copy, node } = rehearsal;
    // Twice where every file is copied once more, and a tenth for WAL, new catalogs and logs; 400 MB are initdb's and what grows.
    const percent = facts.mode === 'copy' ? 220 : 115;
    return makeStep(facts, {
      id: 'room',
      phase,
      host: copy,
      as: 'postgres',
      title: 'Clear the place, ask for room',
      reason: `The copy and its new version lie in ${rehearsalRoot(node)}, on the data’s own file system, where the server that serves must never find no room: what the copy takes is known before, and a twentieth of the file system stays free.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        umask 077
        ${ownershipFunctions(facts)}
        ${idleFunction}
        ${freeFunction}
        ${removeRehearsalLines(rehearsal)}
        [ -z "$(ls -A ${node.data}/pg_tblspc)" ] || { echo 'the cluster has tablespaces: their parts would have to be copied to other places, which a rehearsal does not do' >&2; exit 1; }
        kilobytes() { du -sk "$1" 2>/dev/null | cut -f 1; }
        data=$(kilobytes ${node.data} || true) wal=$(kilobytes ${word`${node.data}/pg_wal`} || true) log=$(kilobytes ${word`${node.data}/log`} || true)
        data=$((\${data:-0} - \${wal:-0} - \${log:-0})); [ "$data" -gt 0 ] || { echo ${word`the size of ${node.data} cannot be read`} >&2; exit 1; }
        # the server's own logs are copied with the rest, once, and carried no further
        need=$((data / 100 * ${percent} + \${log:-0} + 409600))
        room ${parentOf(node.data)}
        echo "the data take $((data / 1024)) MB, the rehearsal $((need / 1024)) MB at most; $((free / 1024)) MB are free, of which $((reserve / 1024)) MB stay free"
        [ "$free" -ge $((need + reserve)) ] || { echo ${word`${parentOf(node.data)} on ${node.alias} has no room for a rehearsal:`} "$(((need + reserve - free) / 1024)) MB are missing. Free them, or choose another host: --host NODE" >&2; exit 1; }
        mkdir -m 700 "$root"; own "$root"
        mkdir -p ${word`${copy.workDir}/done`}
        echo "$data" > ${copy.workDir}/done/${sizeMark}"$data"
        ${mark(copy, ofRun(facts))}
      `),
      probe: (world) => {
        if (!isNoted(rehearsal, ofRun(facts), world)) return pending('not asked yet');
        const noted = hostIn(world, copy.alias)?.markers.find((one) => one.startsWith(sizeMark));
        return done(`there is room for ${noted?.slice(sizeMark.length) ?? 'the'} kB of data`);
      },
      after: [
        onHost(copy.alias, `${rehearsalRoot(node)} is there, with our marker file`, (_, world) =>
          verdictOf(isNoted(rehearsal, ofRun(facts), world), 'it is not'),
        ),
      ],
      undo: nothingToUndo,
    });
  };
