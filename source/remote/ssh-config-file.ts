import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';

const maximumDepth = 16;

const codeOf = (thrown: unknown): unknown =>
  thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;

/** The files that an Include argument names: relative to ~/.ssh, `*` and `?` in the last part. */
const filesOf = async (argument: string): Promise<string[]> => {
  const plain = argument.replace(/^"|"$/g, '').replace(/^~\//, `${homedir()}/`);
  const path = isAbsolute(plain) ? plain : join(homedir(), '.ssh', plain);
  if (!/[*?]/.test(basename(path))) return [path];
  const escaped = basename(path).replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}$`);
  try {
    const names = await readdir(dirname(path));
    return names
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(dirname(path), name));
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
};

/**
 * The text of an ssh_config file with its Include lines replaced by what they name, because the ssh-config package
 * does not follow them. After an included file the Host or Match block around the Include is opened again, as in OpenSSH.
 * Known difference: Host blocks *inside* a file included from within a Host block apply regardless of the outer one.
 * Throws when a file cannot be read; an absent file is empty unless `mustExist`.
 */
export const readWithIncludes = async (file: string, mustExist: boolean, depth = 0): Promise<string> => {
  if (depth > maximumDepth) throw new Error(`Include is nested too deeply at ${file}`);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    if (!mustExist && codeOf(thrown) === 'ENOENT') return '';
    throw thrown;
  }
  const lines: string[] = [];
  let block = 'Host *';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(host|match)[\s=]/i.test(line)) block = line;
    const included = /^\s*include[\s=]+(.*\S)\s*$/i.exec(line)?.[1];
    if (included === undefined) {
      lines.push(line);
      continue;
    }
    for (const argument of included.match(/"[^"]*"|\S+/g) ?? [])
      for (const name of await filesOf(argument)) lines.push(await readWithIncludes(name, false, depth + 1));
    lines.push(block);
  }
  return lines.join('\n');
};
