import type { ClusterFacts } from '../../cluster/facts.ts';
import { hostsOf, isNode } from '../../cluster/facts.ts';
import { constant, type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { theLogin } from '../../cluster/login.ts';

/** The part of a host's script that runs a step: POSIX sh, the same for every step. */

/** The same file on the wrong host is the accident that this file must not allow. */
export const rightHost = (facts: ClusterFacts, host: string): Fragment | false => {
  const own = hostsOf(facts).find((each) => each.alias === host);
  const other = facts.others.find((each) => each.alias === host);
  const one = own ?? other;
  if (one === undefined) return false;
  const node = other?.name ?? (own !== undefined && isNode(own) ? own.alias : null);
  const [key, value] = node === null ? (['role', 'monitor'] as const) : (['name', node] as const);
  return sh`
    right_host() { # by what pg_autoctl calls this host in its own file
      cfg=${one.configFile}
      found=$(sed -n 's/^${constant(key)} *= *//p' "$cfg" 2>/dev/null | head -n 1)
      [ "$found" = ${quoted(value)} ] && return
      printf 'This is not %s, or you may not read %s: it says ${constant(key)} = %s.\n' ${quoted(host)} "$cfg" "\${found:-nothing}" >&2
      exit 2
    }

  `;
};

/** Shows a step, asks, runs it, and says how it ended. */
export const machine = (host: string): Fragment => sh`
  begin() { # NUMBER USER TITLE GIVES_UP WAITS
    text=$("step_$1") || exit
    right_host
    if [ "$2" != ${quoted(theLogin)} ] && [ "$(id -un)" != "$2" ]; then
      printf 'Step %s runs as %s: sudo -u %s sh %s %s\n' "$1" "$2" "$2" "$0" "$1" >&2
      exit 2
    fi
    if [ -n "$4" ] && [ "$typed" != ${quoted(host)} ]; then
      printf 'Step %s, %s, is IRREVERSIBLE: %s\nTo run it: sh %s %s %s\n' "$1" "$3" "$4" "$0" "$1" ${quoted(host)} >&2
      exit 2
    fi
    printf '%s\n' "$text" ''
    printf 'Step %s: %s\n' "$1" "$3"
    [ -z "$5" ] || printf 'Note: %s\n' "$5"
    printf 'Run it? Type yes: '
    read -r answer || answer=
    [ "$answer" = yes ] || { echo 'Not run.' >&2; exit 2; }
    # its own shell, the home directory, no input: as the console runs it
    ( cd && exec sh -c 's=$(cat <&3); exec 3<&-; eval "$s"' 3<<TEXT </dev/null
  $text
  TEXT
    )
    code=$?
    printf 'Step %s ended with %s. Look at what must hold after it before you go on.\n' "$1" "$code"
    exit "$code"
  }

`;
