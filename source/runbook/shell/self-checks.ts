import { type Fragment, sh } from '../../cluster/fragment.ts';
/**
 * What a script proves on the host itself before its first destructive line, and how it makes sure that what it has
 * written survives a power cut: shell functions, to be put at the head of a script that calls them. POSIX sh with the
 * coreutils, findutils and awk of a Linux host. Each says on stderr what stands against it and returns non-zero, so that
 * a plain call ends a script under `set -e`; none leaves a variable behind.
 */

/**
 * `idle DIRECTORY…`: no server runs in any of them, and nobody has a file below one open or works there, as far as this
 * user may look (its own processes; root sees all). A directory that is absent is idle.
 *
 * - A pid file counts while its process lives and belongs to the file's owner, as PostgreSQL takes it (another user's
 *   process makes it a stale file); a single-user server writes its number negative. Source: PostgreSQL, miscinit.c, CreateLockFile.
 * - Paths are compared as text, never as patterns; links in them are resolved, as /proc does.
 * - Who passes by (a look of this console's own, a backup's stat) holds nothing: whoever is found is asked again for three seconds.
 */
export const idleFunction: Fragment = sh`
  idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
    real=
    for dir in "$@"; do
      [ -d "$dir" ] || continue
      real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
      [ -s "$dir/postmaster.pid" ] || continue
      read -r pid <"$dir/postmaster.pid" || true
      pid=\${pid#-}
      case $pid in *[!0-9]*) continue ;; esac
      [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
      echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
      exit 1
    done
    [ -n "$real" ] || exit 0
    open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
      open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
        BEGIN { n = split(ENVIRON["real"], real, "\n") }
        { path = substr($0, index($0, " ") + 1)
          for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
        END { for (pid in held) print pid, held[pid] }')
      # gone in a moment is whoever passes by; asked again are those who were found
      [ -n "$open" ] && [ -n "$wait" ] || break
      sleep $wait
      set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
    done; printf %s "$open")
    [ -n "$open" ] || exit 0
    printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
      echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
    done
    exit 1
  )
`;

/**
 * `visitors DIRECTORY…`: of data directories whose servers run, before they are stopped: nobody but the server, what it has started, and pg_autoctl has a file open there, or works there. `idle`
 * would find them behind the stop, when it costs the application a pause for nothing: a colleague who reads a log. Who passes by is asked again for three seconds.
 */
export const visitorsFunction: Fragment = sh`
  visitors() ( # DIRECTORY...: nobody but its server and pg_autoctl has them open; else it says who
    for dir in "$@"; do
      real=$(readlink -f -- "$dir") server=
      [ ! -s "$dir/postmaster.pid" ] || read -r server <"$dir/postmaster.pid" || true
      for wait in 0.1 0.9 1 1 ""; do
        found=$(find /proc/[0-9]*/fd /proc/[0-9]*/cwd -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
          { path = substr($0, index($0, " ") + 1) }
          path == ENVIRON["real"] || index(path, ENVIRON["real"] "/") == 1 { split($0, part, "/"); held[part[3]] = path }
          END { for (pid in held) print pid, held[pid] }' | while read -r pid path; do
            up=$pid
            while [ "\${up:-0}" -gt 1 ] && [ "$up" != "$server" ] && [ "$(cat "/proc/$up/comm" 2>/dev/null)" != pg_autoctl ]; do
              up=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$up/status" 2>/dev/null)
            done
            # the server's and pg_autoctl's own end before the first process does
            if [ "$up" = 1 ] || [ "$up" = 0 ]; then echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first"; fi
          done)
        [ -n "$found" ] && [ -n "$wait" ] || break
        sleep $wait
      done
      [ -z "$found" ] || { printf '%s\n' "$found" | head -n 3 >&2; exit 1; }
    done
  )
`;

/**
 * `keep FILE…`: each file and the directory that names it are on the disk (fsync) before the next line relies on them.
 * Where coreutils know no `sync FILE` (before 8.24) everything is written out. A file that is absent fails.
 */
export const keepFunction: Fragment = sh`
  keep() { # FILE...: on the disk, with the directory that names it
    for kept in "$@"; do
      [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
      case $kept in */*) set -- "$@" "\${kept%/*}/" ;; *) set -- "$@" . ;; esac
    done
    unset kept; sync -- "$@" || sync
  }
`;

/**
 * Lines that write what a command prints into a file, or end the script. By the shell's own printf, which fails on a disk that is
 * full: PostgreSQL's programs do not look whether what they print arrives, and end with 0. (pg_controldata >/dev/full does.)
 */
export const wholeLines = (file: Fragment, asked: Fragment): Fragment => sh`
  whole=$(${asked})
  printf '%s\n' "$whole" > ${file}
`;

/**
 * `same_file_system A B`: a rename from beside one to beside the other moves no data: same device and same mount (a bind
 * mount has the device of what is behind it, and rename(2) still refuses). A place that is absent is asked for by the
 * directory above it.
 */
export const sameFileSystemFunction: Fragment = sh`
  same_file_system() ( # A B: renaming one to beside the other copies nothing
    place() ( at=$1; while [ ! -e "$at" ] && [ "$at" != "\${at%/*}" ]; do at=\${at%/*}; done; stat -c "%d %m" -- "\${at:-/}" )
    [ "$(place "$1")" = "$(place "$2")" ] || { echo "$1 and $2 are on different file systems" >&2; exit 1; }
  )
`;

/**
 * `control BIN DIRECTORY`: what pg_controldata says, also where pg_upgrade --link or the upgrade has renamed pg_control;
 * then through a directory of links, and nothing in the cluster is touched. `as_kept BIN DIRECTORY FILE`: it says to the
 * byte what was kept; an empty file was never written. `of_system BIN DIRECTORY IDENTIFIER`: it is this cluster's.
 */
export const controlFunctions: Fragment = sh`
  control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
    at=$2
    if [ ! -e "$2/global/pg_control" ]; then
      at=$(mktemp -d); trap 'rm -rf "$at"' EXIT; mkdir "$at/global"
      for name in pg_control.do-not-start pg_control.old; do
        if [ -e "$2/global/$name" ]; then ln -sf "$2/global/$name" "$at/global/pg_control"; fi
      done
      ln -s "$2/PG_VERSION" "$at/PG_VERSION"
    fi
    "$1/pg_controldata" -D "$at"
  )
  as_kept() { # BIN DIRECTORY FILE: it says what was kept in FILE, to the byte
    [ -s "$3" ] && control "$1" "$2" | cmp -s - "$3"
  }
  of_system() { # BIN DIRECTORY IDENTIFIER
    [ "$(control "$1" "$2" | sed -n 's/^Database system identifier: *//p')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
  }
`;

/** `version DIRECTORY`: the major version of the cluster in it, nothing where there is none. */
export const versionFunction = sh`version() { cat "$1/PG_VERSION" 2>/dev/null || true; }`;
