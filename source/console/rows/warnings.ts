import type { EngineView } from '../../engine/view/controller.ts';
import { tame, timeOfDay } from '../../wording/text.ts';
import { stepNumber } from '../state/selectors.ts';
import { labelledList, proseRows } from './prose.ts';
import { blank, type Row, span } from './row.ts';

/** Every warning of the run once, with the step and the host that noticed it first; below them what has happened aside from steps, newest first. */
export const warningRows = (view: EngineView, columns: number): readonly Row[] => {
  const said = new Set<string>();
  const rows = view.steps.flatMap((step): readonly Row[] => {
    const notes = step.notes.filter((note) => !said.has(note));
    for (const note of notes) said.add(note);
    if (notes.length === 0) return [];
    return [
      ...proseRows(`Step ${stepNumber(view, step.id)}, ${step.host}: ${tame(step.title)}`, columns, 'strong'),
      ...labelledList('', notes, columns),
      blank,
    ];
  });
  const notices = view.notices.toReversed().map(({ at, text }) => `${timeOfDay(at)} ${text}`);
  return [
    ...(rows.length === 0 ? [...proseRows('No warnings so far.', columns), blank] : rows),
    ...(notices.length === 0
      ? []
      : [[span('Notices, newest first', 'strong')], ...labelledList('', notices, columns)]),
  ];
};
