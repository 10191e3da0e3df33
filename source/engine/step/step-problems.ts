import type { ClusterFacts } from '../../cluster/facts.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import { localClock } from '../../cluster/times.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { Silence } from '../observe/observer.ts';
import { silentProblem } from '../run/absence.ts';

/** What is said of a step that was not run, has failed, or is not verified: one function for each. */

export const hostNotConnected = (step: Step): Problem =>
  problem(`${step.host} is not connected.`, 'Start the console again.');

export const consoleLeft = (step: Step): Problem =>
  problem(`${step.host}: the console was left.`, 'Start it again.');

export const preconditionsNotMet = (step: Step): Problem =>
  problem(
    `${step.host}: not run, because its preconditions are not met.`,
    'See what was found and put it right, then retry.',
  );

/** `needs`: what the script cannot be made without. */
export const scriptNotReady = (step: Step, needs: string): Problem =>
  problem(`${step.host}: not run, because ${needs} is not known.`, 'Inspect the hosts, then retry.');

/** Between the confirmation and the last look before it. */
export const changedSinceApproval = (step: Step): Problem =>
  problem(
    `${step.host}: not run, because the script of “${step.title}” is another than was approved.`,
    'Read it on the card; then the second person approves it anew.',
  );

/** `clean`: nothing of what the operator has ended is left. */
export const endedByOperator = (step: Step, code: number, clean: boolean): Problem =>
  problem(
    `${step.host}: “${step.title}” was ended by you (exit code ${code}).`,
    clean
      ? 'Nothing of it is running any more. See what the servers say, then retry, skip or roll back.'
      : 'Something that it started resisted, see its output: end that by hand before anything else.',
  );

export const endedWithCode = (step: Step, code: number): Problem =>
  problem(`${step.host}: “${step.title}” ended with exit code ${code}.`, 'Put the cause right, then retry.');

/** `since`: milliseconds since the epoch. */
export const endNotKnown = (step: Step, since: number): Problem =>
  problem(
    `No answer from ${step.host} since ${localClock(since)}: whether its command goes on there is not known.`,
    `Bring ${step.host} back: its command is followed from where it was.`,
  );

/** An earlier step of the same host has been undone while the servers were waited for. */
export const undoneMeanwhile = (step: Step, undone: Step): Problem =>
  problem(
    `${step.host}: “${undone.title}” is undone; was the host restarted?`,
    'That step comes first; then this one continues.',
  );

export const postconditionsNotMet = (step: Step): Problem =>
  problem(
    `${step.host}: the command exited 0, but its postconditions are not met.`,
    'See what was found; put it right by hand and mark the step as done, or retry.',
  );

/** `what` says what nobody can tell while the host gives no answer. */
export const hostSilent = (
  facts: ClusterFacts,
  step: Step,
  silence: Silence,
  direction: Direction,
  what: 'not run' | 'no end' | 'not verified' | { readonly code: number },
): Problem => {
  const words =
    what === 'not run'
      ? 'not run'
      : what === 'no end'
        ? 'its outcome is not known'
        : what === 'not verified'
          ? 'the command exited 0, but its postconditions cannot be checked'
          : `its command ended with exit code ${what.code}, and the cause cannot be read`;
  return silentProblem(facts, step, silence, direction, words);
};
