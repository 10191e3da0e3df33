import {
  type ClusterFacts,
  type NodeFacts,
  primaryOf,
  secondariesOf,
  takesLinks,
} from '../../cluster/facts.ts';
import { hostIn, type Observations } from '../../cluster/observations.ts';
import { isMajor } from '../conditions.ts';
import { isFallbackCopy, oldDirectory } from '../fallback-copies.ts';
import { otherKeeperSteps } from '../formations.ts';
import { isIntact, isWhole } from '../hard-link/evidence.ts';
import { unlinkStep } from '../hard-link/unlink.ts';
import { oldPgCtlStep } from '../phases/autoctl-files.ts';
import { unguardStep } from '../phases/restore.ts';
import type { Step } from '../step.ts';
import { rollbackVerdict } from '../verdict.ts';
import { directoriesStep, emptyStep } from './directories.ts';
import {
  chooseStep,
  createStep,
  dropNodesStep,
  priorityStep,
  promoteStep,
  startCreatedStep,
} from './fallback-copy.ts';
import { oldIdentifierStep, oldUnitStep } from './old-files.ts';
import { tellFormationsStep, toldOfFormations } from './other-formations.ts';
import { restoreOldSteps } from './restore.ts';
import { type Route, rollbackRoute } from './route.ts';
import { handBackStep, isServed, servingSteps } from './serve.ts';
import { rejoinStep, startMonitorStep, startSecondaryStep, startWriterStep } from './start.ts';
import { stopAllSteps } from './stop.ts';

/** Nodes that get their data by a base backup, and from whom. */
export interface Copies {
  readonly from: NodeFacts;
  readonly to: readonly NodeFacts[];
}

export interface RollbackPlan {
  readonly route: Route;
  /** Empty where there is no way back. */
  readonly steps: readonly Step[];
  readonly copies: Copies;
}

const handBackSteps = (facts: ClusterFacts, node: NodeFacts, world: Observations): Step[] => {
  const seen = hostIn(world, node.alias);
  return seen !== null && isServed(seen) ? [handBackStep(facts, node)] : [];
};

const monitorBack = (facts: ClusterFacts, first: readonly Step[] = []): Step[] => [
  ...first,
  directoriesStep(facts, facts.monitor, 'S', false),
  oldPgCtlStep(facts, facts.monitor, 'S'),
  ...oldUnitStep(facts, facts.monitor, 'S'),
  startMonitorStep(facts),
  ...tellFormationsStep(facts),
];

/** A node's old directory back, or, where it is none to go back to, the place made free for a base backup. */
const nodeDirectories = (
  facts: ClusterFacts,
  node: NodeFacts,
  phase: 'T' | 'U',
  linked: boolean,
  usable: boolean,
): Step => {
  if (!usable) return emptyStep(facts, node, phase);
  return takesLinks(node) ? unlinkStep(facts, node, phase) : directoriesStep(facts, node, phase, linked);
};

const hasOld = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean =>
  takesLinks(node) ? isIntact(facts, node, world) : oldDirectory(facts, node, world) !== null;

/** Through the old primary's own directory: every node keeps its registration. */
const ownSteps = (facts: ClusterFacts, world: Observations, linked: boolean): Step[] => {
  const primary = primaryOf(facts);
  return [
    ...monitorBack(facts),
    directoriesStep(facts, primary, 'T', linked),
    oldPgCtlStep(facts, primary, 'T'),
    ...oldUnitStep(facts, primary, 'T'),
    oldIdentifierStep(facts, primary, 'T'),
    ...servingSteps(facts, primary, world),
    ...handBackSteps(facts, primary, world),
    startWriterStep(facts, primary),
    ...otherKeeperSteps(facts, 'T', 'old', toldOfFormations(facts)),
    ...secondariesOf(facts).flatMap((node) => [
      nodeDirectories(facts, node, 'U', false, hasOld(facts, node, world)),
      oldPgCtlStep(facts, node, 'U'),
      ...oldUnitStep(facts, node, 'U'),
      oldIdentifierStep(facts, node, 'U'),
      startSecondaryStep(facts, node),
      rejoinStep(facts, node),
      ...unguardStep(facts, node, 'U', facts.oldMajor),
    ]),
    ...restoreOldSteps(facts, primary, world),
  ];
};

/** Whether a node comes back with its own data. Once it has joined, its directory is no image any more, and still the right one. */
const joins = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const seen = hostIn(world, node.alias);
  const rejoined = seen !== null && isMajor(seen.data, facts.oldMajor);
  if (node === primaryOf(facts)) return false;
  return rejoined || isFallbackCopy(facts, node, world) || (takesLinks(node) && isWhole(facts, node, world));
};

/** Through a secondary's image: it becomes the first node of a group that is registered anew. */
const copySteps = (
  facts: ClusterFacts,
  world: Observations,
  chosen: NodeFacts,
  uncompared: boolean,
): Step[] => {
  const primary = primaryOf(facts);
  const others = [...secondariesOf(facts).filter((node) => node !== chosen), primary];
  return [
    ...monitorBack(facts, [chooseStep(facts, chosen)]),
    ...handBackSteps(facts, chosen, world),
    dropNodesStep(facts, chosen, uncompared),
    directoriesStep(facts, chosen, 'T', false),
    promoteStep(facts, chosen),
    ...servingSteps(facts, chosen, world),
    createStep(facts, chosen, 'T', chosen),
    ...oldUnitStep(facts, chosen, 'T'),
    startWriterStep(facts, chosen),
    ...otherKeeperSteps(facts, 'T', 'old', toldOfFormations(facts)),
    ...others.flatMap((node) => [
      nodeDirectories(facts, node, 'U', false, joins(facts, node, world)),
      createStep(facts, node, 'U', chosen),
      ...oldUnitStep(facts, node, 'U'),
      startCreatedStep(facts, node, chosen),
      ...unguardStep(facts, node, 'U', facts.oldMajor),
    ]),
    ...priorityStep(facts, chosen),
    ...restoreOldSteps(facts, chosen, world),
  ];
};

const copiesOf = (facts: ClusterFacts, world: Observations, route: Route): Copies => {
  const from = route.kind === 'fallback-copy' ? route.node : primaryOf(facts);
  const keeps = route.kind === 'fallback-copy' ? joins : hasOld;
  const open = route.kind === 'fallback-copy' || route.kind === 'own';
  return {
    from,
    to: open ? facts.nodes.filter((node) => node !== from && !keeps(facts, node, world)) : [],
  };
};

/** The way back from where the cluster stands, as steps of the same kind as the upgrade's. */
export const rollbackRunbook = (facts: ClusterFacts, world: Observations): RollbackPlan => {
  const route = rollbackRoute(facts, world);
  const loses = rollbackVerdict(facts, world).kind === 'loses-new-writes';
  const copies = copiesOf(facts, world, route);
  switch (route.kind) {
    case 'own':
      return {
        route,
        copies,
        steps: [...stopAllSteps(facts, world, route, loses), ...ownSteps(facts, world, route.linked)],
      };
    case 'fallback-copy':
      return {
        route,
        copies,
        steps: [
          ...stopAllSteps(facts, world, route, loses),
          ...copySteps(facts, world, route.node, route.uncompared === true),
        ],
      };
    case 'unknown':
    case 'nothing':
    case 'backup':
      return { route, copies, steps: [] };
  }
};
