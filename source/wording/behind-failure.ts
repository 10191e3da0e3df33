import type { BehindFailure, EngineView, StepFailure } from '../engine/view/controller.ts';
import type { FailedMoment } from '../runbook/steps/custom-failed.ts';

type State = BehindFailure['steps'][number]['state'];

const stateWords = (state: State, when: FailedMoment): string => {
  switch (state.kind) {
    case 'waits':
      return when === 'shown' ? 'runs next' : 'runs when the run is left with this failure';
    case 'runs':
      return 'runs now';
    case 'ended':
      if (state.exitCode === null) return 'has run; how it ended is not known';
      return state.exitCode === 0 ? 'has run, done' : `has run, and failed with exit code ${state.exitCode}`;
  }
};

/** What the cluster file runs for this failure (custom steps at `failed`), a line each: what has run, and what runs when. Empty: nothing. */
export const behindFailureLines = (
  { behindFailure }: Pick<EngineView, 'behindFailure'>,
  failure: StepFailure,
): readonly string[] =>
  behindFailure === undefined || behindFailure.failure !== failure
    ? []
    : behindFailure.steps.map(
        ({ title, host, as, when, state }) => `“${title}” on ${host}, as ${as}: ${stateWords(state, when)}`,
      );
