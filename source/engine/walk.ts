import type { Result } from '../cluster/result.ts';
import type { Step, StepId } from '../runbook/step.ts';
import type { Board } from './board.ts';
import { claim, runFile } from './claim.ts';
import type { Direction, StepFailure } from './controller.ts';
import type { Decision, Decisions } from './decisions.ts';
import { missingByHand, whatIsMissing } from './failure.ts';
import { finalWords } from './final-words.ts';
import { InventoryKeeper } from './inventory/keeper.ts';
import type { PlannedStep } from './journal/entry.ts';
import { probed } from './judge.ts';
import { lanesBeside, runLanes, togetherWith } from './lanes.ts';
import type { Run } from './prepare.ts';
import type { Progress } from './progress.ts';
import { resume, type Takeover } from './resume.ts';
import type { StepRunner } from './step-runner.ts';

export interface WalkParts {
  readonly board: Board;
  readonly progress: Progress;
  readonly decisions: Decisions;
  readonly runner: StepRunner;
}

/** A step as the journal keeps it. */
const planned = ({ id, phase, host, title, danger, writes, optional }: Step): PlannedStep => ({
  id,
  phase,
  host,
  title,
  danger,
  writes,
  optional,
});

/**
 * Goes from step to step, each one confirmed: what the engine does while the run is this console's. Where several
 * steps may run at the same time one confirmation may start them all; behind them the walk is one of single steps again.
 */
export class Walk {
  readonly #parts: WalkParts;
  readonly #inventories: InventoryKeeper;
  /** What has failed and waits to be decided about. */
  readonly #failures = new Map<StepId, StepFailure>();

  constructor(parts: WalkParts) {
    this.#parts = parts;
    this.#inventories = new InventoryKeeper(parts.progress);
  }

  /** From where the run stands to its end, or until the operator leaves, or the lock is another's. */
  async goOn(run: Run, asked: Direction, takeover: Takeover | null): Promise<'left' | 'lost'> {
    this.#parts.decisions.lost = false;
    run.lock.watch();
    if (takeover !== null) {
      // That run was begun, and confirmed, long ago: from here on this console answers for it.
      const claimed = await claim(run, asked, this.#parts, takeover);
      if (!claimed.ok) {
        this.#parts.board.notice(claimed.error.what);
        if (this.#parts.decisions.over) return this.#parts.decisions.left ? 'left' : 'lost';
      }
    }
    const { direction: first, unseen } = await resume(run, asked, this.#parts);
    let direction = first;
    this.#failures.clear();
    // Side by side: they run, or have run, whatever this console does.
    await Promise.all(
      unseen.map(async ({ step, job }) => {
        const failure = await this.#parts.runner.attach(run, step, job);
        if (failure !== null) this.#failures.set(step.id, failure);
      }),
    );
    for (;;) {
      const next = await this.#goThrough(run, direction);
      if (next === 'left' || next === 'lost') return next;
      direction = next;
      // What was done by hand meanwhile counts, whichever way it goes.
      await run.observer.look();
      this.#parts.progress.lay(run, direction);
    }
  }

  /** One runbook from its first step to its end, or until the operator leaves or turns round. */
  async #goThrough(run: Run, direction: Direction): Promise<'left' | 'lost' | Direction> {
    const progress = this.#parts.progress;
    progress.note(run, { kind: 'turned', direction, verdict: this.#parts.board.view.verdict.says });
    progress.note(run, { kind: 'runbook', direction, steps: progress.steps.map(planned) });
    for (;;) {
      const step = this.#nextStep();
      if (step === undefined) break;
      const end = await this.#settle(run, step);
      if (end === 'over') continue;
      this.#failures.clear();
      return end;
    }
    await this.#inventories.end(run);
    const ran = progress.steps.some((step) => {
      const status = progress.statusOf(step.id);
      return status?.kind === 'done' && status.by !== 'found';
    });
    const says = finalWords(
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

  /** What has failed comes before what was not begun. */
  #nextStep(): Step | undefined {
    const { progress } = this.#parts;
    const open = progress.steps.filter((step) => {
      const kind = progress.statusOf(step.id)?.kind;
      return kind !== 'done' && kind !== 'skipped';
    });
    return open.find((step) => this.#failures.has(step.id)) ?? open[0];
  }

  /** One step, as far as it goes now: found done, failed, run, or skipped; unless the operator leaves or turns round. */
  async #settle(run: Run, step: Step): Promise<'over' | 'left' | 'lost' | Direction> {
    const { progress, decisions, board } = this.#parts;
    const failed = this.#failures.get(step.id);
    if (failed === undefined) {
      // What an older look shows as done may have been undone since.
      if (step.probe(run.observer.world).state === 'done')
        await run.observer.freshen(probed(step), step.host);
      if (step.probe(run.observer.world).state === 'done') {
        progress.finish(run, step, 'found', null);
        return 'over';
      }
      progress.show(run, step, { kind: 'next' });
      const together = togetherWith(run, progress, step);
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
    if (decision.kind === 'run' && decision.together) await this.#together(run, step);
    else {
      const failure = await this.#follow(run, step, decision);
      // Nothing was run, so nothing has failed: the step is what it was, and why stands in the notice.
      if (failure !== null && decision.kind === 'probe' && failed === undefined)
        board.notice(`${step.host}: “${step.title}” is not done yet: ${whatIsMissing(failure)}`);
      else if (failure !== null) this.#failures.set(step.id, failure);
    }
    return this.#failures.size === 0 && decisions.left ? 'left' : 'over';
  }

  /** A step and whatever may run beside it. */
  async #together(run: Run, step: Step): Promise<void> {
    const { progress, decisions } = this.#parts;
    // The lock is asked for once; without it the step says so itself.
    const claimed = await claim(run, progress.direction, this.#parts);
    const lanes = claimed.ok ? lanesBeside(run, progress, step) : [[step]];
    const failures = await runLanes(
      run,
      progress,
      lanes,
      (one) => this.#run(run, one, null),
      () => decisions.over,
    );
    for (const [id, failure] of failures) this.#failures.set(id, failure);
  }

  /** By its script, with what primary and monitor hold written down where it is one of the moments for that. */
  async #run(run: Run, step: Step, typed: string | null): Promise<StepFailure | null> {
    const may = async (): Promise<Result<null>> => {
      const claimed = await claim(run, this.#parts.progress.direction, this.#parts);
      if (claimed.ok) await this.#inventories.before(run, step);
      return claimed;
    };
    const failure = await this.#parts.runner.run(run, step, typed, may);
    if (failure === null) this.#inventories.after(run, step);
    return failure;
  }

  async #follow(run: Run, step: Step, decision: Decision): Promise<StepFailure | null> {
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
  async release(run: Run): Promise<void> {
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
