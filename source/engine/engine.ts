import type { Config } from '../cluster/config.ts';
import { primaryOf } from '../cluster/facts.ts';
import { messageOf, type Problem, problem, type Result } from '../cluster/result.ts';
import { monitorIn } from '../cluster/world.ts';
import type { Answer, Connect } from '../remote/host.ts';
import { acceptsWrites } from '../runbook/conditions.ts';
import { runbookFor } from '../runbook/runbooks.ts';
import { dangerNow, type Step, type StepId } from '../runbook/step.ts';
import { rollbackVerdict } from '../runbook/verdict.ts';
import { Asking } from './asking.ts';
import { Board } from './board.ts';
import type {
  Accepted,
  Direction,
  EngineController,
  EngineView,
  OutputView,
  Refusal,
  RollbackPreview,
  StepFailure,
  StepStatus,
} from './controller.ts';
import { type Decision, Decisions } from './decisions.ts';
import { execute } from './execute.ts';
import { expectedIn } from './expected.ts';
import { missingByHand } from './failure.ts';
import { finalWords } from './final-words.ts';
import { probed } from './judge.ts';
import { Outputs } from './outputs.ts';
import { hostViews, prepare, type Run } from './prepare.ts';
import { previewOf } from './preview.ts';
import { accepted, refused, whyNot } from './refusals.ts';
import { viewOf } from './step-view.ts';

export interface EngineOptions {
  readonly config: Config;
  readonly connect: Connect;
  /** Where runs are kept: stateHome(). */
  readonly stateHome: string;
  /** Who is at the keyboard, for the journal. */
  readonly operator: string;
  /** Default upgrade. */
  readonly direction?: Direction;
  /** How old a look may be to count before a step, in milliseconds; see Observer. */
  readonly freshMs?: number;
}

/** Runs the upgrade step by step, each one confirmed, and tells every listener what is true. */
export class Engine implements EngineController {
  readonly #options: EngineOptions;
  readonly #board = new Board();
  readonly #asking = new Asking(this.#board);
  readonly #decisions = new Decisions();
  readonly #outputs = new Outputs(() => this.view.runDirectory);
  readonly #attempts = new Map<StepId, number>();
  readonly #forget: (() => void)[] = [];
  #run: Run | null = null;
  #steps: readonly Step[] = [];
  #expected: ReadonlyMap<StepId, number> = new Map();
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#board.set({
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
    const run = await this.#prepare();
    if (run === null) return;
    this.#run = run;
    if (this.#closed) return this.#leave(run);
    this.#refresh(run);
    if (run.journalSays !== null) this.#board.notice(run.journalSays);
    let direction: Direction = this.#options.direction ?? 'upgrade';
    for (;;) {
      const next = await this.#goThrough(run, direction);
      if (next === 'left') return;
      direction = next;
      // What was done by hand meanwhile counts, whichever way it goes.
      await run.observer.look();
    }
  }

