import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import { type KnownHostLine, keyTypeOf, parseKnownHosts } from './known-hosts.ts';

const notThere = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR');

/**
 * The known_hosts files, plus the keys that the operator accepted in this process: they stay pinned
 * even where the file could not keep them (`UserKnownHostsFile /dev/null`).
 */
export class KnownHostsStore {
  readonly #accepted: KnownHostLine[] = [];

  /** Reads every file anew, so that a key removed or added meanwhile counts. An absent file is empty. */
  async read(files: readonly string[]): Promise<Result<KnownHostLine[]>> {
    const lines: KnownHostLine[] = [];
    for (const file of files) {
      try {
        lines.push(...parseKnownHosts(await readFile(file, 'utf8'), file));
      } catch (thrown) {
        if (notThere(thrown)) continue;
        const remedy = `Make it readable (chmod u+r ${file}), or name another with UserKnownHostsFile.`;
        return fail(problem(`Cannot read the known hosts file ${file}.`, remedy, messageOf(thrown)));
      }
    }
    // Last, so that a problem names the file and the line where there is one.
    return ok([...lines, ...this.#accepted]);
  }

  /** Remembers a key that the operator accepted, in memory and in the first file (0600, directory 0700). */
  async accept(files: readonly string[], name: string, key: Buffer): Promise<Result<void>> {
    const keyType = keyTypeOf(key);
    const file = files[0];
    this.#accepted.push({
      file: file ?? 'this session',
      line: 0,
      marker: 'none',
      patterns: name,
      keyType,
      key,
    });
    if (file === undefined) return ok(undefined);
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await appendFile(file, await lineFor(file, `${name} ${keyType} ${key.toString('base64')}\n`), {
        mode: 0o600,
      });
      return ok(undefined);
    } catch (thrown) {
      const remedy = `Make it writable (chmod u+w ${file}), or name another with UserKnownHostsFile.`;
      return fail(problem(`Cannot add the host key of ${name} to ${file}.`, remedy, messageOf(thrown)));
    }
  }
}

/** A file edited by hand may lack its last newline: appending would then spoil both lines. */
const lineFor = async (file: string, line: string): Promise<string> => {
  try {
    const before = await readFile(file, 'utf8');
    return before === '' || before.endsWith('\n') ? line : `\n${line}`;
  } catch (thrown) {
    if (notThere(thrown)) return line;
    throw thrown;
  }
};
