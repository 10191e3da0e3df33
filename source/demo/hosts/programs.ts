import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a demo host's own programs are: this machine's, and nothing that somebody has installed beside them. */
export const systemPrograms = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(delimiter);

const runs = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: the next directory.
    return false;
  }
};

/** The program of that name in a search path; null where there is none. */
export const programIn = (path: string, name: string): string | null =>
  path
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find(runs) ?? null;

const gnuPrograms = [
  'date',
  'find',
  'grep',
  'head',
  'mv',
  'readlink',
  'sed',
  'stat',
  'tail',
  'timeout',
  'xargs',
] as const;

/** A program whose GNU ways a host of the demo may have to do without. */
export type GnuProgram = (typeof gnuPrograms)[number];

/**
 * The product's scripts are written for hosts with the GNU programs, which macOS does not have. One line for each use of
 * them that neither POSIX nor macOS knows: true where this machine's program does it. Each has a directory of its own.
 */
const probes: Readonly<Record<GnuProgram, string>> = {
  date: `: >f; [ "$(date +%s%3N | tr -d '0-9')" = '' ] && [ "$(date +%s%3N | wc -c)" -gt 12 ] && date -u -r f +%FT%TZ | grep -q '^20.*Z'`,
  find: `: >f; [ "$(find f -type f -links 1 -printf '%s\\n')" = 0 ] && ln -s f l && [ "$(find l -type l -printf '%p %l\\n')" = 'l f' ]`,
  grep: `printf 'a\\0b\\0' >f; [ "$(grep -lzsxF b f)" = f ] && [ "$(echo a | grep -vxF -e '')" = a ]`,
  // What follows is the next reader's.
  head: `printf ab >f; [ "$(head -c 1 f)" = a ] && { [ "$(head -c 1)" = a ] && [ "$(cat)" = b ]; } <f`,
  mv: 'mkdir a b b/c; mv -T -- a d && ! mv -T d b',
  readlink: `mkdir a; ln -s a l; here=$(pwd -P); [ "$(readlink -f l)" = "$here/a" ] && [ "$(readlink -f -- none)" = "$here/none" ]`,
  sed: `echo a >f; sed -i s/a/b/ f && [ "$(cat f)" = b ]`,
  stat: `: >f; [ "$(stat -c %h f)" = 1 ] && stat -c %Y f && stat -c %d f && stat -c '%d %m' -- f`,
  // The process that it waits for has ended.
  tail: `printf ab >f; [ "$(tail -c +2 -s 0.02 --pid="$(sh -c 'echo $$')" -f f)" = b ]`,
  timeout: 'timeout 5 true',
  xargs: `[ "$(printf a | xargs -0 -r echo)" = a ] && [ -z "$(printf '' | xargs -0 -r echo x)" ]`,
};

/** Names what is missing, a line each; for an empty directory. */
export const probeScript = gnuPrograms
  .map(
    (name) => `( mkdir ${name}.d && cd ${name}.d || exit; ${probes[name]} ) >/dev/null 2>&1 || echo ${name}`,
  )
  .join('\n');

/**
 * Those of them that this machine's programs cannot do, tried in an empty directory. All of them take some 50 ms.
 * `path` is where to look for the programs.
 */
export const missingIn = (path: string, directory: string): ReadonlySet<GnuProgram> => {
  const said = execFileSync('/bin/sh', ['-c', `${probeScript}\n:`], {
    cwd: directory,
    env: { PATH: path, LC_ALL: 'C' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).split('\n');
  return new Set(gnuPrograms.filter((name) => said.includes(name)));
};
