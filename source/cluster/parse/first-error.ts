/** What a program said went wrong, taken out of everything else that it printed. */
export interface FirstError {
  /** `ERROR: column … does not exist`, without time stamps and the names of programs before it. */
  readonly says: string;
  /** What it was about, as the same text names it: `view "bg"`, `in database shop`; null where it does not. */
  readonly about: string | null;
  /** The file or command whose text it is; null: the step's own output. */
  readonly where: string | null;
}

export interface Printed {
  readonly where: string | null;
  readonly lines: readonly string[];
}

/** Severities of the server and its clients, gravest first. Source: PostgreSQL documentation, table 19.2 (message severity levels). */
const severities = ['PANIC', 'FATAL', 'ERROR'] as const;

/** From the severity on, in any of the ways in which servers, clients and pg_autoctl write it. */
const saysOf = (line: string): string | null => {
  const found = /\b(PANIC|FATAL|ERROR)(?::\s+|\s{1,2}(?=\S))(.*)$/.exec(line);
  if (found !== null) return `${found[1]}: ${found[2]?.trim() ?? ''}`;
  // pg_dump, pg_restore, psql and their kin: `pg_restore: error: could not …`.
  const client = /^[\w.-]+: (?:error|fatal): (.*)$/.exec(line.trim());
  return client === null ? null : `error: ${client[1] ?? ''}`;
};

const objectIn = (line: string): string | null => {
  // pg_restore: from TOC entry 218; 1259 16422 VIEW bg postgres
  const entry = /from TOC entry \d+; \d+ \d+ ([A-Z ]+) (\S+) \S+$/.exec(line);
  if (entry !== null) return `${entry[1]?.toLowerCase() ?? ''} "${entry[2] ?? ''}"`;
  const database = /^\s*In database: (.+)$/i.exec(line);
  return database === null ? null : `in database ${database[1]?.trim() ?? ''}`;
};

const databaseIn = (lines: readonly string[]): string | null => {
  for (const line of lines) {
    const found = /'dbname=([^' ]+)'|connecting to (?:new )?database "([^"]+)"/.exec(line);
    if (found !== null) return `database ${found[1] ?? found[2] ?? ''}`;
  }
  return null;
};

const withinLines = 8;

const firstIn = ({ where, lines }: Printed): FirstError | null => {
  const found = lines.map(saysOf);
  const gravest = severities.find((one) => found.some((says) => says?.startsWith(`${one}:`)));
  const at = found.findIndex((says) =>
    gravest === undefined ? says !== null : says?.startsWith(`${gravest}:`) === true,
  );
  const says = found[at];
  if (says === undefined || says === null) return null;
  const near = [
    ...lines.slice(Math.max(0, at - withinLines), at).reverse(),
    ...lines.slice(at, at + withinLines),
  ];
  const object = near.map(objectIn).find((one) => one !== null) ?? null;
  const database = object?.startsWith('in database') === true ? null : databaseIn(lines);
  const about = [object, database === null ? null : `in ${database}`].filter((one) => one !== null);
  return { says, about: about.length === 0 ? null : about.join(' '), where };
};

/**
 * The error that a failed step is about: what was fetched because of it comes before its output, because programs print to the end what their
 * tools have said in their logs. Null: nothing of it names one.
 */
export const firstError = (printed: readonly Printed[]): FirstError | null => {
  for (const one of printed) {
    const found = firstIn(one);
    if (found !== null) return found;
  }
  return null;
};
