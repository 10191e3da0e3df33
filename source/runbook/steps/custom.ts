import { type CustomPlace, type CustomStep, expectedOfCustom } from '../../cluster/custom-steps.ts';
import {
  type ClusterFacts,
  isOnline,
  isOutside,
  type NodeFacts,
  type Outside,
  primaryOf,
} from '../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../cluster/observations.ts';
import type { Word } from '../../cluster/words.ts';
import {
  acceptsWrites,
  allStopped,
  dataIsOld,
  onHost,
  streaming,
  verdictOf,
} from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, half, makeStep, pending, type StepParts } from '../language/make-step.ts';
import { acceptsWritesOnOld } from '../language/old-version.ts';
import type { Part, StepOf, StepsOf } from '../language/outline.ts';
import type { Condition, PhaseId, Step } from '../language/step.ts';
import { nothingToUndo, undoneBy, undoText } from '../language/undo.ts';
import { privateServer } from '../shell/isolated-server.ts';
import { script } from '../shell/shell.ts';
import {
  type CustomStepPlace,
  markAt,
  outsideMarks,
  runsAs,
  stepPlaceOf,
  unmarkAt,
  usersAt,
} from './custom-place.ts';
import { askedDone, commands, environment, isBack, shell } from './custom-shell.ts';
import { staleNotes } from './online/evidence.ts';

/**
 * Steps of the cluster file's own (`steps` there): each runs once at its place, as the user that PostgreSQL runs as. What it is
 * about lies outside the cluster, so its marker file alone tells whether it is done, and another one whether it has begun.
 */

/** The marker file's name: once for each secondary where it runs when one is back. */
const doneMark = (step: CustomStep, node: NodeFacts | null): Word =>
  node === null ? word`custom-${step.name}` : word`custom-${step.name}.${node.alias}`;
const begunMark = (step: CustomStep, node: NodeFacts | null): Word => word`${doneMark(step, node)}.begun`;

/** A step there, as that user; outside the cluster its host is looked at too. */
const stepAt = (
  facts: ClusterFacts,
  place: CustomStepPlace,
  as: CustomStep['as'],
  parts: Omit<StepParts, 'host' | 'as'>,
): Step => {
  const step = makeStep(facts, { ...parts, host: place, as: 'postgres' });
  return {
    ...step,
    as: runsAs(facts, place, as),
    inspects: isOutside(place) ? [...step.inspects, place.alias] : step.inspects,
  };
};

/** What must be so at its place; a step that was added to the file later than that says so, and can be skipped. */
const conditionsOf = (
  facts: ClusterFacts,
  step: CustomStep,
  node: NodeFacts | null,
): readonly Condition[] => {
  const primary = primaryOf(facts);
  const oldServes = onHost(
    primary.alias,
    `${primary.alias} serves PostgreSQL ${facts.oldMajor}`,
    ({ server }) =>
      verdictOf(
        server?.version.startsWith(`${facts.oldMajor}.`) ?? false,
        server === null ? 'its server does not answer' : `it serves ${server.version}`,
      ),
  );
  const places: Readonly<Record<CustomPlace, readonly Condition[]>> = {
    'before-stop': [oldServes],
    stopping: [oldServes],
    stopped: [allStopped(primary), dataIsOld(facts, primary)],
    'before-open': [privateServer(primary, facts.newMajor)],
    opened: [acceptsWrites(facts, primary)],
    'secondary-back': node === null ? [] : [streaming(primary, node)],
    finished: [acceptsWrites(facts, primary)],
    'before-rollback': [],
    'rolled-back': [],
    // It is no step of the window (custom-failed.ts).
    failed: [],
  };
  return places[step.at];
};

const runLines = (
  facts: ClusterFacts,
  step: CustomStep,
  host: CustomStepPlace,
  node: NodeFacts | null,
): Fragment => {
  const run = sh`
    ${markAt(facts, host, step.as, begunMark(step, node))}
    ${commands(step, step.run)}
  `;
  if (step.done === undefined) return run;
  return sh`
    ${askedDone(step, step.done)}
    if [ "$code" = 0 ]; then echo ${quoted(`it is done already, says steps.${step.name}.done`)}; else
      ${run}
      ${askedDone(step, step.done)}
      if [ "$code" != 0 ]; then echo ${quoted(`it has run, but steps.${step.name}.done says that it is not done`)} >&2; exit 1; fi
    fi
  `;
};

