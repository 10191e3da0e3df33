import { Client } from 'pg';
import { expect } from 'vitest';
import { type Lab, type LabHost, quote } from './lab.ts';

/** A row that the server said is committed: client and its running number. */
export type Acknowledged = `${number} ${number}`;

export interface LoadOptions {
  readonly primary?: LabHost;
  readonly clients?: number;
  /** When it ends by itself. */
  readonly maxMs?: number;
  /** Goes on after the primary is back, to see for how long nobody could write. Default: a client ends with its server. */
  readonly reconnect?: boolean;
}

const table = 'public.harness_load';
const listRows = `select client || ' ' || serial from ${table}`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Clients of the application outside the cluster, each inserting one row a transaction as fast as it can. */
export class WriteLoad {
  readonly #acknowledged: Acknowledged[] = [];
  readonly #times: number[] = [];
  readonly #errors: string[] = [];
  readonly #attempted = new Map<number, number>();
  readonly #options: Required<LoadOptions>;
  readonly #host: string;
  readonly #port: number;
  #stopping = false;
  #done: Promise<unknown> = Promise.resolve();

  private constructor(lab: Lab, options: Required<LoadOptions>) {
    this.#options = options;
    this.#host = lab.address(options.primary);
    this.#port = lab.settings.port;
  }

