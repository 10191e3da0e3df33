import { present } from '../../cluster/present.ts';
import { messageOf, type Problem, problem } from '../../cluster/result.ts';
import type { LockStanding } from '../../inspect/lock/parse.ts';
import type { Answer } from '../../remote/host.ts';
import type { StepId } from '../../runbook/language/step.ts';
import { nameAskedFor } from '../../runbook/verdict/name-asked.ts';
import { askedRehearsal } from '../../runbook/verdict/rehearsal-asked.ts';
import { whyNoCleanup } from '../../runbook/verdict/why-no-cleanup.ts';
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
import { acquireLock } from './acquire-lock.ts';
import { Approvals } from './approvals.ts';
import { Decisions } from './decisions.ts';
import type { EngineOptions } from './engine-options.ts';
import { whyNoTurn, whyNotByMethod, whyNotPrepared } from './method-refusal.ts';
import { OnFailure } from './on-failure.ts';
import { Prompts } from './prompts.ts';
import { accepted, refused, whyNot } from './refusals.ts';
import { keepTimes } from './rehearsal-times.ts';
import { type Takeover, whoseLock } from './resume.ts';
import { identify } from './run-identity.ts';
import { RunLoop } from './run-loop.ts';
import { inNameOf, type OwnedSession, openRun, openSession, type Session } from './session.ts';
import { lockView, Watcher } from './watcher.ts';

