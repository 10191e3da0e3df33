import type { EngineView, Stage } from '../../engine/view/controller.ts';
import { closingLines } from '../../wording/closing.ts';
import { tame } from '../../wording/text.ts';
import { labelled, proseRows } from './prose.ts';
import { blank, type Row, span } from './row.ts';

/** The closing card: what is true at the end, and what comes next. */
export const closingRows = (view: EngineView, columns: number): readonly Row[] =>
  closingLines(view).flatMap(([label, text]) =>
    labelled(label === 'Result' ? 'DONE' : label, tame(text), columns, label === 'Result' ? 'good' : 'plain'),
  );

/** The third pane while there is no step to show: connecting, or why it cannot start. */
export const problemRows = (stage: Stage, columns: number): readonly Row[] => {
  if (stage.kind === 'connecting') return proseRows(stage.doing, columns);
  if (stage.kind !== 'stopped') return [];
  const { what, remedy, cause } = stage.problem;
  return [
    [span('Cannot start. Nothing was changed on any server.', 'strong')],
    blank,
    ...labelled('Problem', what, columns, 'bad'),
    ...labelled('Do', remedy, columns, 'strong'),
    ...(cause === undefined ? [] : labelled('Cause', cause, columns)),
  ];
};
