import type { PGlite } from '@electric-sql/pglite';
import { openDataDirectory } from './data-directory.ts';
import { Lock } from './lock.ts';
import {
  columnsIn,
  fieldsIn,
  message,
  messagesIn,
  type Notification,
  notificationIn,
  text,
  valuesIn,
} from './wire.ts';

export interface Rows {
  readonly columns: string[];
  readonly rows: (string | null)[][];
  /** The command's tag, such as `SELECT 1`. */
  readonly command: string;
}

export type SqlAnswer =
  | { readonly ok: true; readonly results: Rows[] }
  | { readonly ok: false; readonly error: string; readonly sqlState: string };

/** What a batch of messages brought: the answer without the notifications, and how the transaction stands after it. */
export interface Raw {
  readonly bytes: Buffer;
  readonly tags: readonly string[];
  readonly status: 'idle' | 'transaction' | 'failed';
}

const statusOf = (letter: string): Raw['status'] =>
  letter === 'T' ? 'transaction' : letter === 'E' ? 'failed' : 'idle';

const read = (answer: Buffer): SqlAnswer => {
  const results: Rows[] = [];
  let columns: string[] = [];
  let rows: (string | null)[][] = [];
  for (const { type, body } of messagesIn(answer)) {
    if (type === 'E') {
      const fields = fieldsIn(body);
      return { ok: false, error: fields.get('M') ?? '', sqlState: fields.get('C') ?? '' };
    }
    if (type === 'T') columns = columnsIn(body);
    if (type === 'D') rows.push(valuesIn(body));
    if (type !== 'C') continue;
    results.push({ columns, rows, command: body.toString('utf8', 0, body.length - 1) });
    columns = [];
    rows = [];
  }
  return { ok: true, results };
};

/** One PGlite, its one session shared by everybody behind `lock`. Notifications leave it by `onNotification` alone. */
export class Database {
  readonly lock = new Lock();
  readonly #pglite: PGlite;
  #status: Raw['status'] = 'idle';
  readonly #notify: (notification: Notification) => void;

  private constructor(pglite: PGlite, notify: (notification: Notification) => void) {
    this.#pglite = pglite;
    this.#notify = notify;
  }

  /** Opens the directory; makes it with the schema on first use. Errors: PGlite's, thrown. */
  static async open(
    directory: string,
    onNotification: (notification: Notification) => void,
  ): Promise<Database> {
    const database = new Database(await openDataDirectory(directory), onNotification);
    await database.ask(
      "set timezone = 'UTC'; set search_path = demo, pg_catalog, public; listen state; listen log",
    );
    return database;
  }

  /** One turn of the monitor itself, as the superuser; a transaction that it leaves open is rolled back. */
  async own<T>(work: () => Promise<T>): Promise<T> {
    return this.lock.hold(async () => {
      await this.ask('reset role');
      try {
        return await work();
      } finally {
        if (this.#status !== 'idle') await this.ask('rollback');
      }
    });
  }

  /**
   * Sends protocol messages as they are. `deliver` gets the answer before the notifications go out, so that who begins to
   * listen hears what it sets off itself. The caller holds the lock.
   */
  async send(messages: Uint8Array, deliver?: (raw: Raw) => void): Promise<Raw> {
    const answer = await this.#pglite.execProtocolRaw(messages);
    const rest: Buffer[] = [];
    const tags: string[] = [];
    const heard: Notification[] = [];
    let status: Raw['status'] = 'idle';
    for (const { type, body, bytes } of messagesIn(answer)) {
      if (type === 'A') {
        heard.push(notificationIn(body));
        continue;
      }
      if (type === 'C') tags.push(body.toString('utf8', 0, body.length - 1));
      if (type === 'Z') status = statusOf(body.toString('latin1'));
      rest.push(bytes);
    }
    this.#status = status;
    const raw: Raw = { bytes: Buffer.concat(rest), tags, status };
    deliver?.(raw);
    for (const notification of heard) this.#notify(notification);
    return raw;
  }

  /** One simple query, which may be several statements. The caller holds the lock. */
  async ask(sql: string): Promise<SqlAnswer> {
    return read((await this.send(message('Q', text(sql)))).bytes);
  }

  async close(): Promise<void> {
    await this.lock.hold(() => this.#pglite.close());
  }
}
