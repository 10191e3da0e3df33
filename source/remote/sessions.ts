import { fail, problem, type Result } from '../cluster/result.ts';
import { debugEvent } from './debug-events.ts';
import type { Line } from './line.ts';
import type { Running } from './transport.ts';

/** sshd's MaxSessions is 10 by default; two are left for whoever shares the connection's limit. */
const usualSessions = 8;
/** Connections to one host, where sshd lets few sessions through one. */
const maximumLines = 6;
/**
 * sshd counts a session until it has reaped the command, a moment after its channel is closed: it may refuse
 * one more while we hold fewer than MaxSessions. For so long, in milliseconds, it is asked again.
 */
const refusedMs = 5_000;
/** Refused for longer while others of ours are open: so many are what it allows. */
const reapedMs = 750;
const pauseMs = 25;
/** After a further connection could not be made. */
const noMoreMs = 30_000;

interface Member {
  readonly line: Line;
  open: number;
}

/**
 * Hands out sessions on the connection to one host, first come, first served. Where sshd has a small MaxSessions, which
 * counts for each connection, what does not fit goes over further connections: while a job is followed the host must
 * still answer (the lock on it is renewed, the job can be ended). Source: sshd_config(5), MaxSessions.
 */
export class Sessions {
  readonly line: Line;
  readonly #alias: string;
  readonly #more: () => Line;
  readonly #members: Member[];
  readonly #queue = new Set<() => void>();
  #capacity = usualSessions;
  #noMoreUntil = 0;

  /** `more` makes the line of one more connection to the same host. */
  constructor(alias: string, line: Line, more: () => Line) {
    this.#alias = alias;
    this.line = line;
    this.#more = more;
    this.#members = [{ line, open: 0 }];
  }

  /**
   * Opens a session for a command in its turn. Errors: no connection within `timeoutMs` (without it: until it is decided), or sshd
   * refuses the session.
   */
  async open(command: string, timeoutMs: number | undefined): Promise<Result<Running>> {
    const until = timeoutMs === undefined ? null : performance.now() + timeoutMs;
    const left = (): number | undefined =>
      until === null ? undefined : Math.max(0, until - performance.now());
    for (;;) {
      const member = await this.#take(until);
      if (member === null) {
        const what = `${this.#alias}: all SSH channels of this console are in use.`;
        return fail(problem(what, 'Retry when one of the running steps has ended.'));
      }
      const transport = await member.line.transport(left());
      if (!transport.ok) {
        this.#give(member);
        return transport;
      }
      const began = performance.now();
      const deadline = began + Math.min(left() ?? refusedMs, refusedMs);
      for (;;) {
        const tried = await transport.value.exec(command);
        if (tried.ok) {
          void tried.value.ended.then(() => this.#give(member));
          return tried;
        }
        const others = member.open - 1;
        if (tried.error.refused && others > 0 && performance.now() > began + reapedMs) {
          this.#capacity = Math.min(this.#capacity, others);
          debugEvent('ssh.sessions', { alias: this.#alias, allowed: others, why: tried.error.cause });
          break;
        }
        if (!tried.error.refused || performance.now() > deadline) {
          this.#give(member);
          const remedy = `If it persists, look at MaxSessions and at the log of sshd on ${this.#alias}.`;
          return fail(problem(`${this.#alias} did not open another SSH channel.`, remedy, tried.error.cause));
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      this.#give(member);
    }
  }

  async close(): Promise<void> {
    // A line that is closed leaves the list at once.
    const lines = this.#members.map(({ line }) => line);
    await Promise.all(lines.map((line) => line.close()));
  }

  /** A place on one of the connections; null: none became free in time. */
  async #take(until: number | null): Promise<Member | null> {
    for (;;) {
      const free = this.#members.find(
        (one) => one.open < this.#capacity && (one.line === this.line || one.line.state === 'connected'),
      );
      if (free !== undefined) {
        free.open += 1;
        return free;
      }
      const further = await this.#further();
      if (further !== null) return further;
      if (!(await this.#served(until))) return null;
    }
  }

  /** One more connection, where sshd has shown that it lets few sessions through one. */
  async #further(): Promise<Member | null> {
    const wanted =
      this.#capacity < usualSessions &&
      this.#members.length < maximumLines &&
      this.line.state === 'connected' &&
      performance.now() > this.#noMoreUntil;
    if (!wanted) return null;
    const member: Member = { line: this.#more(), open: 1 };
    this.#members.push(member);
    member.line.onLine((state) => {
      if (state === 'closed') this.#forget(member);
    });
    const opened = await member.line.open();
    if (opened.ok) return member;
    this.#noMoreUntil = performance.now() + noMoreMs;
    this.#forget(member);
    return null;
  }

  #forget(member: Member): void {
    const at = this.#members.indexOf(member);
    if (at > 0) this.#members.splice(at, 1);
  }

  #give(member: Member): void {
    member.open -= 1;
    const [next] = this.#queue;
    next?.();
  }

  #served(until: number | null): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (served: boolean): void => {
        clearTimeout(timer);
        this.#queue.delete(waiter);
        resolve(served);
      };
      const waiter = (): void => end(true);
      const timer =
        until === null ? undefined : setTimeout(() => end(false), Math.max(0, until - performance.now()));
      this.#queue.add(waiter);
    });
  }
}
