import { type ClusterFacts, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { constant, type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, monitorIn, nodeIn } from '../../cluster/observations.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import {
  allStopped,
  autoctlIsStopped,
  everyNodeSettled,
  isMajor,
  nodeSettled,
  onHost,
  unlessLeftOut,
  verdictOf,
} from '../conditions.ts';
import { isMarked } from '../evidence.ts';
import { stopPrivateLines } from '../isolated-server.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { serviceLogs, serviceUser, startScript } from '../phases/service.ts';
import { keepFunction } from '../proofs.ts';
import { command, inBin, mark, option, pgCtl, privateSocket, psql, script } from '../shell.ts';
import type { Condition, Step } from '../step.ts';
import { isRegisteredAnew } from './registered.ts';
import { throughMarker } from './route.ts';
import { isServed } from './serve.ts';
import { acceptsWritesOnOld, dataIsBack, monitorIsOld } from './start.ts';

/** The way back through a secondary's image: the group is registered anew, from the image outwards. */

/** The marker finds this way again after an interruption, whatever the images look like then. */
export const chooseStep = (facts: ClusterFacts, chosen: NodeFacts): Step => {
  const { monitor } = facts;
  const marker = throughMarker(chosen.alias);
  return makeStep(facts, {
    id: 'choose',
    phase: 'S',
    host: monitor,
    as: 'postgres',
    title: `Note that the way back goes through ${chosen.alias}`,
    reason: 'From here on it is the one copy that goes on; two of them would go two ways.',
    guide: null,
    danger: 'changes',
    script: script(mark(monitor, marker)),
    probe: (world) => (isMarked(monitor, marker, world) ? done('it is noted') : pending('it is not noted')),
    after: [
      onHost(monitor.alias, 'it is noted', (_, world) =>
        verdictOf(isMarked(monitor, marker, world), 'it is not'),
      ),
    ],
    undo: 'nothing to undo: no copy has been changed yet',
  });
};

/** The monitor forgets the group, the chosen node last. */
export const dropNodesStep = (facts: ClusterFacts, chosen: NodeFacts, uncompared = false): Step => {
  const primary = primaryOf(facts);
  const { monitor } = facts;
  const order = [...facts.nodes.filter((node) => node !== chosen), chosen];
  return makeStep(facts, {
    id: 'drop-nodes',
    phase: 'S',
    host: monitor,
    as: 'postgres',
    title: 'Drop every node of the group on the monitor',
    reason: `${chosen.alias} becomes the group’s first node again; with the absent primary registered it would wait for it for ever.`,
    guide: null,
    danger: 'changes',
    script: script(
      ...order.map(
        (node) =>
          sh`${monitor.oldAutoctl} drop node --pgdata ${monitor.pgdata} --formation ${facts.formation} --hostname ${node.hostname} --pgport ${node.port} --force || echo "exit code $?: see what the monitor says"`,
      ),
      mark(monitor, 'rollback-dropped'),
    ),
    probe: (world) => {
      const rows = monitorIn(world)?.nodes;
      if (isMarked(monitor, 'rollback-dropped', world)) return done('they were dropped');
      return pending(
        rows === undefined ? 'the monitor does not answer' : `${rows.length} nodes are registered`,
      );
    },
    before: [monitorIsOld(facts), ...facts.nodes.map((node) => unlessLeftOut(node.alias, allStopped(node)))],
    after: [
      {
        text: 'no node of the group is registered',
        holds: (world) => {
          const rows = monitorIn(world)?.nodes;
          return verdictOf(
            rows?.length === 0,
            rows === undefined ? 'the monitor does not answer' : rows.map((row) => row.name).join(', '),
          );
        },
      },
    ],
    ...(uncompared
      ? {
          forfeits: () => ({
            kind: 'writes' as const,
            text: `${primary.alias} does not answer: what it holds and ${chosen.alias} does not is given up. Keep its host off, or off the network, until its own steps are asked for`,
          }),
        }
      : {}),
    settleSeconds: 60,
    undo: `register the nodes again: pg_autoctl create postgres`,
  });
};

