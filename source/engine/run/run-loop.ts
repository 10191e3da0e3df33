import { isLeftOut, monitorIn } from '../../cluster/observations.ts';
import type { Result } from '../../cluster/result.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import { planned } from '../journal/entry.ts';
import { probed } from '../observe/judge.ts';
import { missingByHand, whatIsMissing } from '../step/failure.ts';
import type { StepRunner } from '../step/step-runner.ts';
import { groupOf, runTracks, tracksBeside } from '../step/tracks.ts';
import type { Checklist } from '../view/checklist.ts';
import type { Direction, StepFailure } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import { waiting, whyWithoutMonitor } from './absence.ts';
import { acquireLock, runFile } from './acquire-lock.ts';
import { ClientWatch } from './client-watch.ts';
import { completionMessage } from './completion-message.ts';
import type { Decision, Decisions } from './decisions.ts';
import { InventoryKeeper } from './inventories.ts';
import { nextStep } from './next-step.ts';
import { noteDowntime, noteFoundDown } from './note-downtime.ts';
import { resume, type Takeover } from './resume.ts';
import { leavesOf } from './run-leaves.ts';
import { RunOn } from './run-on.ts';
import type { OwnedSession } from './session.ts';
import {
  continueWithout,
  heldUp,
  noWayInSight,
  orWithoutMonitor,
  refusedWithout,
  waitsFailure,
} from './silent-host.ts';

export interface RunLoopParts {
  readonly store: ViewStore;
  readonly checklist: Checklist;
  readonly decisions: Decisions;
  readonly runner: StepRunner;
  /** `--yes` confirms every step: nobody is there to decide whether the run goes on without a host. */
  readonly unattended: boolean;
  readonly keepTimes: (run: OwnedSession) => void;
  readonly behindFailure: (decision: Decision) => Promise<Decision>;
  readonly operator: string;
}

/**
 * Goes from step to step, each one confirmed: what the engine does while the run is this console's. Where several
 * steps may run at the same time one confirmation may start them all; after them the steps are single ones again.
 */
export class RunLoop {
  readonly #parts: RunLoopParts;
  readonly #inventories: InventoryKeeper;
  readonly #runOn: RunOn;
  readonly clients: ClientWatch;
  /** What has failed and waits to be decided about. */
  readonly #failures = new Map<StepId, StepFailure>();
  /** The runbook is made anew: with the monitor left out it has other steps. */
  #runbookIsStale = false;
  /** What was done, and was undone since. */
  readonly #reopened = new Set<StepId>();
  /** What was skipped because its host gives no answer, by host. */
  readonly #skippedForHost = new Map<string, readonly StepId[]>();

  constructor(parts: RunLoopParts) {
    this.#parts = parts;
    this.#inventories = new InventoryKeeper(parts.checklist);
    this.#runOn = new RunOn(parts);
    this.clients = new ClientWatch(parts);
  }

  /** Whether it ran on to the next stop, and will not any more. */
  stopRunningOn(): boolean {
    return this.#runOn.askEnd();
  }

