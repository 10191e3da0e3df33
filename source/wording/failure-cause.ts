import { firstError } from '../cluster/parse/first-error.ts';
import type { StepFailure } from '../engine/view/controller.ts';
import type { Probe } from '../runbook/language/step.ts';

/** How a step stands by what the servers show: `not done: the old directory is untouched`. Of a step half done its own sentence says it. */
export const standsWords = ({ state, says }: Probe): string =>
  state === 'half' ? says : `${state === 'pending' ? 'not done' : state}: ${says}`;

/** The cause of a failure in at most two lines: the ERROR or FATAL line, then its object and where it stands. Empty: nothing names one. */
export const causeLines = (failure: StepFailure): readonly string[] => {
  const found = firstError([
    ...failure.causes.map(({ path, lines }) => ({ where: path, lines })),
    { where: null, lines: failure.lastLines },
  ]);
  if (found === null) return [];
  const { says, about, where } = found;
  const file = where === null ? null : (where.split('/').at(-1) ?? where);
  const second = [about, file === null ? null : `(${file})`].filter((one) => one !== null).join(' ');
  return second === '' ? [says] : [says, second];
};