  /** Makes its table, starts the clients, and resolves when each has written. */
  static async start(lab: Lab, options: LoadOptions = {}): Promise<WriteLoad> {
    const { primary = 'node1', clients = 8, maxMs = 120_000, reconnect = false } = options;
    await lab.psql(
      primary,
      'app',
      `create table if not exists ${table} (client int, serial int, at timestamptz not null default clock_timestamp(),
        primary key (client, serial));
      truncate ${table}; grant insert on ${table} to app`,
    );
    const load = new WriteLoad(lab, { primary, clients, maxMs, reconnect });
    load.#run();
    const deadline = Date.now() + 15_000;
    while (new Set(load.#acknowledged.map((row) => row.split(' ')[0])).size < clients) {
      if (Date.now() > deadline) {
        await load.stop();
        throw new Error(`the load does not get going: ${load.errors.slice(0, 3).join('; ')}`);
      }
      await pause(50);
    }
    return load;
  }

  #run(): void {
    const bound = setTimeout(() => {
      this.#stopping = true;
    }, this.#options.maxMs);
    const all = Array.from({ length: this.#options.clients }, (_, client) => this.#client(client));
    this.#done = Promise.all(all).finally(() => clearTimeout(bound));
  }

  async #client(client: number): Promise<void> {
    do {
      await this.#session(client);
      if (this.#options.reconnect && !this.#stopping) await pause(50);
    } while (this.#options.reconnect && !this.#stopping);
  }

  // One connection, until it breaks.
  async #session(client: number): Promise<void> {
    const connection = new Client({
      host: this.#host,
      port: this.#port,
      user: 'app',
      database: 'app',
      ssl: { rejectUnauthorized: false },
      connectionTimeoutMillis: 2_000,
      // without this a server that went silent would hold the client for ever
      query_timeout: this.#options.reconnect ? 2_000 : 30_000,
    });
    connection.on('error', () => undefined); // the query that it interrupts rejects too
    try {
      await connection.connect();
      while (!this.#stopping) {
        const serial = (this.#attempted.get(client) ?? 0) + 1;
        this.#attempted.set(client, serial);
        await connection.query(`insert into ${table} (client, serial) values ($1, $2)`, [client, serial]);
        this.#acknowledged.push(`${client} ${serial}`);
        this.#times.push(Date.now());
      }
    } catch (thrown) {
      this.#errors.push(thrown instanceof Error ? thrown.message : String(thrown));
    } finally {
      // end() of a broken connection may never answer
      await Promise.race([connection.end().catch(() => undefined), pause(500)]);
    }
  }

  /** Resolves when every client has ended: with the primary, at the bound, or by `stop`. */
  async ended(): Promise<void> {
    await this.#done;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  get acknowledged(): readonly Acknowledged[] {
    return this.#acknowledged;
  }

  get errors(): readonly string[] {
    return this.#errors;
  }

  /** The longest time in which nobody's write was acknowledged. */
  get longestGapMs(): number {
    let longest = 0;
    this.#times.reduce((before, now) => {
      longest = Math.max(longest, now - before);
      return now;
    }, this.#times[0] ?? 0);
    return longest;
  }

  /**
   * Every row that was acknowledged before these were read is among them. Beyond them, at most what was under way when the
   * server stopped.
   */
  async expectAllIn(read: () => Promise<readonly string[]>, where: string): Promise<void> {
    // It may be writing still: what is acknowledged while they are read need not be among them.
    const before = this.#acknowledged.length;
    const present = new Set(await read());
    const missing = this.#acknowledged.slice(0, before).filter((row) => !present.has(row));
    expect(missing.length, `acknowledged rows missing ${where}, e.g. ${missing.slice(0, 5).join(', ')}`).toBe(
      0,
    );
    const attempted = [...this.#attempted.values()].reduce((sum, count) => sum + count, 0);
    expect(present.size, `rows ${where} that nobody wrote`).toBeLessThanOrEqual(attempted);
  }
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** The load's rows on a running server. */
export const loadRowsOn = async (lab: Lab, host: LabHost): Promise<string[]> =>
  lines(await lab.psql(host, 'app', listRows));

/** Every acknowledged row is on the server. */
export const expectAcknowledgedOn = async (load: WriteLoad, lab: Lab, host: LabHost): Promise<void> =>
  load.expectAllIn(() => loadRowsOn(lab, host), `on ${host}`);

/**
 * What a query finds in a stopped data directory of 15: a copy is started on the local socket only, as a primary, and thrown away.
 * The directory itself is only read.
 */
export const askCopy = async (
  lab: Lab,
  host: LabHost,
  directory: string,
  database: string,
  query: string,
): Promise<string[]> => {
  const { oldBin } = lab.settings;
  const output = await lab.pg(
    host,
    `set -eu
image=${quote(directory)}
[ -f "$image/PG_VERSION" ] || { echo "$image is not a data directory" >&2; exit 1; }
pid=$(head -n 1 "$image/postmaster.pid" 2>/dev/null || true)
[ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null || { echo "$image is running (pid $pid)" >&2; exit 1; }
copy=$(mktemp -d "$(dirname "$image")/harness.XXXXXX")
end() { ${oldBin}/pg_ctl -D "$copy/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$copy"; }
trap end EXIT
cp -a --reflink=auto "$image" "$copy/data"
cd "$copy"
rm -f data/standby.signal data/recovery.signal data/postmaster.pid
${oldBin}/pg_ctl -D "$copy/data" -w -t 60 -l "$copy/log" start -o "-p 6999 -c listen_addresses='' -c unix_socket_directories='$copy' \\
  -c synchronous_standby_names='' -c archive_mode=off -c logging_collector=off -c log_destination=stderr -c primary_conninfo='' -c fsync=off" >/dev/null ||
  { tail -n 30 "$copy/log" >&2; exit 1; }
psql -X -q -v ON_ERROR_STOP=1 -h "$copy" -p 6999 -d ${quote(database)} -At <<'LAB_SQL'
${query}
;
LAB_SQL
`,
  );
  return lines(output);
};

/** Every acknowledged row is in the fallback copy. */
export const expectAcknowledgedInCopy = async (
  load: WriteLoad,
  lab: Lab,
  host: LabHost,
  directory: string,
): Promise<void> =>
  load.expectAllIn(() => askCopy(lab, host, directory, 'app', listRows), `in ${directory} of ${host}`);

/** How many rows a table has in the fallback copy. */
export const countInCopy = async (
  lab: Lab,
  host: LabHost,
  directory: string,
  relation: string,
  database = 'app',
): Promise<number> =>
  Number((await askCopy(lab, host, directory, database, `select count(*) from ${relation}`))[0]);
