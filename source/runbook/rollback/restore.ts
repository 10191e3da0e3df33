import { type ClusterFacts, hostsOf, linkedOf, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { hostIn, isLeftOut, isSkipped, monitorIn, type Observations } from '../../cluster/observations.ts';
import { everyNodeSettled, nodeSettled, streaming, unlessLeftOut, verdictOf } from '../conditions.ts';
import { otherFormationsWork } from '../formations.ts';
import { isLetIn } from '../hard-link/guest.ts';
import { linkForgetStep } from '../hard-link/let-in.ts';
import { done, makeStep, pending } from '../make-step.ts';
import { setSyncStandbys, syncStandbysAre } from '../phases/fence.ts';
import { enoughStandbys, primarySettled, unguardStep, waitsForStandbys } from '../phases/restore.ts';
import { script } from '../shell.ts';
import type { Condition, Step } from '../step.ts';
import { placesGoStep } from '../tablespaces/places.ts';
import { tidyStep } from '../tidy.ts';
import { preparedStep } from './directories.ts';
import { acceptsWritesOnOld, monitorIsOld } from './start.ts';

const syncStep = (facts: ClusterFacts, writer: NodeFacts): Step =>
  makeStep(facts, {
    id: 'sync-standbys',
    phase: 'V',
    host: facts.monitor,
    as: 'postgres',
    title: `number_sync_standbys → ${facts.numberSyncStandbys}`,
    reason: 'As it was before the window; registering nodes may have changed it.',
    guide: null,
    danger: 'changes',
    script: setSyncStandbys(facts, facts.numberSyncStandbys, writer),
    probe: (world) => {
      const found = monitorIn(world)?.numberSyncStandbys;
      return found === facts.numberSyncStandbys
        ? done(`it is ${found}`)
        : pending(`it is ${found ?? 'unknown'}`);
    },
    before: [everyNodeSettled, enoughStandbys(facts, writer)],
    after: [syncStandbysAre(facts.numberSyncStandbys), everyNodeSettled],
    settleSeconds: 60,
    undo: 'nothing to undo here',
  });

/** The group's first node keeps the priority with which it had to be registered until every other one is there. */
const priorityWaits = (writer: NodeFacts, here: number, facts: ClusterFacts): boolean =>
  writer.priority === 0 && here < facts.nodes.length;

const finalConditions = (facts: ClusterFacts, writer: NodeFacts): readonly Condition[] => [
  monitorIsOld(facts),
  {
    text: `PostgreSQL ${facts.oldMajor} runs on every host`,
    holds: (world) => {
      const other = hostsOf(facts).find(
        (host) =>
          !isLeftOut(world, host.alias) &&
          !hostIn(world, host.alias)?.server?.version.startsWith(`${facts.oldMajor}.`),
      );
      return verdictOf(
        other === undefined,
        other === undefined
          ? ''
          : `${other.alias}: ${hostIn(world, other.alias)?.server?.version ?? 'no answer'}`,
      );
    },
  },
  everyNodeSettled,
  primarySettled(
    writer,
    facts.nodes.filter((node) => node !== writer),
  ),
  ...facts.nodes
    .filter((node) => node !== writer)
    .flatMap((node) =>
      [nodeSettled(node.alias, ['secondary']), streaming(writer, node)].map((one) =>
        unlessLeftOut(node.alias, one),
      ),
    ),
  {
    text: 'every node has the name, priority and quorum that it had',
    holds: (world) => {
      const rows = monitorIn(world)?.nodes ?? [];
      const here = facts.nodes.filter((node) => !isLeftOut(world, node.alias));
      const other = here.find(
        (node) =>
          !rows.some(
            (row) =>
              row.name === node.alias &&
              (row.priority === node.priority ||
                (node === writer && priorityWaits(writer, here.length, facts))) &&
              row.quorum === node.quorum,
          ),
      );
      return verdictOf(
        other === undefined && rows.length >= here.length && rows.length <= facts.nodes.length,
        other === undefined ? `there are ${rows.length} nodes` : `${other.alias} differs`,
      );
    },
  },
  {
    ...syncStandbysAre(facts.numberSyncStandbys),
    holds: (world) =>
      isSkipped(world, 'V.monitor.sync-standbys') || waitsForStandbys(facts, writer, world)
        ? { holds: true }
        : syncStandbysAre(facts.numberSyncStandbys).holds(world),
  },
  acceptsWritesOnOld(facts, writer),
  ...otherFormationsWork(facts),
];

const finalStep = (facts: ClusterFacts, writer: NodeFacts): Step =>
  makeStep(facts, {
    id: 'final',
    phase: 'V',
    host: facts.monitor,
    as: 'postgres',
    title: 'Final proof',
    reason: 'The cluster is the one that was there before the window.',
    guide: null,
    danger: 'reads',
    script: script(
      sh`${facts.monitor.oldAutoctl} show state --formation ${facts.formation} --pgdata ${facts.monitor.pgdata}`,
    ),
    probe: () => pending('it is asked each time'),
    after: finalConditions(facts, writer),
    settleSeconds: 60,
    undo: 'nothing to undo: it reads only',
  });

const nobodyIsAway = (facts: ClusterFacts): Condition => ({
  text: 'no node is left out: the record finds its way back once more when it answers',
  holds: (world) => {
    const away = facts.nodes.filter((node) => hostIn(world, node.alias) === null);
    return verdictOf(away.length === 0, `${away.map((node) => node.alias).join(', ')} does not answer`);
  },
});

/** V. As it was before the window, on the old version; the record goes last, because it is what finds this way. */
export const restoreOldSteps = (facts: ClusterFacts, writer: NodeFacts, world: Observations): Step[] => [
  syncStep(facts, writer),
  // Every other node's was right behind its join.
  ...[facts.monitor, writer].flatMap((host) => unguardStep(facts, host, 'V', facts.oldMajor)),
  ...[facts.monitor, primaryOf(facts)].map((host) => preparedStep(facts, host)),
  ...(linkedOf(facts).length > 0 || isLetIn(facts, world) ? [linkForgetStep(facts, 'V')] : []),
  ...hostsOf(facts).flatMap((host) => placesGoStep(facts, host, 'V')),
  finalStep(facts, writer),
  // With marks and record goes the knowledge of what a node that is left out has still to take back.
  ...[...facts.nodes, facts.monitor].map((host) => tidyStep(facts, host, 'V', [nobodyIsAway(facts)])),
];
