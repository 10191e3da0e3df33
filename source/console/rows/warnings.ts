import type { EngineView } from '../../engine/view/controller.ts';
import { tame, timeOfDay } from '../../wording/text.ts';
import { warningsOf } from '../../wording/warnings.ts';
import { stepNumber } from '../state/selectors.ts';
import { labelledList, proseRows } from './prose.ts';
import { blank, type Row, span } from './row.ts';

/** Every warning of the run, with its host and the step that noticed it; below them what has happened aside from steps, newest first. */
export const warningRows = (view: EngineView, columns: number): readonly Row[] => {
  const rows = warningsOf(view).flatMap(({ step, notes }): readonly Row[] => [
    ...proseRows(
      step === null
        ? 'The cluster as a whole'
        : `Step ${stepNumber(view, step.id)}, ${step.host}: ${tame(step.title)}`,
      columns,
      'strong',
    ),
    ...labelledList('', notes, columns),
    blank,
  ]);
  const notices = view.notices.toReversed().map(({ at, text }) => `${timeOfDay(at)} ${text}`);
  return [
    ...(rows.length === 0 ? [...proseRows('No warnings so far.', columns), blank] : rows),
    ...(notices.length === 0
      ? []
      : [[span('Notices, newest first', 'strong')], ...labelledList('', notices, columns)]),
  ];
};
