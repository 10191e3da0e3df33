import { type ClusterFacts, type HostFacts, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { hostIn, isDataDirectory, monitorIn, nodeIn } from '../../cluster/observations.ts';
import { isWritable } from '../../cluster/states.ts';
import {
  autoctlRuns,
  describe,
  isMajor,
  no,
  nodeSettled,
  nodesSettled,
  onHost,
  streaming,
  verdictOf,
} from '../conditions.ts';
import { backupGauge } from '../gauge.ts';
import { autoctlProbe, done, half, makeStep, pending } from '../make-step.ts';
import { monitorHasSettled } from '../phases/monitor.ts';
import { disableMaintenanceScript, serviceLogs, serviceUser, startScript } from '../phases/service.ts';
import type { Condition, Step } from '../step.ts';

export const monitorIsOld = (facts: ClusterFacts): Condition => ({
  text: `the monitor’s database answers on ${facts.oldMajor}`,
  holds: (world) => {
    const version = monitorIn(world)?.serverVersion;
    return verdictOf(
      version?.startsWith(`${facts.oldMajor}.`) ?? false,
      version === undefined ? 'it does not answer' : `it is ${version}`,
    );
  },
});

export const dataIsBack = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(host.alias, `${host.data} is PostgreSQL ${facts.oldMajor}, its own`, (seen) =>
    verdictOf(
      isDataDirectory(seen.data) &&
        seen.data.major === facts.oldMajor &&
        !seen.data.controlRenamed &&
        seen.data.control !== null,
      `it ${describe(seen.data)}`,
    ),
  );

export const acceptsWritesOnOld = (facts: ClusterFacts, node: NodeFacts): Condition =>
  onHost(node.alias, `${node.alias} accepts writes on ${facts.oldMajor}, on port ${node.port}`, (seen) => {
    if (seen.server === null) return no('the server does not answer');
    if (!seen.server.version.startsWith(`${facts.oldMajor}.`))
      return no(`the server is ${seen.server.version}`);
    if (seen.server.listenAddresses === '') return no('it is private');
    return verdictOf(!seen.server.inRecovery && !seen.server.readOnly, 'it is read-only');
  });

export const startMonitorStep = (facts: ClusterFacts): Step =>
  makeStep(facts, {
    id: 'start',
    phase: 'S',
    host: facts.monitor,
    as: serviceUser(facts.monitor),
    title: `Start the monitor on ${facts.oldMajor}`,
    reason:
      'Before any node: a node whose monitor is down gives up after five restarts, with PostgreSQL stopped.',
    guide: null,
    danger: 'changes',
    milestone: 'monitor-starts',
    failureLogs: serviceLogs(facts, facts.monitor),
    script: startScript(facts, facts.monitor, facts.monitor.oldAutoctl, { atBoot: true }),
    probe: (world) => {
      const verdict = monitorIsOld(facts).holds(world);
      if (verdict.holds) return done('it answers');
      return hostIn(world, 'monitor')?.pgAutoctl === 'runs'
        ? half('pg_autoctl runs, its database does not answer yet')
        : pending('it does not run');
    },
    before: [dataIsBack(facts, facts.monitor)],
    after: [monitorIsOld(facts), monitorHasSettled],
    // The application waits meanwhile, and can do without it.
    settleSeconds: 30,
    undo: 'stop it',
  });

const writable = ['wait_primary', 'primary', 'single'] as const;

/** The node that takes the writes again on the old version. */
export const startWriterStep = (facts: ClusterFacts, node: NodeFacts): Step =>
  makeStep(facts, {
    id: 'start',
    phase: 'T',
    host: node,
    as: serviceUser(node),
    title: `Start ${node.alias} on ${facts.oldMajor}: the downtime ends`,
    reason: `pg_autoctl takes over the ${facts.oldMajor} server; the application can write.`,
    guide: null,
    danger: 'changes',
    writes: 'resume',
    milestone: 'writer-starts',
    failureLogs: serviceLogs(facts, node),
    script: startScript(facts, node, node.oldAutoctl, { atBoot: true }),
    probe: (world) => {
      const row = nodeIn(world, node.alias);
      const runs = hostIn(world, node.alias)?.pgAutoctl === 'runs';
      if (
        runs &&
        row !== null &&
        isWritable(row.reported) &&
        acceptsWritesOnOld(facts, node).holds(world).holds
      )
        return done(`it is ${row.reported}`);
      return runs ? half('pg_autoctl runs, the node is not settled yet') : pending('it does not run');
    },
    before: [dataIsBack(facts, node), monitorIsOld(facts)],
    after: [nodeSettled(node.alias, writable), acceptsWritesOnOld(facts, node)],
    settleSeconds: 120,
    undo: 'stop it',
  });

export const startSecondaryStep = (facts: ClusterFacts, node: NodeFacts): Step =>
  makeStep(facts, {
    id: 'start',
    phase: 'U',
    host: node,
    as: serviceUser(node),
    title: `Start pg_autoctl on ${node.alias}`,
    reason: 'It reports to the monitor and waits in maintenance.',
    guide: null,
    danger: 'changes',
    failureLogs: serviceLogs(facts, node),
    script: startScript(facts, node, node.oldAutoctl),
    probe: (world) => autoctlProbe(node, world),
    before: [acceptsWritesOnOld(facts, primaryOf(facts)), monitorIsOld(facts)],
    after: [onHost(node.alias, 'pg_autoctl runs', autoctlRuns)],
    settleSeconds: 60,
    undo: 'stop it',
  });

/**
 * Only against the old primary brought back: with another system as primary pg_autoctl would take a base backup and
 * delete this directory, which is the image. Source: pg_auto_failover,
 * fsm_transition.c, fsm_rewind_or_init; seen with 2.0 on the lab (fixtures/lab).
 */
const sameSystem = (primary: NodeFacts, node: NodeFacts): Condition => ({
  text: `${node.alias}’s directory belongs to the system that ${primary.alias} runs: it will not be deleted`,
  holds: (world) => {
    const [one, other] = [hostIn(world, primary.alias), hostIn(world, node.alias)];
    const [writer, standby] = [one, other].map((seen) =>
      seen !== null && isDataDirectory(seen.data) ? seen.data.control?.systemIdentifier : undefined,
    );
    if (other !== null && other.data.kind === 'absent') return { holds: true };
    return verdictOf(
      writer !== undefined && writer === standby,
      `${primary.alias} ${writer ?? 'unknown'}, ${node.alias} ${standby ?? 'unknown'}`,
    );
  },
});

export const rejoinStep = (facts: ClusterFacts, node: NodeFacts): Step => {
  const primary = primaryOf(facts);
  const nodes = facts.nodes.map(({ alias }) => alias);
  // What a later node still has to do is not waited for: its steps come behind this one.
  const upToHere = [primary.alias, ...nodes.slice(0, nodes.indexOf(node.alias) + 1)].filter(
    (alias, at, all) => all.indexOf(alias) === at,
  );
  return makeStep(facts, {
    id: 'join',
    phase: 'U',
    host: node,
    as: 'postgres',
    title: 'Disable maintenance',
    reason: `Its directory is of the same system as ${primary.alias}’s: it streams on, without a copy.`,
    guide: null,
    danger: 'changes',
    failureLogs: serviceLogs(facts, node),
    script: disableMaintenanceScript(node, node.oldAutoctl),
    probe: (world) => {
      const row = nodeIn(world, node.alias);
      const seen = hostIn(world, node.alias);
      if (
        row?.reported === 'secondary' &&
        row.assigned !== 'maintenance' &&
        seen !== null &&
        isMajor(seen.data, facts.oldMajor)
      )
        return done('it is secondary');
      if (row === null || row.assigned === 'maintenance')
        return pending(row === null ? 'not seen' : 'in maintenance');
      return half(`${row.reported} → ${row.assigned}`);
    },
    before: [acceptsWritesOnOld(facts, primary), sameSystem(primary, node), nodesSettled(upToHere)],
    after: [nodeSettled(node.alias, ['secondary']), streaming(primary, node), nodesSettled(upToHere)],
    settleSeconds: 24 * 3600,
    quietSeconds: 300,
    gauge: backupGauge(primary, node),
    undo: `pg_autoctl enable maintenance on ${node.alias}`,
  });
};
