import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { debugEvent } from './debug-events.ts';
import type { LineState } from './host.ts';
import type { Failure } from './problems.ts';
import type { Transport } from './transport.ts';

/** Milliseconds before each attempt to connect anew; the last one repeats. */
const backoffMs = [0, 100, 250, 500, 1_000, 2_000, 5_000];
const patientMs = 30_000;

type Waiter = (result: Result<Transport>) => void;

/** One kept connection: dials, notices that it broke, dials again until closed or refused for good. */
export class Line {
  #state: LineState = 'connecting';
  #trouble: Problem | null = null;
  #transport: Transport | null = null;
  #timer: NodeJS.Timeout | undefined;
  readonly #dial: () => Promise<Result<Transport, Failure>>;
  readonly #alias: string;
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<(line: LineState) => void>();

  constructor(alias: string, dial: () => Promise<Result<Transport, Failure>>) {
    this.#alias = alias;
    this.#dial = dial;
  }

  get state(): LineState {
    return this.#state;
  }

  /** Why the line is not connected, as far as is known. */
  get trouble(): Problem | null {
    return this.#trouble;
  }

  onLine(listener: (line: LineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The first connection: one attempt, so that a wrong address is said at once. `evenIfSilent`: a host that gives no answer is dialed on,
   * as if its connection had been lost, and may answer at any time; a refusal (of a key, of a login) ends it all the same.
   */
  async open(evenIfSilent = false): Promise<Result<void>> {
    const dialed = await this.#dial();
    if (this.#adopt(dialed)) return ok(undefined);
    if (evenIfSilent && !dialed.ok && !dialed.error.final && dialed.error.patient !== true) {
      this.#trouble = dialed.error.problem;
      this.#announce('reconnecting');
      this.#schedule(1, false);
      return ok(undefined);
    }
    const error = dialed.ok ? this.#closedProblem() : dialed.error.problem;
    this.#end(error);
    return fail(error);
  }

  /** The live connection; waits for one while reconnecting, `timeoutMs` at most (without it: until it is decided). */
  transport(timeoutMs?: number): Promise<Result<Transport>> {
    if (this.#transport) return Promise.resolve(ok(this.#transport));
    if (this.#state === 'closed') return Promise.resolve(fail(this.#trouble ?? this.#closedProblem()));
    return new Promise((resolve) => {
      const waiter: Waiter = (result) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(result);
      };
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => waiter(fail(this.#lostProblem())), timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  async close(): Promise<void> {
    const transport = this.#transport;
    this.#end(null);
    await transport?.end();
  }

  #adopt(dialed: Result<Transport, Failure>): boolean {
    if (!dialed.ok) return false;
    const transport = dialed.value;
    if (this.#state === 'closed') {
      transport.destroy();
      return false;
    }
    transport.onClosed((cause) => this.#broke(transport, cause));
    this.#transport = transport;
    this.#trouble = null;
    this.#announce('connected');
    for (const waiter of [...this.#waiters]) waiter(ok(transport));
    return true;
  }

  #broke(transport: Transport, cause: string | null): void {
    if (this.#transport !== transport) return;
    this.#transport = null;
    if (this.#state === 'closed') return;
    if (cause !== null) this.#trouble = { ...this.#lostProblem(), cause };
    this.#trouble ??= this.#lostProblem();
    this.#announce('reconnecting');
    this.#schedule(0, false);
  }

  #schedule(attempt: number, patient: boolean): void {
    const delay = patient ? patientMs : (backoffMs[Math.min(attempt, backoffMs.length - 1)] ?? 0);
    this.#timer = setTimeout(() => void this.#redial(attempt), delay);
  }

  async #redial(attempt: number): Promise<void> {
    const dialed = await this.#dial();
    if (this.#adopt(dialed) || dialed.ok || this.#state === 'closed') return;
    this.#trouble = dialed.error.problem;
    if (dialed.error.final) this.#end(dialed.error.problem);
    else this.#schedule(attempt + 1, dialed.error.patient === true);
  }

  #end(trouble: Problem | null): void {
    clearTimeout(this.#timer);
    this.#transport = null;
    this.#trouble = trouble;
    this.#announce('closed');
    for (const waiter of [...this.#waiters]) waiter(fail(trouble ?? this.#closedProblem()));
  }

  #announce(state: LineState): void {
    if (this.#state === state) return;
    this.#state = state;
    debugEvent('ssh.connection', { alias: this.#alias, state, why: this.#trouble?.what ?? null });
    for (const listener of [...this.#listeners]) listener(state);
  }

  #lostProblem(): Problem {
    return (
      this.#trouble ??
      problem(`The SSH connection to ${this.#alias} was lost.`, 'Nothing to do: it is reconnecting.')
    );
  }

  #closedProblem(): Problem {
    return problem(`The SSH connection to ${this.#alias} is closed.`, 'Start the console again.');
  }
}
