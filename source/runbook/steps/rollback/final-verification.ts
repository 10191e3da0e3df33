import { type ClusterFacts, hostsOf, type NodeFacts } from '../../../cluster/facts.ts';
import { sh } from '../../../cluster/fragment.ts';
import { hostIn, isLeftOut, isSkipped, monitorIn } from '../../../cluster/observations.ts';
import {
  everyNodeSettled,
  nodeSettled,
  streaming,
  unlessLeftOut,
  verdictOf,
} from '../../language/conditions.ts';
import { primarySettled, syncStandbysAre, waitsForStandbys } from '../../language/group-conditions.ts';
import { makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld, monitorIsOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { script } from '../../shell/shell.ts';
import { otherFormationsWork } from '../other-formations.ts';

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

export const verifyOldCluster =
  (writer: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'final',
      phase,
      host: facts.monitor,
      as: 'postgres',
      title: 'Run final verification',
      reason: 'The cluster is the one that was there before the window.',
      guide: null,
      danger: 'reads',
      script: script(
        sh`${facts.monitor.oldAutoctl} show state --formation ${facts.formation} --pgdata ${facts.monitor.pgdata}`,
      ),
      probe: () => pending('it is asked each time'),
      after: finalConditions(facts, writer),
      settleSeconds: 60,
      undo: nothingToUndo,
    });
