const hidden = '****';

/**
 * A connection string as it may be shown and written to the journal: the password of a URI or of a
 * `key=value` string is replaced. Source: PostgreSQL, 34.1.1 Connection Strings.
 */
export const redactUri = (connection: string): string =>
  connection
    // Up to the last @ before a slash or question mark: libpq lets a password hold an @ only when it is encoded,
    // but a mistyped one must not be shown either.
    .replace(/^(\w+:\/\/[^:@/?#]*):[^/?#]*@/, `$1:${hidden}@`)
    .replace(/((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)/gi, `$1${hidden}`);
