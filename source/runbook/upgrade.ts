import type { ClusterFacts } from '../cluster/facts.ts';
import { linkedOf, primaryOf, secondariesOf } from '../cluster/facts.ts';
import type { Observations } from '../cluster/observations.ts';
import { clusterWarnings } from './checks/in-world.ts';
import { linkKeySteps } from './hard-link/keys.ts';
import { linkStep } from './hard-link/link.ts';
import { unwantedKeySteps } from './hard-link/unwanted-keys.ts';
import { inParallel } from './parallel.ts';
import { pgCtlStep, unitStep } from './phases/autoctl-files.ts';
import { backSteps } from './phases/back.ts';
import { fenceSteps } from './phases/fence.ts';
import { identifierStep, startMonitorStep } from './phases/monitor.ts';
import { pgUpgradeStep } from './phases/pg-upgrade.ts';
import { prepareSteps } from './phases/prepare.ts';
import { restoreSteps } from './phases/restore.ts';
import { asideStep, secondarySteps } from './phases/secondaries.ts';
import { stopSecondarySteps, stopSteps, upgradeStage } from './phases/stop.ts';
import { swapStep } from './phases/swap.ts';
import { firstStartStep, firstStatisticsStep, handOverStep, verifyStep } from './phases/verify.ts';
import type { Step, StepId } from './step.ts';

/**
 * In the downtime, side by side: pg_upgrade and the swap; what pg_autoctl and systemd hold of the primary; each
 * secondary's stop, and behind those the start of the monitor and the transfer of links. All of it can be taken back: the new version is first started behind it.
 */
const upgradeSteps = (facts: ClusterFacts): Step[] => {
  const primary = primaryOf(facts);
  const secondaries = secondariesOf(facts).map((node) => node.alias);
  return [
    ...stopSecondarySteps(facts),
    ...linkedOf(facts).flatMap((node) => inParallel(upgradeStage, node.alias, [asideStep(facts, node, 'D')])),
    ...inParallel(upgradeStage, primary.alias, [
      pgUpgradeStep(facts, primary),
      swapStep(facts, primary, 'D'),
    ]),
    ...inParallel(upgradeStage, `${primary.alias} files`, [
      pgCtlStep(facts, primary, 'D'),
      ...unitStep(facts, primary, 'D'),
    ]),
    ...inParallel(upgradeStage, facts.monitor.alias, [startMonitorStep(facts)], secondaries),
    ...linkedOf(facts).flatMap((node) =>
      inParallel(
        upgradeStage,
        `${node.alias} links`,
        [linkStep(facts, node)],
        [primary.alias, ...secondaries],
      ),
    ),
  ];
};

/** Side by side: the look at the primary, its rough statistics, and the monitor's rows; behind the first two the hand-over. */
const verifyStageSteps = (facts: ClusterFacts): Step[] => {
  const primary = primaryOf(facts);
  const looks = [`${primary.alias} look`, `${primary.alias} statistics`];
  return [
    ...inParallel('verify', `${primary.alias} look`, [verifyStep(facts)]),
    ...inParallel('verify', `${primary.alias} statistics`, [firstStatisticsStep(facts)]),
    ...inParallel('verify', primary.alias, [handOverStep(facts)], looks),
    ...inParallel('verify', facts.monitor.alias, [identifierStep(facts)]),
  ];
};

/**
 * Whoever confirms the first step has seen what `check` warns of for the cluster as a whole; and again, with what the checks of phase A
 * have found on all hosts, whoever confirms the first step that changes the cluster.
 */
const withClusterWarnings = (facts: ClusterFacts, steps: readonly Step[]): readonly Step[] => {
  const firsts = new WeakMap<Observations, StepId | null>();
  const firstOpen = (world: Observations): StepId | null => {
    const known = firsts.get(world);
    if (known !== undefined) return known;
    const first = steps.find((step) => step.probe(world).state !== 'done')?.id ?? null;
    firsts.set(world, first);
    return first;
  };
  return steps.map((step) =>
    step.phase === 'A' || step.phase === 'B'
      ? {
          ...step,
          notes: (world) => [
            ...step.notes(world),
            ...(firstOpen(world) === step.id ? clusterWarnings(facts, world) : []),
          ],
        }
      : step,
  );
};

/**
 * The whole upgrade, phases A to I, for one monitor, one primary and any number of secondaries. docs/runbook.md.
 * `world`: where it is known, what an earlier start has left that this one does not ask for is taken away first.
 */
export const upgradeRunbook = (facts: ClusterFacts, world: Observations | null = null): readonly Step[] =>
  withClusterWarnings(facts, [
    ...prepareSteps(facts),
    ...(world === null ? [] : unwantedKeySteps(facts, world)),
    ...linkKeySteps(facts),
    ...fenceSteps(facts),
    ...stopSteps(facts),
    ...upgradeSteps(facts),
    firstStartStep(facts),
    ...verifyStageSteps(facts),
    ...backSteps(facts),
    ...secondarySteps(facts),
    ...restoreSteps(facts),
  ]);
