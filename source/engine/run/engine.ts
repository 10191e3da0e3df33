import type { Config } from '../../cluster/config.ts';
import { messageOf, type Problem, problem } from '../../cluster/result.ts';
import type { LockStanding } from '../../inspect/lock/parse.ts';
import type { Answer, Connect } from '../../remote/host.ts';
import { whyNoCleanup } from '../../runbook/cleanup.ts';
import { dangerNow, type StepId } from '../../runbook/step.ts';
import { Outputs } from '../output/outputs.ts';
import { StepRunner } from '../step/step-runner.ts';
import { Checklist } from '../view/checklist.ts';
import type {
  Accepted,
  Direction,
  EngineController,
  EngineView,
  OutputView,
  Refusal,
  RollbackPreview,
} from '../view/controller.ts';
import { publishSession } from '../view/publish-session.ts';
import { previewOf } from '../view/rollback-preview.ts';
import { ViewStore } from '../view/view-store.ts';
import { Decisions } from './decisions.ts';
import { Prompts } from './prompts.ts';
import { accepted, refused, whyNot } from './refusals.ts';
import { type Takeover, whoseLock } from './resume.ts';
import { identify } from './run-identity.ts';
import { RunLoop } from './run-loop.ts';
import { inNameOf, type OwnedSession, openRun, openSession, type Session } from './session.ts';
import { lockView, Watcher } from './watcher.ts';

export interface EngineOptions {
  readonly config: Config;
  readonly connect: Connect;
  /** Where runs are kept: stateHome(). */
  readonly stateHome: string;
  /** Who is at the keyboard, for the journal and the lock: user@machine. */
  readonly operator: string;
  /** `--yes` confirms every step by itself; for the journal. */
  readonly unattended?: boolean;
  /** What must be said of this cluster wherever it is shown. */
  readonly banner?: string;
  /** The cluster is gone with the console. */
  readonly fleeting?: boolean;
  /** What to type to start this program: `node dist/cli.js` in a checkout. */
  readonly called?: string;
  /** Default upgrade. */
  readonly direction?: Direction;
  /** How old a look may be to count before a step, in milliseconds; see Observer. */
  readonly freshMs?: number;
  /** Whether a process of this machine lives; for tests. */
  readonly alive?: (pid: number) => boolean;
}

