/**
 * Messages of the PostgreSQL protocol, version 3: a type, a length that counts itself, a body.
 * Source: PostgreSQL, 54.7 Message Formats.
 */
export interface Message {
  /** One letter; empty for the untyped ones that open a connection. */
  readonly type: string;
  readonly body: Buffer;
  /** The message as it was sent. */
  readonly bytes: Buffer;
}

/** A client's message of more than this is not ours: something else is talking to the port. */
const longest = 16 * 1024 * 1024;

/** Cuts a stream into messages. `take` returns null when there is no whole one yet; it throws RangeError for an impossible length. */
export class Frames {
  #pending = Buffer.alloc(0);

  push(chunk: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
  }

  take(typed: boolean): Message | null {
    const head = typed ? 1 : 0;
    if (this.#pending.length < head + 4) return null;
    const length = this.#pending.readInt32BE(head);
    if (length < 4 || length > longest) throw new RangeError(`a message of ${length} bytes`);
    if (this.#pending.length < head + length) return null;
    const bytes = this.#pending.subarray(0, head + length);
    this.#pending = this.#pending.subarray(head + length);
    return { type: bytes.toString('latin1', 0, head), body: bytes.subarray(head + 4), bytes };
  }
}

/** Every message of an answer. */
export const messagesIn = (answer: Uint8Array): Message[] => {
  const frames = new Frames();
  frames.push(answer);
  const found: Message[] = [];
  for (let next = frames.take(true); next !== null; next = frames.take(true)) found.push(next);
  return found;
};

export const text = (value: string): Buffer => Buffer.from(`${value}\0`);

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const message = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(body.length + 4), body]);
};

/** The strings of a body, each ended by a zero. */
export const stringsIn = (body: Buffer): string[] => body.toString('utf8').split('\0').slice(0, -1);

/** ErrorResponse and NoticeResponse: fields by their letter. */
export const fieldsIn = (body: Buffer): Map<string, string> =>
  new Map(
    stringsIn(body)
      .filter((field) => field !== '')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );

export const errorMessage = (severity: 'ERROR' | 'FATAL', code: string, words: string): Buffer =>
  message(
    'E',
    text(`S${severity}`),
    text(`V${severity}`),
    text(`C${code}`),
    text(`M${words}`),
    Buffer.alloc(1),
  );

export interface Notification {
  readonly channel: string;
  readonly payload: string;
}

/** NotificationResponse: a process id, a channel, a payload. */
export const notificationIn = (body: Buffer): Notification => {
  const [channel = '', payload = ''] = stringsIn(body.subarray(4));
  return { channel, payload };
};

/** RowDescription: the columns' names. */
export const columnsIn = (body: Buffer): string[] => {
  const names: string[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    at = end + 1 + 18;
  }
  return names;
};

/** DataRow: the values, as text. */
export const valuesIn = (body: Buffer): (string | null)[] => {
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(length, 0);
  }
  return values;
};
