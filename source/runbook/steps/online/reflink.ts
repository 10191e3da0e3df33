import type { ClusterFacts, NodeFacts } from '../../../cluster/facts.ts';
import {
  constant,
  type Fragment,
  hereDocument,
  joined,
  known,
  sh,
  spaced,
  word,
} from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import { askServer } from './databases.ts';
import { onlineDirectory } from './names.ts';
import { arrivingPlaces } from './tablespaces.ts';

/**
 * A base backup without its bytes: where the file system can share blocks between two files (XFS, btrfs), the copy of the server's own files takes seconds and no room until they change. It is
 * PostgreSQL's low-level backup: full pages are written to the WAL and every segment of it is kept by the slots between start and stop, and what a file has of the time between is put right by the WAL.
 * What lies there at its end is what pg_basebackup leaves, and the steps behind it know no difference. No tablespace_map: where the server finds one it makes the links of pg_tblspc anew, to the
 * directories of the server that serves; pg_basebackup leaves none either, in its plain form.
 * Sources: PostgreSQL, continuous-archiving, “Making a Base Backup Using the Low Level API”; basebackup.c, excludeDirContents, excludeFiles, noChecksumFiles; xlogrecovery.c, read_tablespace_map;
 * coreutils, cp; ioctl_ficlonerange(2).
 */

/** Made anew by every server in itself; their contents are nobody's. Where one of them is a symbolic link, the copy has a directory. */
const emptied = [
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_tblspc',
  'pg_wal',
] as const;

/** At the top of the data directory: of the server that runs there, or of another backup. pg_control comes last. */
const notCopied = [
  'backup_label',
  'backup_manifest',
  'current_logfiles',
  'current_logfiles.tmp',
  'global/pg_control',
  'postgresql.auto.conf.tmp',
  'postmaster.opts',
  'postmaster.pid',
  'tablespace_map',
] as const;

/** Conditions of find, a line each. */
const leftOut: Fragment = joined(
  [
    ...emptied.map((name) => sh`-path './${constant<(typeof emptied)[number]>(name)}/*'`),
    ...notCopied.map((name) => sh`-path ./${constant<(typeof notCopied)[number]>(name)}`),
    sh`-name 'pgsql_tmp*'`,
    sh`-name 'pg_internal.init*'`,
  ],
  ' -o \\\n  ',
);

/** Run by the session that holds the backup, and before and behind it: in a shell of its own, so that what fails ends it, and not the step. */
const filesScript = (facts: ClusterFacts, host: NodeFacts, making: Path): Fragment => {
  const places = arrivingPlaces(facts, host);
  return sh`
    set -eu; umask 077; export LC_ALL=C
    data=${host.data}
    making=${making}
    list=${word`${onlineDirectory(host)}/reflink-files`}
    errors=${word`${onlineDirectory(host)}/reflink-errors`}
    # a file that the server has removed since it was listed is missing rightly: the WAL removes it, too
    only_removed() { [ -s "$errors" ] && ! grep -v "^[^']*'\./[^']*'.*: No such file or directory$" "$errors" | head -n 5 | grep . >&2; }
    all() { # KIND FROM...: what of a kind is copied
      kind=$1; shift
      find "$@" \( ${leftOut} \) -prune -o -type "$kind" -print0 > "$list" 2> "$errors" || only_removed
    }
    take() { # TO FROM...: of what is below here the directories, then the files
      to=$1; shift
      all d "$@"
      (cd "$to"; xargs -0 -r mkdir -p -- < "$list")
      all f "$@"
      xargs -0 -r cp -a --reflink=always --parents -t "$to" -- < "$list" 2> "$errors" || only_removed
      echo "$(tr -cd '\000' < "$list" | wc -c) files to $to"
    }
    like() { # DIRECTORY OTHER: on btrfs a file without copy-on-write shares blocks with its like alone
      case $(lsattr -d "$1" 2>/dev/null | cut -d ' ' -f 1) in *C*) chattr +C "$2" ;; esac
    }
    case $1 in
      try)
        mkdir -p "$making"; like "$data" "$making"
        cp --reflink=always "$data/PG_VERSION" "$making/PG_VERSION"
        ${
          places.length > 0 &&
          sh`
            ${places.map((place, at) => sh`mkdir -p ${place}; like ${host.tablespaces[at] ?? place} ${place}`)}
            for place in ${spaced(places)}; do
              echo try > "$place/try"
              cp --reflink=always "$place/try" "$place/tried"; rm "$place/try" "$place/tried"
            done
          `
        }
        ;;
      files)
        cd "$data"
        take "$making" .
        (cd "$making"; mkdir -p ${spaced(emptied.map((name) => known<(typeof emptied)[number]>(name)))} pg_wal/archive_status)
        ${
          places.length > 0 &&
          sh`
            for link in pg_tblspc/[0-9]*; do
              [ -L "$link" ] || continue
              at=$(readlink "$link")
              case $at in
                ${places.map((place, at) => sh`${host.tablespaces[at] ?? place}) place=${place} ;;`)}
                *) continue ;; # made since: the copy has no link to it, and is not started
              esac
              (cd "$at"; take "$place" ./PG_${facts.oldMajor}_*)
              ln -s "$place" "$making/$link"
            done
          `
        }
        cp -a --reflink=always global/pg_control "$making/global/pg_control"
        ;;
      wal) # FIRST LAST SIZE: each segment from start to stop, which the slots hold; and what the timeline branched off from
        cd "$data/pg_wal"
        segment=$2; timeline=\${segment%????????????????}
        if [ "$timeline" != 00000001 ]; then cp -a --reflink=auto "$timeline.history" "$making/pg_wal/"; fi
        while :; do
          cp -a --reflink=auto "$segment" "$making/pg_wal/"
          [ -e "$segment" ] || { echo "$segment was taken for other WAL meanwhile" >&2; exit 1; }
          [ "$segment" != "$3" ] || break
          high=\${segment#????????}; high=$((0x\${high%????????})) low=$((0x\${segment#????????????????} + 1))
          [ $low -lt $((0x100000000 / $4)) ] || high=$((high + 1)) low=0
          segment=$(printf '%s%08X%08X' "$timeline" $high $low)
        done
        rm -f "$list" "$errors"
        sync -f ${joined([sh`"$making"`, ...places.map((place) => sh`${place}`)], ' ')} || sync
        ;;
    esac
  `;
};

