import type { MonitorEvent, MonitorNode } from '../../source/cluster/monitor-state.ts';
import { parseBackupLine } from '../../source/cluster/parse/basebackup.ts';
import type {
  Accepted,
  Direction,
  EngineController,
  EngineView,
  OutputView,
  PlannedDown,
  Refusal,
  RollbackPreview,
  StepFailure,
  StepProgress,
  StepStatus,
} from '../../source/engine/view/controller.ts';
import type { Answer, Question } from '../../source/remote/host.ts';
import { readLines } from '../../source/runbook/reading.ts';
import type { StepId } from '../../source/runbook/step.ts';
import { healthyNodes, monitorState, stateAfter, verdictAfter } from './fake-monitor.ts';
import { FakeOutput } from './fake-output.ts';
import { type FakeStep, fakeSteps } from './fake-steps.ts';

export interface FakeOptions {
  /** Milliseconds between two lines of output; null: nothing moves by itself, `finishStep` ends a step. */
  readonly lineMs?: number | null;
  /** So many steps are done at the start. */
  readonly done?: number;
  /** The number of the step that fails at its first run. */
  readonly failAt?: number;
  readonly questions?: readonly Question[];
  /** Every step prints so many lines more. */
  readonly flood?: number;
  readonly now?: () => number;
}

const accepted: Accepted = { accepted: true };
const refused = (why: string): Refusal => ({ refused: why });

