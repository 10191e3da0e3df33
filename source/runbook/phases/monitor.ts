import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { quoted, sh } from '../../cluster/fragment.ts';
import { hostIn, isLeftOut, monitorIn, type Observations } from '../../cluster/observations.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import { autoctlStopped, backupIsThere, dataIsNew, isMajor, pointsToNew, verdictOf } from '../conditions.ts';
import { newSystemIdentifier } from '../evidence.ts';
import { acceptedFormations } from '../formations.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { psql, script } from '../shell.ts';
import { type Condition, ready, type Script, type Step } from '../step.ts';
import { pgCtlStep, unitStep } from './autoctl-files.ts';
import { pgUpgradeStep } from './pg-upgrade.ts';
import { serviceLogs, serviceUser, startScript } from './service.ts';
import { swapStep } from './swap.ts';

const monitorAnswers = (facts: ClusterFacts): Condition => ({
  text: `the monitor’s database answers on ${facts.newMajor}`,
  holds: (world) => {
    const version = monitorIn(world)?.serverVersion;
    return verdictOf(
      version?.startsWith(`${facts.newMajor}.`) ?? false,
      version === undefined ? 'it does not answer' : `it is ${version}`,
    );
  },
});

/** pg_autoctl runs ALTER EXTENSION … UPDATE by itself when the new one starts, and restarts the server once. */
const extensionIsCurrent = (facts: ClusterFacts): Condition => ({
  text: 'the extension pgautofailover has the version that goes with the new pg_autoctl',
  holds: (world) => {
    const monitor = monitorIn(world);
    if (monitor === null) return { holds: false, found: 'the monitor’s database does not answer' };
    return verdictOf(
      monitor.extensionVersion === monitor.defaultExtensionVersion,
      `it is ${monitor.extensionVersion}, it was ${facts.monitor.extensionVersion}, ${monitor.defaultExtensionVersion} comes with the programs`,
    );
  },
});

/**
 * With a new extension version pg_autoctl restarts the server once more after it has answered already, and only then
 * listens to the monitor's events: an order given before would meet no server. Source: service_monitor.c,
 * monitor_ensure_extension_version, and the main loop after it.
 */
export const monitorHasSettled: Condition = {
  text: 'pg_autoctl follows the monitor’s events: it is done with the extension, and restarts the server no more',
  holds: (world) => {
    const monitor = monitorIn(world);
    if (monitor === null) return { holds: false, found: 'the monitor’s database does not answer' };
    return verdictOf(monitor.listening, 'it does not listen yet');
  },
};

const identifierIs = (facts: ClusterFacts): Condition => ({
  text: 'every node’s row has the new system identifier',
  holds: (world) => {
    const wanted = newSystemIdentifier(facts, primaryOf(facts), world);
    const monitor = monitorIn(world);
    if (monitor === null || wanted === null) return { holds: false, found: 'it cannot be looked up' };
    const other = monitor.nodes.find((node) => node.systemIdentifier !== wanted);
    return verdictOf(other === undefined, `${other?.name ?? ''} has ${other?.systemIdentifier ?? ''}`);
  },
});

const identifierScript = (facts: ClusterFacts, world: Observations): Script => {
  const identifier = newSystemIdentifier(facts, primaryOf(facts), world);
  if (identifier === null)
    return { kind: 'unresolved', needs: 'the new system identifier, which initdb chooses' };
  return ready(
    script(
      sh`${psql(facts.monitor, facts.monitor.newBindir, facts.monitor.database)} -c ${quoted(`update pgautofailover.node set sysidentifier = ${identifier} where formationid = ${sqlLiteral(facts.formation)} and groupid = ${facts.group}`)}`,
    ),
  );
};

/** A pg_autoctl of the old version that meets the new monitor restarts until it gives up, with PostgreSQL stopped. */
const noOldKeeper = (facts: ClusterFacts): Condition => ({
  text: `no node’s pg_autoctl runs on ${facts.oldMajor}: it would give up on the new monitor, and stop PostgreSQL`,
  holds: (world) => {
    const other = facts.nodes.find((node) => {
      if (isLeftOut(world, node.alias)) return false;
      const seen = hostIn(world, node.alias);
      return seen === null || (!autoctlStopped(seen).holds && !isMajor(seen.data, facts.newMajor));
    });
    return verdictOf(other === undefined, `${other?.alias ?? ''}: it runs, or cannot be looked at`);
  },
});

/** C. The monitor's pg_upgrade in copy mode, and the swap: while the nodes work on without it. */
export const monitorUpgradeSteps = (facts: ClusterFacts): Step[] => {
  const { monitor } = facts;
  return [
    pgUpgradeStep(facts, monitor),
    swapStep(facts, monitor, 'C'),
    pgCtlStep(facts, monitor, 'C'),
    ...unitStep(facts, monitor, 'C'),
  ];
};

/** D. The monitor starts on the new version, once no node is left that could meet it with the old one. */
export const startMonitorStep = (facts: ClusterFacts): Step => {
  const { monitor } = facts;
  return makeStep(facts, {
    id: 'start',
    phase: 'D',
    host: monitor,
    as: serviceUser(monitor),
    failureLogs: serviceLogs(facts, monitor),
    milestone: 'monitor-starts',
    notes: (world) => acceptedFormations(facts, world),
    title: `Start the monitor on ${facts.newMajor}`,
    reason:
      'After every node has stopped, before any of them starts: a node whose monitor is down restarts five times in a second and gives up, with PostgreSQL stopped.',
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
    before: [
      dataIsNew(facts, monitor),
      backupIsThere(facts, monitor),
      pointsToNew(monitor),
      noOldKeeper(facts),
    ],
    after: [monitorAnswers(facts), extensionIsCurrent(facts), monitorHasSettled],
    settleSeconds: 120,
    undo: 'stop it, swap its directories back',
  });
};

/** F. The monitor learns who its nodes are now. */
export const identifierStep = (facts: ClusterFacts): Step =>
  makeStep(facts, {
    id: 'identifier',
    phase: 'F',
    host: facts.monitor,
    as: 'postgres',
    title: 'Write the new system identifier for the whole group',
    reason: 'pg_upgrade gave the cluster a new identifier; the monitor would refuse nodes that report it.',
    guide: 'Step 10',
    deviation:
      'One UPDATE for the whole group: the guide’s, of one node, violates same_system_identifier_within_group.',
    danger: 'changes',
    script: (world) => identifierScript(facts, world),
    probe: (world) => {
      const verdict = identifierIs(facts).holds(world);
      return verdict.holds ? done('every row has it') : pending(verdict.found);
    },
    before: [monitorAnswers(facts), monitorHasSettled],
    after: [identifierIs(facts)],
    undo: `the same UPDATE with ${facts.systemIdentifier}`,
  });
