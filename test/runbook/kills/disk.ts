import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../sandbox.ts';

/** Every state that a script brings a sandbox's disk into: what a power cut, or a kill, could leave at any moment. */
export interface Passed {
  readonly code: number | null;
  readonly output: string;
  /** Copies of the sandbox, each of another content, in order; the first is how it was before. */
  readonly states: readonly State[];
}

export interface State {
  /** Where the copy lies. */
  readonly at: string;
  /** The same for the same content, whatever the times of its files. */
  readonly content: string;
  /** The command that was about to be run, or half of which was. */
  readonly command: string;
}

/** Proofs: they change nothing, and need not be inspected command by command. */
const proofs = ['idle', 'control', 'as_kept', 'of_system', 'same_file_system', 'version', 'liveness'];

/**
 * Before each command bash looks whether the disk is another than at the last one, and copies it if so. What a command does in many
 * small parts may also end in the middle of it: of a directory that is being removed the mark, the version or all but the directory
 * itself are gone already; what is copied or written is empty still. What programs do is not halved.
 */
const watching = (root: string, store: string): string => `
pgaf_copy() { pgaf_n=1; while [ -e "${store}/$pgaf_n" ]; do pgaf_n=$((pgaf_n + 1)); done
  cp -a "${root}" "${store}/$pgaf_n"; printf '%s\\n' "$1" > "${store}/$pgaf_n.command"; pgaf_at="${store}/$pgaf_n"; }
pgaf_half() { # PATH WORDS…: a copy in which it is half done
  case $1 in "${root}"/*) ;; *) return 0 ;; esac
  pgaf_path=\${1#"${root}"}; shift; pgaf_copy "half: $BASH_COMMAND"; (cd "$pgaf_at/\${pgaf_path%/*}" && pgaf_name=\${pgaf_path##*/} && "$@")
}
pgaf_without() { rm -rf "$pgaf_name/$1"; }
pgaf_bare() { find "$pgaf_name" -mindepth 1 -delete; }
pgaf_empty() { : > "$pgaf_name"; }
pgaf_watch() {
  [ -z "\${pgaf_busy-}" ] || return 0
  case " \${FUNCNAME[*]} " in ${proofs.map((name) => `*" ${name} "*`).join(' | ')}) return 0 ;; esac
  pgaf_busy=yes
  pgaf_now=$(find "${root}" -printf '%P %y %i %n %s %T@ %m %l\\n')
  if [ "$pgaf_now" != "\${pgaf_seen-}" ]; then pgaf_seen=$pgaf_now; pgaf_copy "$BASH_COMMAND"; fi
  [ -n "\${pgaf_program-}" ] || case $BASH_COMMAND in
    'rm -r'*) set +u; eval "pgaf_words=(\${BASH_COMMAND#rm -r* })"; set -u
      for pgaf_one in "\${pgaf_words[@]}"; do
        [ -d "$pgaf_one" ] && [ ! -L "$pgaf_one" ] && [ -n "$(ls -A "$pgaf_one")" ] || continue
        case $pgaf_one in /*) ;; *) pgaf_one=$PWD/$pgaf_one ;; esac
        for pgaf_part in .pgaf-upgrade PG_VERSION global base pid; do
          [ ! -e "$pgaf_one/$pgaf_part" ] || pgaf_half "$pgaf_one" pgaf_without "$pgaf_part"
        done
        pgaf_half "$pgaf_one" pgaf_bare
      done ;;
    'cp -p'*) set +u; eval "pgaf_words=(\${BASH_COMMAND})"; set -u; pgaf_one=\${pgaf_words[-1]}
      if [ ! -d "$pgaf_one" ] && [ ! -d "\${pgaf_words[-2]}" ]; then case $pgaf_one in /*) ;; *) pgaf_one=$PWD/$pgaf_one ;; esac; pgaf_half "$pgaf_one" pgaf_empty; fi ;;
    *' > '*) pgaf_one=\${BASH_COMMAND##* > }
      case $pgaf_one in *[\\;\\&\\|\\(\\)]* | /dev/*) ;; *) pgaf_one=$( (set +u; eval "printf %s $pgaf_one") 2>/dev/null || true); case $pgaf_one in /*) ;; *) pgaf_one=$PWD/$pgaf_one ;; esac; pgaf_half "$pgaf_one" pgaf_empty ;; esac ;;
  esac
  pgaf_busy=
}
set -o functrace; trap 'pgaf_watch "$@"' DEBUG`;

const timeless = (text: string): string =>
  text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d{8}T\d{6}Z/g, 'TIME');

/** Names, kinds, modes, which files are one, and what is in them. */
export const contentOf = (root: string): string => {
  const hash = createHash('sha256');
  const files = new Map<number, number>();
  const walk = (directory: string, below: string): void => {
    for (const name of readdirSync(directory).sort()) {
      const path = join(directory, name);
      const stat = lstatSync(path);
      const known = files.get(stat.ino) ?? files.size;
      if (stat.isFile()) files.set(stat.ino, known);
      const what = stat.isSymbolicLink()
        ? readlinkSync(path)
        : stat.isFile()
          ? `${known} ${stat.mode} ${timeless(readFileSync(path, 'latin1'))}`
          : 'directory';
      hash.update(`${timeless(below)}/${timeless(name)} ${what}\n`);
      if (stat.isDirectory()) walk(path, `${below}/${name}`);
    }
  };
  walk(root, '');
  return hash.digest('hex');
};

const stores: string[] = [];

/** Runs a script to its end; the sandbox is as the script leaves it. */
export const passes = (host: Sandbox, text: string): Passed => {
  const store = mkdtempSync(join(tmpdir(), 'pgaf-states-'));
  stores.push(store);
  const ran = spawnSync('bash', ['--posix', '-c', `cd\n${watching(host.root, store)}\n${text}`], {
    encoding: 'utf8',
    timeout: 60_000,
    env: host.environment,
  });
  const numbers = readdirSync(store)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const states = numbers
    .sort((one, other) => one - other)
    .map((number) => {
      const at = join(store, String(number));
      return { at, content: contentOf(at), command: readFileSync(`${at}.command`, 'utf8').trim() };
    });
  const seen = new Set<string>();
  return {
    code: ran.status,
    output: `${ran.stdout}${ran.stderr}`,
    states: states.filter(({ content }) => !seen.has(content) && seen.add(content)),
  };
};

/** The sandbox is as it was at that moment. Each state can be had once. */
export const becomes = (host: Sandbox, state: State): void => {
  rmSync(host.root, { recursive: true, force: true });
  renameSync(state.at, host.root);
};

export const forgetStates = (): void => {
  for (const store of stores.splice(0)) rmSync(store, { recursive: true, force: true });
};
