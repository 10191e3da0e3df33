import { isLeftOut, monitorIn } from '../../cluster/observations.ts';
import type { Result } from '../../cluster/result.ts';
import type { Step, StepId } from '../../runbook/step.ts';
import { planned } from '../journal/entry.ts';
import { probed } from '../observe/judge.ts';
import type { Silence } from '../observe/observer.ts';
import { missingByHand, whatIsMissing } from '../step/failure.ts';
import type { StepRunner } from '../step/step-runner.ts';
import { groupOf, runTracks, tracksBeside } from '../step/tracks.ts';
import type { Checklist } from '../view/checklist.ts';
import type { Direction, StepFailure } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import { silentWords, waiting, whyNotWithout, whyWithoutMonitor } from './absence.ts';
import { acquireLock, runFile } from './acquire-lock.ts';
import { completionMessage } from './completion-message.ts';
import type { Decision, Decisions } from './decisions.ts';
import { InventoryKeeper } from './inventories.ts';
import { resume, type Takeover } from './resume.ts';
import type { OwnedSession } from './session.ts';
import { heldUp, noWayInSight, orWithoutMonitor, refusedWithout, waitsFailure } from './silent-host.ts';

export interface RunLoopParts {
  readonly board: ViewStore;
  readonly progress: Checklist;
  readonly decisions: Decisions;
  readonly runner: StepRunner;
  /** `--yes` confirms every step: nobody is there to decide whether the run goes on without a host. */
  readonly unattended: boolean;
}

/**
 * Goes from step to step, each one confirmed: what the engine does while the run is this console's. Where several
 * steps may run at the same time one confirmation may start them all; behind them the walk is one of single steps again.
 */
export class RunLoop {
  readonly #parts: RunLoopParts;
  readonly #inventories: InventoryKeeper;
  /** What has failed and waits to be decided about. */
  readonly #failures = new Map<StepId, StepFailure>();
  /** The runbook is made anew: with the monitor left out it has other steps. */
  #relay = false;
  /** What was done, and was undone since. */
  readonly #reopened = new Set<StepId>();
  /** What was passed over because its host gives no answer, by host. */
  readonly #passed = new Map<string, readonly StepId[]>();

  constructor(parts: RunLoopParts) {
    this.#parts = parts;
    this.#inventories = new InventoryKeeper(parts.progress);
  }