  /** From where the run stands to its end, or until the operator leaves, or the lock is another's. */
  async run(run: OwnedSession, asked: Direction, takeover: Takeover | null): Promise<'left' | 'lost'> {
    this.#parts.decisions.lost = false;
    run.lock.watch();
    if (takeover !== null) {
      // That run was begun, and confirmed, long ago: from here on this console answers for it.
      const claimed = await acquireLock(run, asked, this.#parts, takeover);
      if (!claimed.ok) {
        this.#parts.store.notice(claimed.error.what);
        if (this.#parts.decisions.over) return this.#parts.decisions.left ? 'left' : 'lost';
      }
    }
    run.observer.goOnWithout = (silence) =>
      this.#parts.unattended && continueWithout(run, this.#parts, silence, 'console');
    run.observer.onBack = (alias) => this.#hostAnswersAgain(run, alias);
    // The rollback is made from who is there; on the way forward the steps say whether a host may be missing.
    if (asked === 'rollback') this.#leaveSilentOut(run, asked);
    let { direction, unseen } = await resume(run, asked, this.#parts);
    this.#failures.clear();
    // Who does not answer from the start, and need not be waited for, is not asked about.
    this.#leaveSilentOut(run, direction);
    this.#parts.checklist.refresh(run);
    const blind = noWayInSight(run, this.#parts.checklist);
    if (blind !== null) {
      await this.release(run);
      this.#parts.store.set({ stage: { kind: 'stopped', problem: blind } });
      return 'left';
    }
    const held = heldUp(run, this.#parts.checklist, direction);
    // Side by side: they run, or have run, whatever this console does. While a host is missing, what has ended is judged by its probe.
    await Promise.all(
      (held === null ? unseen : unseen.filter(({ job }) => job.state === 'running')).map(
        async ({ step, job }) => {
          const failure = await this.#parts.runner.attach(run, step, job);
          if (failure !== null) this.#failures.set(step.id, failure);
        },
      ),
    );
    if (this.#parts.decisions.left) return 'left';
    if (held !== null) this.#failures.set(held.step.id, held.failure);
    for (;;) {
      const next = await this.#runDirection(run, direction);
      if (next === 'left' || next === 'lost') return next;
      direction = next;
      // What was done by hand meanwhile counts, whichever way it goes.
      await run.observer.inspect();
      this.#parts.checklist.load(run, direction);
      // Whatever was noticed before has named steps by the other way's numbers.
      this.#parts.store.notice(`Switched to the ${direction}: its steps have numbers of their own.`);
    }
  }

  /** One runbook from its first step to its end, or until the operator leaves or turns round. */
  async #runDirection(run: OwnedSession, direction: Direction): Promise<'left' | 'lost' | Direction> {
    const checklist = this.#parts.checklist;
    checklist.note(run, { kind: 'turned', direction, verdict: this.#parts.store.view.verdict.says });
    checklist.note(run, { kind: 'runbook', direction, steps: checklist.steps.map(planned) });
    noteFoundDown(run, checklist, this.#parts.store.view.downtime);
    for (;;) {
      if (this.#runbookIsStale) {
        this.#runbookIsStale = false;
        await run.observer.inspect();
        checklist.load(run, direction);
      }
      const next = nextStep(run, checklist, this.#failures, this.#reopened);
      if (next === undefined) break;
      const end = await this.#handleStep(run, next.step, next.waitsFor);
      // Nothing waits for it: it may be in the downtime.
      void noteDowntime(run, direction, this.#parts.store.view.downtime);
      if (end === 'over') continue;
      this.#failures.clear();
      this.#runOn.end(run, null, 'it was left, or has another direction');
      return end;
    }
    this.#runOn.end(run, null, 'everything is done');
    await this.#inventories.end(run);
    this.#parts.keepTimes(run);
    const at = Date.now();
    const leaves = await leavesOf(run, checklist, this.#inventories);
    const says = completionMessage(run, checklist, this.#parts.store.view.verdict);
    checklist.note(run, { kind: 'finished', direction, says });
    if (run.lock.held) await run.lock.write(runFile(run, direction, new Date().toISOString()));
    await this.release(run);
    this.#parts.store.set({
      stage: { kind: 'finished', says, at, ...leaves },
      phase: checklist.steps.at(-1)?.phase ?? null,
    });
    const decision = await this.#parts.decisions.next(null);
    if (decision.kind === 'lost') return 'lost';
    return decision.kind === 'turn' ? decision.direction : 'left';
  }

  #leaveSilentOut(run: OwnedSession, direction: Direction): void {
    for (const alias of run.hosts.keys()) {
      const silence = run.observer.silence(alias);
      if (silence !== null && continueWithout(run, this.#parts, silence, 'console', undefined, direction))
        run.observer.leaveOut(alias);
    }
  }

  /** A host that the run went on without answers again: its steps are asked for, those skipped because of that too. */
  #hostAnswersAgain(run: OwnedSession, alias: string): void {
    const { checklist, store } = this.#parts;
    store.notice(`${alias} answers again: its steps are pending.`);
    if (alias === 'monitor') this.#runbookIsStale = true;
    for (const [id, failure] of this.#failures) if (failure.silent?.host === alias) this.#failures.delete(id);
    for (const id of this.#skippedForHost.get(alias) ?? []) {
      const step = checklist.find(id);
      if (step !== undefined) checklist.show(run, step, { kind: 'waiting' });
    }
    this.#skippedForHost.delete(alias);
  }

  /** One step, as far as it goes now; unless the operator leaves or turns round. */
  async #handleStep(
    run: OwnedSession,
    step: Step,
    waitsFor: string | null,
  ): Promise<'over' | 'left' | 'lost' | Direction> {
    const { checklist, decisions, store } = this.#parts;
    const failed =
      waitsFor === null ? this.#failures.get(step.id) : waitsFailure(run, checklist, step, waitsFor);
    if (failed === undefined) {
      // What an older look shows as done may have been undone since.
      if (step.probe(run.observer.world).state === 'done')
        await run.observer.freshen(probed(step), step.host);
      if (step.probe(run.observer.world).state === 'done') {
        checklist.finish(run, step, 'found', null);
        return 'over';
      }
    }
    const decision =
      failed === undefined ? await this.#decided(run, step) : await this.#decidedAfter(run, step, failed);
    if (decision.kind === 'leave') return 'left';
    if (decision.kind === 'lost') return 'lost';
    if (decision.kind === 'turn') return decision.direction;
    this.#failures.delete(step.id);
    const without = waitsFor === null ? this.#whyWithoutMonitor(run, step) : null;
    if (decision.kind === 'skip' && failed !== undefined && without !== null)
      this.#continueWithoutMonitor(run, without, decision.reason);
    else if (decision.kind === 'skip' && failed?.silent !== undefined)
      await this.#skipSilent(run, step, failed, decision.reason);
    else if (decision.kind === 'run' && decision.until !== 'step' && groupOf(run, checklist, step) !== null)
      await this.#runGroup(run, step, decision.typed);
    else {
      const failure = await this.#applyDecision(run, step, decision);
      // Nothing was run, so nothing has failed: the step is what it was, and why stands in the notice.
      if (failure !== null && decision.kind === 'probe' && failed?.silent === undefined) {
        store.notice(
          `${step.host}: “${step.title}” is not done yet: ${whatIsMissing(failure).replace(/[.]$/, '')}.`,
          { whileWaits: step.id },
        );
        if (failed !== undefined)
          this.#failures.set(step.id, { ...failed, probe: failure.probe, unmet: failure.unmet });
      } else this.#recordOutcome(run, step, failure);
    }
    return decisions.left ? 'left' : 'over';
  }

  /** What is decided about a step that is next: by the operator on its card, or before, by what runs on to the next stop. */
  async #decided(run: OwnedSession, step: Step): Promise<Decision> {
    const { checklist, decisions, store } = this.#parts;
    const together = groupOf(run, checklist, step);
    const steps = (together ?? [step.id]).flatMap((id) => checklist.find(id) ?? []);
    const onward = decisions.over ? null : (this.#runOn.led(step) ?? this.#runOn.decides(run, step, steps));
    if (onward !== null) return onward;
    checklist.show(run, step, { kind: 'next' });
    store.set({
      stage: { kind: 'confirm', step: step.id, ...(together === null ? {} : { together }) },
      phase: step.phase,
    });
    const cardIsOver = this.clients.begin(run, step);
    const decision = await decisions.next(step.id);
    await cardIsOver();
    this.#runOn.shown(run, step, steps, decision);
    if (decision.kind === 'run' && decision.until === 'stop')
      this.#runOn.begin(run, step, steps, decision.typed ?? '');
    return decision;
  }

  #decidedAfter(run: OwnedSession, step: Step, failed: StepFailure): Promise<Decision> {
    this.#runOn.end(run, step.id, 'it has failed');
    // Shown in the same breath as the decision is waited for: whoever answers at once is heard.
    this.#parts.checklist.fail(run, step, failed);
    return this.#parts.decisions.next(step.id).then(this.#parts.behindFailure);
  }

  /** What a step has come to. Done: what failed behind it on its host is inspected anew. Failed: what was undone before it is asked for. */
  #recordOutcome(run: OwnedSession, step: Step, failure: StepFailure | null): void {
    const { checklist } = this.#parts;
    const { steps } = checklist;
    this.#reopened.delete(step.id);
    if (failure === null) {
      for (const one of steps.slice(steps.indexOf(step) + 1))
        if (one.host === step.host && this.#failures.delete(one.id))
          checklist.show(run, one, { kind: 'waiting' });
      return;
    }
    if (isLeftOut(run.observer.world, step.host)) {
      checklist.show(run, step, { kind: 'waiting' });
      return;
    }
    const without = this.#whyWithoutMonitor(run, step);
    if (without !== null && this.#parts.unattended) {
      this.#continueWithoutMonitor(run, without, failure.problem.what);
      return;
    }
    if (without !== null) {
      this.#failures.set(step.id, orWithoutMonitor(failure));
      return;
    }
    this.#failures.set(step.id, failure);
    for (let undone = checklist.undone(run, step); undone !== null; undone = checklist.undone(run, step)) {
      this.#reopened.add(undone.id);
      checklist.reopen(run, undone);
    }
  }

  #whyWithoutMonitor(run: OwnedSession, step: Step): string | null {
    return whyWithoutMonitor(run.facts, this.#parts.checklist.direction, run.observer.world, step);
  }

  #continueWithoutMonitor(run: OwnedSession, why: string, reason: string): void {
    const { checklist, store } = this.#parts;
    store.notice(`PostgreSQL is started without the monitor, and its steps wait: ${why}.`);
    checklist.note(run, { kind: 'without', host: 'monitor', since: new Date().toISOString(), reason });
    run.observer.leaveOut('monitor', monitorIn(run.observer.world) === null ? 'until it answers' : 'for now');
    this.#runbookIsStale = true;
  }

  /** Passing over a step whose host gives no answer is to go on without that host; once that is so, it is all that waits for it. */
  async #skipSilent(run: OwnedSession, step: Step, failed: StepFailure, reason: string): Promise<void> {
    const { checklist } = this.#parts;
    const { host: alias, waits } = failed.silent ?? { host: step.host, waits: false };
    const silence = run.observer.silence(alias);
    if (waits) {
      const { world } = run.observer;
      const open = checklist.steps.filter(
        (one) => !['done', 'skipped'].includes(checklist.statusOf(one.id)?.kind ?? ''),
      );
      for (const one of waiting(open, world).keys()) {
        checklist.note(run, { kind: 'skipped', step: one.id, reason, probe: one.probe(world), absent: true });
        checklist.show(run, one, { kind: 'skipped', reason });
        this.#skippedForHost.set(alias, [...(this.#skippedForHost.get(alias) ?? []), one.id]);
      }
      return;
    }
    if (silence !== null && !continueWithout(run, this.#parts, silence, 'operator', reason)) {
      this.#failures.set(step.id, refusedWithout(run, checklist, step, failed, alias));
      return;
    }
    if (silence !== null) run.observer.leaveOut(alias);
    await run.observer.inspect(step.inspects);
    checklist.refresh(run);
    if (step.host === alias) return checklist.show(run, step, { kind: 'waiting' });
    const missing = missingByHand(step, run.observer.world);
    if (missing === null) return checklist.finish(run, step, 'found', null);
    // Its command has not run: it is its turn now. Where it has, the servers do not show it as done.
    if (failed.exitCode === null) checklist.show(run, step, { kind: 'waiting' });
    else this.#failures.set(step.id, missing);
  }

  /** A step and whatever may run beside it. */
  async #runGroup(run: OwnedSession, step: Step, typed: string | null): Promise<void> {
    const { checklist, decisions } = this.#parts;
    // The lock is asked for once; without it the step says so itself.
    const claimed = await acquireLock(run, checklist.direction, this.#parts);
    const tracks = claimed.ok ? tracksBeside(run, checklist, step) : [[step]];
    const failures = await runTracks(
      run,
      checklist,
      tracks,
      (one) => this.#runStep(run, one, one === step ? typed : null),
      () => decisions.over,
      () => this.#runOn.ending,
    );
    for (const [id, failure] of failures) {
      const one = checklist.find(id);
      if (one !== undefined) this.#recordOutcome(run, one, failure);
    }
  }

  /** By its script, with what primary and monitor hold written down where it is one of the moments for that. */
  async #runStep(run: OwnedSession, step: Step, typed: string | null): Promise<StepFailure | null> {
    const may = async (): Promise<Result<null>> => {
      const claimed = await acquireLock(run, this.#parts.checklist.direction, this.#parts);
      if (claimed.ok) await this.#inventories.before(run, step);
      return claimed;
    };
    const failure = await this.#parts.runner.run(run, step, typed, may);
    if (failure === null) this.#inventories.after(run, step);
    return failure;
  }

  async #applyDecision(run: OwnedSession, step: Step, decision: Decision): Promise<StepFailure | null> {
    const checklist = this.#parts.checklist;
    if (decision.kind === 'run') return this.#runStep(run, step, decision.typed);
    await run.observer.inspect(step.inspects);
    checklist.refresh(run);
    const { world } = run.observer;
    if (decision.kind === 'skip') {
      const { reason } = decision;
      checklist.note(run, { kind: 'skipped', step: step.id, reason, probe: step.probe(world) });
      checklist.show(run, step, { kind: 'skipped', reason });
      return null;
    }
    const missing = missingByHand(step, world);
    if (missing === null) checklist.finish(run, step, 'hand', null);
    return missing;
  }

  /** Gives the lock back, where this console holds it. */
  async release(run: OwnedSession): Promise<void> {
    if (!run.lock.held) return;
    await run.lock.release();
    this.#parts.checklist.note(run, {
      kind: 'lock',
      event: 'released',
      token: run.lock.token,
      other: null,
      typed: null,
    });
  }
}
