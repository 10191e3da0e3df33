const hidden = '****';

/**
 * A connection string as it may be shown and written to the journal: the password of a URI or of a
 * `key=value` string is replaced. Source: PostgreSQL, 34.1.1 Connection Strings.
 */
export const redactUri = (connection: string): string =>
  connection
    // Up to the last @: libpq wants an @ or / within a password encoded, and one that is not must stay hidden too.
    .replace(/^(\w+:\/\/[^:@/?#]*):[^?#]*@/, `$1:${hidden}@`)
    .replace(/(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)/gi, `$1${hidden}`);

/**
 * Any text with the secrets of connection strings in it replaced: URIs wherever they stand, `password=`, `PGPASSWORD=`,
 * and SQL's `PASSWORD '…'`. Everything else stays as it is.
 */
export const redactText = (text: string): string =>
  /password|:\/\//i.test(text)
    ? text
        .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/?#'"]*):[^\s?#'"]*@/gi, `$1:${hidden}@`)
        .replace(/(password\s*=\s*)('(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&'"]+)/gi, `$1${hidden}`)
        .replace(/(\bpassword\s+)'(?:[^']|'')*'/gi, `$1'${hidden}'`)
    : text;

/** {@link redactText} on every text within a value that is about to become JSON. */
export const redactAll = (value: unknown): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redactAll);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactAll(inner)]));
  return value;
};