  /** From where the run stands to its end, or until the operator leaves, or the lock is another's. */
  async goOn(run: OwnedSession, asked: Direction, takeover: Takeover | null): Promise<'left' | 'lost'> {
    this.#parts.decisions.lost = false;
    run.lock.watch();
    if (takeover !== null) {
      // That run was begun, and confirmed, long ago: from here on this console answers for it.
      const claimed = await acquireLock(run, asked, this.#parts, takeover);
      if (!claimed.ok) {
        this.#parts.board.notice(claimed.error.what);
        if (this.#parts.decisions.over) return this.#parts.decisions.left ? 'left' : 'lost';
      }
    }
    run.observer.goOnWithout = (silence) => this.#parts.unattended && this.#without(run, silence, 'console');
    run.observer.onBack = (alias) => this.#back(run, alias);
    // The way back is made from who is there; on the way forward the steps say whether a host may be missing.
    if (asked === 'rollback') this.#leaveSilentOut(run, asked);
    const { direction: first, unseen } = await resume(run, asked, this.#parts);
    let direction = first;
    this.#failures.clear();
    // Who does not answer from the start, and need not be waited for, is not asked about.
    this.#leaveSilentOut(run, first);
    this.#parts.progress.refresh(run);
    const blind = noWayInSight(run, this.#parts.progress);
    if (blind !== null) {
      await this.release(run);
      this.#parts.board.set({ stage: { kind: 'stopped', problem: blind } });
      return 'left';
    }
    const held = heldUp(run, this.#parts.progress, first);
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
      const next = await this.#goThrough(run, direction);
      if (next === 'left' || next === 'lost') return next;
      direction = next;
      // What was done by hand meanwhile counts, whichever way it goes.
      await run.observer.look();
      this.#parts.progress.load(run, direction);
    }
  }

  /** One runbook from its first step to its end, or until the operator leaves or turns round. */
  async #goThrough(run: OwnedSession, direction: Direction): Promise<'left' | 'lost' | Direction> {
    const progress = this.#parts.progress;
    progress.note(run, { kind: 'turned', direction, verdict: this.#parts.board.view.verdict.says });
    progress.note(run, { kind: 'runbook', direction, steps: progress.steps.map(planned) });
    const { downtime } = this.#parts.board.view;
    if (downtime.kind === 'down' && downtime.seen === true)
      progress.note(run, {
        kind: 'writes-down',
        since: downtime.since === null ? null : new Date(downtime.since).toISOString(),
      });
    for (;;) {
      if (this.#relay) {
        this.#relay = false;
        await run.observer.look();
        progress.load(run, direction);
      }
      const next = this.#nextStep(run);
      if (next === undefined) break;
      const end = await this.#settle(run, next.step, next.waitsFor);
      if (end === 'over') continue;
      this.#failures.clear();
      return end;
    }
    await this.#inventories.end(run);
    const ran = progress.steps.some((step) => {
      const status = progress.statusOf(step.id);
      return status?.kind === 'done' && status.by !== 'found';
    });
    const says = completionMessage(
      run.facts,
      direction,
      progress.steps.length,
      this.#parts.board.view.verdict,
      run.observer.world,
      ran,
    );
    progress.note(run, { kind: 'finished', direction, says });
    if (run.lock.held) await run.lock.write(runFile(run, direction, new Date().toISOString()));
    await this.release(run);
    this.#parts.board.set({
      stage: { kind: 'finished', says },
      phase: progress.steps.at(-1)?.phase ?? null,
    });
    const decision = await this.#parts.decisions.next(null);
    if (decision.kind === 'lost') return 'lost';
    return decision.kind === 'turn' ? decision.direction : 'left';
  }

  /**
   * What has failed comes before what was not begun; but what must be done before it on the same host comes first, where that was undone.
   * What waits for a host that gives no answer comes last.
   */
  #nextStep(run: OwnedSession): { readonly step: Step; readonly waitsFor: string | null } | undefined {
    const { progress } = this.#parts;
    const open = progress.steps.filter((step) => {
      const kind = progress.statusOf(step.id)?.kind;
      return kind !== 'done' && kind !== 'skipped';
    });
    const waits = waiting(open, run.observer.world);
    const now = open.filter((step) => !waits.has(step));
    const failed = now.find((step) => this.#failures.has(step.id));
    const undone = now.find((step) => step.host === failed?.host && this.#reopened.has(step.id));
    const step = undone ?? failed ?? now[0] ?? open[0];
    return step === undefined ? undefined : { step, waitsFor: waits.get(step) ?? null };
  }

  #leaveSilentOut(run: OwnedSession, direction: Direction): void {
    for (const { alias } of run.facts.nodes) {
      const silence = run.observer.silence(alias);
      if (silence !== null && this.#without(run, silence, 'console', undefined, direction))
        run.observer.leaveOut(alias);
    }
  }

  /** Whether the run goes on without a host; said and written down where it does. */
  #without(
    run: OwnedSession,
    silence: Silence,
    decides: 'console' | 'operator',
    reason?: string,
    direction: Direction = this.#parts.progress.direction,
  ): boolean {
    const { progress, board } = this.#parts;
    const { alias } = silence;
    const { world } = run.observer;
    if (isLeftOut(world, alias)) return true;
    const why = whyNotWithout(run.facts, progress.steps, direction, world, alias, decides);
    if (why !== null) {
      if (decides === 'operator') board.notice(`${alias}: not gone on without: ${why}`);
      return false;
    }
    board.notice(`${silentWords(silence)}: the run goes on without it, and its steps wait until it is back`);
    progress.note(run, {
      kind: 'without',
      host: alias,
      since: new Date(silence.since).toISOString(),
      reason: reason ?? `${silentWords(silence)}`,
    });
    return true;
  }

  /** A host that the run went on without answers again: its steps are asked for, those passed over because of that too. */
  #back(run: OwnedSession, alias: string): void {
    const { progress, board } = this.#parts;
    board.notice(`${alias} answers again: its steps are asked for`);
    if (alias === 'monitor') this.#relay = true;
    for (const [id, failure] of this.#failures) if (failure.silent?.host === alias) this.#failures.delete(id);
    for (const id of this.#passed.get(alias) ?? []) {
      const step = progress.find(id);
      if (step !== undefined) progress.show(run, step, { kind: 'waiting' });
    }
    this.#passed.delete(alias);
  }

  /** One step, as far as it goes now: found done, failed, run, or skipped; unless the operator leaves or turns round. */
  async #settle(
    run: OwnedSession,
    step: Step,
    waitsFor: string | null,
  ): Promise<'over' | 'left' | 'lost' | Direction> {
    const { progress, decisions, board } = this.#parts;
    const failed =
      waitsFor === null ? this.#failures.get(step.id) : waitsFailure(run, progress, step, waitsFor);
    if (failed === undefined) {
      // What an older look shows as done may have been undone since.
      if (step.probe(run.observer.world).state === 'done')
        await run.observer.freshen(probed(step), step.host);
      if (step.probe(run.observer.world).state === 'done') {
        progress.finish(run, step, 'found', null);
        return 'over';
      }
      progress.show(run, step, { kind: 'next' });
      const together = groupOf(run, progress, step);
      board.set({
        stage: { kind: 'confirm', step: step.id, ...(together === null ? {} : { together }) },
        phase: step.phase,
      });
    } else {
      // Shown in the same breath as the decision is waited for: whoever answers at once is heard.
      progress.fail(run, step, failed);
    }
    const decision = await decisions.next(step.id);
    if (decision.kind === 'leave') return 'left';
    if (decision.kind === 'lost') return 'lost';
    if (decision.kind === 'turn') return decision.direction;
    this.#failures.delete(step.id);
    const without = waitsFor === null ? this.#withoutMonitorFor(run, step) : null;
    if (decision.kind === 'skip' && failed !== undefined && without !== null)
      this.#withoutMonitor(run, without, decision.reason);
    else if (decision.kind === 'skip' && failed?.silent !== undefined)
      await this.#skipSilent(run, step, failed, decision.reason);
    else if (decision.kind === 'run' && decision.together) await this.#together(run, step);
    else {
      const failure = await this.#follow(run, step, decision);
      // Nothing was run, so nothing has failed: the step is what it was, and why stands in the notice.
      if (failure !== null && decision.kind === 'probe' && failed === undefined)
        board.notice(`${step.host}: “${step.title}” is not done yet: ${whatIsMissing(failure)}`);
      else this.#note(run, step, failure);
    }
    return decisions.left ? 'left' : 'over';
  }

  /** What a step has come to. Done: what failed behind it on its host is looked at anew. Failed: what was undone before it is asked for. */
  #note(run: OwnedSession, step: Step, failure: StepFailure | null): void {
    const { progress } = this.#parts;
    const steps = progress.steps;
    this.#reopened.delete(step.id);
    if (failure === null) {
      for (const one of steps.slice(steps.indexOf(step) + 1))
        if (one.host === step.host && this.#failures.delete(one.id))
          progress.show(run, one, { kind: 'waiting' });
      return;
    }
    if (isLeftOut(run.observer.world, step.host)) {
      progress.show(run, step, { kind: 'waiting' });
      return;
    }
    const without = this.#withoutMonitorFor(run, step);
    if (without !== null && this.#parts.unattended) {
      this.#withoutMonitor(run, without, failure.problem.what);
      return;
    }
    if (without !== null) {
      this.#failures.set(step.id, orWithoutMonitor(failure));
      return;
    }
    this.#failures.set(step.id, failure);
    for (let undone = progress.undone(run, step); undone !== null; undone = progress.undone(run, step)) {
      this.#reopened.add(undone.id);
      progress.reopen(run, undone);
    }
  }

  #withoutMonitorFor(run: OwnedSession, step: Step): string | null {
    return whyWithoutMonitor(run.facts, this.#parts.progress.direction, run.observer.world, step);
  }

  #withoutMonitor(run: OwnedSession, why: string, reason: string): void {
    const { progress, board } = this.#parts;
    board.notice(`monitor: ${why}: PostgreSQL is started without it, and its steps wait`);
    progress.note(run, { kind: 'without', host: 'monitor', since: new Date().toISOString(), reason });
    run.observer.leaveOut('monitor', monitorIn(run.observer.world) === null ? 'until it answers' : 'for now');
    this.#relay = true;
  }

  /** Passing over a step whose host gives no answer is to go on without that host; once that is so, it is all that waits for it. */
  async #skipSilent(run: OwnedSession, step: Step, failed: StepFailure, reason: string): Promise<void> {
    const { progress } = this.#parts;
    const { host: alias, waits } = failed.silent ?? { host: step.host, waits: false };
    const silence = run.observer.silence(alias);
    if (waits) {
      const { world } = run.observer;
      const open = progress.steps.filter(
        (one) => !['done', 'skipped'].includes(progress.statusOf(one.id)?.kind ?? ''),
      );
      for (const one of waiting(open, world).keys()) {
        progress.note(run, { kind: 'skipped', step: one.id, reason, probe: one.probe(world), absent: true });
        progress.show(run, one, { kind: 'skipped', reason });
        this.#passed.set(alias, [...(this.#passed.get(alias) ?? []), one.id]);
      }
      return;
    }
    if (silence !== null && !this.#without(run, silence, 'operator', reason)) {
      this.#failures.set(step.id, refusedWithout(run, progress, step, failed, alias));
      return;
    }
    if (silence !== null) run.observer.leaveOut(alias);
    await run.observer.look(step.looksAt);
    progress.refresh(run);
    if (step.host === alias) return progress.show(run, step, { kind: 'waiting' });
    const missing = missingByHand(step, run.observer.world);
    if (missing === null) return progress.finish(run, step, 'found', null);
    // Its command has not run: it is its turn now. Where it has, the servers do not show it as done.
    if (failed.exitCode === null) progress.show(run, step, { kind: 'waiting' });
    else this.#failures.set(step.id, missing);
  }

