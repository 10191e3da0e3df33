import type { GnuProgram } from './programs.ts';

/**
 * Stand-ins for the GNU programs where a machine has others, as macOS has: each for what the product's scripts ask of it,
 * and this machine's own for everything else. What a shell cannot tell is asked of the demo's process (tools/files.ts).
 */

/** `own` is this machine's program; $ask that of the same name which asks. */
const standIn = (name: string, own: string, body: string): string => `#!/bin/sh
# Stands in for GNU ${name} in the demo of pgaf-upgrade, on a machine with another one.
own='${own}'
ask=$PGAF_DEMO/tools/ask/${name}
${body}exec "$own" "$@"
`;

const bodies: Readonly<Record<GnuProgram, string>> = {
  date: `case $* in *%3N* | *' -r '*) exec "$ask" "$@" ;; esac\n`,
  find: `case $* in
  *" -printf %p %l\\\\n")
    words=$#
    for word; do shift; words=$((words - 1)); [ $words -lt 2 ] || set -- "$@" "$word"; done
    "$own" "$@" -exec sh -c 'for link; do printf "%s %s\\n" "$link" "$(readlink "$link")"; done' sh {} +
    exit ;;
  *" -printf %s\\\\n")
    words=$#
    for word; do shift; words=$((words - 1)); [ $words -lt 2 ] || set -- "$@" "$word"; done
    "$own" "$@" -exec ls -ln {} + | awk '{ print $5 }'
    exit ;;
esac
`,
  grep: `case $* in
  '-lzsxF '*)
    mark=$2; shift 2
    for file; do [ -r "$file" ] && tr '\\0' '\\n' <"$file" | "$own" -qxF -e "$mark" && printf '%s\\n' "$file"; done
    exit 0 ;;
  '-Hasz '*)
    wanted=$2; shift 2
    for file; do [ -r "$file" ] && tr '\\0' '\\n' <"$file" | "$own" -e "$wanted" | sed "s|^|$file:|"; done
    exit 0 ;;
  '-az '*) tr '\\0' '\\n' <"$3" | "$own" -e "$2" | tr '\\n' '\\0'; exit ;;
  '-vxF -e ') exec "$own" -v '^$' ;;
esac
`,
  // Not a byte more, because the next program reads on in the same file.
  head: `case $* in
  '-c '*)
    [ $# -lt 3 ] || exec <"$3"
    exec dd bs="$2" count=1 2>/dev/null ;;
esac
`,
  mv: `case $1 in -T) exec "$ask" "$@" ;; esac\n`,
  readlink: `case $1 in -f) exec "$ask" "$@" ;; esac\n`,
  sed: `case $1 in -i) "$own" "$2" "$3" >"$3.sed" && cat "$3.sed" >"$3" && rm -f "$3.sed"; exit ;; esac\n`,
  stat: `exec "$ask" "$@"\n`,
  tail: `case $* in
  *' --pid='*)
    from=\${2#+}
    for word; do case $word in --pid=*) pid=\${word#*=} ;; esac; file=$word; done
    exec 3<"$file" || exit 1
    [ "$from" -le 1 ] || dd bs=$((from - 1)) count=1 <&3 >/dev/null 2>&1
    while kill -0 "$pid" 2>/dev/null; do cat <&3; sleep 0.1; done
    exec cat <&3 ;;
esac
`,
  timeout: `if [ "$1" = -k ]; then shift 2; fi
seconds=$1; shift
"$@" <&0 & it=$!
{ sleep "$seconds"; kill -s TERM $it; } >/dev/null 2>&1 & clock=$!
wait $it; code=$?
kill $clock 2>/dev/null
exit $code
`,
  xargs: `case $* in
  '-0 -r '*)
    shift 2
    all=$(mktemp) && cat >"$all" || exit 1
    [ ! -s "$all" ] || "$own" -0 "$@" <"$all"; code=$?
    rm -f "$all"; exit $code ;;
esac
`,
};

/** The stand-in for one program; `own` is this machine's, where it has one at all. */
export const notGnu = (name: GnuProgram, own: string | null): string =>
  standIn(name, own ?? `/no/${name}`, bodies[name]);

/** Those that ask the demo's process. */
export const asking: readonly GnuProgram[] = ['date', 'mv', 'readlink', 'stat'];
