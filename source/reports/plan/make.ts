import { type HostFacts, hostsOf, isNode, primaryOf } from '../../cluster/facts.ts';
import { groupOfHost, groupsOf } from '../../cluster/formation.ts';
import type { Observations } from '../../cluster/observations.ts';
import { windowEndOf } from '../../cluster/window-end.ts';
import { evidenceIn } from '../../runbook/checks/in-world.ts';
import { phasesOf, type Step } from '../../runbook/language/step.ts';
import { nameOf, placeOf } from '../../runbook/language/tablespace-names.ts';
import { undoWords } from '../../runbook/language/undo.ts';
import { failedStepsAhead } from '../../runbook/steps/custom-failed.ts';
import { filledFrom, type TimingBasis, timingBasis } from '../../runbook/timing/dry-run.ts';
import { type Estimates, estimate, expectedDowntime } from '../../runbook/timing/estimates.ts';
import { measurementsOf } from '../../runbook/timing/measurements.ts';
import { choiceWords, rebuildChoices } from '../../runbook/timing/rebuild-choice.ts';
import { lengthOf, orderOf } from '../../runbook/timing/schedule.ts';
import { upgradeRunbook } from '../../runbook/upgrade.ts';
import { rollbackVerdict } from '../../runbook/verdict/verdict.ts';
import type { PlanInput } from '../../usecases/plan-input/inspect-for-plan.ts';
import { rollbackAfter } from './rollback.ts';
import type { Plan, PlannedHost, PlannedStep } from './shape.ts';

/** What a plan is made from: one look at every host, and no memory. */
export interface PlanGround extends PlanInput {
  /** ISO 8601. */
  readonly madeAt: string;
  /** When the window ends, as it was written; null: nobody has said. */
  readonly windowEnd?: string | null;
}

/** As the window expects it: sizes of today only fill what its dry run, or check's, did not measure. */
const basisOf = ({ facts, world, evidence, dryRun }: PlanGround): TimingBasis => {
  const basis = timingBasis(facts, evidenceIn(facts, world), dryRun);
  return { ...basis, measurements: filledFrom(basis.measurements, measurementsOf(evidence)) };
};

const plannedRebuild = (ground: PlanGround, host: HostFacts): PlannedHost['rebuild'] => {
  const choices = rebuildChoices(ground.facts, basisOf(ground).measurements);
  const choice = choices.find((one) => one.node === host.alias);
  if (choice === undefined) return null;
  const { way, backupSeconds, linkSeconds } = choice;
  return {
    way,
    backupSeconds: backupSeconds === null ? null : rounded(backupSeconds),
    linkSeconds: linkSeconds === null ? null : rounded(linkSeconds),
    words: choiceWords(choice),
  };
};

const plannedHost = (ground: PlanGround, host: HostFacts): PlannedHost => {
  const { evidence, addresses } = ground;
  const inspection = evidence.hosts.find((one) => one.alias === host.alias)?.inspection ?? null;
  const databases = inspection?.databases ?? [];
  return {
    host: host.alias,
    role: isNode(host) ? host.role : 'monitor',
    ...(ground.facts.workers !== undefined && isNode(host)
      ? { group: groupOfHost(ground.facts, host.alias).group }
      : {}),
    address: addresses.get(host.alias) ?? (isNode(host) ? host.hostname : ''),
    port: host.port,
    from: host.oldVersion,
    to: host.newVersion,
    data: host.data,
    newData: host.newData,
    oldDataStaysIn: host.backupData,
    tablespaces: host.tablespaces.map((location) => ({
      location,
      oldPartStaysIn: placeOf(location, nameOf(host, host.backupData)),
    })),
    unit: host.service.kind === 'systemd' ? host.service.unit : null,
    dataBytes: databases.length === 0 ? null : databases.reduce((sum, one) => sum + one.bytes, 0),
    walBytes: inspection?.walBytes ?? null,
    freeBytes: inspection?.data.freeBytes ?? null,
    rebuild: plannedRebuild(ground, host),
    databases: databases.map(({ name, bytes, extensions }) => ({ name, bytes, extensions })),
  };
};

/** What is given up by a step, if the steps before it went in order. */
const givenUp = (step: Step, world: Observations): string | null => {
  const says = step.forfeits(world)?.text ?? null;
  if (step.danger !== 'point-of-no-return') return says;
  return says ?? undoWords(step.undo).replace(/^none on [^:]+: /, 'there is no undo on the host itself: ');
};

/**
 * What is done, in order: from phase B on a step counts only after the one before it, because some probes tell a later
 * state from one that has not been left yet.
 */
const statesOf = (runbook: readonly Step[], world: Observations): readonly PlannedStep['state'][] => {
  let inOrder = true;
  return runbook.map((step) => {
    const { state } = step.probe(world);
    const counts = step.phase === 'A' || inOrder;
    inOrder = inOrder && state === 'done';
    return counts ? state : 'pending';
  });
};

