import { sh } from '../../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../../cluster/observations.ts';
import { pending } from '../../language/make-step.ts';
import type { Part, StepOf, StepsOf } from '../../language/part.ts';
import type { Condition, PhaseId, Probe, Step } from '../../language/step.ts';
import { undoneBy } from '../../language/undo.ts';
import { goBack } from '../pg-upgrade.ts';
import { type CopyOfCluster, ofRun, rehearsalRoot } from './places.ts';

/** The last part of a step's id: what it is, whichever phase and host it stands in. */
const kindIn = ({ id }: Step): string => id.slice(id.lastIndexOf('.') + 1);

/** What was noted in the copy's own work directory. */
export const isNoted = ({ copy }: CopyOfCluster, mark: string, world: Observations): boolean =>
  hostIn(world, copy.alias)?.markers.includes(mark) === true;

/** Of an earlier rehearsal's copy nothing counts: the first step removes it. */
const inThisRun =
  (rehearsal: CopyOfCluster, probe: Step['probe']): Step['probe'] =>
  (world): Probe =>
    isNoted(rehearsal, ofRun(rehearsal.facts), world)
      ? probe(world)
      : pending('there is no copy of this run');

/** Where the window would be rolled back, the copy is removed, and taken anew. */
const asOfCopy = ({ text, holds }: Condition): Condition => ({
  text,
  holds: (world) => {
    const verdict = holds(world);
    if (verdict.holds) return verdict;
    const anew = 'remove the copy with pgaf-upgrade rehearse --remove, and rehearse again';
    return {
      holds: false,
      found: verdict.found
        .replaceAll(goBack, anew)
        .replaceAll('Roll back, then start the upgrade again', anew),
    };
  },
});

/**
 * A step on the copy as it stands in the checklist of the host that the copy lies on. Of the window's own the script is the same, byte for byte but
 * for the paths, and so are probe and conditions; what it means to the application, whose it is not, and what a name is typed for falls away.
 */
const asRehearsed = (rehearsal: CopyOfCluster, phase: PhaseId, step: Step): Step => {
  const { node, facts, copy } = rehearsal;
  return {
    ...step,
    id: `${phase}.${node.alias}.${kindIn(step)}`,
    host: node.alias,
    inspects: [facts.monitor.alias, node.alias, copy.alias],
    danger: step.danger === 'reads' ? 'reads' : 'changes',
    probe: inThisRun(rehearsal, step.probe),
    before: step.before.map(asOfCopy),
    undo: undoneBy(sh`rm -r ${rehearsalRoot(node)}`),
    writes: 'unchanged',
    leadsOn: false,
    milestone: null,
    forfeits: () => null,
    interrupted: () => null,
    parallel: null,
  };
};

/** These parts, of the window or of the rehearsal's own, on the copy. */
export const onCopy =
  (rehearsal: CopyOfCluster, parts: readonly Part[]): StepsOf =>
  (_, phase) =>
    parts
      .flatMap((part: StepOf | StepsOf) => part(rehearsal.facts, phase))
      .map((step) => asRehearsed(rehearsal, phase, step));
