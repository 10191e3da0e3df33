import { stepNumber, stepOf } from '../console/state/selectors.ts';
import type { EngineView, StepView } from '../engine/view/controller.ts';
import { downtimeExpected } from '../engine/view/downtime.ts';
import { nextStop } from '../engine/view/next-stop.ts';
import type { StepId } from '../runbook/language/step.ts';
import { undoWords } from '../runbook/language/undo.ts';
import type { NameAsked } from '../runbook/verdict/name-asked.ts';
import { took } from './text.ts';

/** What is typed, each in the words that stand on its card, in the list and in plain lines. */
export const nameAskedWords: Readonly<Record<NameAsked, string>> = {
  downtime: 'DOWNTIME BEGINS',
  irreversible: 'IRREVERSIBLE',
  'downtime-irreversible': 'DOWNTIME BEGINS, IRREVERSIBLE',
  opening: 'APPLICATIONS WRITE AGAIN',
  pause: 'WRITES PAUSE',
};

/** `step 30`, or `the end`: where a run to the next stop ends, unless a failure or a warning comes before. */
export const stopWords = (view: EngineView, from: StepId): string => {
  const stop = nextStop(view, from);
  return stop === null ? 'the end' : `step ${stepNumber(view, stop.id)}`;
};

/** What runs on now ends before this step; null: at the end. */
export const stopAhead = (view: EngineView): StepView | null => {
  const { stage } = view;
  return 'step' in stage && stage.step !== null ? nextStop(view, stage.step) : null;
};

const lengthOf = (ms: number | null, otherwise: string): string =>
  ms === null ? otherwise : `about ${took(ms)}`;

/** `about 5.2 s; writes cannot be made for about 1.0 s of it`. */
export const takesWords = ({ expectedPauseMs: pause }: StepView, expectedMs: number): string =>
  `about ${took(expectedMs)}${pause === undefined ? '' : `; writes cannot be made for about ${took(pause)} of it`}`;

/** What is true once the step has run, in a sentence. */
const afterwards = (view: EngineView, step: StepView, why: NameAsked): string => {
  switch (why) {
    case 'downtime': {
      const length = lengthOf(downtimeExpected(view), 'not measured on these hosts');
      return view.direction === 'upgrade'
        ? `Applications cannot write any more, until PostgreSQL ${view.cluster.to} is opened to them: ${length}.`
        : `Applications cannot write any more, until PostgreSQL ${view.cluster.from} is opened to them.`;
    }
    case 'irreversible':
      return `It cannot be undone on ${step.host}${step.expectedMs === null ? '' : `; it takes about ${took(step.expectedMs)}`}.`;
    case 'downtime-irreversible':
      return `Applications cannot write any more, until PostgreSQL ${view.cluster.from} is opened to them. It cannot be undone.`;
    case 'pause':
      if (step.id.includes('.custom-'))
        return 'Applications wait from here on, until the change of places, which follows at once, is over.';
      return `Applications cannot write for ${lengthOf(step.expectedPauseMs ?? null, 'some seconds')} in the middle of it, and write on at its end${step.expectedMs === null ? '' : `; the whole step takes about ${took(step.expectedMs)}`}.`;
    case 'opening':
      return `Applications write on PostgreSQL ${view.cluster.to}; it takes ${lengthOf(step.expectedMs, 'some seconds')}.`;
  }
};

/** What a rollback costs once the step has run, in a sentence. */
const rollbackThen = (view: EngineView, step: StepView, why: NameAsked): string => {
  if (step.givesUp !== null) return `Gives up: ${step.givesUp.text}.`;
  switch (why) {
    case 'downtime':
      return view.direction === 'upgrade'
        ? `Safe, no data loss: ${undoWords(step.undo)}.`
        : `It goes on: ${undoWords(step.undo)}.`;
    case 'pause':
    case 'irreversible':
    case 'downtime-irreversible':
      return `${undoWords(step.undo)}.`;
    case 'opening':
      return 'Loses everything that applications write from here on.';
  }
};

export interface NameWords {
  readonly title: string;
  readonly afterwards: string;
  readonly rollback: string;
}

/** What a typed confirmation says of its step; null: nothing is typed for it. */
export const nameWords = (view: EngineView, step: StepView): NameWords | null =>
  step.asksName === null
    ? null
    : {
        title: nameAskedWords[step.asksName],
        afterwards: afterwards(view, step, step.asksName),
        rollback: rollbackThen(view, step, step.asksName).replace(/\.\.$/, '.'),
      };

/** What a run to the next stop does; how else it is ended is the reader's key or word. */
export const runOnWords = (view: EngineView, from: StepId): string => {
  const stop = nextStop(view, from);
  const last =
    stop === null
      ? 'to the end, unless a step asks for a name of its own'
      : `until step ${stepNumber(view, stop.id)} (${stop.title}, ${stop.asksName === null ? '' : nameAskedWords[stop.asksName]}), which asks for a name of its own unless it is already done`;
  const first = stepOf(view, from);
  return `From step ${first === null ? '' : stepNumber(view, from)} on without asking, side by side where steps may run so, ${last}. A failure, or a warning that you have not seen, stops it earlier.`;
};
