import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Fragment } from '../../cluster/fragment.ts';
import { fail, ok, problem, type Result } from '../../cluster/result.ts';
import type { Path } from '../../cluster/words.ts';
import {
  type Approval,
  type Holder,
  holderName,
  type LockStanding,
  parseStanding,
  type RunFile,
  type Standing,
} from '../../inspect/lock/parse.ts';
import {
  approveScript,
  beatScript,
  readStandingScript,
  releaseScript,
  takeLockScript,
  writeRunScript,
} from '../../inspect/lock/scripts.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { ageOf, type ClockReading, readClocks } from '../observe/clock.ts';
import type { SharedDowntime } from '../view/downtime.ts';

/** As long as a look may take: a busy host is no reason to refuse a step. */
const timeoutMs = 30_000;
const beatMs = 5_000;
/** So long after the last sign of life that arrived nobody else can have taken the lock for a dead one's. */
const sureForMs = 20_000;

export interface LockOptions {
  /** The monitor's host. */
  readonly host: RemoteHost;
  readonly workDir: Path;
  /** Who reads and writes there: postgres. */
  readonly as: string;
  readonly operator: string;
}

/**
 * One operator at a time: the lock on the monitor's host, as this console sees it. Until it is taken it is only read;
 * once taken, a sign of life goes there every few seconds, and each answer says whether it is still ours.
 */
export class RunLock {
  readonly token = randomBytes(12).toString('hex');
  readonly #options: LockOptions;
  readonly #listeners = new Set<(lock: Extract<LockStanding, { kind: 'held' }>) => void>();
  #held = false;
  /** Which way the run's file says it goes; null: this console has not written it. */
  #written: RunFile['direction'] | null = null;
  /** When the answer was asked for that last said that it is ours. */
  #heardAt: ClockReading | null = null;
  #approvals: readonly Approval[] = [];
  #run: RunFile | null = null;
  readonly #approvalListeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #watching = false;

  constructor(options: LockOptions) {
    this.#options = options;
  }

  /** As far as this console knows, the lock is its own. */
  get held(): boolean {
    return this.#held;
  }

  /** What second persons have approved, as it was heard last. */
  get approvals(): readonly Approval[] {
    return this.#approvals;
  }

  /** The run that the host knows of, as it was heard last. */
  get run(): string | null {
    return this.#run?.id ?? null;
  }

  /** The last downtime of the run that is under way, as the host knows it: whichever console has seen it. Null: none, or no run is. */
  get downtime(): SharedDowntime | null {
    return this.#run?.finished === null ? (this.#run.downtime ?? null) : null;
  }

  /** Called when another approval was heard of. */
  onApproval(listener: () => void): () => void {
    this.#approvalListeners.add(listener);
    return () => this.#approvalListeners.delete(listener);
  }

  /** Approves steps as a second person; the lock is another's. Errors: the monitor's host does not answer, or cannot write it. */
  approve(approvals: readonly Approval[]): Promise<Result<Standing>> {
    return this.#ask(approveScript(this.#options.workDir, approvals));
  }

  /** Called when somebody else holds the lock: taken over, or taken before this console did. */
  onOther(listener: (lock: Extract<LockStanding, { kind: 'held' }>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether anybody holds it, and which run was begun. Changes nothing. */
  read(): Promise<Result<Standing>> {
    return this.#ask(readStandingScript(this.#options.workDir));
  }

  /**
   * Makes sure that the lock is this console's: takes it where it is free (or `instead`'s), sends a sign of life where
   * it is ours. Where the run has turned since, that is written down. The standing tells: held with our token, or
   * another's. Errors: the monitor's host does not answer.
   */
  async hold(run: RunFile, instead: string | null = null): Promise<Result<Standing>> {
    const { workDir } = this.#options;
    const holder: Holder = {
      operator: this.#options.operator,
      since: new Date().toISOString(),
      token: this.token,
      pid: process.pid,
    };
    if (this.#held && this.#written !== run.direction)
      return this.#wrote(writeRunScript(workDir, this.token, run), run);
    // No round trip within a downtime where nobody can have taken what we were heard to hold just now.
    if (this.#held && this.#heardAt !== null && ageOf(this.#heardAt) < sureForMs)
      return ok({
        lock: { kind: 'held', holder, token: this.token, silentSeconds: 0 },
        run,
        approvals: this.#approvals,
      });
    if (this.#held) return this.#ask(beatScript(workDir, this.token));
    return this.#wrote(takeLockScript(workDir, holder, run, instead), run);
  }

  /** Writes down how the run stands now. */
  write(run: RunFile): Promise<Result<Standing>> {
    return this.#wrote(writeRunScript(this.#options.workDir, this.token, run), run);
  }

  /** Begins to look (and, once the lock is taken, to give signs of life) every few seconds. */
  watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#schedule();
  }

  /** Ends the signs of life; the lock stays, and will be a dead holder's. */
  stop(): void {
    this.#watching = false;
    clearTimeout(this.#timer);
  }

  /** Gives the lock back if it is ours. */
  async release(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await this.#ask(releaseScript(this.#options.workDir, this.token));
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#watching) return;
    this.#timer = setTimeout(() => void this.#beat(), beatMs);
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    const { workDir } = this.#options;
    await this.#ask(this.#held ? beatScript(workDir, this.token) : readStandingScript(workDir));
    this.#schedule();
  }

  /** Asks with a script that writes the run's file where the lock is ours. */
  async #wrote(script: Fragment, run: RunFile): Promise<Result<Standing>> {
    const standing = await this.#ask(script);
    if (standing.ok && this.#held) this.#written = run.direction;
    return standing;
  }

  async #ask(script: Fragment): Promise<Result<Standing>> {
    const { host, as } = this.#options;
    const asked = readClocks();
    const output = await host.run(script.text, { as, timeoutMs });
    if (!output.ok) return output;
    const standing = parseStanding(output.value.stdout);
    if (standing === null)
      return fail(
        problem(
          `${host.alias}: the lock in ${this.#options.workDir} cannot be read or written.`,
          'Is there room on the disk, and does the directory belong to postgres?',
          output.value.stderr.trim().slice(0, 400),
        ),
      );
    this.#heard(standing.lock, asked);
    this.#run = standing.run;
    // As many as before may be others: of a long file its end alone is read.
    const more = !isDeepStrictEqual(standing.approvals, this.#approvals);
    this.#approvals = standing.approvals;
    if (more) for (const listener of [...this.#approvalListeners]) listener();
    return ok(standing);
  }

  #heard(lock: LockStanding, asked: ClockReading): void {
    const mine = lock.kind === 'held' && lock.token === this.token;
    if (mine) this.#heardAt = asked;
    const lost = this.#held && !mine;
    this.#held = mine;
    if (lock.kind === 'held' && !mine) for (const listener of [...this.#listeners]) listener(lock);
    else if (lost) this.#heardAt = null;
  }
}

/** `tess@bastion since 02:14`, for the screen and the journal. */
export const heldBy = (lock: Extract<LockStanding, { kind: 'held' }>): string =>
  lock.holder === null ? holderName(lock) : `${lock.holder.operator} since ${lock.holder.since}`;