/** An engine in memory: a cluster of four hosts that does what a real one would, without servers. */
export class FakeEngine implements EngineController {
  readonly steps: readonly FakeStep[] = fakeSteps();
  /** Everything that was asked of the engine, in order, in words. */
  readonly asked: string[] = [];
  closed = false;
  /** On top of what it says of the way back. */
  previewAdds: Partial<RollbackPreview> = {};
  view: EngineView;
  readonly #options: FakeOptions;
  readonly #now: () => number;
  readonly #listeners = new Set<(view: EngineView) => void>();
  readonly #outputListeners = new Set<(step: StepId) => void>();
  readonly #outputs = new Map<StepId, FakeOutput>();
  readonly #questions: Question[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #nodes: readonly MonitorNode[] = healthyNodes;
  #events: MonitorEvent[] = [];
  #failed = false;
  #startedAt = 0;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#questions = [...(options.questions ?? [])];
    this.view = this.#opening();
    const done = options.done ?? 0;
    for (const step of this.steps.slice(0, done)) this.#effects(step);
    const [question] = this.#questions;
    if (question !== undefined) this.set({ stage: { kind: 'question', question } });
    else this.#next();
  }

  #opening(): EngineView {
    const done = this.#options.done ?? 0;
    return {
      cluster: { name: 'shop', from: '15.20', to: '17.12', mode: 'link' },
      stage: { kind: 'connecting', doing: 'Connecting to monitor, node_1, node_2, node_3' },
      direction: 'upgrade',
      phase: null,
      hosts: ['monitor', 'node_1', 'node_2', 'node_3'].map((alias, at) => ({
        alias,
        role: at === 0 ? 'monitor' : at === 1 ? 'primary' : 'secondary',
        address: `dba@10.0.0.${10 + at}:22`,
        line: 'connected',
        lastByteAt: this.#now(),
      })),
      steps: this.steps.map((step, at) => ({
        ...step,
        scriptNeeds: null,
        status: at < done ? { kind: 'done', tookMs: 400 + at * 137, by: 'run' } : { kind: 'waiting' },
      })),
      progress: {},
      verdict: { kind: 'nothing-to-undo', says: '' },
      downtime: { kind: 'not-started' },
      monitor: {
        feed: {
          status: { kind: 'live', source: 'listen' },
          state: monitorState(healthyNodes),
          readAt: this.#now(),
        },
        plannedDown: null,
        before: healthyNodes,
      },
      resumed: null,
      runDirectory: '/home/dba/.local/state/pgaf-upgrade/shop/2026-03-07T02-31',
      notices: [],
    };
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
    const lines = Array.from({ length: output.endLine - output.firstLine }, (_, at) =>
      output.line(output.firstLine + at),
    );
    if (output.unfinished !== '') lines.push(output.unfinished);
    const copied = parseBackupLine(lines.at(-1)?.replace(/^.*pg_basebackup: /, '') ?? '');
    const upgraded = readLines({ kind: 'pg_upgrade', run: 'link' }, lines, null);
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

  confirm(id: StepId, typed?: string, how?: 'alone' | 'together'): Accepted | Refusal {
    const more = [typed, how === 'together' ? how : undefined].filter((one) => one !== undefined);
    this.asked.push(['confirm', id, ...more].join(' '));
    const { stage } = this.view;
    if (stage.kind !== 'confirm' || stage.step !== id) return refused('another step is due');
    return this.#start(id, typed);
  }

  retry(id: StepId, typed?: string): Accepted | Refusal {
    this.asked.push(`retry ${id}${typed === undefined ? '' : ` ${typed}`}`);
    const { stage } = this.view;
    if (stage.kind !== 'failed' || stage.step !== id) return refused('this step has not failed');
    return this.#start(id, typed);
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
    this.#status(id, { kind: 'done', tookMs: null, by: 'hand' });
    this.#next();
    return accepted;
  }

  cancel(step: StepId, typed: string): Accepted | Refusal {
    this.asked.push(`cancel ${step} ${typed}`);
    const { stage } = this.view;
    if (stage.kind !== 'running' || stage.step !== step) return refused('no command of this step is running');
    return accepted;
  }

  takeOver(typed: string): Accepted | Refusal {
    this.asked.push(`take over ${typed}`);
    return this.view.stage.kind === 'watching' ? accepted : refused('nobody else holds the lock');
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
    const done = this.view.steps.filter(({ status }) => status.kind === 'done' || status.kind === 'failed');
    const steps = done
      .slice(-12)
      .reverse()
      .map((step) => ({ ...step, title: `Take back: ${step.title}`, status: { kind: 'waiting' } as const }));
    return {
      verdict: this.view.verdict,
      why: 'The old directory on node_1 is whole, because 17 was never started on it.',
      journalSays: null,
      steps,
      copies: [],
      estimateSeconds: 14,
      ...this.previewAdds,
    };
  }

  turn(direction: Direction): Accepted | Refusal {
    this.asked.push(`turn ${direction}`);
    if (this.view.stage.kind === 'running') return refused('a step is running: wait for its end');
    this.set({ direction, stage: { ...this.view.stage } });
    return accepted;
  }

  async close(_why?: string): Promise<void> {
    this.closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Ends the step that runs: well, or with this failure. */
  finishStep(failure?: StepFailure): void {
    const { stage } = this.view;
    if (stage.kind !== 'running') return;
    if (failure !== undefined) {
      this.#status(stage.step, { kind: 'failed', failure });
      this.set({ stage: { kind: 'failed', step: stage.step, failure } });
      return;
    }
    const step = this.steps.find(({ id }) => id === stage.step);
    if (step !== undefined) this.#effects(step);
    this.tells(stage.step, null);
    this.#status(stage.step, { kind: 'done', tookMs: this.#now() - this.#startedAt, by: 'run' });
    this.#next();
  }

  #outputOf(id: StepId): FakeOutput {
    const output = this.#outputs.get(id) ?? new FakeOutput();
    this.#outputs.set(id, output);
    return output;
  }

  #start(id: StepId, typed: string | undefined): Accepted | Refusal {
    const step = this.steps.find((other) => other.id === id);
    if (step === undefined) return refused('no such step');
    if (step.danger === 'point-of-no-return' && typed !== step.host)
      return refused(`type ${step.host} to go on`);
    this.#startedAt = this.#now();
    this.#status(id, { kind: 'running', since: this.#startedAt });
    this.set({ stage: { kind: 'running', step: id } });
    const { lineMs = null, flood = 0 } = this.#options;
    if (lineMs === null) return accepted;
    const extra = Array.from(
      { length: flood },
      (_, at) => `line ${at + 1} of a long output that goes on and on`,
    );
    this.#play(
      step,
      [
        ...step.prints.map((line) => (line.endsWith(' ') ? line : `${line}\n`)),
        ...extra.map((line) => `${line}\n`),
      ],
      lineMs,
    );
    return accepted;
  }

  #play(step: FakeStep, pieces: readonly string[], lineMs: number, at = 0): void {
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

  #end(step: FakeStep): void {
    const number = this.steps.indexOf(step) + 1;
    const fails = number === this.#options.failAt && !this.#failed;
    this.#failed = this.#failed || fails;
    this.finishStep(fails ? sampleFailure(step.host) : undefined);
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
    this.set({ steps, phase: due.phase, stage: { kind: 'confirm', step: due.id } });
  }

  #monitorStart(): PlannedDown | null {
    const at = this.steps.findIndex(({ title }) => title === 'Start the monitor');
    const step = this.steps[at];
    return step === undefined ? null : { number: at + 1, title: step.title };
  }

  #effects(step: FakeStep): void {
    const now = this.#now();
    const change = stateAfter(step);
    if (change !== null) {
      this.#nodes = this.#nodes.map((node) =>
        node.name === change.node ? { ...node, reported: change.state, assigned: change.state } : node,
      );
      this.#events = [
        ...this.#events,
        {
          id: this.#events.length,
          at: new Date(now).toISOString(),
          node: change.node,
          text: `New state is reported: "${change.state}"`,
        },
      ];
    }
    const down =
      step.title === 'Stop the monitor'
        ? this.#monitorStart()
        : step.title === 'Start the monitor'
          ? null
          : this.view.monitor.plannedDown;
    const { downtime } = this.view;
    this.set({
      verdict: verdictAfter(step, this.view.verdict),
      downtime: step.title.includes('writes stop here')
        ? { kind: 'down', since: now }
        : step.title.includes('writes come back') && downtime.kind === 'down'
          ? { kind: 'over', since: downtime.since, until: now }
          : downtime,
      monitor: {
        ...this.view.monitor,
        plannedDown: down,
        feed: {
          ...this.view.monitor.feed,
          state: monitorState(this.#nodes, this.#events),
          readAt: down === null ? now : this.view.monitor.feed.readAt,
        },
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
    '    pg_upgrade_output.d/20260307T024512.118/loadable_libraries.txt',
  ],
  causes: [
    {
      path: '/var/lib/postgresql/data_17/pg_upgrade_output.d/20260307T024512.118/loadable_libraries.txt',
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
