import type { ClusterFacts } from '../../cluster/facts.ts';
import { hostIn, isLeftOut, monitorIn } from '../../cluster/observations.ts';
import {
  autoctlStopped,
  backupIsThere,
  dataIsNew,
  isMajor,
  pointsToNew,
  verdictOf,
} from '../language/conditions.ts';
import { monitorAnswers, monitorHasSettled } from '../language/group-conditions.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { Condition, PhaseId, Step } from '../language/step.ts';
import { undoText } from '../language/undo.ts';
import { serviceLogs, serviceUser, startScript } from '../shell/service.ts';
import { acceptedFormations } from './other-formations.ts';

/** pg_autoctl runs ALTER EXTENSION … UPDATE by itself when the new one starts, and restarts the server once. */
const extensionIsCurrent = (facts: ClusterFacts): Condition => ({
  text: 'the extension pgautofailover has the version that goes with the new pg_autoctl',
  holds: (world) => {
    const monitor = monitorIn(world);
    if (monitor === null) return { holds: false, found: 'the monitor’s database does not answer' };
    return verdictOf(
      monitor.extensionVersion === monitor.defaultExtensionVersion,
      `it is ${monitor.extensionVersion}, it was ${facts.monitor.extensionVersion}, ${monitor.defaultExtensionVersion} comes with the binaries`,
    );
  },
});

/** A pg_autoctl of the old version that meets the new monitor restarts until it gives up, with PostgreSQL stopped. */
const noOldKeeper = (facts: ClusterFacts): Condition => ({
  text: `no node’s pg_autoctl runs on ${facts.oldMajor}: it would give up on the new monitor, and stop PostgreSQL`,
  holds: (world) => {
    const other = facts.nodes.find((node) => {
      if (isLeftOut(world, node.alias)) return false;
      const seen = hostIn(world, node.alias);
      return seen === null || (!autoctlStopped(seen).holds && !isMajor(seen.data, facts.newMajor));
    });
    return verdictOf(other === undefined, `${other?.alias ?? ''}: it runs, or cannot be inspected`);
  },
});

const startMonitorWhere = (
  facts: ClusterFacts,
  phase: PhaseId,
  reason: string,
  before: readonly Condition[],
): Step => {
  const { monitor } = facts;
  return makeStep(facts, {
    id: 'start',
    phase,
    host: monitor,
    as: serviceUser(monitor),
    failureLogs: serviceLogs(facts, monitor),
    milestone: 'monitor-starts',
    notes: (world) => acceptedFormations(facts, world),
    title: `Start monitor on ${facts.newMajor}`,
    reason,
    guide: 'Step 9',
    danger: 'changes',
    script: startScript(facts, monitor, monitor.newAutoctl, { atBoot: true }),
    probe: (world) => {
      const seen = hostIn(world, 'monitor');
      if (seen?.monitor?.serverVersion.startsWith(`${facts.newMajor}.`) && seen.monitor.listening)
        return done('it answers');
      return seen?.pgAutoctl === 'runs'
        ? half('pg_autoctl runs, its database is not in use yet')
        : pending('it does not run');
    },
    before: [dataIsNew(facts, monitor), backupIsThere(facts, monitor), pointsToNew(monitor), ...before],
    after: [monitorAnswers(facts), extensionIsCurrent(facts), monitorHasSettled],
    settleSeconds: 120,
    undo: undoText('stop the monitor, swap its directories back'),
  });
};

/** D. The monitor starts on the new version, once no node is left that could meet it with the old one. */
export const startMonitor: StepOf = (facts, phase) =>
  startMonitorWhere(
    facts,
    phase,
    'After every node has stopped, before any of them starts: a node whose monitor is down restarts five times in a second and gives up, with PostgreSQL stopped.',
    [noOldKeeper(facts)],
  );

/** D of the online method: every server runs on, under the old pg_autoctl, which complains of the new monitor and leaves its server alone; it is exchanged right behind this. */
export const startMonitorBesideOld: StepOf = (facts, phase) =>
  startMonitorWhere(
    facts,
    phase,
    'Every server runs on. A pg_autoctl of the old version is not heard by this monitor, and leaves its server alone until it is exchanged, in the next steps.',
    [],
  );
