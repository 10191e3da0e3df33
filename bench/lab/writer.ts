import pg from 'pg';
import type { Lab } from '../../test/lab/harness/lab.ts';

const everyMs = 100;
const patienceMs = 1_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A client of the application that writes ten times a second and connects anew when it must. */
export class Writer {
  /** When the server said that a write was committed, in milliseconds of a steady clock. */
  readonly #committed: number[] = [];
  readonly #address: { readonly host: string; readonly port: number };
  #stopping = false;
  #done: Promise<void> = Promise.resolve();

  private constructor(lab: Lab) {
    this.#address = { host: lab.address('node1'), port: lab.settings.port };
  }

  static async start(lab: Lab): Promise<Writer> {
    await lab.psql(
      'node1',
      'app',
      `create table if not exists public.bench_writes (id bigserial primary key, at timestamptz default clock_timestamp());
grant insert on public.bench_writes to app; grant usage on sequence public.bench_writes_id_seq to app`,
    );
    const writer = new Writer(lab);
    writer.#done = writer.#run();
    await writer.commits(20);
    return writer;
  }

  /** Waits until so many more writes are committed. */
  async commits(count: number): Promise<void> {
    const wanted = this.#committed.length + count;
    while (this.#committed.length < wanted) await pause(50);
  }

  /** The longest time without a committed write. */
  get longestGapSeconds(): number {
    let longest = 0;
    for (const [at, time] of this.#committed.entries())
      longest = Math.max(longest, time - (this.#committed[at - 1] ?? time));
    return longest / 1000;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    let client: pg.Client | null = null;
    while (!this.#stopping) {
      const from = performance.now();
      try {
        client ??= await this.#connect();
        await client.query('insert into public.bench_writes default values');
        this.#committed.push(performance.now());
      } catch {
        // Down, starting, or gone: that is what is measured. A broken connection may never answer its end.
        client?.end().catch(() => undefined);
        client = null;
      }
      await pause(Math.max(5, everyMs - (performance.now() - from)));
    }
    await Promise.race([client?.end(), pause(500)]);
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.#address,
      user: 'app',
      database: 'app',
      ssl: { rejectUnauthorized: false },
      connectionTimeoutMillis: patienceMs,
      query_timeout: patienceMs,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

/** The longest time, in seconds, without a committed write while something is done to the lab's cluster as it was made. */
export const gapDuring = async (lab: Lab, work: () => Promise<unknown>): Promise<number> => {
  await lab.reset();
  const writer = await Writer.start(lab);
  try {
    await work();
    await writer.commits(20);
    return writer.longestGapSeconds;
  } finally {
    await writer.stop();
  }
};
