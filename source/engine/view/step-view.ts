import type { Observations } from '../../cluster/observations.ts';
import { dangerNow, type Step, type StepId } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { Order } from '../../runbook/timing/schedule.ts';
import { nameAskedFor } from '../../runbook/verdict/name-asked.ts';
import type { StepStatus, StepView } from './controller.ts';

/** What a step's view takes from its runbook. */
export interface StepContext {
  readonly direction: Direction;
  /** How long each step should take, in milliseconds; empty where nothing was measured. */
  readonly expected?: ReadonlyMap<StepId, number>;
  /** For how much of it writes cannot be made, likewise. */
  readonly pauses?: ReadonlyMap<StepId, number>;
  readonly order?: ReadonlyMap<StepId, Order>;
}

/** A step as the screen shows it, with the script that the world allows now. */
export const viewOf = (
  step: Step,
  world: Observations,
  status: StepStatus,
  { direction, expected = new Map(), pauses = new Map(), order = new Map() }: StepContext,
): StepView => {
  const script = step.script(world);
  const pause = pauses.get(step.id);
  return {
    id: step.id,
    phase: step.phase,
    host: step.host,
    as: step.as,
    title: step.title,
    reason: step.reason,
    guide: step.guide,
    danger: dangerNow(step, world),
    asksName: nameAskedFor(step, world, direction),
    leadsOn: step.leadsOn,
    shownDone: step.probe(world).state === 'done',
    undo: step.undo,
    givesUp: step.forfeits(world),
    notes: step.notes(world),
    expectedMs: expected.get(step.id) ?? null,
    ...(pause === undefined ? {} : { expectedPauseMs: pause }),
    waitsFor: (order.get(step.id)?.after ?? []).map(({ id }) => id),
    optional: step.optional,
    script: script.kind === 'ready' ? script.text : null,
    scriptNeeds: script.kind === 'ready' ? null : script.needs,
    before: step.before.map((condition) => condition.text),
    after: step.after.map((condition) => condition.text),
    status,
  };
};
