import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A directory of programs without anything of GNU's, in the place of macOS's, which no test here can have: each program
 * takes the options of POSIX and those that macOS documents besides, refuses any other, and writes the refusal down.
 * Nothing else is in it: no setsid, timeout, getent, sha256sum, flock, ps.
 */

/** Options of POSIX and macOS, as getopt reads them. */
const options: Readonly<Record<string, string>> = {
  awk: 'F:v:f:',
  base64: 'dDi:o:',
  basename: 's:a',
  cat: 'benstuv',
  chmod: 'RfHLPhv',
  cmp: 'lsxz',
  cp: 'RHLPfinpvac',
  cut: 'b:c:d:f:nsw',
  date: 'uj',
  dd: '',
  dirname: '',
  du: 'HLPaskhmcxd:',
  env: 'iu:',
  grep: 'EFGHILPRSUVabcdDe:f:hilm:noqrsvwxyA:B:C:',
  head: 'n:c:',
  ln: 'fsFLPhinv',
  ls: 'AaCFHLRSTWBacdefghiklmnopqrstuwx1',
  mkdir: 'pm:v',
  mkfifo: 'm:',
  mktemp: 'dqt:u',
  mv: 'finv',
  od: 'A:j:N:t:vbcdosxahHDO',
  paste: 'sd:',
  readlink: 'n',
  rm: 'dfiIPRrvWx',
  rmdir: 'p',
  sed: 'nEe:f:al',
  sleep: '',
  sort: 'bcCdfik:mno:rt:ugMRS:T:',
  stat: 'FLnqrsxf:t:',
  sync: '',
  tail: 'Ffrqn:c:b:',
  tee: 'ai',
  touch: 'Aacfhmr:t:d:',
  tr: 'CcdsuC',
  uname: 'amnprsv',
  uniq: 'cduif:s:',
  wc: 'clmwL',
  xargs: '0opt:E:I:J:L:n:P:R:s:x',
};

/** What is refused although its letter is known. */
const refused: Readonly<Record<string, string>> = {
  date: `case $* in *%N* | *%[0-9]N*) refuse "$*" ;; esac`,
  find: `case " $* " in *' -printf '* | *' -regextype '* | *' -readable '* | *' -executable '*) refuse "$*" ;; esac`,
};

/** What such programs do otherwise. */
const otherwise: Readonly<Record<string, (own: string) => string>> = {
  // Reads ahead, as one whose library buffers, and leaves nothing for the next.
  head: (own) => `case $1 in -c) cat | ${own} "$@"; exit ;; esac`,
  // Ends the last line, whether it was ended or not.
  sed: (own) => `${own} "$@" | ${ownOf('awk')} 1; exit`,
  // Right-aligned.
  wc: (own) => `[ $# -gt 1 ] || { printf '%8d\\n' "$(${own} "$@")"; exit; }`,
};

const wrapper = (directory: string, name: string, own: string): string => {
  return `#!/bin/sh
refuse() { echo "${name}: illegal option: $1" >&2; [ -z "\${PGAF_DEMO-}" ] || echo "${name} $1" >>'${directory}.refused'; exit 64; }
POSIXLY_CORRECT=1; export POSIXLY_CORRECT
${
  name in options
    ? `for word; do case $word in --) break ;; --?*) refuse "$*" ;; -?*) ;; *) break ;; esac; done
OPTIND=1
while getopts ':${options[name]}' letter; do case $letter in '?') refuse "$*" ;; esac; done`
    : ''
}
${refused[name] ?? ''}
${otherwise[name]?.(own) ?? ''}
exec ${own} "$@"
`;
};

export interface PosixPrograms {
  /** For PATH. */
  readonly directory: string;
  /** Whatever the hosts of a demo were refused. */
  readonly refusals: () => string;
}

const ownOf = (name: string): string =>
  execFileSync('/bin/sh', ['-c', `PATH=/usr/bin:/bin; command -v ${name}`], { encoding: 'utf8' }).trim();

export const makePosixPrograms = (): PosixPrograms => {
  const directory = join(mkdtempSync(join(tmpdir(), 'pgaf-posix-')), 'bin');
  mkdirSync(directory);
  for (const name of [...Object.keys(options), 'find']) {
    writeFileSync(join(directory, name), wrapper(directory, name, ownOf(name)));
    chmodSync(join(directory, name), 0o755);
  }
  for (const name of ['echo', 'expr', 'false', 'printf', 'test', 'true'])
    symlinkSync(`/usr/bin/${name}`, join(directory, name));
  // macOS's sh is bash.
  symlinkSync(existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh', join(directory, 'sh'));
  return {
    directory,
    refusals: () => (existsSync(`${directory}.refused`) ? readFileSync(`${directory}.refused`, 'utf8') : ''),
  };
};
