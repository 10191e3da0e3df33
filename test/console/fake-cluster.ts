import type { ClusterFacts } from '../../source/cluster/facts.ts';
import type { MonitorEvent, MonitorNode, MonitorState } from '../../source/cluster/monitor-state.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import type { Direction, EngineView, StepStatus, StepView } from '../../source/engine/view/controller.ts';
import { type Expected, stepEstimates } from '../../source/engine/view/step-estimates.ts';
import { viewOf } from '../../source/engine/view/step-view.ts';
import type { Step, StepId } from '../../source/runbook/language/step.ts';
import { runbookFor } from '../../source/runbook/runbooks.ts';
import { orderOf } from '../../source/runbook/timing/schedule.ts';
import { usualSeconds } from '../../source/runbook/timing/step-seconds.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { monitorAbsence } from '../../source/runbook/verdict/monitor-absence.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { labCluster } from '../runbook/clusters.ts';
import { Model } from '../runbook/model.ts';
import { runBack } from '../runbook/rollback-model.ts';
import { word } from '../runbook/word.ts';

/** The lab's cluster under another name, with a standby that is a little behind: something to be seen on the screen. */
const shop = (): ClusterFacts => {
  const facts = labCluster({ name: 'shop' });
  const before = facts.before.map((row) => ({
    ...row,
    lsn: row.name === 'node_3' ? word('0/59FFC000') : word('0/5A000060'),
  }));
  return { ...facts, before };
};

/** The facts behind all screens. */
export const facts = shop();

/** The nodes before the window. */
export const healthyNodes: readonly MonitorNode[] = facts.before;

/** The steps at which the screens and their tests stand, by what they do. */
export const at = {
  stop: 'C.node_1.stop',
  pgUpgrade: 'D.node_1.pg-upgrade',
  swap: 'D.node_1.swap',
  firstStart: 'E.node_1.private-start',
  open: 'G.node_1.start',
  join: 'H.node_2.join',
  final: 'I.monitor.final',
  switchover: 'I.monitor.switchover',
} as const satisfies Readonly<Record<string, StepId>>;

const upgrade = upgradeRunbook(facts);

/** How many steps the upgrade of this cluster has. */
export const stepCount = upgrade.length;

/** How many steps of the upgrade are done when this one is due. */
export const doneBefore = (id: StepId): number => {
  const found = upgrade.findIndex((step) => step.id === id);
  if (found < 0) throw new Error(`the upgrade has no step ${id}`);
  return found;
};

/** Its number on the screen. */
export const numberIn = (id: StepId): number => doneBefore(id) + 1;

/**
 * The cluster behind the screens: the runbook that the product makes for it, on the model of what its steps do. What the
 * screen shows of it is what the engine would show.
 */
export class FakeCluster {
  readonly #model = new Model(facts);
  #world: Observations;
  #steps: readonly Step[];
  #direction: Direction = 'upgrade';
  #events: readonly MonitorEvent[] = [];
  /** Null: to be estimated anew, because something was measured, or other steps stand there. */
  #expected: Expected | null = null;

  constructor() {
    this.#world = this.#model.world();
    this.#steps = runbookFor(facts, this.#world, 'upgrade');
  }

  get world(): Observations {
    return this.#world;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  step(id: StepId): Step | undefined {
    return this.#steps.find((step) => step.id === id);
  }

  /** Puts the other runbook there, made from where the cluster stands. */
  turn(direction: Direction): void {
    this.#direction = direction;
    this.#steps = runbookFor(facts, this.#world, direction);
    this.#expected = null;
  }

  /** What the step does has happened, at that time. */
  run(step: Step, now: number): void {
    const earlier = this.#model.monitor.nodes;
    if (this.#direction === 'upgrade') this.#model.run(step.id);
    else if (this.#direction === 'rollback') runBack(this.#model, step);
    this.#world = this.#model.world();
    if (step.id.endsWith('.checks')) this.#expected = null;
    for (const node of this.#model.monitor.nodes) {
      const was = earlier.find(({ name }) => name === node.name);
      if (was === undefined || was.reported === node.reported) continue;
      this.#events = [
        ...this.#events,
        {
          id: this.#events.length,
          at: new Date(now).toISOString(),
          node: node.name,
          text: `New state is reported: "${node.reported}"`,
        },
      ];
    }
  }

  /** How long each step should take, in milliseconds; empty before the checks have measured it. */
  get expected(): ReadonlyMap<StepId, number> {
    return this.#estimates.steps;
  }

  /** How long the writes should be down, in milliseconds; null before the checks have measured it. */
  get expectedDowntime(): number | null {
    return this.#estimates.downtime;
  }

  get #estimates(): Expected {
    this.#expected ??= stepEstimates(facts, this.#world, this.#direction, this.#steps, null);
    return this.#expected;
  }

  /** How long a step took, in milliseconds: a little more or less than it should. */
  took(step: Step): number {
    const number = this.#steps.indexOf(step);
    const usual = this.expected.get(step.id) ?? usualSeconds(step.id) * 1000;
    return Math.round(usual * (0.8 + ((number * 7) % 10) / 20));
  }

  /** All steps as the screen shows them. */
  views(statusOf: (step: Step) => StepStatus): readonly StepView[] {
    const context = { direction: this.#direction, expected: this.expected, order: orderOf(this.#steps) };
    return this.#steps.map((step) => viewOf(step, this.#world, statusOf(step), context));
  }

  verdict(): EngineView['verdict'] {
    return rollbackVerdict(facts, this.#world);
  }

  /** Whether the monitor is down as planned, and which step starts it again. */
  plannedDown(): EngineView['monitor']['plannedDown'] {
    const absence = monitorAbsence(facts, this.#world, this.#steps, this.#direction);
    return absence === null ? null : { number: absence.number, title: absence.step.title };
  }

  /** What the monitor's database answers, or has answered last. */
  monitorState(): MonitorState {
    return { ...this.#model.monitor, events: [...this.#events] };
  }
}
