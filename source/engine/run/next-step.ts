import type { Observations } from '../../cluster/observations.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import type { Checklist } from '../view/checklist.ts';
import type { StepFailure } from '../view/controller.ts';
import { waiting } from './absence.ts';
import type { OwnedSession } from './session.ts';

/** Which open steps wait for no host that is left out; `first`: what is next, if nothing has failed. What waits comes last. */
export const readySteps = (
  open: readonly Step[],
  world: Observations,
): {
  readonly now: readonly Step[];
  readonly waits: ReadonlyMap<Step, string>;
  readonly first: Step | undefined;
} => {
  const waits = waiting(open, world);
  const now = open.filter((step) => !waits.has(step));
  return { now, waits, first: now[0] ?? open[0] };
};

/**
 * The step that is next; undefined: all are done or skipped. What has failed comes before what was not begun; but what must be done before it
 * on the same host comes first, where that was undone (`reopened`). What waits for a host that gives no answer comes last.
 */
export const nextStep = (
  run: OwnedSession,
  checklist: Checklist,
  failures: ReadonlyMap<StepId, StepFailure>,
  reopened: ReadonlySet<StepId>,
): { readonly step: Step; readonly waitsFor: string | null } | undefined => {
  const open = checklist.steps.filter((step) => {
    const kind = checklist.statusOf(step.id)?.kind;
    return kind !== 'done' && kind !== 'skipped';
  });
  const { now, waits, first } = readySteps(open, run.observer.world);
  const failed = now.find((step) => failures.has(step.id));
  const undone = now.find((step) => step.host === failed?.host && reopened.has(step.id));
  const step = undone ?? failed ?? first;
  return step === undefined ? undefined : { step, waitsFor: waits.get(step) ?? null };
};
