import { Duplex } from 'node:stream';

const int32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
};
const int16 = (value: number): Buffer => int32(value).subarray(2);
const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const message = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
const ready = message('Z', Buffer.from('I'));
const complete = message('C', text('OK'));

/** How the fake database behaves; each field may be changed while it runs. */
export interface Database {
  /** The answer to the one query, or null to leave it unanswered. */
  answer: string | null;
  /** What pg_hba.conf says to autoctl_node; null lets it in. */
  refusal: string | null;
  /** Whether the probe is heard. */
  notifies: boolean;
}

/** One connection to a PostgreSQL that speaks just enough of the protocol: startup, simple queries, notifications. */
export class PostgresStream extends Duplex {
  readonly #database: Database;
  #input = Buffer.alloc(0);
  #started = false;

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  notify(channel: string): void {
    this.push(message('A', int32(1), text(channel), text('')));
  }

  override _read(): void {
    // Everything is pushed when it is due.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    while (this.#takeOne());
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.push(null);
    done(error);
  }

  #takeOne(): boolean {
    const at = this.#started ? 1 : 0;
    if (this.#input.length < at + 4) return false;
    const length = this.#input.readInt32BE(at) + at;
    if (this.#input.length < length) return false;
    const body = this.#input.subarray(at + 4, length);
    const type = this.#started ? this.#input.toString('latin1', 0, 1) : 'startup';
    this.#input = this.#input.subarray(length);
    this.#answer(type, body);
    return true;
  }

  #answer(type: string, body: Buffer): void {
    if (type === 'startup' && body.readInt32BE(0) === 80877103) {
      this.push('N');
      return;
    }
    if (type === 'startup') {
      this.#started = true;
      const { refusal } = this.#database;
      if (refusal === null) this.push(Buffer.concat([message('R', int32(0)), ready]));
      else this.push(message('E', text('SFATAL'), text('C28000'), text(`M${refusal}`), Buffer.from([0])));
      return;
    }
    if (type === 'X') this.push(null);
    if (type !== 'Q') return;
    const sql = body.toString();
    if (/^listen/.test(sql)) {
      this.push(Buffer.concat([complete, complete, complete, complete]));
      if (this.#database.notifies) this.notify('pgaf_upgrade_probe');
      this.push(ready);
      return;
    }
    const { answer } = this.#database;
    if (answer === null) return;
    const column = Buffer.concat([
      text('state'),
      int32(0),
      int16(0),
      int32(25),
      int16(-1),
      int32(-1),
      int16(0),
    ]);
    const value = Buffer.from(answer);
    this.push(
      Buffer.concat([
        message('T', int16(1), column),
        message('D', int16(1), int32(value.length), value),
        complete,
        ready,
      ]),
    );
  }
}
