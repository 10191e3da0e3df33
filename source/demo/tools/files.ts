import { realpathSync, renameSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf } from '../../cluster/result.ts';
import type { Call } from '../hosts/wire.ts';

/** What GNU's programs tell of files, for the scripts of the demo's hosts where this machine's cannot: hosts/not-gnu.ts. */

const attempt = (call: Call, act: () => void): number => {
  try {
    act();
    return 0;
  } catch (thrown) {
    call.err(`${call.tool}: ${messageOf(thrown)}`);
    return 1;
  }
};

/** The words without the `--` that scripts put before file names. */
const wordsOf = ({ args }: Call): readonly string[] => args.filter((word) => word !== '--');

/** `date +%s%3N` and `date -u -r FILE +%FT%TZ`. */
export const date = async (call: Call): Promise<number> => {
  const [first, second, file = '', format] = wordsOf(call);
  if (first === '+%s%3N') call.out(String(Date.now()));
  else if (first === '-u' && second === '-r' && format === '+%FT%TZ')
    return attempt(call, () =>
      call.out(`${statSync(resolve(call.directory, file)).mtime.toISOString().slice(0, 19)}Z`),
    );
  else {
    call.err(`date ${call.args.join(' ')}: not in the demo`);
    return 1;
  }
  return 0;
};

/** `mv -T FROM TO` is rename(2): it refuses a directory that is not empty. */
export const mv = async (call: Call): Promise<number> => {
  const [, from = '', to = ''] = wordsOf(call);
  return attempt(call, () => renameSync(resolve(call.directory, from), resolve(call.directory, to)));
};

const realOf = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    // The last part of it need not be there; its directory must.
    return join(realpathSync(dirname(path)), basename(path));
  }
};

/** `readlink -f PATH`; silent where there is no such directory, as the real one. */
export const readlink = async (call: Call): Promise<number> => {
  try {
    call.out(realOf(resolve(call.directory, wordsOf(call)[1] ?? '')));
    return 0;
  } catch {
    return 1;
  }
};

const properties: Readonly<Record<string, (stats: Stats) => string>> = {
  '%Y': ({ mtimeMs }) => String(Math.floor(mtimeMs / 1000)),
  '%d': ({ dev }) => String(dev),
  '%h': ({ nlink }) => String(nlink),
  '%u': ({ uid }) => String(uid),
  // Every host has a disk of its own, as its df says.
  '%m': () => '/',
};

/** `stat -c FORMAT FILE...`. */
export const stat = async (call: Call): Promise<number> => {
  const [, format = '', ...files] = wordsOf(call);
  const unknown = (format.match(/%./g) ?? []).filter((one) => properties[one] === undefined);
  if (unknown.length > 0) {
    call.err(`stat -c ${format}: not in the demo`);
    return 1;
  }
  const codes = files.map((file) =>
    attempt(call, () => {
      const stats = statSync(resolve(call.directory, file));
      call.out(format.replace(/%./g, (one) => properties[one]?.(stats) ?? ''));
    }),
  );
  return Math.max(0, ...codes);
};