/** Promoted alone, and stopped again: with the server running, create postgres refuses to take it over. */
export const promoteStep = (facts: ClusterFacts, node: NodeFacts): Step => {
  const socket = privateSocket(node);
  return makeStep(facts, {
    id: 'promote',
    phase: 'T',
    host: node,
    as: 'postgres',
    title: `Promote ${node.alias}’s image, privately`,
    reason: 'A primary’s directory is what pg_autoctl takes over as the first node of a group.',
    guide: null,
    danger: 'changes',
    failureLogs: [
      { title: `${node.workDir}/promote.log`, script: sh`tail -n 30 ${word`${node.workDir}/promote.log`}` },
    ],
    script: script(
      sh`umask 077`,
      sh`mkdir -p ${socket}`,
      sh`if [ -e ${word`${node.data}/standby.signal`} ]; then`,
      sh`  ${pgCtl(
        node.oldBindir,
        node.data,
        option('--log', word`${node.workDir}/promote.log`),
        option(
          '--options',
          quoted(
            sh`-c listen_addresses='' -c unix_socket_directories=${socket} -c archive_mode=off -c synchronous_standby_names=''`
              .text,
          ),
        ),
        sh`start`,
      )}`,
      sh`  ${inBin(node.oldBindir, 'pg_ctl')} --pgdata ${node.data} --wait --timeout=3600 promote`,
      sh`  ${psql(node, node.oldBindir, 'postgres', { socket })} -qc checkpoint`,
      sh`fi`,
      ...stopPrivateLines(node, node.oldBindir),
    ),
    probe: (world) => {
      const seen = hostIn(world, node.alias);
      if (seen === null || !isDataDirectory(seen.data)) return pending('not seen');
      if (seen.data.standby) return pending('it is a standby');
      if (isServed(seen)) return done('promoted, and serving');
      return seen.data.running && seen.pgAutoctl !== 'runs'
        ? half('promoted, and running privately')
        : done('promoted');
    },
    before: [allStopped(node), dataIsBack(facts, node)],
    after: [
      allStopped(node),
      onHost(node.alias, `${node.data} is no standby any more`, (seen) =>
        verdictOf(
          isDataDirectory(seen.data) && !seen.data.standby && seen.data.control?.state === 'shut down',
          'it is',
        ),
      ),
    ],
    undo: 'none: it goes its own way from here; the other images are still as they were',
  });
};

/** A node that is left out is registered when it is back, with the first node as it was registered itself. */
const everyNodeIsRegistered = (facts: ClusterFacts): Condition => ({
  text: 'every node is registered again',
  holds: (world) => {
    const missing = facts.nodes.filter(
      // Its host is asked first: one that does not answer is what this waits for.
      ({ alias }) => hostIn(world, alias) === null || nodeIn(world, alias) === null,
    );
    return verdictOf(missing.length === 0, `${missing.map(({ alias }) => alias).join(', ')} is not`);
  },
});

/**
 * The monitor takes no first node without a candidate priority: it looks for a primary that does not exist, and pg_autoctl tries for ever.
 * Source: pg_auto_failover, JoinAutoFailoverFormation; seen on the lab with 2.0.
 */
const firstPriority = (node: NodeFacts): number => (node.priority > 0 ? node.priority : 50);

/** V. The first node's priority as it was, once others are there. It is the primary: nothing that it has applied depends on its own. */
export const priorityStep = (facts: ClusterFacts, writer: NodeFacts): Step[] => {
  if (writer.priority > 0) return [];
  const { monitor } = facts;
  const restored: Condition = {
    text: `the candidate priority of ${writer.alias} is ${writer.priority}`,
    holds: (world) => {
      const row = nodeIn(world, writer.alias);
      return verdictOf(
        row?.priority === writer.priority,
        row === null ? 'the monitor does not know it' : `it is ${row.priority}`,
      );
    },
  };
  return [
    makeStep(facts, {
      id: 'priority',
      phase: 'V',
      host: monitor,
      as: 'postgres',
      title: `Candidate priority of ${writer.alias} → ${writer.priority}`,
      reason: 'As it was before the window; the first node of a group could not be registered with it.',
      guide: null,
      danger: 'changes',
      script: script(
        sh`${psql(monitor, monitor.newBindir, monitor.database)} -c ${quoted(
          `update pgautofailover.node set candidatepriority = ${writer.priority} where formationid = ${sqlLiteral(facts.formation)} and nodename = ${sqlLiteral(writer.alias)}`,
        )}`,
      ),
      probe: (world) => {
        const verdict = restored.holds(world);
        return verdict.holds ? done(`it is ${writer.priority}`) : pending(verdict.found);
      },
      before: [everyNodeSettled, everyNodeIsRegistered(facts)],
      after: [restored],
      undo: `pg_autoctl set node candidate-priority on ${writer.alias}`,
    }),
  ];
};

/**
 * `pg_autoctl create postgres` with the node's old name and settings, read from its saved configuration. The monitor's
 * connection string may hold a password: it goes through the environment, never over a command line.
 */