/** The backup begins and ends in one session, in which the files are copied: where it ends before, so does the backup, and nothing is answered. */
const sessionSql = (facts: ClusterFacts): string => {
  const [start, stop] =
    facts.oldMajor < 15
      ? [
          "pg_start_backup(:'label', fast => true, exclusive => false)",
          'pg_stop_backup(exclusive => false, wait_for_archive => false)',
        ]
      : ["pg_backup_start(:'label', fast => true)", 'pg_backup_stop(wait_for_archive => false)'];
  return `set client_min_messages = warning;
select set_config(name, '0', false) from pg_settings where name in ('statement_timeout', 'transaction_timeout', 'idle_session_timeout') \\g /dev/null
select ${start} \\g /dev/null
\\set copied \`sh "$PGAF_REFLINK" files </dev/null >&2 && echo yes || echo no\`
\\if :copied
select pg_walfile_name(lsn) || ' ' || (select setting from pg_settings where name = 'wal_segment_size') || e'\\n' || labelfile from ${stop};
\\endif`;
};

/** The copy, by reflinks; where anything keeps it from being made so, nothing of it is left, and `otherwise` makes it. */
export const reflinkLines = (
  facts: ClusterFacts,
  host: NodeFacts,
  making: Path,
  otherwise: Fragment,
): Fragment => {
  const files: Path = word`${onlineDirectory(host)}/reflink`;
  const session: Path = word`${onlineDirectory(host)}/reflink.sql`;
  const places = arrivingPlaces(facts, host);
  return sh`
    ${hereDocument(sh`cat > ${files}`, 'END-OF-FILES', filesScript(facts, host, making))}
    ${hereDocument(sh`cat > ${session}`, 'END-OF-SESSION', sessionSql(facts))}
    taken=no
    if why=$(sh ${files} try 2>&1); then
      echo 'by reflinks: the copy shares the blocks of the files, and no rate counts'
      if said=$(PGAF_REFLINK=${files} ${askServer(host, 'postgres', 'serving')} -Atq -v label=${word`pgaf-upgrade ${facts.run}`} -f ${session}) && [ -n "$said" ]; then
        printf '%s\n' "$said" | tail -n +2 > ${making}/backup_label
        first=$(sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' ${making}/backup_label)
        stop=$(printf '%s\n' "$said" | sed -n '1s/^\([0-9A-F]\{24\} [0-9]*\)$/\1/p')
        echo "WAL from $first to \${stop% *}"
        if sh ${files} wal "$first" "\${stop% *}" "\${stop#* }"; then taken=yes; fi
      fi
    fi
    if [ $taken = no ]; then
      echo "not by reflinks, but by a base backup\${why:+: $why}"
      rm -rf ${spaced([making, ...places])}
      ${otherwise}
    fi
  `;
};