const reasonOf = (step: CustomStep): string =>
  `${step.why ?? `Your own, from the cluster file (steps.${step.name}).`}${step.at === 'stopping' ? ' The stop of the primary follows at once: the name confirms both.' : ''}`;

const customStep =
  (step: CustomStep, node: NodeFacts | null, writer?: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = writer ?? primaryOf(facts);
    const host = stepPlaceOf(facts, step, primary);
    const [finished, begun] = [doneMark(step, node), begunMark(step, node)];
    const undo =
      step.undo === undefined
        ? nothingToUndo
        : isBack(step)
          ? undoneBy(shell(step.undo))
          : undoText('a rollback runs its undo, once the application can write again');
    return stepAt(facts, host, step.as, {
      // No name of a step has a `_`, and none begins like an undo's: no id is another step's.
      id: node === null ? `custom-${step.name}` : `custom-${step.name}_${node.alias}`,
      phase,
      title: node === null ? (step.title ?? step.name) : `${step.title ?? step.name} (${node.alias})`,
      reason: reasonOf(step),
      guide: null,
      danger: 'changes',
      script: script(
        environment(facts, step, { host, primary, node }),
        runLines(facts, step, host, node),
        markAt(facts, host, step.as, finished),
      ),
      probe: (world) => {
        if (hasMarker(host, finished, world)) return done('it has run');
        return hasMarker(host, begun, world) ? half('it has begun, and did not finish') : pending('not yet');
      },
      before: conditionsOf(facts, step, node),
      // by the online method it is part of the pause that the change of places makes
      writes: step.at !== 'stopping' ? 'unchanged' : isOnline(facts) ? 'pause' : 'stop',
      leadsOn: step.at === 'stopping',
      notes: (world) =>
        step.at === 'stopping' && isOnline(facts) ? staleNotes(facts, world, 'cut-over') : [],
      after: [
        onHost(host.alias, 'it has run to its end', (_, world) =>
          verdictOf(hasMarker(host, finished, world), 'its marker file is missing'),
        ),
      ],
      quietSeconds: Math.max(60, expectedOfCustom(step)),
      expectedSeconds: expectedOfCustom(step),
      undo,
    });
  };

const at = (facts: ClusterFacts, place: CustomPlace): readonly CustomStep[] =>
  facts.custom.filter((step) => step.at === place);

/** The custom steps of this place, in the order of the cluster file. */
export const custom =
  (place: Exclude<CustomPlace, 'secondary-back' | 'failed'>, writer?: NodeFacts): StepsOf =>
  (facts, phase) =>
    at(facts, place).map((step) => customStep(step, null, writer)(facts, phase));

/** Those that run once for each secondary that streams again. */
export const customWhenBack =
  (node: NodeFacts): StepsOf =>
  (facts, phase) =>
    at(facts, 'secondary-back').map((step) => customStep(step, node)(facts, phase));

/** Which secondaries it runs for; null alone where it runs once. */
const timesOf = (facts: ClusterFacts, step: CustomStep): readonly (NodeFacts | null)[] =>
  step.at === 'secondary-back' ? facts.nodes.filter((node) => node.role === 'secondary') : [null];

const undoStep = (
  facts: ClusterFacts,
  step: CustomStep,
  undo: string,
  writer: NodeFacts,
  phase: PhaseId,
): Step => {
  const host = stepPlaceOf(facts, step);
  const marks = timesOf(facts, step).flatMap((node) => [doneMark(step, node), begunMark(step, node)]);
  const begun = (world: Observations) => marks.some((one) => hasMarker(host, one, world));
  return stepAt(facts, host, step.as, {
    id: `undo-custom-${step.name}`,
    phase,
    writes: step.at === 'stopping' && !isOnline(facts) ? 'resume' : 'unchanged',
    title: `Undo: ${step.title ?? step.name}`,
    reason: `The upgrade has run it, or begun to (steps.${step.name}.undo of the cluster file).`,
    guide: null,
    danger: 'changes',
    script: script(
      environment(facts, { ...step, at: 'rolled-back' }, { host, primary: writer, node: null }),
      commands(step, undo),
      unmarkAt(facts, host, step.as, marks),
    ),
    // What cannot be seen may be there: a pooler that is paused, say.
    probe: (world) => {
      if (hostIn(world, host.alias) === null) return pending('not seen');
      return begun(world) ? pending('not yet') : done('nothing of it is left');
    },
    before: [acceptsWritesOnOld(facts, writer)],
    after: [
      onHost(host.alias, 'nothing of it is left', (_, world) =>
        verdictOf(!begun(world), 'its marker files are still there'),
      ),
    ],
    expectedSeconds: expectedOfCustom(step),
    undo: nothingToUndo,
  });
};