  /** One runbook from its first step to its end, or until the operator leaves or turns round. */
  async #goThrough(run: Run, direction: Direction): Promise<'left' | Direction> {
    const { facts } = run;
    this.#steps = runbookFor(facts, run.observer.world, direction);
    this.#board.set({
      direction,
      steps: this.#steps.map((step) => viewOf(step, run.observer.world, { kind: 'waiting' }, this.#expected)),
    });
    this.#refresh(run);
    this.#note(run.journal.write({ kind: 'turned', direction, verdict: this.view.verdict.says }));
    for (const step of this.#steps) {
      const end = await this.#settle(run, step);
      if (end !== 'over') return end;
    }
    this.#note(run.journal.write({ kind: 'finished', direction }));
    this.#board.set({
      stage: {
        kind: 'finished',
        says: finalWords(facts, direction, this.#steps.length, this.view.verdict, run.observer.world),
      },
      phase: this.#steps.at(-1)?.phase ?? null,
    });
    const decision = await this.#decisions.next(null);
    return decision.kind === 'turn' ? decision.direction : 'left';
  }

  #note(written: Result<null>): void {
    if (!written.ok) this.#board.notice(written.error.what);
  }

  async previewRollback(): Promise<RollbackPreview | null> {
    const run = this.#run;
    if (run === null) return null;
    const world = await run.observer.look();
    this.#refresh(run);
    return previewOf(run.facts, world, run.hosts, run.journalSays);
  }

  turn(direction: Direction): Accepted | Refusal {
    if (this.view.direction === direction)
      return refused(direction === 'rollback' ? 'it is on its way back already' : 'it is on its way already');
    if (!this.#decisions.waiting) return refused('a step is running: wait for its end');
    this.#decisions.give({ kind: 'turn', direction });
    return accepted;
  }

  confirm(step: StepId, typed?: string): Accepted | Refusal {
    const { stage } = this.view;
    if (stage.kind !== 'confirm' || stage.step !== step) return whyNot(this.view.stage);
    return this.#give(step, typed);
  }

  retry(step: StepId, typed?: string): Accepted | Refusal {
    const { stage } = this.view;
    if (stage.kind !== 'failed' || stage.step !== step) return refused('this step has not failed');
    return this.#give(step, typed);
  }

  skip(step: StepId, reason: string): Accepted | Refusal {
    if (!this.#decisions.waitsFor(step)) return whyNot(this.view.stage);
    const found = this.#steps.find((one) => one.id === step);
    if (reason.trim() === '' && found?.optional !== true)
      return refused('type why this step may be passed over');
    this.#decisions.give({ kind: 'skip', reason: reason.trim() });
    return accepted;
  }

  probeAgain(step: StepId): Accepted | Refusal {
    if (!this.#decisions.waitsFor(step)) return whyNot(this.view.stage);
    this.#decisions.give({ kind: 'probe' });
    return accepted;
  }

  answer(answer: Answer): void {
    this.#asking.answer(answer);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#decisions.leave();
    this.#asking.refuseAll();
    for (const forget of this.#forget) forget();
    if (this.#run !== null) await this.#leave(this.#run);
  }

  async #leave(run: Run): Promise<void> {
    const { stage } = this.view;
    run.journal.write({ kind: 'left', running: stage.kind === 'running' ? stage.step : null });
    await run.feed.close();
    await Promise.all([...run.hosts.values()].map((host) => host.close()));
    this.#outputs.close();
    run.journal.close();
  }

  #give(id: StepId, typed: string | undefined): Accepted | Refusal {
    const step = this.#steps.find((one) => one.id === id);
    if (step === undefined || !this.#decisions.waitsFor(id)) return whyNot(this.view.stage);
    const world = this.#run?.observer.world ?? { hosts: {} };
    if (dangerNow(step, world) === 'point-of-no-return' && typed !== step.host)
      return refused(`type ${step.host} to confirm`);
    this.#decisions.give({ kind: 'run', typed: typed ?? null });
    return accepted;
  }

  #stop(problem: Problem): null {
    this.#board.set({ stage: { kind: 'stopped', problem } });
    return null;
  }

  async #prepare(): Promise<Run | null> {
    const run = await prepare({
      ...this.#options,
      ask: this.#asking.ask,
      say: (doing) => {
        if (this.view.stage.kind === 'connecting') this.#board.set({ stage: { kind: 'connecting', doing } });
      },
      heard: (alias) => this.#board.heard(alias),
    });
    if (!run.ok) return this.#stop(run.error);
    const { facts, hosts, feed } = run.value;
    const primary = primaryOf(facts);
    this.#board.set({
      cluster: { name: facts.name, from: primary.oldVersion, to: primary.newVersion, mode: facts.mode },
      hosts: hostViews(run.value),
      monitor: { feed: feed.snapshot, plannedDown: null, before: facts.before },
      runDirectory: run.value.journal.directory,
    });
    if (run.value.fromRecord)
      this.#board.notice(`the servers are between two versions: going on from the record of ${facts.readAt}`);
    this.#forget.push(
      feed.onChange((snapshot) => this.#board.set({ monitor: { ...this.view.monitor, feed: snapshot } })),
    );
    for (const [alias, host] of hosts)
      this.#forget.push(
        host.onLine((line) =>
          this.#board.set({
            hosts: this.view.hosts.map((one) => (one.alias === alias ? { ...one, line } : one)),
          }),
        ),
      );
    return run.value;
  }

  /** Brings one step to its end (found done, run, or skipped), unless the operator leaves or turns round. */
  async #settle(run: Run, step: Step): Promise<'over' | 'left' | Direction> {
    // What an older look shows as done may have been undone since.
    if (step.probe(run.observer.world).state === 'done') await run.observer.freshen(probed(step), step.host);
    if (step.probe(run.observer.world).state === 'done') {
      this.#finish(run, step, 'found', null);
      return 'over';
    }
    this.#show(run, step, { kind: 'next' });
    this.#board.set({ stage: { kind: 'confirm', step: step.id }, phase: step.phase });
    for (;;) {
      const decision = await this.#decisions.next(step.id);
      if (decision.kind === 'leave') return 'left';
      if (decision.kind === 'turn') return decision.direction;
      const over = await this.#follow(run, step, decision);
      if (over) return this.#decisions.left ? 'left' : 'over';
    }
  }

  async #follow(
    run: Run,
    step: Step,
    decision: Exclude<Decision, { kind: 'leave' | 'turn' }>,
  ): Promise<boolean> {
    if (decision.kind === 'run') return this.#execute(run, step, decision.typed);
    await run.observer.look(step.looksAt);
    this.#refresh(run);
    const probe = step.probe(run.observer.world);
    if (decision.kind === 'skip') {
      const written = run.journal.write({ kind: 'skipped', step: step.id, reason: decision.reason, probe });
      if (!written.ok) this.#board.notice(written.error.what);
      this.#show(run, step, { kind: 'skipped', reason: decision.reason });
      return true;
    }
    const missing = missingByHand(step, run.observer.world);
    if (missing === null) return this.#finish(run, step, 'hand', null);
    this.#fail(run, step, missing);
    return false;
  }

  async #execute(run: Run, step: Step, typed: string | null): Promise<boolean> {
    const host = run.hosts.get(step.host);
    if (host === undefined) return false;
    const attempt = this.#attempts.get(step.id) ?? 1;
    const output = this.#outputs.of(step.id);
    if (output.endLine > 0) output.note(`── try ${attempt} ──`);
    const since = Date.now();
    this.#show(run, step, { kind: 'running', since });
    this.#board.set({ stage: { kind: 'running', step: step.id }, phase: step.phase });
    const executed = await execute({
      step,
      host,
      observer: run.observer,
      journal: run.journal,
      output,
      job: `${run.id}/${step.id}.${attempt}`,
      typed,
      running: () => {
        this.#show(run, step, { kind: 'running', since });
        if (step.writes === 'stop' && this.view.downtime.kind === 'not-started')
          this.#board.set({ downtime: { kind: 'down', since: Date.now() } });
      },
      settling: (waitingFor) => this.#show(run, step, { kind: 'settling', since, waitingFor }),
      onOutput: () => {
        this.#board.heard(step.host);
        this.#outputs.grown(step.id);
      },
      onLine: (line) => {
        if (line === 'lost') this.#board.notice(`${step.host}: the line is lost; the command goes on there`);
      },
      leaving: () => this.#decisions.left,
    });
    this.#refresh(run);
    // An unknown end is followed up under the same name: asking again attaches to the job instead of starting a second.
    // A known one is over: after a turn back and forth the same step is a new job.
    if (executed.kind !== 'failed' || !executed.unknown) this.#attempts.set(step.id, attempt + 1);
    if (executed.kind === 'done') return this.#finish(run, step, 'run', executed.tookMs);
    if (executed.kind === 'found') return this.#finish(run, step, 'found', null);
    this.#fail(run, step, executed.failure);
    return false;
  }

  #finish(run: Run, step: Step, by: 'run' | 'found' | 'hand', tookMs: number | null): boolean {
    const { downtime } = this.view;
    if (step.writes === 'resume' && downtime.kind === 'down')
      this.#board.set({ downtime: { ...downtime, kind: 'over', until: Date.now() } });
    this.#show(run, step, { kind: 'done', tookMs, by });
    this.#refresh(run);
    if (by === 'run')
      for (const note of step.notes(run.observer.world)) this.#board.notice(`${step.host}: ${note}`);
    const written = run.journal.write({
      kind: 'done',
      step: step.id,
      by,
      probe: step.probe(run.observer.world),
      verdict: this.view.verdict.says,
    });
    if (!written.ok) this.#board.notice(written.error.what);
    return true;
  }

  #fail(run: Run, step: Step, failure: StepFailure): void {
    this.#show(run, step, { kind: 'failed', failure });
    this.#board.set({ stage: { kind: 'failed', step: step.id, failure } });
  }

  /** What follows from the last look: the verdict, the scripts that could not be made before, the monitor's absence. */
  #refresh(run: Run): void {
    const { world } = run.observer;
    this.#expected = expectedIn(run.facts, world, this.view.direction, this.#steps);
    const down =
      monitorIn(world) === null && this.#isDone('C.monitor.stop') && !this.#isDone('F.monitor.start');
    this.#board.set({
      verdict: rollbackVerdict(run.facts, world),
      steps: this.#steps.map((step, index) =>
        viewOf(step, world, this.view.steps[index]?.status ?? { kind: 'waiting' }, this.#expected),
      ),
      monitor: { ...this.view.monitor, plannedDown: down ? 'down since Step 3, as planned' : null },
    });
    const primary = primaryOf(run.facts);
    const { downtime } = this.view;
    if (downtime.kind === 'down' && acceptsWrites(run.facts, primary).holds(world).holds)
      this.#board.set({ downtime: { ...downtime, kind: 'over', until: Date.now() } });
  }

  #isDone(id: StepId): boolean {
    return this.view.steps.find((step) => step.id === id)?.status.kind === 'done';
  }

  #show(run: Run, step: Step, status: StepStatus): void {
    this.#board.set({
      steps: this.view.steps.map((view) =>
        view.id === step.id ? viewOf(step, run.observer.world, status, this.#expected) : view,
      ),
    });
  }
}
