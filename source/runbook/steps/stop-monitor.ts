import { primaryOf, secondariesOf } from '../../cluster/facts.ts';
import {
  allStopped,
  everyNodeSettled,
  everySecondaryInMaintenance,
  noSyncStandbys,
  stoppedCleanly,
  streaming,
  unlessLeftOut,
} from '../language/conditions.ts';
import { makeStep } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { noTablespaceIsNew } from '../language/tablespace-conditions.ts';
import { undoText } from '../language/undo.ts';
import { savedIsCurrent } from '../language/window.ts';
import { serviceUser, stopScript } from '../shell/service.ts';
import { acceptedFormations } from './other-formations.ts';
import { stopped } from './stopped.ts';

export const stopMonitor: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'stop',
    phase,
    host: facts.monitor,
    as: serviceUser(facts.monitor),
    milestone: 'monitor-stops',
    notes: (world) => acceptedFormations(facts, world),
    title: 'Stop monitor',
    reason:
      'All nodes are in their target state and keep working without it. Stopped, it can give no orders; and its upgrade costs no downtime.',
    guide: 'Step 3',
    deviation:
      'The guide stops it last and upgrades it while the application waits. Before the primary’s stop its upgrade costs nothing, and a failure of it neither.',
    danger: 'changes',
    script: stopScript(facts, facts.monitor, facts.monitor.oldAutoctl),
    probe: (world) => stopped(facts, facts.monitor, world),
    before: [
      everySecondaryInMaintenance(facts),
      everyNodeSettled,
      savedIsCurrent(facts),
      ...secondariesOf(facts).map((node) => unlessLeftOut(node.alias, streaming(primary, node))),
      noSyncStandbys(primary),
      noTablespaceIsNew(primary),
    ],
    after: [allStopped(facts.monitor), stoppedCleanly(facts.monitor, 'shut down')],
    settleSeconds: 120,
    undo: undoText(`start the monitor again on ${facts.oldMajor}`),
  });
};
