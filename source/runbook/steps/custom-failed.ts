import type { CustomStep } from '../../cluster/custom-steps.ts';
import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { quoted, type ScriptText, sh } from '../../cluster/fragment.ts';
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

export interface FailedStep {
  readonly name: string;
  readonly title: string;
  readonly host: string;
  readonly as: string;
  /** Seconds after which it is ended, its `done` included. */
  readonly limit: number;
  readonly script: ScriptText;
}

/** A sentence may hold what a server has printed: one line of it, of bounded length. */
const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 500);

const failedStep = (facts: ClusterFacts, step: CustomStep, told: FailureTold): FailedStep => {
  const place = stepPlaceOf(facts, step);
  const run = commands(step, step.run);
  return {
    name: step.name,
    title: step.title ?? step.name,
    host: place.alias,
    as: runsAs(facts, place, step.as),
    limit: step.timeout * (step.done === undefined ? 1 : 3),
    script: script(
      environment(facts, step, { host: place, primary: primaryOf(facts), node: null }),
      sh`export PGAF_DIRECTION=${plainName(told.direction)} PGAF_WRITES=${plainName(told.writes)}`,
      sh`export PGAF_FAILED_STEP=${quoted(oneLine(told.step))} PGAF_FAILED_HOST=${quoted(oneLine(told.host))}`,
      sh`export PGAF_FAILURE=${quoted(oneLine(told.what))}`,
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
  when: 'shown' | 'left',
  told: FailureTold,
): readonly FailedStep[] =>
  facts.custom
    .filter((step) => step.at === 'failed' && (step.when ?? 'left') === when)
    .map((step) => failedStep(facts, step, told));
