import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../cluster/result.ts';
import { Client } from './client.ts';
import type { Database } from './database.ts';
import type { Notification } from './wire.ts';

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no TCP port'));
      else resolve(address.port);
    });
  });

/** The database's door: TCP on the loopback address, one session of PGlite behind it for every client in turn. */
export class DatabaseServer {
  readonly #database: Database;
  readonly #clients = new Set<Client>();
  readonly #server: Server;
  #port = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#server = createServer((socket) => this.#enter(socket));
  }

  get port(): number {
    return this.#port;
  }

  /** The wanted port, or another when it is taken. */
  async open(wanted: number): Promise<void> {
    try {
      this.#port = await listen(this.#server, wanted);
    } catch (thrown) {
      if (wanted === 0 || !(thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE'))
        throw new Error(`the demo monitor cannot listen: ${messageOf(thrown)}`, { cause: thrown });
      this.#port = await listen(this.#server, 0);
    }
  }

  notify(notification: Notification): void {
    for (const client of this.#clients) client.hear(notification);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients) client.bye();
    await closed;
  }

  #enter(socket: Socket): void {
    const client = new Client(socket, this.#database);
    this.#clients.add(client);
    socket.once('close', () => this.#clients.delete(client));
  }
}
