import type { ClusterFacts } from '../cluster/facts.ts';
import { primaryOf } from '../cluster/facts.ts';
import { pgCtlStep, unitStep } from './phases/autoctl-files.ts';
import { backSteps } from './phases/back.ts';
import { fenceSteps } from './phases/fence.ts';
import { monitorSteps } from './phases/monitor.ts';
import { pgUpgradeStep } from './phases/pg-upgrade.ts';
import { prepareSteps } from './phases/prepare.ts';
import { restoreSteps } from './phases/restore.ts';
import { secondarySteps } from './phases/secondaries.ts';
import { stopSteps } from './phases/stop.ts';
import { carryStep, swapStep } from './phases/swap.ts';
import { verifySteps } from './phases/verify.ts';
import type { Step } from './step.ts';

/** The whole upgrade, phases A to I, for one monitor, one primary and any number of secondaries. docs/runbook.md. */
export const upgradeRunbook = (facts: ClusterFacts): readonly Step[] => {
  const primary = primaryOf(facts);
  return [
    ...prepareSteps(facts),
    ...fenceSteps(facts),
    ...stopSteps(facts),
    pgUpgradeStep(facts, primary),
    carryStep(facts, primary, 'D'),
    swapStep(facts, primary, 'D'),
    pgCtlStep(facts, primary, 'D'),
    ...unitStep(facts, primary, 'D'),
    ...verifySteps(facts),
    ...monitorSteps(facts),
    ...backSteps(facts),
    ...secondarySteps(facts),
    ...restoreSteps(facts),
  ];
};