/** Runs the upgrade step by step, each one confirmed, and tells every listener what is true. */
export class Engine implements EngineController {
  readonly #options: EngineOptions;
  readonly #store = new ViewStore();
  readonly #prompts = new Prompts(this.#store);
  readonly #decisions = new Decisions();
  readonly #outputs = new Outputs(() => this.view.runDirectory);
  readonly #checklist = new Checklist(this.#store);
  readonly #parts = { store: this.#store, checklist: this.#checklist, decisions: this.#decisions };
  readonly #runner: StepRunner;
  readonly #runLoop: RunLoop;
  readonly #approvals: Approvals;
  readonly #onFailure = new OnFailure(this.#store);
  readonly #forget: (() => void)[] = [];
  #session: Session | null = null;
  /** Null while this console only watches. */
  #owned: OwnedSession | null = null;
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const parts = this.#parts;
    this.#approvals = new Approvals(this.#store, options);
    const { changed } = this.#approvals;
    this.#runner = new StepRunner({ ...parts, outputs: this.#outputs, changed });
    this.#runLoop = new RunLoop({
      ...parts,
      runner: this.#runner,
      unattended: options.unattended ?? false,
      keepTimes: keepTimes(this.#store, options.stateHome),
      behindFailure: this.#onFailure.decided,
      operator: options.operator,
    });
    this.#store.set({
      ...(options.banner === undefined ? {} : { banner: options.banner }),
      ...(options.fleeting === true ? { fleeting: true as const } : {}),
      ...(options.called === undefined ? {} : { called: options.called }),
      ...(options.config.ticket === undefined ? {} : { ticket: options.config.ticket }),
      cluster: { name: options.config.name, from: '', to: '', mode: options.config.upgrade.mode },
    });
    // Whichever step is due, and whatever is heard meanwhile: what stands on the screen is what counts.
    this.#store.onChange(() => this.#approvals.show(this.#session, this.#owned));
    this.#store.onChange((view) => this.#onFailure.heard(view, this.#owned));
  }

  get view(): EngineView {
    return this.#store.view;
  }

  onChange(listener: (view: EngineView) => void): () => void {
    return this.#store.onChange(listener);
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
      await this.#connectAndRun();
    } catch (thrown) {
      // A defect of ours: jobs go on, and the operator hears of it in a sentence.
      this.#stop(
        problem(
          'Internal error in the console.',
          'Start it again: it resumes from what the servers show.',
          messageOf(thrown),
        ),
      );
    }
  }

  async #connectAndRun(): Promise<void> {
    const session = await this.#openSession();
    if (session === null) return;
    this.#session = session;
    if (this.#closed) return this.#leave(session);
    const wanted = this.#options.direction ?? 'upgrade';
    const methodRefusal =
      whyNotByMethod(session.facts, wanted) ?? whyNotPrepared(session.facts, session.observer.world, wanted);
    if (methodRefusal !== null) {
      this.#stop(methodRefusal);
      return;
    }
    if (this.#options.direction === 'cleanup') {
      const refusal = whyNoCleanup(session.facts, session.observer.world);
      if (refusal !== null) {
        this.#stop(refusal);
        return;
      }
    }
    if (this.#options.direction === 'rehearse' && this.#options.rehearsal !== undefined) {
      const { facts, fromRecord, observer } = session;
      const asked = askedRehearsal(facts, observer.world, fromRecord, this.#options.rehearsal);
      if (!asked.ok) {
        this.#stop(asked.error);
        return;
      }
      observer.rehearse(asked.value);
      await observer.inspect();
    }
    if (session.journalSays !== null) this.#store.notice(session.journalSays);
    let takeover: Takeover | null = null;
    for (;;) {
      const standing = await session.lock.read();
      if (!standing.ok) {
        this.#stop(standing.error);
        return;
      }
      const { lock, run: known } = standing.value;
      const found = identify(
        this.#options.stateHome,
        session.facts,
        this.#options.operator,
        known,
        this.#options.direction,
      );
      if (!found.ok) {
        this.#stop(found.error);
        return;
      }
      const identity = found.value;
      const own = whoseLock(lock, identity, this.#options);
      if (lock.kind === 'held' && lock.token !== session.lock.token && takeover === null && own === null) {
        const end = await this.#watch(inNameOf(session, identity.id), lock);
        if (end === null) return;
        takeover = end.takeover;
        continue;
      }
      const { ticket } = this.#options.config;
      const run = openRun(session, identity, {
        ...this.#options,
        ...(ticket === undefined ? {} : { ticket }),
      });
      if (!run.ok) {
        this.#stop(run.error);
        return;
      }
      this.#owned = run.value;
      this.#store.set({ runDirectory: run.value.journal.directory });
      for (const entry of this.#prompts.takeAnswers()) this.#checklist.note(run.value, entry);
      const asked = this.#options.direction ?? run.value.identity.direction ?? 'upgrade';
      if ((await this.#runLoop.run(run.value, asked, takeover ?? own)) === 'left') return;
      takeover = null;
      this.#checklist.note(run.value, {
        kind: 'lock',
        event: 'lost',
        token: session.lock.token,
        other: null,
        typed: null,
      });
      run.value.journal.close();
      this.#owned = null;
    }
  }

  /** Read-only, while another console holds the lock. Null: left. */
  async #watch(
    session: Session,
    lock: Extract<LockStanding, { kind: 'held' }>,
  ): Promise<{ readonly takeover: Takeover | null } | null> {
    this.#decisions.lost = false;
    this.#store.set({
      runDirectory: null,
      stage: { kind: 'watching', step: null, lock: lockView(lock) },
    });
    this.#outputs.forget();
    const follower = new Watcher({
      session,
      store: this.#store,
      checklist: this.#checklist,
      outputs: this.#outputs,
      decisions: this.#decisions,
    });
    const end = await follower.watch(lock);
    if (end.kind === 'left') return null;
    this.#outputs.forget();
    this.#store.set({
      stage: { kind: 'connecting', doing: 'the lock is free: resuming from what the servers show' },
    });
    await session.observer.inspect();
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
    const session = this.#owned ?? this.#session;
    if (session === null) return null;
    const world = await session.observer.inspect();
    this.#checklist.refresh(session);
    return previewOf(session.facts, world, session.hosts, session.journalSays);
  }

  turn(direction: Direction): Accepted | Refusal {
    if (this.view.stage.kind === 'watching') return whyNot(this.view.stage);
    const instead = whyNoTurn(this.view.direction);
    if (instead !== null) return refused(instead);
    if (this.view.direction === direction)
      return refused(
        direction === 'rollback' ? 'the rollback is under way already' : 'the upgrade is under way already',
      );
    if (!this.#decisions.waiting) return refused('a step is running: wait for its end');
    this.#decisions.give({ kind: 'turn', direction });
    return accepted;
  }

  confirm(step: StepId, typed?: string, how: 'alone' | 'together' | 'to-stop' = 'alone'): Accepted | Refusal {
    const { stage } = this.view;
    if (stage.kind !== 'confirm' || stage.step !== step) return whyNot(this.view.stage);
    if (how === 'together' && stage.together === undefined)
      return refused('nothing can run beside this step');
    return this.#give(step, typed, how === 'to-stop' ? 'stop' : how === 'together' ? 'group' : 'step');
  }

  stopRunningOn(): Accepted | Refusal {
    return this.#runLoop.stopRunningOn() ? accepted : refused('it does not run on: each step is asked for');
  }

  retry(step: StepId, typed?: string): Accepted | Refusal {
    const { stage } = this.view;
    if (stage.kind !== 'failed' || stage.step !== step) return refused('this step has not failed');
    return this.#give(step, typed);
  }

  skip(step: StepId, reason: string): Accepted | Refusal {
    if (!this.#decisions.waitsFor(step)) return whyNot(this.view.stage);
    if (reason.trim() === '' && this.#checklist.find(step)?.optional !== true)
      return refused('type why this step is skipped');
    this.#decisions.give({ kind: 'skip', reason: reason.trim() });
    return accepted;
  }

  probeAgain(step: StepId): Accepted | Refusal {
    if (!this.#decisions.waitsFor(step)) return whyNot(this.view.stage);
    this.#decisions.give({ kind: 'probe' });
    return accepted;
  }

  terminateStep(step: StepId, typed: string): Accepted | Refusal {
    const { stage } = this.view;
    return stage.kind === 'watching' ? whyNot(stage) : this.#runner.terminate(step, typed);
  }

  terminateClients(step: StepId, typed: string): Accepted | Refusal {
    const { stage } = this.view;
    return stage.kind === 'confirm' && stage.step === step
      ? this.#runLoop.clients.terminate(typed)
      : whyNot(stage);
  }

  takeOver(typed: string): Accepted | Refusal {
    const { stage } = this.view;
    if (stage.kind !== 'watching') return refused('nobody else holds the lock');
    const { holder, dead } = stage.lock;
    if (!dead)
      return refused(
        `${holder || 'the holder'} still responds: the lock can be taken over only when its holder stops responding`,
      );
    const names = [holder, this.view.cluster.name].filter((name) => name !== '');
    if (!names.includes(typed.trim())) return refused(`type ${names.join(' or ')} to take over`);
    this.#decisions.give({ kind: 'take-over', typed: typed.trim() });
    return accepted;
  }

  approve(id: StepId, typed: string): Accepted | Refusal {
    const session = this.#session;
    return session === null ? whyNot(this.view.stage) : this.#approvals.approve(session, id, typed);
  }

  answer(answer: Answer): void {
    this.#prompts.answer(answer);
    if (this.#owned === null) return;
    for (const entry of this.#prompts.takeAnswers()) this.#checklist.note(this.#owned, entry);
  }

  async close(why?: string): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#decisions.leave();
    this.#prompts.refuseAll();
    for (const forget of this.#forget) forget();
    if (this.#session !== null) await this.#leave(this.#session, why);
  }

  async #leave(session: Session, why?: string): Promise<void> {
    const { stage } = this.view;
    const running = stage.kind === 'running' ? stage.step : null;
    if (stage.kind === 'failed' && this.#owned !== null) await this.#onFailure.left(this.#owned, stage);
    session.lock.stop();
    this.#owned?.journal.write({ kind: 'left', running, ...(why === undefined ? {} : { why }) });
    // What runs belongs to this console until it comes back, or somebody takes over from the dead.
    if (running === null && this.#owned !== null) await this.#runLoop.release(this.#owned);
    await session.feed.close();
    await Promise.all([...session.hosts.values()].map((host) => host.close()));
    this.#outputs.close();
    this.#owned?.journal.close();
  }

  #give(
    id: StepId,
    typed: string | undefined,
    until: 'step' | 'group' | 'stop' = 'step',
  ): Accepted | Refusal {
    const step = this.#checklist.find(id);
    if (step === undefined || !this.#decisions.waitsFor(id)) return whyNot(this.view.stage);
    const world = this.#session?.observer.world ?? { hosts: {} };
    const asked = until === 'stop' || nameAskedFor(step, world, this.view.direction) !== null;
    if (until === 'stop' && step.optional)
      return refused('an optional step is run or skipped by itself: it is no part of a run to the next stop');
    const waits = this.#approvals.waits(id);
    if (waits !== null) {
      // Who wants to run it is the operator: a colleague's console is read-only from now on, and can approve. What has just been approved is heard with it.
      if (this.#owned !== null) void acquireLock(this.#owned, this.view.direction, this.#parts);
      return refused(waits);
    }
    if (asked && typed !== step.host) return refused(`type ${step.host} to confirm`);
    if (this.#owned !== null) this.#approvals.note(this.#owned, this.#checklist, id);
    this.#decisions.give({ kind: 'run', typed: typed ?? null, until });
    return accepted;
  }

  #stop(problem: Problem): null {
    this.#store.set({ stage: { kind: 'stopped', problem } });
    return null;
  }

  async #openSession(): Promise<Session | null> {
    const session = await openSession({
      ...this.#options,
      ask: this.#prompts.ask,
      say: (doing) => {
        if (this.view.stage.kind === 'connecting') this.#store.set({ stage: { kind: 'connecting', doing } });
      },
      heard: (alias) => this.#store.heard(alias),
    });
    if (!session.ok) return this.#stop(session.error);
    const clock = setInterval(() => this.#checklist.tellDeadline(present()), 5_000).unref();
    this.#forget.push(
      () => clearInterval(clock),
      ...publishSession(session.value, this.#store),
      session.value.lock.onApproval(() => this.#approvals.show(this.#session, this.#owned)),
      session.value.lock.onOther(() => {
        if (this.#owned !== null) this.#decisions.lost = true;
      }),
    );
    return session.value;
  }
}
