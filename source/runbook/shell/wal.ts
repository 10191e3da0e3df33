import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';

/*
 * A pg_wal that is a symbolic link is kept one: the new cluster's WAL goes beside the old one's, on the same disk. The new directory gets it
 * inside, from initdb or from a base backup, because neither pg_upgrade's options nor pg_autoctl's can say otherwise; while no server runs it is
 * moved out, and linked. The old cluster's link and WAL are never touched.
 *
 * The new place carries no marker file while it is in use: pg_rewind would take it to another node. That it is this run's is written down in the
 * work directory before it gets its name, as of a base backup; it is marked when it goes aside with its directory.
 * Source: PostgreSQL, initdb, --waldir, which makes the same link; pg_auto_failover, pgctl.c, pg_basebackup, which gives no --waldir.
 */

/** Which directory this run has made, or is about to. */
const noteOf = (host: HostFacts): Path => word`${host.workDir}/wal-directory`;

/** Shell, behind ownershipFunctions: whether this run has made the new place. */
const begunFunction = (host: HostFacts, next: Path): Fragment => sh`
  wal_begun() { mark; printf 'directory=%s\n' ${next}; }
  wal_is_ours() { [ -d ${next} ] && [ ! -L ${next} ] && wal_begun | cmp -s - ${noteOf(host)}; }
`;

/**
 * Shell, behind ownershipFunctions, idleFunction and keepFunction: the new cluster's pg_wal out of the data directory, on which nothing runs. Killed
 * anywhere it goes on when it is begun again: the data directory has its WAL, or, under another name, what was copied whole.
 */
export const moveWalLines = (facts: ClusterFacts, host: HostFacts): Fragment | false => {
  if (host.wal === null) return false;
  const { now, next } = host.wal;
  const making: Path = word`${next}.${facts.run}`;
  const inside: Path = word`${host.data}/pg_wal.moved`;
  const wal: Path = word`${host.data}/pg_wal`;
  return sh`
    ${begunFunction(host, next)}
    if [ "$(readlink ${wal} || true)" != ${next} ]; then
      idle ${host.data} ${next}
      if [ ! -e ${inside} ]; then
        [ -d ${wal} ] && [ ! -L ${wal} ] || { echo ${word`${wal} is not a directory: inspect it first`} >&2; exit 1; }
        if [ -e ${next} ] || [ -L ${next} ]; then
          wal_is_ours || { echo ${word`${next} is there, and this upgrade has not made it: it may be another cluster's. Inspect it, and move it away`} >&2; exit 1; }
          rm -rf -- ${next} # of a try that did not come to the link
        fi
        rm -rf -- ${making}; mkdir -m 700 ${making}
        cp -pR ${wal}/. ${making}/
        # where SELinux watches, it wants the label of its neighbor
        if [ -e /sys/fs/selinux/enforce ]; then chcon -R --reference=${now} ${making}; fi
        { find ${making} '(' -type f -o -type d ')' -exec sync -- '{}' +; } || sync
        wal_begun > ${noteOf(host)}.new; keep ${noteOf(host)}.new; mv -T ${noteOf(host)}.new ${noteOf(host)}; keep ${noteOf(host)}
        mv -T ${making} ${next}; keep ${next}
        mv -T ${wal} ${inside}; keep ${inside}
      fi
      wal_is_ours || { echo ${word`${next} is not as this upgrade left it: inspect it and ${inside} first`} >&2; exit 1; }
      ln -s ${next} ${wal}; sync -- ${host.data} || sync
    fi
    rm -rf -- ${inside}
    ls -ld ${wal}; du -sh ${next}
  `;
};

/**
 * Shell functions, behind ownershipFunctions: `wal_aside DIRECTORY NAME`, before a new directory gets the name …_NAME (`pg17_abandoned`): its
 * WAL gets one like it, marked, and the link leads there. Killed anywhere it goes on. What has another link, or none, is left as it is.
 */
export const walAsideFunction = (facts: ClusterFacts, { wal }: HostFacts): Fragment | false =>
  wal !== null &&
  sh`
    wal_aside() { # DIRECTORY NAME: the WAL that was moved out of it goes aside with it
      if [ "$(readlink "$1/pg_wal" || true)" != ${wal.next} ]; then return 0; fi
      there=${wal.next}"\${2#pg${facts.newMajor}}"
      if [ -d ${wal.next} ]; then
        [ ! -e "$there" ] || { echo "$there is there already: inspect it first" >&2; exit 1; }
        own ${wal.next}; mv -T ${wal.next} "$there"; sync -- "$(dirname "$there")" || sync
      fi
      [ -d "$there" ] || return 0
      ln -sfn "$there" "$1/new-link"; mv -T "$1/new-link" "$1/pg_wal"; echo "WAL of $1: in $there"
    }
  `;

/** The call of it in front of a rename to `$to`, of the shell's `$1`. */
export const walGoesAside = (host: HostFacts): Fragment | false =>
  host.wal !== null && sh`wal_aside "$1" "\${to#${word`${host.data}_`}}"`;

/**
 * Shell, behind ownershipFunctions: of the directory `$old` the WAL that went aside with it; `$wal` where it is marked as this cluster's, else ''.
 * `$wal_gone`: its name once it is being removed, which is this run's alone.
 */
export const walOfAside = (facts: ClusterFacts, { wal }: HostFacts): Fragment | false =>
  wal !== null &&
  sh`
    wal=$(readlink "$old/pg_wal" || true); case $wal in ${wal.next}_abandoned*) ;; *) wal= ;; esac
    wal_gone=\${wal:+"$wal".${facts.run}}
    if [ -n "$wal" ]; then kin "$wal" || wal=; fi
  `;

/** Behind it: the WAL goes, before the link that leads to it. Killed anywhere it goes on. */
export const removeWalLines = ({ wal }: HostFacts): Fragment | false =>
  wal !== null &&
  sh`
    if [ -n "$wal" ]; then mv -T -- "$wal" "$wal_gone"; fi
    if [ -n "$wal_gone" ]; then rm -rf -- "$wal_gone"; fi
  `;
