import { lines, quoted, sh } from '../../cluster/fragment.ts';
import { theLogin } from '../../cluster/login.ts';
import type { Observations } from '../../cluster/observations.ts';
import { causeFiles } from '../../cluster/parse/pg-upgrade-output.ts';
import { redactText } from '../../cluster/parse/redact.ts';
import { cleanText } from '../../cluster/parse/terminal-text.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import type { RemoteHost } from '../../remote/host.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { StepFailure } from '../view/controller.ts';

const shownLines = 30;
/** In characters: no cause needs more of one line, and nobody reads more. */
const longestLine = 4096;
const timeoutMs = 10_000;

/**
 * Fetches what holds the cause of a failure: the files that the output names, and those that the step knows of.
 * What cannot be read is left out: it must not hide the failure itself.
 */
export const fetchCauses = async (
  step: Step,
  host: RemoteHost,
  output: readonly string[],
): Promise<StepFailure['causes']> => {
  // What an output names, its own user may read; root reads no file because somebody has printed its name.
  const own = step.as === 'root' || step.as === theLogin ? [] : causeFiles(output.join('\n'));
  const named = own.map((path) => ({
    title: path,
    as: step.as,
    script: sh`tail -n ${shownLines} ${quoted(path)}`,
  }));
  const wanted = [...named, ...step.failureLogs];
  const found = await Promise.all(
    wanted.map(async ({ title, as, script }) => {
      const answer = await host.run(lines(sh`export LC_ALL=C`, script).text, { as, timeoutMs });
      const text = answer.ok && answer.value.code === 0 ? answer.value.stdout : '';
      return {
        path: title,
        lines: text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .slice(-shownLines)
          .map((line) => redactText(cleanText(line.slice(0, longestLine)))),
      };
    }),
  );
  return found.filter((cause) => cause.lines.length > 0);
};

/** A failure of a step, with what the servers say of it now. */
export const failureOf = (
  step: Step,
  world: Observations,
  what: Problem,
  rest: Partial<StepFailure> = {},
): StepFailure => ({
  problem: what,
  exitCode: null,
  lastLines: [],
  causes: [],
  unmet: [],
  probe: step.probe(world),
  ...rest,
});

/** The first thing that is missing, in words. */
export const whatIsMissing = ({ probe, unmet, problem }: StepFailure): string => {
  if (probe !== null && probe.state !== 'done') return probe.says;
  const [first] = unmet;
  return first === undefined ? problem.what : `${first.says} (found: ${first.found})`;
};

/** What the servers do not show yet of a step that was done by hand; null when they agree. */
export const missingByHand = (step: Step, world: Observations): StepFailure | null => {
  const probe = step.probe(world);
  const unmet = step.after.flatMap((one) => {
    const verdict = one.holds(world);
    return verdict.holds ? [] : [{ says: one.text, found: verdict.found }];
  });
  if (probe.state === 'done' && unmet.length === 0) return null;
  const what = problem(
    `${step.host}: the servers do not show “${step.title}” as done (${probe.says}).`,
    'Finish it by hand and mark it as done, or retry.',
  );
  return failureOf(step, world, what, { unmet });
};
