import type { ClusterFacts } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import type { WindowEnd } from '../../cluster/window-end.ts';
import type { Step } from '../../runbook/language/step.ts';
import { rollbackRunbook } from '../../runbook/rollback.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { KeptDryRun } from '../../runbook/timing/dry-run.ts';
import { estimate } from '../../runbook/timing/estimates.ts';
import { backupSeconds } from '../../runbook/timing/paces.ts';
import { spansOf } from '../../runbook/timing/schedule.ts';
import type { DeadlineView } from './deadline-view.ts';
import { secondsOfSteps, stepsAhead } from './rollback-preview.ts';
import { basisIn } from './step-estimates.ts';

/** What follows for the end of the window from where the servers are. Pure. */
export const deadlineOf = (
  end: WindowEnd,
  facts: ClusterFacts,
  world: Observations,
  direction: Direction,
  ahead: readonly Step[],
  kept: KeptDryRun | null,
): Omit<DeadlineView, 'state' | 'late'> => {
  const { measurements } = basisIn(facts, world, kept);
  const back = direction === 'upgrade' ? rollbackRunbook(facts, world) : null;
  const copies = (back?.copies.to ?? []).reduce(
    (sum, node) =>
      sum + backupSeconds(measurements.get(back?.copies.from.alias ?? ''), measurements.get(node.alias)),
    0,
  );
  const hasRollback = back !== null && ['own', 'fallback-copy', 'nothing'].includes(back.route.kind);
  const seconds =
    direction === 'upgrade'
      ? estimate(facts, measurements, ahead).steps
      : new Map(ahead.map((step) => [step.id, secondsOfSteps(facts, [step])]));
  const spans = spansOf(ahead, (step) => (step.optional ? 0 : (seconds.get(step.id) ?? 0)));
  const overIn = new Map([...spans].map(([id, { to }]) => [id, to]));
  return {
    ...end,
    rollbackSeconds: hasRollback
      ? Math.ceil(secondsOfSteps(facts, stepsAhead(back.steps, world)) + copies)
      : null,
    aheadSeconds: Math.max(0, ...overIn.values()),
    overIn,
  };
};