/** Runs the upgrade step by step, each one confirmed, and tells every listener what is true. */
export class Engine implements EngineController {
  readonly #options: EngineOptions;
  readonly #board = new ViewStore();
  readonly #asking = new Prompts(this.#board);
  readonly #decisions = new Decisions();
  readonly #outputs = new Outputs(() => this.view.runDirectory);
  readonly #progress = new Checklist(this.#board);
  readonly #runner: StepRunner;
  readonly #walk: RunLoop;
  readonly #forget: (() => void)[] = [];
  #ground: Session | null = null;
  /** Null while this console only watches. */
  #run: OwnedSession | null = null;
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const parts = { board: this.#board, progress: this.#progress, decisions: this.#decisions };
    this.#runner = new StepRunner({ ...parts, outputs: this.#outputs });
    this.#walk = new RunLoop({ ...parts, runner: this.#runner, unattended: options.unattended ?? false });
    this.#board.set({
      ...(options.banner === undefined ? {} : { banner: options.banner }),
      ...(options.fleeting === true ? { fleeting: true as const } : {}),
      ...(options.called === undefined ? {} : { called: options.called }),
      cluster: { name: options.config.name, from: '', to: '', mode: options.config.upgrade.mode },
    });
  }

  get view(): EngineView {
    return this.#board.view;
  }

  onChange(listener: (view: EngineView) => void): () => void {
    return this.#board.onChange(listener);
  }

  output(step: StepId): OutputView {
    return this.#outputs.of(step);
  }

  onOutput(listener: (step: StepId) => void): () => void {
    return this.#outputs.onGrowth(listener);
  }

  /** Connects, discovers, and then goes from step to step until the end or until it is closed. */
  async start(): Promise<void> {
    try {
      await this.#work();
    } catch (thrown) {
      // A defect of ours: jobs go on, and the operator hears of it in a sentence.
      this.#stop(
        problem(
          'the console met a defect of its own',
          'start it again: it goes on from what the servers say',
          messageOf(thrown),
        ),
      );
    }
  }

  async #work(): Promise<void> {
    const ground = await this.#prepare();
    if (ground === null) return;
    this.#ground = ground;
    if (this.#closed) return this.#leave(ground);
    if (this.#options.direction === 'cleanup') {
      const refusal = whyNoCleanup(ground.facts, ground.observer.world);
      if (refusal !== null) {
        this.#stop(refusal);
        return;
      }
    }
    if (ground.journalSays !== null) this.#board.notice(ground.journalSays);
    let takeover: Takeover | null = null;
    for (;;) {
      const standing = await ground.lock.read();
      if (!standing.ok) {
        this.#stop(standing.error);
        return;
      }
      const { lock, run: known } = standing.value;
      const found = identify(this.#options.stateHome, ground.facts, this.#options.operator, known);
      if (!found.ok) {
        this.#stop(found.error);
        return;
      }
      const identity = found.value;
      const own = whoseLock(lock, identity, this.#options);
      if (lock.kind === 'held' && lock.token !== ground.lock.token && takeover === null && own === null) {
        const end = await this.#watch(inNameOf(ground, identity.id), lock);
        if (end === null) return;
        takeover = end.takeover;
        continue;
      }
      const run = openRun(ground, identity, this.#options);
      if (!run.ok) {
        this.#stop(run.error);
        return;
      }
      this.#run = run.value;
      this.#board.set({ runDirectory: run.value.journal.directory });
      for (const entry of this.#asking.takeAnswers()) this.#progress.note(run.value, entry);
      const asked = this.#options.direction ?? run.value.identity.direction ?? 'upgrade';
      if ((await this.#walk.goOn(run.value, asked, takeover ?? own)) === 'left') return;
      takeover = null;
      this.#progress.note(run.value, {
        kind: 'lock',
        event: 'lost',
        token: ground.lock.token,
        other: null,
        typed: null,
      });
      run.value.journal.close();
      this.#run = null;
    }
  }

  /** Read-only, while another console holds the lock. Null: left. */
  async #watch(
    ground: Session,
    lock: Extract<LockStanding, { kind: 'held' }>,
  ): Promise<{ readonly takeover: Takeover | null } | null> {
    this.#decisions.lost = false;
    this.#board.set({
      runDirectory: null,
      stage: { kind: 'watching', step: null, lock: lockView(lock) },
    });
    this.#outputs.forget();
    const follower = new Watcher({
      ground,
      board: this.#board,
      progress: this.#progress,
      outputs: this.#outputs,
      decisions: this.#decisions,
    });
    const end = await follower.follow(lock);
    if (end.kind === 'left') return null;
    this.#outputs.forget();
    this.#board.set({
      stage: { kind: 'connecting', doing: 'the lock is free: going on from what the servers say' },
    });
    await ground.observer.look();
    return {
      takeover:
        end.kind === 'free'
          ? null
          : {
              token: end.lock.token,
              event: 'taken-over',
              typed: end.typed,
              other: end.lock.holder?.operator ?? '',
            },
    };
  }

  async previewRollback(): Promise<RollbackPreview | null> {
    const ground = this.#run ?? this.#ground;
    if (ground === null) return null;
    const world = await ground.observer.look();
    this.#progress.refresh(ground);
    return previewOf(ground.facts, world, ground.hosts, ground.journalSays);
  }

  turn(direction: Direction): Accepted | Refusal {
    if (this.view.stage.kind === 'watching') return whyNot(this.view.stage);
    if (this.view.direction === direction)
      return refused(direction === 'rollback' ? 'it is on its way back already' : 'it is on its way already');
    if (!this.#decisions.waiting) return refused('a step is running: wait for its end');
    this.#decisions.give({ kind: 'turn', direction });
    return accepted;
  }

  confirm(step: StepId, typed?: string, how: 'alone' | 'together' = 'alone'): Accepted | Refusal {
    const { stage } = this.view;
    if (stage.kind !== 'confirm' || stage.step !== step) return whyNot(this.view.stage);
    if (how === 'together' && stage.together === undefined)
      return refused('nothing can run beside this step');
    return this.#give(step, typed, how === 'together');
  }

  retry(step: StepId, typed?: string): Accepted | Refusal {
    const { stage } = this.view;
    if (stage.kind !== 'failed' || stage.step !== step) return refused('this step has not failed');
    return this.#give(step, typed);
  }

  skip(step: StepId, reason: string): Accepted | Refusal {
    if (!this.#decisions.waitsFor(step)) return whyNot(this.view.stage);
    if (reason.trim() === '' && this.#progress.find(step)?.optional !== true)
      return refused('type why this step may be passed over');
    this.#decisions.give({ kind: 'skip', reason: reason.trim() });
    return accepted;
  }

  probeAgain(step: StepId): Accepted | Refusal {
    if (!this.#decisions.waitsFor(step)) return whyNot(this.view.stage);
    this.#decisions.give({ kind: 'probe' });
    return accepted;
  }

  cancel(step: StepId, typed: string): Accepted | Refusal {
    const { stage } = this.view;
    return stage.kind === 'watching' ? whyNot(stage) : this.#runner.cancel(step, typed);
  }

  takeOver(typed: string): Accepted | Refusal {
    const { stage } = this.view;
    if (stage.kind !== 'watching') return refused('nobody else holds the lock');
    const { holder, dead } = stage.lock;
    if (!dead) return refused(`${holder || 'the holder'} is alive: it can only be taken over from the dead`);
    const names = [holder, this.view.cluster.name].filter((name) => name !== '');
    if (!names.includes(typed.trim())) return refused(`type ${names.join(' or ')} to take over`);
    this.#decisions.give({ kind: 'take-over', typed: typed.trim() });
    return accepted;
  }

  answer(answer: Answer): void {
    this.#asking.answer(answer);
    if (this.#run === null) return;
    for (const entry of this.#asking.takeAnswers()) this.#progress.note(this.#run, entry);
  }

  async close(why?: string): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#decisions.leave();
    this.#asking.refuseAll();
    for (const forget of this.#forget) forget();
    if (this.#ground !== null) await this.#leave(this.#ground, why);
  }

  async #leave(ground: Session, why?: string): Promise<void> {
    const { stage } = this.view;
    const running = stage.kind === 'running' ? stage.step : null;
    ground.lock.stop();
    this.#run?.journal.write({ kind: 'left', running, ...(why === undefined ? {} : { why }) });
    // What runs belongs to this console until it comes back, or somebody takes over from the dead.
    if (running === null && this.#run !== null) await this.#walk.release(this.#run);
    await ground.feed.close();
    await Promise.all([...ground.hosts.values()].map((host) => host.close()));
    this.#outputs.close();
    this.#run?.journal.close();
  }

  #give(id: StepId, typed: string | undefined, together = false): Accepted | Refusal {
    const step = this.#progress.find(id);
    if (step === undefined || !this.#decisions.waitsFor(id)) return whyNot(this.view.stage);
    const world = this.#ground?.observer.world ?? { hosts: {} };
    if (dangerNow(step, world) === 'point-of-no-return' && typed !== step.host)
      return refused(`type ${step.host} to confirm`);
    this.#decisions.give({ kind: 'run', typed: typed ?? null, together });
    return accepted;
  }

  #stop(problem: Problem): null {
    this.#board.set({ stage: { kind: 'stopped', problem } });
    return null;
  }

  async #prepare(): Promise<Session | null> {
    const ground = await openSession({
      ...this.#options,
      ask: this.#asking.ask,
      say: (doing) => {
        if (this.view.stage.kind === 'connecting') this.#board.set({ stage: { kind: 'connecting', doing } });
      },
      heard: (alias) => this.#board.heard(alias),
    });
    if (!ground.ok) return this.#stop(ground.error);
    this.#forget.push(
      ...publishSession(ground.value, this.#board),
      ground.value.lock.onOther(() => {
        if (this.#run !== null) this.#decisions.lost = true;
      }),
    );
    return ground.value;
  }
}
