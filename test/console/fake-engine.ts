import { parseBackupLine } from '../../source/cluster/parse/basebackup.ts';
import type {
  Accepted,
  Direction,
  EngineController,
  EngineView,
  OutputView,
  Refusal,
  RollbackPreview,
  StepFailure,
  StepProgress,
  StepStatus,
} from '../../source/engine/view/controller.ts';
import { previewOf } from '../../source/engine/view/rollback-preview.ts';
import type { Answer, Question } from '../../source/remote/host.ts';
import { parallelGroup, tracksOf } from '../../source/runbook/language/parallel.ts';
import type { Step, StepId } from '../../source/runbook/language/step.ts';
import { readLines } from '../../source/runbook/timing/reading.ts';
import { FakeCluster, facts, healthyNodes } from './fake-cluster.ts';
import { FakeOutput } from './fake-output.ts';
import { printsOf } from './fake-prints.ts';
import { FakeTracks } from './fake-tracks.ts';

export interface FakeOptions {
  /** Milliseconds between two lines of output; null: nothing moves by itself, `finishStep` ends a step. */
  readonly lineMs?: number | null;
  /** So many steps are done at the start. */
  readonly done?: number;
  /** The number of the step that fails at its first run. */
  readonly failAt?: number;
  readonly questions?: readonly Question[];
  /** Steps that may run at the same time are offered together, as the engine does. Default: each alone. */
  readonly parallel?: boolean;
  /** Every step prints so many lines more. */
  readonly flood?: number;
  readonly now?: () => number;
}

const accepted: Accepted = { accepted: true };
const refused = (why: string): Refusal => ({ refused: why });

/** An engine in memory, over a cluster that is a model: it does what a real one would, without servers. */
/** The last lines of a step's output, which are read for how far it is: more than the tools that are read print. */
const readsLines = 100;

