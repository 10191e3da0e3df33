import { type CustomStep, expectedOfCustom, type failedMoments } from '../../cluster/custom-steps.ts';
import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { type Fragment, quoted, type ScriptText, sh } from '../../cluster/fragment.ts';
import { plainName } from '../../cluster/words.ts';
import { script } from '../shell/shell.ts';
import { runsAs, stepPlaceOf } from './custom-place.ts';
import { askedDone, commands, environment } from './custom-shell.ts';

/** Custom steps at `failed`: no steps of the window, but what is run once where it has come to stand. They have no marker files. */

/** What they are told of the failure. */
export interface FailureTold {
  /** The step's id and its host. */
  readonly step: string;
  readonly host: string;
  /** In a sentence. */
  readonly what: string;
  readonly direction: string;
  /** Whether applications can write. */
  readonly writes: 'up' | 'down' | 'unknown';
}

/** As soon as the failure is shown, or once the run is left with it. */
export type FailedMoment = (typeof failedMoments)[number];

export interface FailedStep {
  readonly name: string;
  readonly title: string;
  readonly when: FailedMoment;
  readonly host: string;
  readonly as: string;
  /** Seconds after which it is ended, its `done` included. */
  readonly limit: number;
  readonly script: ScriptText;
}

const whenOf = (step: CustomStep): FailedMoment => step.when ?? 'left';

const atFailed = (facts: ClusterFacts): readonly CustomStep[] =>
  facts.custom.filter((step) => step.at === 'failed');

/** A sentence may hold what a server has printed: one line of it, of bounded length. */
const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 500);

const toldLines = (told: FailureTold): Fragment => sh`
  export PGAF_DIRECTION=${plainName(told.direction)} PGAF_WRITES=${plainName(told.writes)}
  export PGAF_FAILED_STEP=${quoted(oneLine(told.step))} PGAF_FAILED_HOST=${quoted(oneLine(told.host))}
  export PGAF_FAILURE=${quoted(oneLine(told.what))}
`;

/** On paper, where nothing has failed yet. */
const toldThen = sh`# here the run exports PGAF_DIRECTION, PGAF_WRITES, PGAF_FAILED_STEP, PGAF_FAILED_HOST and PGAF_FAILURE`;

const failedStep = (facts: ClusterFacts, step: CustomStep, told: Fragment): FailedStep => {
  const place = stepPlaceOf(facts, step);
  const run = commands(step, step.run);
  return {
    name: step.name,
    title: step.title ?? step.name,
    when: whenOf(step),
    host: place.alias,
    as: runsAs(facts, place, step.as),
    limit: step.timeout * (step.done === undefined ? 1 : 3),
    script: script(
      environment(facts, step, { host: place, primary: primaryOf(facts), node: null }),
      told,
      step.done === undefined
        ? run
        : sh`
          ${askedDone(step, step.done)}
          if [ "$code" = 0 ]; then echo ${quoted(`it is done already, says steps.${step.name}.done`)}; else
            ${run}
          fi
        `,
    ).text,
  };
};

/** Those that run at this moment, in the order of the cluster file. */
export const failedSteps = (
  facts: ClusterFacts,
  when: FailedMoment,
  told: FailureTold,
): readonly FailedStep[] =>
  atFailed(facts)
    .filter((step) => whenOf(step) === when)
    .map((step) => failedStep(facts, step, toldLines(told)));

/** One as it is told before anything has failed. */
export interface FailedStepAhead extends FailedStep {
  /** Why, in one sentence; null: the cluster file gives no reason. */
  readonly why: string | null;
  /** Seconds that it is expected to take. They count in no estimate of the window: where nothing fails it does not run. */
  readonly expectedSeconds: number;
  /** Seconds after which its commands are ended. */
  readonly timeoutSeconds: number;
}

/** All of them, in the order of the cluster file; what a script is told of the failure is left open in it. */
export const failedStepsAhead = (facts: ClusterFacts): readonly FailedStepAhead[] =>
  atFailed(facts).map((step) => ({
    ...failedStep(facts, step, toldThen),
    why: step.why ?? null,
    expectedSeconds: expectedOfCustom(step),
    timeoutSeconds: step.timeout,
  }));