const plannedStep = (
  { world }: PlanGround,
  step: Step,
  index: number,
  {
    estimateSeconds,
    state,
    waitsFor,
    together,
  }: Pick<PlannedStep, 'estimateSeconds' | 'state' | 'waitsFor' | 'together'>,
): PlannedStep => {
  const givesUp = givenUp(step, world);
  return {
    number: index + 1,
    id: step.id,
    phase: step.phase,
    host: step.host,
    as: step.as,
    title: step.title,
    reason: step.reason,
    guide: { step: step.guide.step, differs: step.guide.deviation ?? null },
    danger: givesUp === null ? step.danger : 'point-of-no-return',
    givesUp,
    writes: step.writes,
    optional: step.optional,
    state,
    waitsFor,
    together,
    before: step.before.map((one) => one.text),
    after: step.after.map((one) => one.text),
    settleSeconds: step.settleSeconds,
    undo: undoWords(step.undo),
    undoCommand: step.undo.kind === 'command' ? step.undo.command : null,
    seeOnFailure: step.failureLogs.map((one) => one.title),
    estimateSeconds,
    script: step.script(world),
  };
};

/** When it is to be begun, and what would be over behind the end if it were begun now. */
const plannedEnd = (
  { windowEnd = null, madeAt, facts, fromRecord }: PlanGround,
  runbook: readonly Step[],
  estimates: Estimates,
): Plan['windowEnd'] => {
  const now = Date.parse(madeAt);
  const end =
    windowEnd === null ? null : windowEndOf(windowEnd, now, fromRecord ? Date.parse(facts.readAt) : null);
  if (end === null) return null;
  // Phase A changes nothing of the running cluster, and can be run in the daytime.
  const begins = Math.min(
    ...runbook.flatMap((step) => (step.phase === 'A' ? [] : [estimates.spans.get(step.id)?.from ?? 0])),
  );
  const late = runbook.flatMap((step, index) => {
    const { to } = estimates.spans.get(step.id) ?? { to: 0 };
    return step.phase !== 'A' && now + (to - begins) * 1000 > end.at ? [index + 1] : [];
  });
  return {
    end: new Date(end.at).toISOString(),
    note: end.note,
    beginBy: new Date(end.at - estimates.windowSeconds * 1000).toISOString(),
    late,
  };
};

const rounded = (seconds: number): number => Math.round(seconds * 10) / 10;

/** The whole runbook for this cluster, on paper. Pure. */
export const makePlan = (ground: PlanGround): Plan => {
  const { facts, world } = ground;
  const runbook = upgradeRunbook(facts);
  const basis = basisOf(ground);
  const estimates = estimate(facts, basis.measurements, runbook);
  const secondsOf = (step: Step): number => rounded(estimates.steps.get(step.id) ?? 0);
  const order = orderOf(runbook, (step) => givenUp(step, world) !== null);
  const places = (some: readonly Step[] = []): PlannedStep['waitsFor'] =>
    some.map((step) => ({ number: runbook.indexOf(step) + 1, host: step.host }));
  const states = statesOf(runbook, world);
  const steps = runbook.map((step, index) =>
    plannedStep(ground, step, index, {
      estimateSeconds: secondsOf(step),
      state: states[index] ?? 'pending',
      waitsFor: places(order.get(step.id)?.after),
      together: places(order.get(step.id)?.alongside),
    }),
  );
  const primary = primaryOf(facts);
  const { name, formation, mode, jobs, systemIdentifier, numberSyncStandbys, postgres } = facts;
  return {
    format: 'pgaf-upgrade plan',
    version: 3,
    madeAt: ground.madeAt,
    cluster: {
      name,
      formation,
      from: primary.oldVersion,
      to: primary.newVersion,
      mode,
      jobs,
      systemIdentifier,
      ...(facts.workers === undefined
        ? {}
        : {
            groups: groupsOf(facts).map((one) => ({
              group: one.group,
              systemIdentifier: one.systemIdentifier,
            })),
          }),
      numberSyncStandbys,
      autoctlExtension: facts.monitor.extensionVersion,
      postgres,
    },
    underWay: ground.fromRecord,
    rollbackNow: rollbackVerdict(facts, world).says,
    check: ground.check?.result ?? null,
    hosts: hostsOf(facts).map((host) => plannedHost(ground, host)),
    estimates: {
      windowSeconds: rounded(estimates.windowSeconds),
      downtimeSeconds: expectedDowntime(facts, basis, runbook)?.seconds ?? 0,
      dryRun: basis.dryRun,
      oneByOne: {
        windowSeconds: rounded(estimates.oneByOne.windowSeconds),
        downtimeSeconds: rounded(estimates.oneByOne.downtimeSeconds),
      },
      assumed: [...estimates.assumed],
    },
    windowEnd: plannedEnd(ground, runbook, estimates),
    phases: phasesOf(steps).flatMap(({ id, title, says }) => {
      const own = steps.filter((step) => step.phase === id);
      if (own.length === 0) return [];
      return [
        {
          id,
          title,
          says,
          estimateSeconds: rounded(lengthOf(own.map((step) => estimates.spans.get(step.id)))),
          rollback: rollbackAfter(facts, id),
        },
      ];
    }),
    steps,
    onFailure: failedStepsAhead(facts).map(
      ({ name, title, why, host, as, when, expectedSeconds, timeoutSeconds, script }) => ({
        name,
        title,
        why,
        host,
        as,
        when,
        estimateSeconds: rounded(expectedSeconds),
        timeoutSeconds,
        script,
      }),
    ),
  };
};
