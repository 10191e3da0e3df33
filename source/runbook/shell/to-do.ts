import { type HostFacts, isNode } from '../../cluster/facts.ts';
import { type Fragment, known, quoted, sh, word } from '../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../cluster/observations.ts';
import { laterWords, type ToDo, type ToDoPart } from '../../cluster/to-do.ts';
import type { Path } from '../../cluster/words.ts';
import { keepFunction } from './self-checks.ts';
import { script } from './shell.ts';

/** Where a step notes on its host, the primary's or the monitor's, what it has left undone, a line each: database, what, command, with tabs between. */
export const toDoFile = (host: HostFacts, part: ToDoPart): Path =>
  word`${host.workDir}/to-do/${known<ToDoPart>(part)}`;

/**
 * Shell functions for a step that holds up nothing, whatever fails in it: `to_do DATABASE WHAT SQL` notes it, `cause` tells in one line
 * what a program has printed of an error. What earlier tries have noted goes with {@link keepToDo}.
 */
export const toDoFunctions = (host: HostFacts, part: ToDoPart): Fragment => sh`
  ${keepFunction}
  # what fails below holds nothing up: it is noted, with the command that repeats it
  tab=$(printf '\t')
  left=${toDoFile(host, part)}; mkdir -p ${word`${host.workDir}/to-do`}; : > "$left.new"
  one_line() { tr '\n\t' '  ' | tr -d '\000-\037\177' | sed 's/  */ /g; s/ $//'; }
  in_quotes() { printf %s "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
  typed_word() { case $1 in *[!A-Za-z0-9_/.-]*) in_quotes "$1" ;; *) printf %s "$1" ;; esac; }
  database_word() { # NAME: as psql -d takes it; one with a = or of the form of a URI would be a connection string
    case $1 in
      '') printf postgres ;;
      *=* | postgres://* | postgresql://*) in_quotes "dbname='$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")'" ;;
      *) typed_word "$1" ;;
    esac
  }
  psql_words=$(printf '%s/%s -X -h %s -p %s -U %s' "$(typed_word ${host.newBindir})" psql "$(typed_word ${host.socketDirectory})" ${host.port} "$(typed_word ${host.superuser})")
  to_do() { # DATABASE WHAT SQL
    what=$(printf %s "$2" | one_line | head -c 600) where='' repeat=''
    [ -z "$1" ] || where=$(printf %s "$1" | one_line)
    [ -z "$3" ] || repeat="$psql_words -d $(database_word "$1") -c $(in_quotes "$3" | one_line)"
    printf '%s\n' "$where$tab$what$tab$repeat" >> "$left.new"
    # echo would read the backslashes
    printf '%s\n' "left to do\${1:+ in $1}: $what\${repeat:+ - $repeat}"
  }
  cause() { # FILE: the first error in it, with its detail, in one line
    awk '{ sub(/^psql:[^ ]+ /, "") } /^(ERROR|FATAL|PANIC|psql: error|vacuumdb: error)/ && !n++ { print; next }
      /^(HINT|CONTEXT|STATEMENT|LINE|QUERY|ERROR|FATAL|WARNING|NOTICE)/ { on = 0 } /^DETAIL/ && n == 1 { on = 1 } on' "$1" | one_line
  }
`;

/** Lines at the end: what is noted now replaces what an earlier try has noted. */
export const keepToDo: Fragment = sh`
  if [ -s "$left.new" ]; then mv "$left.new" "$left"; keep "$left"; else rm -f "$left" "$left.new"; fi
`;

/** What is noted on a host, as far as it is seen; of the monitor's host it says so. */
export const notedOn = (host: HostFacts, world: Observations): readonly ToDo[] =>
  (hostIn(world, host.alias)?.toDo ?? []).map((one) => (isNode(host) ? one : { ...one, host: host.alias }));

/** What a step has left undone, for its card. */
export const toDoNotes =
  (host: HostFacts, part: ToDoPart) =>
  (world: Observations): readonly string[] =>
    notedOn(host, world)
      .filter((one) => one.part === part)
      .map(laterWords);

/** A whole script, as postgres: a note is done, and its line goes; a list without a line goes with it. */
export const forgetToDo = (host: HostFacts, one: ToDo): Fragment => {
  const file = toDoFile(host, one.part);
  return script(sh`
    umask 077
    ${keepFunction}
    grep -v -x -F -e ${quoted([one.database, one.what, one.command].join('\t'))} ${file} > ${word`${file}.new`} || [ $? -eq 1 ]
    if [ -s ${word`${file}.new`} ]; then mv ${word`${file}.new`} ${file}; keep ${file}; else rm -f ${file} ${word`${file}.new`}; fi
  `);
};
