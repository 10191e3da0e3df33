import type { CustomPlace, CustomStep } from '../../cluster/custom-steps.ts';
import {
  type ClusterFacts,
  type HostFacts,
  hostOfCustom,
  isOnline,
  type NodeFacts,
  primaryOf,
} from '../../cluster/facts.ts';
import { type Fragment, joined, quoted, sh, word } from '../../cluster/fragment.ts';
import type { Observations } from '../../cluster/observations.ts';
import { secureOptions } from '../../cluster/superuser-sql.ts';
import type { Path, Word } from '../../cluster/words.ts';
import {
  acceptsWrites,
  allStopped,
  dataIsOld,
  onHost,
  streaming,
  verdictOf,
} from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import { acceptsWritesOnOld } from '../language/old-version.ts';
import type { Part, StepOf, StepsOf } from '../language/outline.ts';
import type { Condition, PhaseId, Step } from '../language/step.ts';
import { nothingToUndo, undoneBy, undoText } from '../language/undo.ts';
import { privateServer } from '../shell/isolated-server.ts';
import { mark, privateSocket, script } from '../shell/shell.ts';

/**
 * Steps of the cluster file's own (`steps` there): each runs once at its place, as the user that PostgreSQL runs as. What it is
 * about lies outside the cluster, so its marker file alone tells whether it is done, and another one whether it has begun.
 */

/** In the rollback the old version serves, or nothing does. */
const isBack = (step: CustomStep): boolean => step.at === 'before-rollback' || step.at === 'rolled-back';

/** The new version's server is the one to be asked, if any is. */
const isNew = (step: CustomStep): boolean =>
  !isBack(step) && !['before-stop', 'stopping', 'stopped'].includes(step.at);

/** `writer`: who takes the writes when a rollback is over. */
const hostOf = (facts: ClusterFacts, step: CustomStep, writer: NodeFacts = primaryOf(facts)): HostFacts => {
  const host = step.on === 'primary' ? writer : hostOfCustom(facts, step);
  if (host === null) throw new TypeError(`steps.${step.name} without a host: discovery must have refused it`);
  return host;
};

/** The marker file's name: once for each secondary where it runs when one is back. */
const doneMark = (step: CustomStep, node: NodeFacts | null): Word =>
  node === null ? word`custom-${step.name}` : word`custom-${step.name}.${node.alias}`;
const begunMark = (step: CustomStep, node: NodeFacts | null): Word => word`${doneMark(step, node)}.begun`;

const markFile = (host: HostFacts, name: Word): Path => word`${host.workDir}/done/${name}`;

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
  };
  return places[step.at];
};

/** Where a step runs, who takes the writes there, and which secondary is back; null: it is about none. */
interface Setting {
  readonly host: HostFacts;
  readonly primary: NodeFacts;
  readonly node: NodeFacts | null;
}

/** What the operator's commands find: the server of their host, if it has one now, and where in the window they are. */
const environment = (facts: ClusterFacts, step: CustomStep, { host, primary, node }: Setting): Fragment => {
  const isolated = step.at === 'before-open' && host === primary;
  return sh`
    export PGAF_CLUSTER=${facts.name} PGAF_STEP=${step.name} PGAF_AT=${quoted(step.at)}
    export PGAF_OLD=${facts.oldMajor} PGAF_NEW=${facts.newMajor} PGAF_PRIMARY=${primary.hostname}${node !== null && sh` PGAF_SECONDARY=${node.hostname}`}
    export PATH=${isNew(step) ? host.newBindir : host.oldBindir}:"$PATH"
    # psql without options asks the server of this host${isolated && sh`, which nobody else reaches yet`}; names of a schema are to be written out
    export PGHOST=${isolated ? privateSocket(host) : host.socketDirectory} PGPORT=${host.port} PGOPTIONS=${quoted(secureOptions)}
  `;
};

const shell = (text: string): Fragment => sh`sh -euc ${quoted(text)} </dev/null`;

/**
 * Runs it with its time limit, and leaves its exit code in `$code`; what it leaves running in its process group is ended with it.
 * `tooLong`: what is said when the limit has ended it, and nobody else, which has the same exit codes.
 */
const limited = (
  step: CustomStep,
  text: string,
  tooLong: string,
  then: Fragment | false = false,
): Fragment => sh`
  code=0 began=$(date +%s)
  timeout -k 10 ${step.timeout} ${shell(text)} || code=$?
  if { [ "$code" = 124 ] || [ "$code" = 137 ]; } && [ $(($(date +%s) - began)) -ge ${step.timeout} ]; then
    echo ${quoted(`${tooLong}: steps.${step.name}.timeout in the cluster file`)} >&2
    ${then}
  fi
`;

const commands = (step: CustomStep, text: string): Fragment => sh`
  ${limited(step, text, `it was ended after ${step.timeout} s`)}
  if [ "$code" != 0 ]; then exit "$code"; fi
`;

/** Whether it is done. A probe that does not answer says neither yes nor no. */
const asked = (step: CustomStep, probe: string): Fragment =>
  limited(step, probe, `steps.${step.name}.done did not answer within ${step.timeout} s`, sh`exit "$code"`);

