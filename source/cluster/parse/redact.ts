import { suspiciousCommand, withoutCommandSecrets } from './redact-commands.ts';

/**
 * Secrets out of what is shown, journaled or reported. Everything here takes time in proportion to the text, whatever a
 * host has put into it: one pass over it, no pattern that can begin anew at each character.
 */

const hidden = '****';

/**
 * A connection string as it may be shown and written to the journal: the password of a URI or of a
 * `key=value` string is replaced. Source: PostgreSQL, 34.1.1 Connection Strings.
 */
export const redactUri = (connection: string): string => redactText(connection);

/** What must be in a text at all for a secret to be in it: most lines are let through by this alone. */
const suspicious = /pass|pwd|secret|token|credential|bearer|authorization|key|:\/\/|scram-|md5[0-9a-f]/i;

/** Runs of characters that may belong to one URI. */
const address = /[^\s'"]+/g;
const port = /\d{1,5}(?:[/?#]|$)/y;

/**
 * `scheme://user:secret@…`. Up to the last @ of the run: libpq wants an @ or / within a password encoded (and no # or ?, which
 * therefore end nothing), and one that is not must stay hidden too. Behind a port, an @ of the query is none of that.
 */
const withoutUserInfo = (text: string): string =>
  text.includes('://')
    ? text.replace(address, (run) => {
        const end = run.lastIndexOf('@');
        const query = run.search(/[?#]/);
        for (let at = run.indexOf('://'); at >= 0 && at < end; at = run.indexOf('://', at + 3)) {
          const user = /[:@/]/g;
          user.lastIndex = at + 3;
          const mark = user.exec(run);
          if (mark?.[0] !== ':' || mark.index >= end) continue;
          if (query < 0 || query > end || matchAt(port, run, mark.index + 1) === null)
            return `${run.slice(0, mark.index + 1)}${hidden}${run.slice(end)}`;
        }
        return run;
      })
    : text;

/**
 * Names of what is secret: `password`, `PGPASSWORD`, `ldapbindpasswd`, `radiussecrets`, `AWS_SECRET_ACCESS_KEY`,
 * `repo1-cipher-pass`, `sslpassword`, `api-key`. A sudoers rule's NOPASSWD is none.
 */
const secretName =
  /(?<!\bno)(?:passw(?:or)?d|passphrase|pass|pwd|secret|token|credential|bearer|authorization|(?:api|access|account|application|azure|cipher|encryption|master|private|s3|shared|signing|sodium|storage)[_-]?key)/gi;
/** What may stand between such a name and its value. Letters that go on make another word of it: `passed`, `tokens` excepted. */
const nameEnd = /s?(?:[_.-][\w.-]{0,64}|\d{0,8})(?![A-Za-z])/y;
/** Settings whose names only sound like it. Source: PostgreSQL, 20.3.2 Authentication; 34.1.2, passfile. */
const harmless = /^[_-]?(?:encryption|file|type|valid|lifetime|required)/i;
const assignment = /\\{0,4}["']?\]?[ \t]{0,64}(?::=|=>|[:=])[ \t]{0,64}/y;
const blanks = /[ \t]{1,64}/y;
/** A setting that is a command: all of it may be the secret. */
const isCommand = /^_command$/i;
/** A blank behind a backslash belongs to a shell's word. */
const bareValue = /(?:\\[ \t]|[^\s&'"])+/y;
/** What goes on right behind a quoted part. */
const moreOfWord = /(?:\\[ \t]|[^\s&'",;)}\]])+/y;
/** SQL's value on the line behind its name. */
const lineBreak = /[ \t]{0,64}\r?\n[ \t]{0,64}(?=(?:[eEnN]|[uU]&)?'|\$[A-Za-z0-9_]{0,63}\$)/y;
const dollarTag = /\$[A-Za-z0-9_]{0,63}\$/y;
/** `Bearer`, `Basic` … before what it is about. */
const authorizationKind = /(?:bearer|basic|digest|negotiate|token)[ \t]{1,64}/iy;

const matchAt = (pattern: RegExp, text: string, at: number): string | null => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
};

/** Where lines end, asked from the front to the back: each newline is looked for once. */
type LineEnd = (at: number) => number;
const lineEndsOf = (text: string): LineEnd => {
  let next = -1;
  return (at) => {
    if (next < at) {
      const found = text.indexOf('\n', at);
      next = found < 0 ? text.length : found;
    }
    return next;
  };
};

/** Behind the closing delimiter; a quote that is never closed hides the rest of its line, and no more. */
const behind = (text: string, from: number, delimiter: string, limit: number): number => {
  const at = text.slice(from, limit).indexOf(delimiter);
  return at < 0 ? limit : from + at + delimiter.length;
};

/** Behind a quote that a backslash keeps open, and, in SQL, a doubled one too. */
const behindQuote = (text: string, from: number, quote: string, doubles: boolean, limit: number): number => {
  for (let at = from; at < limit; at += 1) {
    const one = text[at];
    if (one === '\\') at += 1;
    else if (one === quote) {
      if (!doubles || text[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return limit;
};

/** Whether a place is within quotes of its line, asked from the front to the back: each character is read once. */
type Within = (quote: string, at: number) => boolean;
const withinOf = (text: string): Within => {
  let seen = 0;
  const odd = { "'": false, '"': false };
  return (quote, at) => {
    for (; seen < at; seen += 1) {
      const one = text[seen];
      if (one === '\n') odd["'"] = odd['"'] = false;
      else if (one === "'" || one === '"') odd[one] = !odd[one];
    }
    return odd[quote === "'" ? "'" : '"'];
  };
};

/** Behind what a shell takes for the same word: `'a b'"c"d`. A quote that ends one around it all is none of it. */
const behindWord = (text: string, from: number, begun: number, within: Within, lineEnd: LineEnd): number => {
  let at = from;
  for (;;) {
    const one = text[at];
    const more = one === "'" || one === '"' ? null : matchAt(moreOfWord, text, at);
    if ((one === "'" || one === '"') && !within(one, begun))
      at = behindQuote(text, at + 1, one, false, Math.max(at + 1, lineEnd(at + 1)));
    else if (more !== null) at += more.length;
    else return at;
  }
};

/** `"a","b"` behind the first of a list; a name of JSON is no part of it. */
const behindList = (text: string, from: number, lineEnd: LineEnd): number => {
  for (let at = from; ; ) {
    const quote = text[at] === ',' ? text[at + 1] : undefined;
    if (quote !== "'" && quote !== '"') return at;
    const end = behindQuote(text, at + 2, quote, false, Math.max(at + 2, lineEnd(at + 2)));
    if (text[end] === ':') return at;
    at = end;
  }
};

interface Secret {
  /** What is shown instead of it, and where the text goes on. */
  readonly shown: string;
  readonly end: number;
}

const quoted = (text: string, opening: string, at: number, sql: boolean, lineEnd: LineEnd): Secret | null => {
  const inner = at + opening.length;
  const limit = Math.max(inner, lineEnd(inner));
  if (opening.endsWith("''")) return { shown: hidden, end: behind(text, inner, "''", limit) };
  if (opening.startsWith('\\')) return { shown: hidden, end: behind(text, inner, opening, limit) };
  if (opening.startsWith('$')) return { shown: `'${hidden}'`, end: behind(text, inner, opening, limit) };
  const quote = opening.at(-1);
  if (quote !== "'" && quote !== '"') return null;
  const end = behindQuote(text, inner, quote, sql && quote === "'", limit);
  const shown = sql ? `'${hidden}'` : quote === '"' ? `"${hidden}"` : hidden;
  return { shown, end };
};

/** `''` (a quote within a quoted setting, as postgresql.auto.conf has it), `E'`, `'`, `"`, or one of them behind backslashes. */
const openings = /''(?=[^\s'])|\\{1,4}["']|(?:[eEnN]|[uU]&)?'|"/y;

/** The value that stands at this place; null: none. */
const secretAt = (text: string, at: number, sql: boolean, lineEnd: LineEnd): Secret | null => {
  const opening = matchAt(openings, text, at) ?? matchAt(dollarTag, text, at);
  if (opening !== null) return quoted(text, opening, at, sql, lineEnd);
  if (sql) return null;
  const bare = matchAt(bareValue, text, at);
  return bare === null ? null : { shown: hidden, end: at + bare.length };
};

/** Where the value begins of a name that ends at this place, and whether SQL's rules hold for it; null: it has none. */
const valueBehind = (
  text: string,
  name: string,
  from: number,
  at: number,
): { at: number; sql: boolean } | null => {
  const equals = matchAt(assignment, text, at);
  if (equals !== null) {
    const start = at + equals.length;
    const kind = /^authorization/i.test(name) ? matchAt(authorizationKind, text, start) : null;
    return { at: start + (kind?.length ?? 0), sql: false };
  }
  const gap = matchAt(blanks, text, at);
  if (gap === null) {
    const broken = matchAt(lineBreak, text, at);
    return broken === null ? null : { at: at + broken.length, sql: true };
  }
  const start = at + gap.length;
  if (/^bearer$/i.test(name)) return { at: start, sql: false };
  // `--repo1-cipher-pass VALUE`: the option that the name is in begins with two dashes.
  const option = /(?:^|\s)--(?!no-)[\w.-]*$/i.test(text.slice(Math.max(0, from - 64), from));
  if (option && text[start] !== '-') return { at: start, sql: false };
  return { at: start, sql: true };
};

const withoutNamed = (text: string): string => {
  let shown = '';
  let done = 0;
  const lineEnd = lineEndsOf(text);
  const within = withinOf(text);
  secretName.lastIndex = 0;
  for (let found = secretName.exec(text); found !== null; found = secretName.exec(text)) {
    const [name] = found;
    const suffix = matchAt(nameEnd, text, found.index + name.length);
    if (suffix === null || harmless.test(suffix)) continue;
    const value = valueBehind(text, name, found.index, found.index + name.length + suffix.length);
    const secret = value === null ? null : secretAt(text, value.at, value.sql, lineEnd);
    if (value === null || secret === null) continue;
    const whole = value.sql || text[value.at] === '\\';
    const wordEnd = whole ? secret.end : behindWord(text, secret.end, value.at, within, lineEnd);
    const listEnd = /^s/i.test(suffix) && !whole ? behindList(text, wordEnd, lineEnd) : wordEnd;
    shown += `${text.slice(done, value.at)}${secret.shown}`;
    const command = isCommand.test(suffix) && !value.sql && /[^'"{[]/.test(text[value.at] ?? '');
    done = command ? Math.max(listEnd, lineEnd(value.at)) : listEnd;
    secretName.lastIndex = Math.max(done, found.index + name.length);
  }
  return shown + text.slice(done);
};

/** What PostgreSQL keeps of a password, in pg_authid and in dumps. Source: PostgreSQL, 51.8 pg_authid, rolpassword. */
const verifier = /(SCRAM-SHA-256\$)[^\s'"]+|\b(md5)[0-9a-f]{32}\b/g;

/**
 * Any text with its secrets replaced: passwords in URIs wherever they stand, values of what is named like a secret
 * (`password=`, `PGPASSWORD=`, `"password": "…"`, `--cipher-pass …`), SQL's `PASSWORD '…'`, lines of password files,
 * verifiers, and what some commands are given (redact-commands.ts). Everything else stays as it is. Takes time in proportion to the text.
 */
export const redactText = (text: string): string =>
  suspicious.test(text) || suspiciousCommand.test(text)
    ? withoutCommandSecrets(withoutNamed(withoutUserInfo(text))).replace(verifier, `$1$2${hidden}`)
    : text;

/** {@link redactText} on every text within a value that is about to become JSON. */
export const redactAll = (value: unknown): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redactAll);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactAll(inner)]));
  return value;
};
