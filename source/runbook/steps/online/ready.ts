import type { HostFacts } from '../../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import { onlineDirectory } from './names.ts';

/**
 * What a change of places does before its stop is done by a step of its own, before applications are made to wait (make-ready.ts). It is good for some minutes: the change of places
 * does again what is cheap, or all of it where it is not fresh.
 */

/** Seconds for which it is fresh, by the host's own clock. */
export const freshSeconds = 600;

/** What was made ready: for which change of places, and of which two servers; and when. */
export const readyFile = (primary: HostFacts): Path => word`${onlineDirectory(primary)}/ready`;

/** Everything was verified, for the stop that is behind it. Without it what lies stopped in its place only goes home: its host was restarted. */
export const stopsFile = (primary: HostFacts): Path => word`${onlineDirectory(primary)}/stops`;

/**
 * Functions of the shell. A server is its process and the moment of its start, as its postmaster.pid has them: one that was started again is another, and so is one of a host that was.
 * Source: PostgreSQL, miscadmin.h, LOCK_FILE_LINE_PID and LOCK_FILE_LINE_START_TIME.
 */
export const readyFunctions: Fragment = sh`
  servers() { # DATA…: which servers run there
    for one; do sed -n '1p;3p' "$one/postmaster.pid" 2>/dev/null || true; done | tr '\n' ' '
  }
  ready_age() ( # FILE WHAT DATA DATA: seconds since it was made ready for that and by these servers; nothing where it is not fresh
    [ -s "$1" ] && { IFS= read -r of && IFS= read -r at; } <"$1" || exit 0
    [ "$of" = "$2 $(servers "$3" "$4")" ] || exit 0
    case $at in '' | *[!0-9]*) exit 0 ;; esac
    age=$(($(date +%s) - at))
    [ "$age" -lt 0 ] || [ "$age" -gt ${freshSeconds} ] || echo "$age"
  )
`;
