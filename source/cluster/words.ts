import { posix } from 'node:path';
import { z } from 'zod';
import { type Problem, problem } from './result.ts';

/**
 * What a server, a database, a file on a host or the cluster file may say before it reaches a script: each value is a word of
 * a known kind, and whatever else is refused where it is read. Quoting alone is not enough: a host name with a
 * leading dash is an option of ssh, a path with a line break leaves a comment or a here-document, an identifier that is none
 * changes what a comparison means.
 */

declare const kind: unique symbol;
/** Text that was seen to be of a kind. The mark exists for the type checker alone, and only what is parsed here has it. */
export type Word<Kind extends string = string> = string & { readonly [kind]: Kind };

export type SystemIdentifier = Word<'system identifier'>;
export type Alias = Word<'alias'>;
export type NodeName = Word<'node name'>;
export type HostName = Word<'host name'>;
export type Path = Word<'path'>;
export type RelativePath = Word<'relative path'>;
export type UnitName = Word<'unit'>;
export type OsUser = Word<'user'>;
export type SqlName = Word<'name in SQL'>;
export type Version = Word<'version'>;
export type Lsn = Word<'LSN'>;
export type Label = Word<'label'>;
export type RunName = Word<'run'>;
export type LibraryName = Word<'library'>;
export type StepName = Word<'step name'>;
export type ShellText = Word<'shell text'>;

const word = <Kind extends string>(
  fits: RegExp | ((text: string) => boolean),
  error: string,
): z.ZodType<Word<Kind>, string> =>
  z
    .string()
    .pipe(
      z.custom<Word<Kind>>(
        (text) => typeof text === 'string' && (fits instanceof RegExp ? fits.test(text) : fits(text)),
        { error },
      ),
    );

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** Half a character, or what took the place of bytes that are no UTF-8: it would be another path there. */
const garbled = /[\p{Surrogate}\ufffd]/u;
const bytes = (text: string): number => Buffer.byteLength(text);
const climbs = (path: string): boolean => path.split('/').some((part) => part === '..' || part === '.');

/** PostgreSQL's unsigned 64-bit number, as text. */
export const systemIdentifier = word<'system identifier'>(
  /^\d{1,20}$/,
  'must be a system identifier: 1 to 20 digits',
);

/** The name of a step of the cluster file's own: part of its id, and of its marker files. */
export const stepName = word<'step name'>(
  /^[a-z][a-z0-9-]{0,39}$/,
  'must be a name of small letters, digits and `-`, at most 40, that begins with a letter',
);

/** A piece of shell that the operator has written: lines of text, without other control characters. */
export const shellText = word<'shell text'>(
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  (text) => text.trim() !== '' && text.length <= 16_384 && !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text),
  'must be shell commands: not empty, at most 16,384 characters, no control characters',
);

/** As the monitor has it: '' for a node that has not reported one yet. */
export const reportedIdentifier = word<'system identifier'>(
  /^\d{0,20}$/,
  'must be a system identifier: 1 to 20 digits',
);

/**
 * A node's name as the monitor has it. pg_auto_failover takes any text of up to 255 bytes; here its alias is made of it ({@link aliasOf}),
 * and `monitor` is the monitor's own. Source: pg_auto_failover, pgautofailover.sql, node.nodename.
 */
export const nodeName = word<'node name'>(
  (text) => /^[A-Za-z0-9_](?:[A-Za-z0-9._ -]{0,61}[A-Za-z0-9._-])?$/.test(text) && text !== 'monitor',
  'must be a name of letters, digits, `.`, `_`, `-` and blanks, at most 63, that begins with a letter, a digit or `_`, ends with none of the blanks, and is not `monitor`',
);

/** A name with each blank a `_`. */
export const withoutBlanks = (name: string): string => name.replaceAll(' ', '_');

/** What a node is called here, in file names, marker files and the ids of steps. */
export const aliasOf = (name: NodeName): Alias => made(withoutBlanks(name));

/** The first name whose alias an earlier one has already. */
export const twinIn = (names: readonly string[]): number | null => {
  const aliases = names.map(withoutBlanks);
  const at = aliases.findIndex((alias, index) => aliases.indexOf(alias) < index);
  return at < 0 ? null : at;
};

/** What two such names are told. */
export const twinError = 'must differ from another node’s name in more than blanks and `_`';

/** A node's alias; in the record the monitor is one of the hosts. */
export const alias = word<'alias'>(
  /^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/,
  'must be a name of letters, digits, `.`, `_` and `-`, at most 63',
);

/** A name or an address, an alias of an ssh config included; a leading dash would be an option of ssh. */
export const hostName = word<'host name'>(
  /^[A-Za-z0-9_.:%[\]][A-Za-z0-9_.:%[\]-]{0,252}$/,
  'must be a host name or an address',
);

/** An address as PostgreSQL prints it, by host(). */
export const address = word<'host name'>(/^[0-9A-Fa-f.:]{2,45}$/, 'must be an IP address');

const isPath = (text: string): boolean =>
  text.startsWith('/') && bytes(text) < 4096 && !control.test(text) && !garbled.test(text);

/** A file or directory on a server. */
export const path = word<'path'>(isPath, 'must be an absolute path without control characters');

/** A file, or '' where there is none. */
export const pathOrNone = word<'path'>(
  (text) => text === '' || isPath(text),
  'must be an absolute path without control characters',
);