  /** A step and whatever may run beside it. */
  async #together(run: OwnedSession, step: Step): Promise<void> {
    const { progress, decisions } = this.#parts;
    // The lock is asked for once; without it the step says so itself.
    const claimed = await acquireLock(run, progress.direction, this.#parts);
    const lanes = claimed.ok ? tracksBeside(run, progress, step) : [[step]];
    const failures = await runTracks(
      run,
      progress,
      lanes,
      (one) => this.#run(run, one, null),
      () => decisions.over,
    );
    for (const [id, failure] of failures) {
      const one = progress.find(id);
      if (one !== undefined) this.#note(run, one, failure);
    }
  }

  /** By its script, with what primary and monitor hold written down where it is one of the moments for that. */
  async #run(run: OwnedSession, step: Step, typed: string | null): Promise<StepFailure | null> {
    const may = async (): Promise<Result<null>> => {
      const claimed = await acquireLock(run, this.#parts.progress.direction, this.#parts);
      if (claimed.ok) await this.#inventories.before(run, step);
      return claimed;
    };
    const failure = await this.#parts.runner.run(run, step, typed, may);
    if (failure === null) this.#inventories.after(run, step);
    return failure;
  }

  async #follow(run: OwnedSession, step: Step, decision: Decision): Promise<StepFailure | null> {
    const progress = this.#parts.progress;
    if (decision.kind === 'run') return this.#run(run, step, decision.typed);
    await run.observer.look(step.looksAt);
    progress.refresh(run);
    const { world } = run.observer;
    if (decision.kind === 'skip') {
      const { reason } = decision;
      progress.note(run, { kind: 'skipped', step: step.id, reason, probe: step.probe(world) });
      progress.show(run, step, { kind: 'skipped', reason });
      return null;
    }
    const missing = missingByHand(step, world);
    if (missing === null) progress.finish(run, step, 'hand', null);
    return missing;
  }

  /** Gives the lock back, where this console holds it. */
  async release(run: OwnedSession): Promise<void> {
    if (!run.lock.held) return;
    await run.lock.release();
    this.#parts.progress.note(run, {
      kind: 'lock',
      event: 'released',
      token: run.lock.token,
      other: null,
      typed: null,
    });
  }
}