const createScript = (facts: ClusterFacts, node: NodeFacts, first: boolean): Fragment =>
  script(
    ...keepFunction,
    sh`cfg=${word`${node.workDir}/saved/pg_autoctl.cfg`}`,
    sh`setting() { sed -n "s/^$1 *= *//p" "$cfg" | head -n 1; }`,
    sh`state=${node.stateFile}`,
    sh`if [ -e "$state" ]; then mv "$state" "$state.before-rollback"; fi`,
    sh`if [ -e ${node.configFile} ]; then mv ${node.configFile} ${word`${node.configFile}.before-rollback`}; fi`,
    sh`PG_AUTOCTL_MONITOR=$(setting monitor); export PG_AUTOCTL_MONITOR`,
    sh`if [ "$(setting active)" != 1 ]; then set -- --no-ssl`,
    sh`elif [ -n "$(setting ca_file)" ]; then set -- --ssl-mode "$(setting sslmode)" --ssl-ca-file "$(setting ca_file)" --server-cert "$(setting cert_file)" --server-key "$(setting key_file)"`,
    sh`else set -- --ssl-self-signed; fi`,
    sh`auth=$(setting auth_method)`,
    sh`# --ssl-self-signed makes a new certificate: the one that was there is kept and put back`,
    sh`# the first try has kept it: what is there now may be the new one`,
    sh`for f in "$(setting cert_file)" "$(setting key_file)"; do`,
    sh`  if [ -n "$f" ] && [ -e "$f" ] && [ ! -e "$f.before-rollback" ]; then cp -p "$f" "$f.kept"; keep "$f.kept"; mv "$f.kept" "$f.before-rollback"; keep "$f.before-rollback"; fi`,
    sh`done`,
    sh`${command(
      node.oldAutoctl,
      sh`create postgres "$@"`,
      sh`--pgdata ${node.pgdata}`,
      sh`--pgport ${node.port}`,
      sh`--pgctl ${inBin(node.oldBindir, 'pg_ctl')}`,
      sh`--hostname ${node.hostname}`,
      sh`--name ${node.alias}`,
      sh`--formation ${facts.formation}`,
      sh`--candidate-priority ${first ? firstPriority(node) : node.priority}`,
      sh`--replication-quorum ${constant(node.quorum ? 'true' : 'false')}`,
      sh`--auth "\${auth:-trust}"`,
    )}`,
    sh`for f in "$(setting cert_file)" "$(setting key_file)"; do if [ -n "$f" ] && [ -e "$f.before-rollback" ]; then mv "$f.before-rollback" "$f"; fi; done`,
    mark(node, 'rollback-created'),
  );

export const createStep = (facts: ClusterFacts, node: NodeFacts, phase: 'T' | 'U', writer: NodeFacts): Step =>
  makeStep(facts, {
    id: 'create',
    phase,
    host: node,
    as: 'postgres',
    title: `Register ${node.alias} again`,
    reason:
      node === writer && node.priority === 0
        ? `With its old name and quorum, its node id is new. As the group’s first node it must have a priority: ${firstPriority(node)} until the others are there, then 0 again.`
        : 'With its old name, priority and quorum; its node id is new.',
    guide: null,
    danger: 'changes',
    failureLogs: serviceLogs(facts, node),
    script: createScript(facts, node, node === writer),
    probe: (world) =>
      isRegisteredAnew(facts, node, world)
        ? done('it is registered')
        : pending(nodeIn(world, node.alias) === null ? 'the monitor does not know it' : 'not finished'),
    before: [
      monitorIsOld(facts),
      autoctlIsStopped(node),
      ...(node === writer ? [dataIsBack(facts, node)] : [acceptsWritesOnOld(facts, writer)]),
    ],
    after: [
      {
        text: `the monitor knows ${node.alias}`,
        holds: (world) => verdictOf(nodeIn(world, node.alias) !== null, 'it does not'),
      },
      onHost(node.alias, 'the registration came to its end', (seen) =>
        verdictOf(seen.markers.includes('rollback-created'), 'it did not'),
      ),
    ],
    settleSeconds: 60,
    quietSeconds: 300,
    undo: `pg_autoctl drop node on ${node.alias}`,
  });

export const startCreatedStep = (facts: ClusterFacts, node: NodeFacts, writer: NodeFacts): Step =>
  makeStep(facts, {
    id: 'start',
    phase: 'U',
    host: node,
    as: serviceUser(node),
    title: `Start ${node.alias} as a secondary`,
    reason:
      node === primaryOf(facts)
        ? `Its old directory is shared with ${facts.newMajor} and must not run: it takes a base backup.`
        : 'Its image belongs to the same system: it joins with its own data.',
    guide: null,
    danger: 'changes',
    failureLogs: serviceLogs(facts, node),
    script: startScript(facts, node, node.oldAutoctl),
    probe: (world) => {
      const row = nodeIn(world, node.alias);
      const seen = hostIn(world, node.alias);
      if (
        row?.reported === 'secondary' &&
        row.assigned === 'secondary' &&
        seen?.pgAutoctl === 'runs' &&
        isMajor(seen.data, facts.oldMajor)
      )
        return done('it is secondary');
      return seen?.pgAutoctl === 'runs'
        ? half(`${row?.reported ?? 'unknown'} → ${row?.assigned ?? 'unknown'}`)
        : pending('it does not run');
    },
    before: [acceptsWritesOnOld(facts, writer)],
    after: [nodeSettled(node.alias, ['secondary']), nodeSettled(writer.alias, ['primary', 'wait_primary'])],
    settleSeconds: 24 * 3600,
    quietSeconds: 600,
    undo: 'stop it',
  });