/** A directory that is renamed, emptied or removed: it is what it is called, and it is not the root directory. */
export const ownPath = word<'path'>(
  (text) => isPath(text) && !climbs(text) && !/^\/+$/.test(text),
  'must be an absolute path without control characters and without . or .. as a part, and not the root directory',
);

/** A file within a directory of ours. */
export const relativePath = word<'relative path'>(
  (text) =>
    text !== '' && !text.startsWith('/') && !climbs(text) && bytes(text) < 4096 && !control.test(text),
  'must be a path within the data directory, without control characters and without . or .. as a part',
);

/** A library that a server preloads, `$libdir/` left out: one word also within options that two shells read, as pg_upgrade's are. */
export const libraryName = word<'library'>(
  /^[A-Za-z0-9_./+][A-Za-z0-9_./+-]{0,1023}$/,
  'must be the name of a library, of letters, digits, `_`, `.`, `/`, `+` and `-`',
);

/** With or without its suffix, an instance's `@` and systemd's escapes included. Source: systemd.unit(5). */
export const unitName = word<'unit'>(
  /^[A-Za-z0-9:_.][A-Za-z0-9:_.@\\-]{0,254}$/,
  'must be the name of a systemd unit',
);

/** A user of the operating system. Source: useradd(8), and winbind's DOMAIN\user. */
export const osUser = word<'user'>(
  /^[A-Za-z0-9_.][A-Za-z0-9_.@\\-]{0,255}\$?$/,
  'must be the name of a user of the operating system',
);

/** A role, a database: whatever PostgreSQL takes, so it is always quoted. Source: PostgreSQL, 4.1.1; NAMEDATALEN. */
export const sqlName = word<'name in SQL'>(
  (text) => text !== '' && !text.includes('\0') && bytes(text) <= 255,
  'must be a name that PostgreSQL can have: not empty, at most 255 bytes, no NUL',
);

/** `15.20`, `17beta1`. */
export const version = word<'version'>(
  /^\d{1,3}(?:\.\d{1,4}|beta\d{1,2}|rc\d{1,2}|devel)?$/,
  'must be a version of PostgreSQL',
);

/** `2.0`; '' where there is none. */
export const extensionVersion = word<'version'>(/^[A-Za-z0-9._+-]{0,60}$/, 'must be a version');

/** A position in the WAL. */
export const lsn = word<'LSN'>(/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/, 'must be a position in the WAL');

/** A name that is shown and quoted: a formation, a locale, an encoding. */
export const label = word<'label'>(
  (text) => text !== '' && bytes(text) <= 255 && !control.test(text) && !garbled.test(text),
  'must be text of at most 255 bytes without control characters',
);

/** Any text that a program can be given; for what is put together from words alone, see fragment.ts. */
export const isWord = (text: string): text is Word<never> => !text.includes('\0');

const made = (text: string): Word<never> => {
  if (!isWord(text)) throw new TypeError('a NUL character is in no word');
  return text;
};

/** The directory that it lies in. */
export const parentOf = (one: Path): Path => made(posix.dirname(one));

/** Its last part. */
export const baseOf = (one: Path): RelativePath => made(posix.basename(one));

/** A path below it; `.` and `..` and doubled slashes are resolved. */
export const below = (one: Path, ...parts: readonly string[]): Path => made(posix.join(one, ...parts));

/** What of a path's text follows `before`, which it begins with. */
export const restOf = (one: Path, before: string): RelativePath => made(one.slice(before.length));

/** A name for a file, made of any text: whatever else than letters, digits, `_`, `.` and `-` is in it becomes `_`. */
export const plainName = (text: string): Word<never> => made(text.replaceAll(/[^A-Za-z0-9_.-]/g, '_'));

/** A run's name: sorts by time and is no other's; a file name, and a word in any shell. */
export const runName = word<'run'>(
  /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/,
  'must be the name of a run: letters, digits, `.`, `_` and `-`, at most 100',
);

export const port = z
  .number()
  .int()
  .min(1, { error: 'must be a port number, 1 to 65535' })
  .max(65_535, { error: 'must be a port number, 1 to 65535' });

const valueAt = (input: unknown, keys: readonly PropertyKey[]): unknown =>
  keys.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? Object.getOwnPropertyDescriptor(value, key)?.value
        : undefined,
    input,
  );

/** What was found there, for a person: never more than a line of it, nothing that a terminal would obey. */
const shown = (value: unknown): string =>
  (JSON.stringify(value) ?? 'nothing').replace(/[\u007f-\u009f\u2028\u2029]/g, '?').slice(0, 120);

/**
 * Why a value is refused: `whose` names the host or the row, then the field, what it must be, and what it is.
 * `input` is what was parsed; `within` is how many keys of the path `whose` already says.
 */
export const misfit = (
  error: z.ZodError,
  input: unknown,
  whose: string,
  remedy: string,
  within = 0,
): Problem => {
  const [first] = error.issues;
  const keys = first?.path ?? [];
  const field = keys.slice(within).map(String).join('.');
  return problem(
    `${whose}: ${field === '' ? 'it' : field} ${first?.message ?? 'is not what it must be'}.`,
    remedy,
    `found: ${shown(valueAt(input, keys))}`,
  );
};