export class FakeEngine implements EngineController {
  readonly cluster = new FakeCluster();
  /** Everything that was asked of the engine, in order, in words. */
  readonly asked: string[] = [];
  closed = false;
  /** On top of what it says of the rollback. */
  previewAdds: Partial<RollbackPreview> = {};
  view: EngineView;
  readonly #options: FakeOptions;
  readonly #now: () => number;
  readonly #listeners = new Set<(view: EngineView) => void>();
  readonly #outputListeners = new Set<(step: StepId) => void>();
  readonly #outputs = new Map<StepId, FakeOutput>();
  readonly #questions: Question[];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #startedAt = new Map<StepId, number>();
  #tracks = new FakeTracks([]);
  #failed = false;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#questions = [...(options.questions ?? [])];
    this.view = this.#opening();
    this.#pass(options.done ?? 0);
    const [question] = this.#questions;
    if (question !== undefined) this.set({ stage: { kind: 'question', question } });
    else this.#next();
  }

  #opening(): EngineView {
    return {
      cluster: { name: facts.name, from: '15.20', to: '17.12', mode: 'link' },
      stage: { kind: 'connecting', doing: 'Connecting to monitor, node_1, node_2, node_3' },
      direction: 'upgrade',
      begunAt: this.#now() - 31 * 60_000,
      phase: null,
      hosts: [facts.monitor, ...facts.nodes].map(({ alias }, index) => ({
        alias,
        role: index === 0 ? 'monitor' : index === 1 ? 'primary' : 'secondary',
        address: `dba@10.0.0.${10 + index}:22`,
        line: 'connected',
        lastByteAt: this.#now(),
      })),
      steps: this.cluster.views(() => ({ kind: 'waiting' })),
      progress: {},
      verdict: this.cluster.verdict(),
      downtime: { kind: 'not-started' },
      pauses: [],
      expectedDowntimeMs: null,
      dryRun: null,
      monitor: {
        feed: {
          status: { kind: 'live', source: 'listen' },
          state: this.cluster.monitorState(),
          readAt: this.#now(),
        },
        plannedDown: null,
        before: healthyNodes,
      },
      clients: null,
      runsOn: null,
      resumed: null,
      runDirectory: '/home/dba/.local/state/pgaf-upgrade/shop/20261123T014800Z-1a2b',
      notices: [],
    };
  }

  /** So many steps are done already, one behind the other, each in its time, and the last of them just now. */
  #pass(done: number): void {
    const steps = this.cluster.steps.slice(0, done);
    const took = new Map(steps.map((step) => [step.id, 0]));
    for (const [index, step] of steps.entries()) {
      this.cluster.run(step, this.#now() - (done - index) * 1000);
      took.set(step.id, this.cluster.took(step));
    }
    const after = (step: Step | undefined): number =>
      step === undefined
        ? 0
        : steps.slice(steps.indexOf(step) + 1).reduce((sum, one) => sum + (took.get(one.id) ?? 0), 0);
    const stop = steps.find((step) => step.writes === 'stop');
    const open = steps.find((step) => step.writes === 'resume');
    const since = this.#now() - after(stop) - (took.get(stop?.id ?? '') ?? 0);
    const until = this.#now() - after(open);
    this.#show(
      (step) => {
        const tookMs = took.get(step.id);
        return tookMs === undefined ? { kind: 'waiting' } : { kind: 'done', tookMs, by: 'run' };
      },
      stop === undefined
        ? { kind: 'not-started' }
        : open === undefined
          ? { kind: 'down', since }
          : { kind: 'over', since, until },
      this.#now(),
    );
  }

  /** Changes the view and tells everybody. */
  set(change: Partial<EngineView>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.#listeners) listener(this.view);
  }

  /** The monitor's rows are read once more, unless it is down. */
  beat(): void {
    const { monitor } = this.view;
    if (monitor.plannedDown !== null) return;
    this.set({ monitor: { ...monitor, feed: { ...monitor.feed, readAt: this.#now() } } });
  }

  /** Adds output to a step, as if its script had printed it. */
  print(id: StepId, text: string | Uint8Array): void {
    this.#outputOf(id).append(text);
    this.#gauge(id);
    for (const listener of this.#outputListeners) listener(id);
  }

  /** How far a step is, as the engine would tell; null: nothing tells any more. */
  tells(id: StepId, progress: Partial<StepProgress> | null): void {
    const { [id]: _before, ...others } = this.view.progress;
    const told = {
      unit: 'bytes',
      done: 0,
      total: null,
      doing: null,
      at: this.#now(),
      rate: null,
      leftMs: null,
      ...progress,
    } as const;
    this.set({ progress: progress === null ? others : { ...others, [id]: told } });
  }

  /** As the engine reads what tools print. */
  #gauge(id: StepId): void {
    const output = this.#outputOf(id);
    const first = Math.max(output.firstLine, output.endLine - readsLines);
    const lines = Array.from({ length: output.endLine - first }, (_, at) => output.line(first + at));
    if (output.unfinished !== '') lines.push(output.unfinished);
    const copied = parseBackupLine(lines.at(-1)?.replace(/^.*pg_basebackup: /, '') ?? '');
    const upgraded = readLines(
      { kind: 'pg_upgrade', run: 'link', majors: { from: 15, to: 17 } },
      lines,
      null,
    );
    if (copied !== null)
      this.tells(id, { done: copied.done * 1024, total: copied.total * 1024, doing: 'copying' });
    else if (upgraded !== null) this.tells(id, upgraded);
  }

  onChange(listener: (view: EngineView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onOutput(listener: (step: StepId) => void): () => void {
    this.#outputListeners.add(listener);
    return () => this.#outputListeners.delete(listener);
  }

  output(id: StepId): OutputView {
    return this.#outputOf(id);
  }

  confirm(id: StepId, typed?: string, how: 'alone' | 'together' | 'to-stop' = 'alone'): Accepted | Refusal {
    const more = [typed, how === 'alone' ? undefined : how].filter((one) => one !== undefined);
    this.asked.push(['confirm', id, ...more].join(' '));
    const { stage } = this.view;
    if (stage.kind !== 'confirm' || stage.step !== id) return refused('another step is due');
    const together = how !== 'alone' && stage.together !== undefined ? stage.together : [id];
    return this.#start(together, typed);
  }

  stopRunningOn(): Accepted | Refusal {
    this.asked.push('stop running on');
    if (this.view.runsOn === null) return refused('it does not run on: each step is asked for');
    this.set({ runsOn: { ending: true } });
    return accepted;
  }

  retry(id: StepId, typed?: string): Accepted | Refusal {
    this.asked.push(`retry ${id}${typed === undefined ? '' : ` ${typed}`}`);
    const { stage } = this.view;
    if (stage.kind !== 'failed' || stage.step !== id) return refused('this step has not failed');
    return this.#start([id], typed);
  }

  skip(id: StepId, reason: string): Accepted | Refusal {
    this.asked.push(`skip ${id} ${reason}`);
    this.#status(id, { kind: 'skipped', reason });
    this.#next();
    return accepted;
  }

  probeAgain(id: StepId): Accepted | Refusal {
    this.asked.push(`probe ${id}`);
    if (this.view.stage.kind === 'confirm') return refused('the servers do not show this step as done');
    const step = this.cluster.step(id);
    if (step !== undefined) this.#effects(step);
    this.#status(id, { kind: 'done', tookMs: null, by: 'hand' });
    this.#next();
    return accepted;
  }

  terminateStep(step: StepId, typed: string): Accepted | Refusal {
    this.asked.push(`cancel ${step} ${typed}`);
    const { stage } = this.view;
    if (stage.kind !== 'running' || stage.step !== step) return refused('no command of this step is running');
    return accepted;
  }

  terminateClients(step: StepId, typed: string): Accepted | Refusal {
    this.asked.push(`terminate clients ${step} ${typed}`);
    const { clients } = this.view;
    if (clients?.step !== step) return refused('no client of this step is known');
    const host = this.view.steps.find(({ id }) => id === step)?.host ?? '';
    if (typed !== host) return refused(`type ${host} to terminate its clients`);
    this.set({ clients: { ...clients, terminated: 3 } });
    return accepted;
  }

  takeOver(typed: string): Accepted | Refusal {
    this.asked.push(`take over ${typed}`);
    return this.view.stage.kind === 'watching' ? accepted : refused('nobody else holds the lock');
  }

  approve(step: StepId, typed: string): Accepted | Refusal {
    this.asked.push(`approve ${step} ${typed}`);
    return this.view.stage.kind === 'watching' ? accepted : refused('you are the operator');
  }

  answer(answer: Answer): void {
    this.asked.push(`answer ${answer.kind}${answer.kind === 'secret' ? ` ${answer.secret}` : ''}`);
    const question = this.#questions.shift();
    if (answer.kind === 'no' && question?.kind === 'unknown-host-key') {
      const what = `The key of ${question.alias} is not trusted.`;
      this.set({
        stage: {
          kind: 'stopped',
          problem: { what, remedy: 'Compare the fingerprint on the server, then start again.' },
        },
      });
      return;
    }
    const [next] = this.#questions;
    if (next !== undefined) this.set({ stage: { kind: 'question', question: next } });
    else this.#next();
  }

  async previewRollback(): Promise<RollbackPreview | null> {
    this.asked.push('preview');
    const preview = await previewOf(facts, this.cluster.world, new Map(), null);
    return { ...preview, ...this.previewAdds };
  }

  turn(direction: Direction): Accepted | Refusal {
    this.asked.push(`turn ${direction}`);
    if (this.view.stage.kind === 'running') return refused('a step is running: wait for its end');
    this.cluster.turn(direction);
    const { world } = this.cluster;
    const statusOf = (step: Step): StepStatus =>
      step.probe(world).state === 'done' ? { kind: 'done', tookMs: null, by: 'found' } : { kind: 'waiting' };
    this.set({
      direction,
      steps: this.cluster.views(statusOf),
      expectedDowntimeMs: this.cluster.expectedDowntime,
    });
    this.#next();
    return accepted;
  }

  async close(_why?: string): Promise<void> {
    this.closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Ends the step that runs, or that one of several: well, or with this failure. */
  finishStep(failure?: StepFailure, which?: StepId): void {
    const { stage } = this.view;
    if (stage.kind !== 'running') return;
    const id = which ?? stage.step;
    if (failure !== undefined) {
      this.#status(id, { kind: 'failed', failure });
      for (const other of this.#tracks.running) if (other !== id) this.#status(other, { kind: 'waiting' });
      this.#tracks = new FakeTracks([]);
      this.set({ stage: { kind: 'failed', step: id, failure } });
      return;
    }
    const step = this.cluster.step(id);
    if (step !== undefined) this.#effects(step);
    this.tells(id, null);
    const started = this.#startedAt.get(id) ?? this.#now();
    // Without a clock of its own it takes what such a step takes.
    const still = this.#options.lineMs === undefined && step !== undefined;
    const tookMs = still ? this.cluster.took(step) : this.#now() - started;
    this.#status(id, { kind: 'done', tookMs, by: 'run' });
    for (const next of this.#tracks.end(id)) this.#begin(next);
    const [first, ...beside] = this.#tracks.running;
    if (first === undefined) this.#next();
    else this.set({ stage: { kind: 'running', step: first, ...(beside.length === 0 ? {} : { beside }) } });
  }

  /** Ends the others that were started with this one, and what follows on them, until this one runs alone. */
  finishAllBut(id: StepId): void {
    for (;;) {
      const other = this.#tracks.running.find((running) => running !== id);
      if (other === undefined) return;
      this.finishStep(undefined, other);
    }
  }

  /** Ends what runs, in all lanes at the same pace, until this step runs. */
  finishUntil(id: StepId): void {
    while (this.#tracks.running.length > 0 && !this.#tracks.running.includes(id))
      for (const running of this.#tracks.running) this.finishStep(undefined, running);
  }

  #outputOf(id: StepId): FakeOutput {
    const output = this.#outputs.get(id) ?? new FakeOutput();
    this.#outputs.set(id, output);
    return output;
  }

  #start(ids: readonly StepId[], typed: string | undefined): Accepted | Refusal {
    const steps = this.cluster.steps.filter((step) => ids.includes(step.id));
    const [first] = this.view.steps.filter((step) => ids.includes(step.id));
    if (first === undefined) return refused('no such step');
    if (first.asksName !== null && typed !== first.host) return refused(`type ${first.host} to go on`);
    this.#tracks = new FakeTracks(steps);
    const begun = this.#tracks.begin();
    const [step = first.id, ...beside] = begun.map(({ id }) => id);
    this.set({ stage: { kind: 'running', step, ...(beside.length === 0 ? {} : { beside }) } });
    for (const one of begun) this.#begin(one);
    return accepted;
  }

  #begin(step: Step): void {
    const now = this.#now();
    this.#startedAt.set(step.id, now);
    this.#status(step.id, { kind: 'running', since: now });
    const { lineMs = null, flood = 0 } = this.#options;
    if (lineMs === null) return;
    const extra = Array.from(
      { length: flood },
      (_, index) => `line ${index + 1} of a long output that goes on and on\n`,
    );
    const lines = printsOf(step.id).map((line) => (line.endsWith(' ') ? line : `${line}\n`));
    this.#play(step, [...lines, ...extra], lineMs);
  }

  #play(step: Step, pieces: readonly string[], lineMs: number, at = 0): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const piece = pieces[at];
      if (piece === undefined) {
        this.#end(step);
        return;
      }
      this.print(step.id, piece);
      this.#play(step, pieces, lineMs, at + 1);
    }, lineMs);
    this.#timers.add(timer);
  }

  #end(step: Step): void {
    const number = this.cluster.steps.indexOf(step) + 1;
    const fails = number === this.#options.failAt && !this.#failed;
    this.#failed = this.#failed || fails;
    this.finishStep(fails ? sampleFailure(step.host) : undefined, step.id);
  }

  #status(id: StepId, status: StepStatus): void {
    this.set({ steps: this.view.steps.map((step) => (step.id === id ? { ...step, status } : step)) });
  }

  #next(): void {
    const due = this.view.steps.find(({ status }) => status.kind === 'waiting' || status.kind === 'next');
    if (due === undefined) {
      this.set({
        stage: { kind: 'finished', says: 'The cluster runs 17.12. Every node reports what it was assigned.' },
      });
      return;
    }
    const steps = this.view.steps.map((step) =>
      step.id === due.id ? { ...step, status: { kind: 'next' } as const } : step,
    );
    const together = this.#options.parallel === true ? this.#together(due.id) : null;
    this.set({
      steps,
      phase: due.phase,
      stage: { kind: 'confirm', step: due.id, ...(together === null ? {} : { together }) },
    });
  }

  /** What may run beside a step: the open steps of its stage, where they are of more than one lane. */
  #together(id: StepId): readonly StepId[] | null {
    const due = this.cluster.step(id);
    if (due === undefined) return null;
    const isOpen = (step: Step): boolean => {
      const kind = this.view.steps.find((view) => view.id === step.id)?.status.kind;
      return kind === 'waiting' || kind === 'next';
    };
    const open = parallelGroup(this.cluster.steps, due).filter(isOpen);
    return tracksOf(open).length < 2 ? null : open.map((step) => step.id);
  }

  /** What the step does has happened. */
  #effects(step: Step): void {
    const now = this.#now();
    this.cluster.run(step, now);
    const { downtime, steps } = this.view;
    const statuses = new Map(steps.map(({ id, status }) => [id, status]));
    this.#show(
      (one) => statuses.get(one.id) ?? { kind: 'waiting' },
      step.writes === 'stop'
        ? { kind: 'down', since: now }
        : step.writes === 'resume' && downtime.kind === 'down'
          ? { kind: 'over', since: downtime.since, until: now }
          : downtime,
      now,
    );
  }

  /** What follows from where the cluster stands now. */
  #show(statusOf: (step: Step) => StepStatus, downtime: EngineView['downtime'], now: number): void {
    const { monitor } = this.view;
    const plannedDown = this.cluster.plannedDown();
    const readAt = plannedDown === null || monitor.plannedDown === null ? now : monitor.feed.readAt;
    this.set({
      steps: this.cluster.views(statusOf),
      verdict: this.cluster.verdict(),
      downtime,
      expectedDowntimeMs: this.cluster.expectedDowntime,
      dryRun: this.cluster.expectedDowntime === null ? null : { by: 'window' },
      monitor: {
        ...monitor,
        plannedDown,
        feed: { ...monitor.feed, state: this.cluster.monitorState(), readAt },
      },
    });
  }
}

/** A failure with everything in it. */
export const sampleFailure = (host: string): StepFailure => ({
  problem: {
    what: `pg_upgrade ended with code 1 on ${host}: a library is missing.`,
    remedy: `Install postgresql-17-postgis-3 on ${host}, then run the step again.`,
  },
  exitCode: 1,
  lastLines: [
    'Checking for presence of required libraries                   fatal',
    'Your installation references loadable libraries that are missing from the',
    'new installation.  A list of problem libraries is in the file:',
    '    pg_upgrade_output.d/20261123T021512.118/loadable_libraries.txt',
  ],
  causes: [
    {
      path: '/var/lib/pgsql/data_pg17_new/pg_upgrade_output.d/20261123T021512.118/loadable_libraries.txt',
      lines: [
        'could not load library "$libdir/postgis-3": ERROR:  could not access file',
        '"$libdir/postgis-3": No such file or directory',
        'In database: shop',
      ],
    },
  ],
  unmet: [
    {
      says: 'the new directory holds the databases of the old',
      found: 'only postgres, template0, template1',
    },
  ],
  probe: { state: 'pending', says: 'the old directory is untouched' },
});
