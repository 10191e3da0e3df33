import { problem } from '../cluster/result.ts';
import type { RemoteHost } from '../remote/host.ts';
import { Alarm } from './alarm.ts';
import type { FeedStatus, MonitorFeed } from './feed.ts';
import type { FeedOptions } from './options.ts';
import { openPgSession } from './pg-session.ts';
import { readByPsql } from './psql-source.ts';
import { SnapshotBoard } from './snapshot.ts';

const defaultPollMs = 2_000;
const psqlPollMs = 1_000;
/** After a reading that failed although the login stood. */
const retryMs = 1_000;
/** While psql serves, how long until the better way is tried again. */
const betterWayMs = 30_000;
/** While the line is down: it rings when it is back, this is only the longest stretch between two looks. */
const lineMs = 60_000;

const tidy = (reasons: string): string => reasons.replace(/\s+/g, ' ').slice(0, 300);

const stopped = problem(
  'The monitor is stopped as planned.',
  'Nothing to do: it is asked again when its step has started it.',
);

class Feed implements MonitorFeed {
  readonly #host: RemoteHost;
  readonly #options: FeedOptions;
  readonly #board = new SnapshotBoard();
  readonly #interrupt = new Alarm();
  readonly #done: Promise<void>;
  readonly #forgetLine: () => void;
  #closed = false;
  #held: boolean;
  /** Ends the wait between two readings of the live session. */
  #nudge = new Alarm();

  constructor(host: RemoteHost, options: FeedOptions, held: boolean) {
    this.#host = host;
    this.#held = held;
    this.#options = options;
    this.#forgetLine = host.onLine(() => this.#interrupt.ring());
    this.#done = this.#live();
  }

  get snapshot() {
    return this.#board.snapshot;
  }

  onChange(listener: Parameters<MonitorFeed['onChange']>[0]): () => void {
    return this.#board.onChange(listener);
  }

  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    this.#nudge.ring();
    this.#interrupt.ring();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#forgetLine();
    this.#nudge.ring();
    this.#interrupt.ring();
    await this.#done;
  }

  async #live(): Promise<void> {
    while (!this.#closed) {
      if (this.#host.line !== 'connected') {
        await this.#sayLineLost();
        continue;
      }
      if (this.#held) {
        this.#board.say({ kind: 'lost', problem: stopped });
        await this.#interrupt.wait(lineMs);
        continue;
      }
      const refusal = await this.#liveOverPg();
      if (refusal !== null && !this.#held) await this.#liveOverPsql(refusal);
    }
  }

  async #sayLineLost(): Promise<void> {
    const { alias, trouble } = this.#host;
    const unknown = problem(`The SSH connection to ${alias} is down.`, 'Nothing to do: it is reconnecting.');
    this.#board.say({ kind: 'lost', problem: trouble ?? unknown });
    await this.#interrupt.wait(lineMs);
  }

  /** Until the session ends: why it ended, or why there is none; null when the login stood and a reading failed. */
  async #liveOverPg(): Promise<string | null> {
    const nudge = new Alarm();
    this.#nudge = nudge;
    let ended: string | null = null;
    let heard = false;
    const opened = await openPgSession(this.#host, this.#options, {
      onNotice: () => {
        heard = true;
        nudge.ring();
      },
      onEnd: (cause) => {
        ended ??= cause;
        nudge.ring();
      },
    });
    if (!opened.ok) return opened.error;
    const session = opened.value;
    while (!this.#closed && !this.#held && ended === null) {
      const state = await session.read();
      if (this.#closed || ended !== null) break;
      if (!state.ok) {
        this.#board.say({ kind: 'lost', problem: state.error });
        break;
      }
      const status: FeedStatus = heard
        ? { kind: 'live', source: 'listen' }
        : { kind: 'live', source: 'poll', because: 'no notification has arrived yet' };
      this.#board.read(state.value, status);
      await nudge.wait(this.#options.pollMs ?? defaultPollMs);
    }
    const reason: string | null = ended;
    session.close();
    if (reason === null && !this.#closed && !this.#held) await this.#interrupt.wait(retryMs);
    return reason;
  }

  /** Until it fails, or until it is time to try the better way again. */
  async #liveOverPsql(because: string): Promise<void> {
    const until = performance.now() + betterWayMs;
    const status: FeedStatus = { kind: 'live', source: 'psql', because: tidy(because) };
    while (!this.#closed && !this.#held && this.#host.line === 'connected' && performance.now() < until) {
      const state = await readByPsql(this.#host, this.#options);
      if (this.#closed) return;
      if (state.ok) this.#board.read(state.value, status);
      else this.#board.say({ kind: 'lost', problem: state.error });
      await this.#interrupt.wait(psqlPollMs);
      if (!state.ok) return;
    }
  }
}

/**
 * A live view on the monitor's database. Pushed by LISTEN when pg_hba.conf lets autoctl_node in through the tunnel,
 * else polled through psql as postgres. `held`: nobody is asked before {@link MonitorFeed.hold} lets it. It never throws: what goes wrong is in the snapshot's status.
 */
export const openFeed = (host: RemoteHost, options: FeedOptions, held = false): MonitorFeed =>
  new Feed(host, options, held);
