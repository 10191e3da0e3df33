import { primaryOf } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { present } from '../../cluster/present.ts';
import { deadAfterSeconds, type LockStanding, type Standing } from '../../inspect/lock/parse.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import type { Outputs } from '../output/outputs.ts';
import { watchGauge } from '../step/progress-watch.ts';
import type { Checklist } from '../view/checklist.ts';
import type { LockView } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import type { Decision, Decisions } from './decisions.ts';
import type { Session } from './session.ts';
import { directionOf, type KeptJob, keptJobs } from './unfinished-jobs.ts';

/** Milliseconds between two looks of somebody who only watches. */
const inspectEveryMs = 2_000;

type Held = Extract<LockStanding, { kind: 'held' }>;

/** A lock as the screen shows it. */
export const lockView = (lock: Held): LockView => ({
  holder: lock.holder?.operator ?? '',
  since: lock.holder?.since ?? '',
  aliveAt: present() - lock.silentSeconds * 1000,
  dead: lock.silentSeconds > deadAfterSeconds,
});

export type WatchEnd =
  | { readonly kind: 'left' }
  /** Nobody holds the lock any more. */
  | { readonly kind: 'free' }
  /** The holder is dead, and the operator has typed to take over: from this lock. */
  | { readonly kind: 'take-over'; readonly lock: Held; readonly typed: string };

export interface WatcherParts {
  readonly session: Session;
  readonly store: ViewStore;
  readonly checklist: Checklist;
  readonly outputs: Outputs;
  readonly decisions: Decisions;
}

/**
 * Read-only: another console holds the lock. The same panes, from this console's own looks at the servers; the output of
 * the job that runs, where this login may read it. Nothing is written anywhere.
 */
export class Watcher {
  readonly #parts: WatcherParts;
  /** Jobs that are followed, or were. */
  readonly #watched = new Set<string>();
  #running: readonly KeptJob[] = [];
  #saidNoOutput = false;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
  }

  /** Follows until the operator leaves, the lock is free, or a dead holder's is taken over. */
  async watch(first: Held): Promise<WatchEnd> {
    const { session, decisions, checklist } = this.#parts;
    let lock = first;
    let decision = this.#decision();
    for (;;) {
      const standing = await session.lock.read();
      if (standing.ok) {
        if (standing.value.lock.kind === 'free') return { kind: 'free' };
        lock = standing.value.lock;
      }
      const world = await session.observer.inspect();
      await this.#show(lock, standing.ok ? standing.value : null, world);
      const next = await Promise.race([decision, pause(inspectEveryMs)]);
      if (next === null) continue;
      if (next.kind === 'leave') return { kind: 'left' };
      if (next.kind === 'take-over') {
        if (lockView(lock).dead) return { kind: 'take-over', lock, typed: next.typed };
        this.#parts.store.notice(
          `The lock was not taken over: ${lock.holder?.operator ?? 'its holder'} responds again.`,
        );
      }
      decision = this.#decision();
      if (decisions.left) return { kind: 'left' };
      checklist.refresh(session);
    }
  }

  #decision(): Promise<Decision> {
    return this.#parts.decisions.next(null);
  }

  async #show(lock: Held, standing: Standing | null, world: Observations): Promise<void> {
    const { session, store, checklist } = this.#parts;
    const run = standing?.run ?? null;
    const jobs = run === null ? [] : await keptJobs(run.id, session.hosts);
    this.#running = jobs.filter((job) => job.state === 'running');
    const [first] = this.#running;
    const direction = first === undefined ? (run?.direction ?? 'upgrade') : directionOf(first.step);
    if (store.view.direction !== direction || checklist.steps.length === 0)
      checklist.load(session, direction);
    checklist.refresh(session);
    const running = this.#running.flatMap((job) => checklist.find(job.step) ?? []);
    const next = checklist.steps.find((step) => step.probe(world).state !== 'done');
    for (const step of checklist.steps) this.#showStep(step, world, running, next);
    for (const job of this.#running) {
      const step = checklist.find(job.step);
      if (step !== undefined) this.#watchJob(job, step);
    }
    if (run !== null && jobs.length === 0) this.#sayNoOutput(lock);
    const at = running[0] ?? next ?? null;
    store.set({
      stage: { kind: 'watching', step: at?.id ?? null, lock: lockView(lock) },
      phase: at?.phase ?? null,
    });
  }

  #showStep(step: Step, world: Observations, running: readonly Step[], next: Step | undefined): void {
    const { session, checklist } = this.#parts;
    const was = checklist.statusOf(step.id);
    if (running.includes(step)) {
      if (was?.kind !== 'running')
        checklist.show(session, step, { kind: 'running', since: this.#since(step.id) });
    } else if (step.probe(world).state === 'done') {
      if (was?.kind !== 'done') checklist.show(session, step, { kind: 'done', tookMs: null, by: 'found' });
    } else if (step === next && running.length === 0) checklist.show(session, step, { kind: 'next' });
    else if (was?.kind !== 'waiting') checklist.show(session, step, { kind: 'waiting' });
  }

  #since(step: StepId): number {
    const job = this.#running.find((one) => one.step === step);
    const started = Date.parse(job?.startedAt ?? '');
    return Number.isNaN(started) ? present() : started;
  }

  /** Its log, from the first byte, into memory: this console keeps no files of a run that is not its own. */
  #watchJob(job: KeptJob, step: Step): void {
    if (this.#watched.has(job.id)) return;
    this.#watched.add(job.id);
    const { session, outputs, store } = this.#parts;
    const host = session.hosts.get(job.host);
    if (host === undefined) return;
    const output = outputs.of(step.id);
    const gauge = watchGauge(session, step, output, store, this.#since(step.id));
    void host
      .job(
        { id: job.id, as: step.as, script: null },
        {
          onBytes: (chunk) => {
            output.push(chunk);
            store.heard(job.host);
            gauge?.heard();
            outputs.grown(step.id);
          },
        },
      )
      .then(() => {
        gauge?.stop();
        output.close();
      });
  }

  #sayNoOutput(lock: Held): void {
    if (this.#saidNoOutput) return;
    this.#saidNoOutput = true;
    const { session, store } = this.#parts;
    const where = session.hosts.get(primaryOf(session.facts).alias)?.address.user;
    store.notice(
      `The output of ${lock.holder?.operator ?? 'the holder'}’s jobs cannot be read as ${where ?? 'this login'}: this console shows only what the servers show.`,
    );
  }
}

const pause = (ms: number): Promise<null> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(null), ms).unref();
  });
