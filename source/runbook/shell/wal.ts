import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { type Fragment, joined, lines, sh, word } from '../../cluster/fragment.ts';
import { type Path, parentOf } from '../../cluster/words.ts';

/*
 * A pg_wal that is a symbolic link is kept one: the new cluster's WAL goes beside the old one's, on the same disk. The new directory gets it
 * inside, from initdb or from a base backup, because neither pg_upgrade's options nor pg_autoctl's can say otherwise; while no server runs it is
 * moved out, and linked. The old cluster's link and WAL are never touched by the upgrade.
 *
 * In a rollback, a node that gets a base backup has its WAL in the old place again: there the old cluster's WAL was, which goes aside with its
 * directory, as the new cluster's does.
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
 * Shell, behind ownershipFunctions, idleFunction and keepFunction: pg_wal out of the data directory, on which nothing runs, to the new cluster's
 * place or back to the old one's. Killed anywhere it goes on when it is begun again: the data directory has its WAL, or, under another name, what
 * was copied whole.
 */
const moveLines = (facts: ClusterFacts, host: HostFacts, next: Path, label: Path): Fragment => {
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
        if [ -e /sys/fs/selinux/enforce ]; then chcon -R --reference=${label} ${making}; fi
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

/** To the new cluster's place, beside the old one's. */
export const moveWalLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  host.wal !== null && moveLines(facts, host, host.wal.next, host.wal.now);

/**
 * Back to where the old cluster's WAL was, of a base backup in a rollback. What keeps it from that keeps no node from its start: then it stays in the
 * data directory, and `stays` is run, with the reason in `$why`.
 */
export const moveWalBackLines = (facts: ClusterFacts, host: HostFacts, stays: Fragment): Fragment | false => {
  if (host.wal === null) return false;
  const { now } = host.wal;
  const wal: Path = word`${host.data}/pg_wal`;
  return sh`
    ${begunFunction(host, now)}
    why=
    if [ ! -e ${word`${host.data}/PG_VERSION`} ]; then why=${word`there is no base backup in ${host.data} yet`}
    elif [ -L ${wal} ] && [ ! -e ${word`${host.data}/pg_wal.moved`} ]; then echo "${wal} leads to $(readlink ${wal})"
    elif { [ -e ${now} ] || [ -L ${now} ]; } && ! wal_is_ours; then why=${word`${now} is there, and this rollback has not made it`}
    elif [ ! -w ${parentOf(now)} ]; then why=${word`no directory can be made beside ${now}`}
    else
    ${moveLines(facts, host, now, parentOf(now))}
    fi
    if [ -n "$why" ]; then echo "pg_wal stays in the data directory: $why"; ${stays}; fi
  `;
};

/** Names that end like this are of WAL that went aside, behind the place's own. */
const asideOf = (facts: ClusterFacts, { now, next }: { readonly now: Path; readonly next: Path }) =>
  [
    { place: next, base: next, version: facts.newMajor },
    { place: now, base: word`${now}_pg${facts.oldMajor}`, version: facts.oldMajor },
  ] as const;

/**
 * Shell functions, behind ownershipFunctions: `wal_aside DIRECTORY NAME`, before a directory gets the name …_NAME (`pg17_abandoned`): its
 * WAL gets one like it, marked, and the link leads there. Killed anywhere it goes on. What has another link, or none, is left as it is.
 */
export const walAsideFunction = (facts: ClusterFacts, { wal }: HostFacts): Fragment | false =>
  wal !== null &&
  sh`
    wal_aside() { # DIRECTORY NAME: the WAL that lies outside of it goes aside with it
      from=$(readlink "$1/pg_wal" || true)
      case $2 in
    ${lines(
      ...asideOf(facts, wal).map(
        ({ place, base, version }) =>
          sh`    pg${version}_*) [ "$from" = ${place} ] || return 0; there=${base}"\${2#pg${version}}" ;;`,
      ),
    )}
        *) return 0 ;;
      esac
      if [ -d "$from" ]; then
        [ ! -e "$there" ] || { echo "$there is there already: inspect it first" >&2; exit 1; }
        own "$from"; mv -T "$from" "$there"; sync -- "$(dirname "$there")" || sync
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
    wal=$(readlink "$old/pg_wal" || true); case $wal in ${joined(
      asideOf(facts, wal).map(({ base }) => sh`${base}_abandoned*`),
      '|',
    )}) ;; *) wal= ;; esac
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