/** In a rollback, as soon as the application can write again: what the upgrade's custom steps have begun is undone, the last first. */
export const undoCustom =
  (writer: NodeFacts): StepsOf =>
  (facts, phase) =>
    facts.custom
      .filter((step) => !isBack(step) && step.at !== 'failed')
      .toReversed()
      .flatMap((step) => (step.undo === undefined ? [] : [undoStep(facts, step, step.undo, writer, phase)]));

/** Before anything is changed: a misspelt word in a script of the operator's own is found here, not in the downtime. */
export const checkCustomSyntax =
  (host: CustomStepPlace): StepOf =>
  (facts, phase) => {
    const own = facts.custom.filter((step) => stepPlaceOf(facts, step) === host);
    const texts = own.flatMap((step) =>
      (['run', 'done', 'undo'] as const).flatMap((key) => {
        const text = step[key];
        return text === undefined ? [] : [{ key: `steps.${step.name}.${key}`, text }];
      }),
    );
    return stepAt(facts, host, undefined, {
      id: 'steps-syntax',
      phase,
      title: 'Check the syntax of custom steps',
      reason:
        'What is misspelt in the cluster file’s own steps is found before the window, not in the downtime.',
      guide: null,
      danger: 'reads',
      script: script(
        sh`wrong=0`,
        ...texts.map(
          ({ key, text }) =>
            sh`sh -nc ${quoted(text)} || { echo ${quoted(`${key} of the cluster file is no shell: see the line above`)} >&2; wrong=1; }`,
        ),
        sh`[ "$wrong" = 0 ]`,
        markAt(facts, host, undefined, word`steps-syntax`),
      ),
      probe: (world) => (hasMarker(host, 'steps-syntax', world) ? done('it is shell') : pending('not yet')),
      after: [
        onHost(host.alias, 'every custom step is shell', (_, world) =>
          verdictOf(hasMarker(host, 'steps-syntax', world), 'one is not'),
        ),
      ],
      undo: nothingToUndo,
    });
  };

/** For the hosts on which a custom step runs. */
export const customSyntax = (facts: ClusterFacts, host: CustomStepPlace): readonly Part[] =>
  facts.custom.some((step) => stepPlaceOf(facts, step) === host) ? [checkCustomSyntax(host)] : [];

/** What a later window must not find outside the cluster: the marker files of this one. */
const forgetOutside =
  (place: Outside, as: CustomStep['as']): StepOf =>
  (facts, phase) => {
    const whose = (name: string): CustomStep['as'] =>
      facts.custom.find((step) => step.name === name.slice('custom-'.length).split('.')[0])?.as;
    const left = (world: Observations): readonly string[] | null =>
      hostIn(world, place.alias)?.markers.filter((name) => whose(name) === as) ?? null;
    return stepAt(facts, place, as, {
      id: as === undefined ? 'tidy' : `tidy-${as}`,
      phase,
      title: 'Remove marker files',
      reason: 'The next upgrade starts afresh.',
      guide: null,
      danger: 'changes',
      script: script(sh`rm -rf ${outsideMarks(facts)}`),
      probe: (world) => {
        const names = left(world);
        if (names === null) return pending('not seen');
        return names.length === 0 ? done('none is left') : pending('they are there');
      },
      after: [
        onHost(place.alias, 'no marker file is left', (_, world) =>
          verdictOf(left(world)?.length === 0, 'some are'),
        ),
      ],
      undo: nothingToUndo,
    });
  };

/** The same for every place outside the cluster, for each user that runs a step there. */
export const forgetCustomOutside: StepsOf = (facts, phase) =>
  facts.outside.flatMap((place) => {
    const others = usersAt(facts, place).filter((as) => as !== undefined);
    return [undefined, ...others].map((as) => forgetOutside(place, as)(facts, phase));
  });
