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
