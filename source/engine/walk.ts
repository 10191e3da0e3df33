import type { Result } from '../cluster/result.ts';
import type { Step } from '../runbook/step.ts';
import type { Board } from './board.ts';
import { claim, runFile } from './claim.ts';
import type { Direction, StepFailure } from './controller.ts';
import type { Decision, Decisions } from './decisions.ts';
import { missingByHand } from './failure.ts';
import { finalWords } from './final-words.ts';
import { InventoryKeeper } from './inventory/keeper.ts';
import type { PlannedStep } from './journal/entry.ts';
import { probed } from './judge.ts';
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

/** One try at a step. Null: it is over. */
type Attempt = () => Promise<StepFailure | null>;

/** Goes from step to step, each one confirmed: what the engine does while the run is this console's. */
export class Walk {
  readonly #parts: WalkParts;
  readonly #inventories: InventoryKeeper;

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
    for (const { step, job } of unseen) {
      const end = await this.#settle(run, step, () => this.#parts.runner.attach(run, step, job));
      if (end === 'left' || end === 'lost') return end;
      if (end === 'over') continue;
      direction = end;
      this.#parts.progress.lay(run, direction);
      break;
    }
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
    for (const step of progress.steps) {
      const kind = progress.statusOf(step.id)?.kind;
      if (kind === 'done' || kind === 'skipped') continue;
      const end = await this.#settle(run, step);
      if (end !== 'over') return end;
    }
    await this.#inventories.end(run);
    const says = finalWords(
      run.facts,
      direction,
      progress.steps.length,
      this.#parts.board.view.verdict,
      run.observer.world,
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

  /** Brings one step to its end (found done, run, or skipped), unless the operator leaves or turns round. */
  async #settle(
    run: Run,
    step: Step,
    first: Attempt | null = null,
  ): Promise<'over' | 'left' | 'lost' | Direction> {
    const progress = this.#parts.progress;
    let attempt = first;
    // What an older look shows as done may have been undone since.
    if (attempt === null && step.probe(run.observer.world).state === 'done')
      await run.observer.freshen(probed(step), step.host);
    if (attempt === null && step.probe(run.observer.world).state === 'done') {
      progress.finish(run, step, 'found', null);
      return 'over';
    }
    if (attempt === null) {
      progress.show(run, step, { kind: 'next' });
      this.#parts.board.set({ stage: { kind: 'confirm', step: step.id }, phase: step.phase });
    }
    for (;;) {
      if (attempt !== null) {
        const failure = await attempt();
        if (failure === null) return this.#parts.decisions.left ? 'left' : 'over';
        // Shown in the same breath as the decision is waited for: whoever answers at once is heard.
        progress.fail(run, step, failure);
      }
      const decision = await this.#parts.decisions.next(step.id);
      if (decision.kind === 'leave') return 'left';
      if (decision.kind === 'lost') return 'lost';
      if (decision.kind === 'turn') return decision.direction;
      attempt = () => this.#follow(run, step, decision);
    }
  }

  async #follow(run: Run, step: Step, decision: Decision): Promise<StepFailure | null> {
    const progress = this.#parts.progress;
    const may = async (): Promise<Result<null>> => {
      const claimed = await claim(run, progress.direction, this.#parts);
      if (claimed.ok) await this.#inventories.before(run, step);
      return claimed;
    };
    if (decision.kind === 'run') {
      const failure = await this.#parts.runner.run(run, step, decision.typed, may);
      if (failure === null) this.#inventories.after(run, step);
      return failure;
    }
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