const runLines = (step: CustomStep, host: HostFacts, node: NodeFacts | null): Fragment => {
  const run = sh`
    ${mark(host, begunMark(step, node))}
    ${commands(step, step.run)}
  `;
  if (step.done === undefined) return run;
  return sh`
    ${asked(step, step.done)}
    if [ "$code" = 0 ]; then echo ${quoted(`it is done already, says steps.${step.name}.done`)}; else
      ${run}
      ${asked(step, step.done)}
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
    const host = hostOf(facts, step, primary);
    const [finished, begun] = [doneMark(step, node), begunMark(step, node)];
    const undo =
      step.undo === undefined
        ? nothingToUndo
        : isBack(step)
          ? undoneBy(shell(step.undo))
          : undoText('a rollback runs its undo, once the application can write again');
    return makeStep(facts, {
      // No name of a step has a `_`, and none begins like an undo's: no id is another step's.
      id: node === null ? `custom-${step.name}` : `custom-${step.name}_${node.alias}`,
      phase,
      host,
      as: 'postgres',
      title: node === null ? (step.title ?? step.name) : `${step.title ?? step.name} (${node.alias})`,
      reason: reasonOf(step),
      guide: null,
      danger: 'changes',
      script: script(
        environment(facts, step, { host, primary, node }),
        runLines(step, host, node),
        mark(host, finished),
      ),
      probe: (world) => {
        if (hasMarker(host, finished, world)) return done('it has run');
        return hasMarker(host, begun, world) ? half('it has begun, and did not finish') : pending('not yet');
      },
      before: conditionsOf(facts, step, node),
      // by the online method it is part of the pause that the change of places makes
      writes: step.at !== 'stopping' ? 'unchanged' : isOnline(facts) ? 'pause' : 'stop',
      leadsOn: step.at === 'stopping',
      after: [
        onHost(host.alias, 'it has run to its end', (_, world) =>
          verdictOf(hasMarker(host, finished, world), 'its marker file is missing'),
        ),
      ],
      quietSeconds: Math.max(60, step.expect),
      expectedSeconds: step.expect,
      undo,
    });
  };

const at = (facts: ClusterFacts, place: CustomPlace): readonly CustomStep[] =>
  facts.custom.filter((step) => step.at === place);

/** The custom steps of this place, in the order of the cluster file. */
export const custom =
  (place: Exclude<CustomPlace, 'secondary-back'>, writer?: NodeFacts): StepsOf =>
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
  const host = hostOf(facts, step);
  const marks = timesOf(facts, step).flatMap((node) => [doneMark(step, node), begunMark(step, node)]);
  const begun = (world: Observations) => marks.some((one) => hasMarker(host, one, world));
  return makeStep(facts, {
    id: `undo-custom-${step.name}`,
    phase,
    host,
    as: 'postgres',
    writes: step.at === 'stopping' && !isOnline(facts) ? 'resume' : 'unchanged',
    title: `Undo: ${step.title ?? step.name}`,
    reason: `The upgrade has run it, or begun to (steps.${step.name}.undo of the cluster file).`,
    guide: null,
    danger: 'changes',
    script: script(
      environment(facts, { ...step, at: 'rolled-back' }, { host, primary: writer, node: null }),
      commands(step, undo),
      sh`rm -f ${joined(
        marks.map((one) => sh`${markFile(host, one)}`),
        ' ',
      )} && { sync -- ${word`${host.workDir}/done`} || sync; }`,
    ),
    probe: (world) => (begun(world) ? pending('not yet') : done('nothing of it is left')),
    before: [acceptsWritesOnOld(facts, writer)],
    after: [
      onHost(host.alias, 'nothing of it is left', (_, world) =>
        verdictOf(!begun(world), 'its marker files are still there'),
      ),
    ],
    expectedSeconds: step.expect,
    undo: nothingToUndo,
  });
};

/** In a rollback, as soon as the application can write again: what the upgrade's custom steps have begun is undone, the last first. */
export const undoCustom =
  (writer: NodeFacts): StepsOf =>
  (facts, phase) =>
    facts.custom
      .filter((step) => !isBack(step))
      .toReversed()
      .flatMap((step) => (step.undo === undefined ? [] : [undoStep(facts, step, step.undo, writer, phase)]));

/** Before anything is changed: a misspelt word in a script of the operator's own is found here, not in the downtime. */
export const checkCustomSyntax =
  (host: HostFacts): StepOf =>
  (facts, phase) => {
    const own = facts.custom.filter((step) => hostOf(facts, step) === host);
    const texts = own.flatMap((step) =>
      (['run', 'done', 'undo'] as const).flatMap((key) => {
        const text = step[key];
        return text === undefined ? [] : [{ key: `steps.${step.name}.${key}`, text }];
      }),
    );
    return makeStep(facts, {
      id: 'steps-syntax',
      phase,
      host,
      as: 'postgres',
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
        mark(host, 'steps-syntax'),
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
export const customSyntax = (facts: ClusterFacts, host: HostFacts): readonly Part[] =>
  facts.custom.some((step) => hostOf(facts, step) === host) ? [checkCustomSyntax(host)] : [];
