import { problem } from '../cluster/result.ts';
import { isLeftOut } from '../cluster/world.ts';
import type { Step } from '../runbook/step.ts';
import { silentRemedy, silentWords, whyNotWithout } from './absence.ts';
import type { Direction, StepFailure } from './controller.ts';
import type { Run } from './prepare.ts';
import type { Progress } from './progress.ts';

/** What a run says of a step that it cannot go on with, because a host gives no answer. */

/** Before the application’s writes are stopped somebody has to decide whether the window goes on without a host: asked before anything else. */
export const heldUp = (
  run: Run,
  progress: Progress,
  direction: Direction,
): { readonly step: Step; readonly failure: StepFailure } | null => {
  const { observer, facts } = run;
  const [silence] = facts.nodes.flatMap(({ alias }) => {
    const silent = isLeftOut(observer.world, alias) ? null : observer.silence(alias);
    return silent === null ? [] : [silent];
  });
  const step = progress.steps.find((one) => one.probe(observer.world).state !== 'done');
  if (silence === undefined || step === undefined || direction === 'cleanup') return null;
  const why = whyNotWithout(facts, progress.steps, direction, observer.world, silence.alias, 'console');
  return {
    step,
    failure: {
      problem: problem(
        `${silentWords(silence)}, and the run does not go on without it by itself: ${why ?? ''}`,
        silentRemedy(facts, silence.alias, direction),
        silence.problem.cause ?? silence.problem.what,
      ),
      exitCode: null,
      lastLines: [],
      causes: [],
      unmet: [],
      probe: step.probe(observer.world),
      silent: { host: silence.alias, waits: false },
    },
  };
};

/** Everything else is done, or waits for the same host. */
export const waitsFailure = (run: Run, progress: Progress, step: Step, alias: string): StepFailure => {
  const open = progress.steps.filter(
    (one) => !['done', 'skipped'].includes(progress.statusOf(one.id)?.kind ?? ''),
  );
  const silence = run.observer.silence(alias);
  const since = silence === null ? `${alias} does not answer` : silentWords(silence);
  return {
    problem: problem(
      `${since}: ${open.length === 1 ? 'one step waits' : `${open.length} steps wait`} for it, everything else is done`,
      `when ${alias} is back: retry, or start again; it goes on with what waits. If it never comes back: skip, with the reason`,
      silence?.problem.cause ?? silence?.problem.what,
    ),
    exitCode: null,
    lastLines: [],
    causes: [],
    unmet: [],
    probe: step.probe(run.observer.world),
    silent: { host: alias, waits: true },
  };
};

/** What a skip has come to where the run cannot go on without the host. */
export const refusedWithout = (
  run: Run,
  progress: Progress,
  step: Step,
  failed: StepFailure,
  alias: string,
): StepFailure => {
  const { world } = run.observer;
  const why = whyNotWithout(run.facts, progress.steps, progress.direction, world, alias, 'operator');
  return {
    ...failed,
    problem: problem(
      `${step.host}: the run cannot go on without ${alias}: ${why ?? 'it answers'}`,
      silentRemedy(run.facts, alias, progress.direction).replace(
        /; or skip: [^,]*, and its steps wait until it answers/,
        '',
      ),
    ),
  };
};
