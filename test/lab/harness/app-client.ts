import { Client } from 'pg';
import { type Lab, type LabHost, quote } from './lab.ts';

/** A row that the application was told is committed: its number, when, and by which major version. */
export interface Ack {
  readonly n: number;
  readonly at: number;
  readonly version: number;
}

/** The service changed from one major version to another between two acknowledged writes. */
export interface Change {
  readonly from: number;
  readonly to: number;
  /** Milliseconds between the two. */
  readonly ms: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** An application that writes ten times a second to whichever node takes it, on a connection that is made anew when it breaks. */
export class AppClient {
  readonly acks: Ack[] = [];
  readonly #lab: Lab;
  #n = 0;
  #stopping = false;
  #held = false;
  /** Numbers of acknowledged writes behind which it was held: no gap of the servers’. */
  readonly #holds = new Set<number>();
  #done: Promise<void> = Promise.resolve();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  static async start(lab: Lab, primary: LabHost): Promise<AppClient> {
    await lab.psql(
      primary,
      'app',
      'create table canary (n bigint, version int, id bigserial primary key); grant all on canary, canary_id_seq to app',
    );
    const client = new AppClient(lab);
    client.#done = client.#write();
    return client;
  }

  async #write(): Promise<void> {
    let at = 0;
    while (!this.#stopping) {
      if (this.#held) {
        await pause(200);
        continue;
      }
      const host = this.#lab.nodes[at % this.#lab.nodes.length];
      if (host === undefined) throw new Error('no nodes');
      if (!(await this.#session(host))) at += 1;
      await pause(20);
    }
  }

  /** Whether anything was written in it. */
  async #session(host: LabHost): Promise<boolean> {
    const connection = new Client({
      host: this.#lab.address(host),
      port: this.#lab.settings.port,
      user: 'app',
      database: 'app',
      ssl: { rejectUnauthorized: false },
      connectionTimeoutMillis: 1_500,
      query_timeout: 3_000,
    });
    connection.on('error', () => undefined); // the query that it interrupts rejects too
    let wrote = false;
    try {
      await connection.connect();
      while (!this.#stopping && !this.#held) {
        this.#n += 1;
        const { rows } = await connection.query<{ n: string; version: number }>(
          "insert into canary (n, version) values ($1, current_setting('server_version_num')::int / 10000) returning n, version",
          [this.#n],
        );
        const [row] = rows;
        if (row !== undefined) this.acks.push({ n: Number(row.n), at: Date.now(), version: row.version });
        wrote = true;
        await pause(80);
      }
    } catch {
      // the next session tells
    } finally {
      await Promise.race([connection.end().catch(() => undefined), pause(500)]);
    }
    return wrote;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  /** It writes nothing while the machine is somebody else’s. */
  hold(held: boolean): void {
    this.#held = held;
    this.#holds.add(this.acks.length);
  }

  /** Waits until a write is acknowledged that was begun behind this call. */
  async writes(seconds = 60): Promise<Ack> {
    const from = this.#n;
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(50)) {
      const last = this.acks.at(-1);
      if (last !== undefined && last.n > from) return last;
    }
    throw new Error(`${seconds} s without an acknowledged write`);
  }

  /** Of those from `since` on, the longest time without one, in seconds. */
  longestGap(since: number): number {
    return (
      this.acks.slice(since).reduce((longest, { at }, index) => {
        const before = this.acks[since + index - 1];
        const held = before === undefined || this.#holds.has(since + index);
        return held ? longest : Math.max(longest, at - before.at);
      }, 0) / 1000
    );
  }

  changes(since = 0): readonly Change[] {
    return this.acks.slice(since).flatMap((ack, index) => {
      const before = this.acks[since + index - 1];
      return before === undefined || before.version === ack.version
        ? []
        : [{ from: before.version, to: ack.version, ms: ack.at - before.at }];
    });
  }

  /** What of all that was acknowledged is missing on the server of a host, or there twice. */
  async compared(host: LabHost): Promise<{ missing: readonly Ack[]; twice: readonly number[] }> {
    const before = this.acks.length;
    const rows = (await this.#lab.psql(host, 'app', 'select n, count(*) from canary group by n'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('|').map(Number));
    const present = new Set(rows.map(([n]) => n));
    return {
      missing: this.acks.slice(0, before).filter(({ n }) => !present.has(n)),
      twice: rows.flatMap(([n = 0, count = 0]) => (count > 1 ? [n] : [])),
    };
  }
}

/** A server that runs on a host: where its data lie, and what it says of itself. */
export interface Running {
  readonly directory: string;
  readonly version: number;
  readonly recovery: boolean;
  /** The newest row that the application has written. */
  readonly newest: number;
}

/** Every PostgreSQL that runs on a host, asked on its own socket. */
export const serversOn = async (lab: Lab, host: LabHost): Promise<readonly Running[]> =>
  (
    await lab.pg(
      host,
      `for pid in ${quote(lab.settings.pgdata)}*/postmaster.pid; do
  [ -e "$pid" ] && kill -0 "$(head -n 1 "$pid")" 2>/dev/null || continue
  PGCONNECT_TIMEOUT=3 psql -XAtq -h "$(sed -n 5p "$pid")" -p "$(sed -n 4p "$pid")" -d app -c "select '\${pid%/postmaster.pid}', current_setting('server_version_num')::int / 10000, pg_is_in_recovery(), (select max(n) from canary)" 2>/dev/null
done; true`,
    )
  )
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Running => {
      const [directory = '', version = '', recovery = '', newest = ''] = line.split('|');
      return { directory, version: Number(version), recovery: recovery === 't', newest: Number(newest) };
    });
