import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { sqlIdentifier } from '../../cluster/quote.ts';
import { messageOf } from '../../cluster/result.ts';
import { translate } from './border.ts';
import type { Database, Raw } from './database.ts';
import { monitorDatabase } from './schema.ts';
import {
  errorMessage,
  Frames,
  int32,
  type Message,
  message,
  type Notification,
  stringsIn,
  text,
} from './wire.ts';

/** Codes in place of a version. Source: PostgreSQL, 54.2.10 SSL Session Encryption, 54.2.9 Canceling Requests. */
const asksForEncryption = [80_877_103, 80_877_104];
const version3 = 3;
const bufferedUntilSync = 'PBDECFH';
const listening = /\blisten\s+("?)([A-Za-z_]\w*)\1/gi;
const silencing = /\bunlisten\s+("?)([A-Za-z_]\w*|\*)\1/gi;

const names = (pattern: RegExp, statement: string): string[] =>
  [...statement.matchAll(pattern)].map(([, quote, name = '']) => (quote === '"' ? name : name.toLowerCase()));

/**
 * One client of the database: its greeting is ours, its queries are PGlite's, and of the one session's notifications
 * it hears what it listens to. An open transaction keeps everybody else waiting.
 */
export class Client {
  readonly #socket: Socket;
  readonly #database: Database;
  readonly #frames = new Frames();
  readonly #channels = new Set<string>();
  readonly #processId = randomInt(1000, 60_000);
  #user: string | null = null;
  #batch: Buffer[] = [];
  #release: (() => void) | null = null;
  #gone = false;
  #work: Promise<void> = Promise.resolve();

  constructor(socket: Socket, database: Database) {
    this.#socket = socket;
    this.#database = database;
    socket.on('data', (chunk) => {
      this.#frames.push(chunk);
      this.#work = this.#work.then(() => this.#read());
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#gone = true;
      this.#work = this.#work.then(() => this.#leave());
    });
  }

  hear({ channel, payload }: Notification): void {
    if (this.#channels.has(channel) && !this.#gone)
      this.#socket.write(message('A', int32(this.#processId), text(channel), text(payload)));
  }

  /** The server goes down. */
  bye(): void {
    this.#socket.write(errorMessage('FATAL', '57P01', 'terminating connection due to administrator command'));
    this.#socket.destroySoon();
  }

  async #read(): Promise<void> {
    try {
      while (!this.#gone) {
        const next = this.#frames.take(this.#user !== null);
        if (next === null) return;
        if (this.#user === null) await this.#greet(next);
        else await this.#obey(next);
      }
    } catch (thrown) {
      if (!this.#gone) this.#socket.end(errorMessage('FATAL', 'XX000', messageOf(thrown)));
    }
  }

  async #greet({ body }: Message): Promise<void> {
    const code = body.readInt32BE(0);
    if (asksForEncryption.includes(code)) {
      this.#socket.write('N');
      return;
    }
    if (code >> 16 !== version3) {
      this.#socket.destroy();
      return;
    }
    const parameters = stringsIn(body.subarray(4));
    const parameter = (name: string): string | undefined => {
      const at = parameters.findIndex((key, index) => index % 2 === 0 && key === name);
      return at < 0 ? undefined : parameters[at + 1];
    };
    const user = parameter('user') ?? '';
    const database = parameter('database') ?? user;
    const answer = await this.#database.own(() =>
      this.#database.ask(
        "select (select string_agg(rolname, ',') from pg_roles where rolcanlogin), current_setting('server_version')",
      ),
    );
    const [roles, version] = (answer.ok ? answer.results.at(-1)?.rows[0] : undefined) ?? [];
    if (!(roles ?? '').split(',').includes(user))
      return this.#refuse('28000', `role "${user}" does not exist`);
    if (database !== monitorDatabase && database !== 'postgres')
      return this.#refuse('3D000', `database "${database}" does not exist`);
    this.#user = user;
    const told = {
      server_version: version ?? '',
      server_encoding: 'UTF8',
      client_encoding: 'UTF8',
      DateStyle: 'ISO, MDY',
      TimeZone: 'UTC',
      integer_datetimes: 'on',
      standard_conforming_strings: 'on',
      session_authorization: user,
      application_name: parameter('application_name') ?? '',
    };
    this.#socket.write(
      Buffer.concat([
        message('R', int32(0)),
        ...Object.entries(told).map(([name, value]) => message('S', text(name), text(value))),
        message('K', int32(this.#processId), int32(0)),
        message('Z', Buffer.from('I')),
      ]),
    );
  }

  #refuse(code: string, words: string): void {
    this.#socket.end(errorMessage('FATAL', code, words));
  }

  async #obey(next: Message): Promise<void> {
    if (next.type === 'X') this.#socket.end();
    else if (next.type === 'Q') {
      const statement = translate(stringsIn(next.body)[0] ?? '');
      await this.#forward(message('Q', text(statement)), statement);
    } else if (bufferedUntilSync.includes(next.type)) this.#batch.push(Buffer.from(next.bytes));
    else if (next.type === 'S') {
      const batch = Buffer.concat([...this.#batch, next.bytes]);
      this.#batch = [];
      await this.#forward(batch, '');
    } else this.#refuse('08P01', `invalid frontend message type "${next.type}"`);
  }

  async #forward(messages: Buffer, statement: string): Promise<void> {
    this.#release ??= await this.#enter();
    const answer = await this.#database.send(messages, (raw) => {
      if (raw.tags.includes('LISTEN'))
        for (const name of names(listening, statement)) this.#channels.add(name);
      if (!this.#gone) this.#socket.write(raw.bytes);
    });
    if (answer.tags.includes('UNLISTEN')) await this.#unlisten(statement, answer);
    if (answer.status === 'idle') this.#letGo();
  }

  /** Its turn, as its own role. */
  async #enter(): Promise<() => void> {
    const release = await this.#database.lock.acquire();
    await this.#database.ask(`set role ${sqlIdentifier(this.#user ?? '')}`);
    return release;
  }

  /** Others listen over the same session: what one does not want to hear any more they may want. */
  async #unlisten(statement: string, { status }: Raw): Promise<void> {
    for (const name of names(silencing, statement))
      if (name === '*') this.#channels.clear();
      else this.#channels.delete(name);
    if (status === 'idle') await this.#database.ask('listen state; listen log');
  }

  #letGo(): void {
    this.#release?.();
    this.#release = null;
  }

  async #leave(): Promise<void> {
    if (this.#release !== null) await this.#database.send(message('Q', text('rollback')));
    this.#letGo();
  }
}
