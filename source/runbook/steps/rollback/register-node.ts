import { type ClusterFacts, type NodeFacts, nodenameOf } from '../../../cluster/facts.ts';
import { constant, type Fragment, sh, word } from '../../../cluster/fragment.ts';
import { nodeIn } from '../../../cluster/observations.ts';
import { autoctlIsStopped, onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld, dataIsBack, monitorIsOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { keepFunction } from '../../shell/self-checks.ts';
import { linkedPlaceLines, serviceLogs } from '../../shell/service.ts';
import { command, inBin, mark, script } from '../../shell/shell.ts';
import { isRegisteredAnew } from './registered.ts';

/**
 * The monitor takes no first node without a candidate priority: it looks for a primary that does not exist, and pg_autoctl tries for ever.
 * Source: pg_auto_failover, JoinAutoFailoverFormation; seen on the lab with 2.0.
 */
const firstPriority = (node: NodeFacts): number => (node.priority > 0 ? node.priority : 50);

/** Only where one was set: a pg_autoctl up to 2.2 has no such option, and its monitor no such column. Source: extension 2.3, commit bc8c6ae0. */
const regionOf = ({ before }: ClusterFacts, node: NodeFacts) => {
  const region = before.find(({ name }) => name === node.alias)?.region ?? null;
  return region === 'default' ? null : region;
};

/**
 * `pg_autoctl create postgres` with the node's old name and settings, read from its saved configuration. The monitor's
 * connection string may hold a password: it goes through the environment, never over a command line.
 */
const createScript = (facts: ClusterFacts, node: NodeFacts, first: boolean): Fragment => {
  const region = regionOf(facts, node);
  return script(sh`
    ${keepFunction}
    cfg=${word`${node.workDir}/saved/pg_autoctl.cfg`}
    setting() { sed -n "s/^$1 *= *//p" "$cfg" | head -n 1; }
    state=${node.stateFile}
    # a registration that was begun and did not end goes on from the files it has left: without them the monitor has the name taken
    if [ ! -e "\${state%.state}.init" ]; then
      if [ -e "$state" ]; then mv "$state" "$state.before-rollback"; fi
      if [ -e ${node.configFile} ]; then mv ${node.configFile} ${word`${node.configFile}.before-rollback`}; fi
    fi
    PG_AUTOCTL_MONITOR=$(setting monitor); export PG_AUTOCTL_MONITOR
    if [ "$(setting active)" != 1 ]; then set -- --no-ssl
    elif [ -n "$(setting ca_file)" ]; then set -- --ssl-mode "$(setting sslmode)" --ssl-ca-file "$(setting ca_file)" --server-cert "$(setting cert_file)" --server-key "$(setting key_file)"
    else set -- --ssl-self-signed; fi
    auth=$(setting auth_method)
    # --ssl-self-signed makes a new certificate: the one that was there is kept and put back
    # the first try has kept it: what is there now may be the new one
    for f in "$(setting cert_file)" "$(setting key_file)"; do
      if [ -n "$f" ] && [ -e "$f" ] && [ ! -e "$f.before-rollback" ]; then cp -p "$f" "$f.kept"; keep "$f.kept"; mv "$f.kept" "$f.before-rollback"; keep "$f.before-rollback"; fi
    done
    ${linkedPlaceLines(node)}
    ${command(
      node.oldAutoctl,
      sh`create postgres "$@"`,
      sh`--pgdata ${node.pgdata}`,
      sh`--pgport ${node.port}`,
      sh`--pgctl ${inBin(node.oldBindir, 'pg_ctl')}`,
      sh`--hostname ${node.hostname}`,
      sh`--name ${nodenameOf(node)}`,
      sh`--formation ${facts.formation}`,
      sh`--candidate-priority ${first ? firstPriority(node) : node.priority}`,
      sh`--replication-quorum ${constant(node.quorum ? 'true' : 'false')}`,
      region !== null && sh`--region ${region}`,
      sh`--auth "\${auth:-trust}"`,
    )}
    for f in "$(setting cert_file)" "$(setting key_file)"; do if [ -n "$f" ] && [ -e "$f.before-rollback" ]; then mv "$f.before-rollback" "$f"; fi; done
    ${mark(node, 'rollback-created')}
  `);
};

export const registerNode =
  (node: NodeFacts, writer: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'create',
      phase,
      host: node,
      as: 'postgres',
      title: 'Register the node again',
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
        onHost(node.alias, 'the registration has finished', (seen) =>
          verdictOf(seen.markers.includes('rollback-created'), 'it did not'),
        ),
      ],
      settleSeconds: 60,
      quietSeconds: 300,
      undo: undoText(`pg_autoctl drop node on ${node.alias}`),
    });
