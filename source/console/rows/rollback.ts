import type { RollbackPreview } from '../../engine/view/controller.ts';
import { padLeft, padRight, bytes as sizeWords, tame, took } from '../../wording/text.ts';
import { canSwitch, target } from '../state/rollback-view.ts';
import type { ConsoleState } from '../state/state.ts';
import type { Theme } from '../theme.ts';
import { dangerWord } from './marks.ts';
import { labelled, proseRows } from './prose.ts';
import { blank, type Row, span } from './row.ts';
import { verdictTone, verdictWords } from './verdict.ts';

/** How long it will take, base backups with their sizes. */
export const takes = ({ steps, copies, estimateSeconds, doneAlready = 0 }: RollbackPreview): string => {
  const base = `about ${took(estimateSeconds * 1000)} of running time, ${steps.length} steps${doneAlready === 0 ? '' : ` (${doneAlready} more have nothing to do)`}`;
  if (copies.length === 0) return `${base}; no data is copied`;
  const words = copies.map(({ host, bytes, seconds }) =>
    bytes === null || seconds === null
      ? `${host} takes a base backup of unknown size, which is not in it`
      : `${host} takes a base backup of ${sizeWords(bytes)}, ${took(seconds * 1000)} at its maximum_backup_rate`,
  );
  return `${base}; ${words.join('; ')}`;
};

/** What the engine says of the rollback: verdict, reason, time, and each step of it. */
export const rollbackRows = (state: ConsoleState, columns: number, theme: Theme): readonly Row[] => {
  const { preview } = state;
  if (preview.kind === 'looking') return proseRows('Inspecting every host; nothing is changed …', columns);
  if (preview.kind === 'none') return proseRows(preview.why, columns, 'warn');
  const { verdict, why, journalSays, steps } = preview.preview;
  const digits = String(steps.length).length;
  return [
    ...labelled('Rollback', verdictWords(verdict), columns, verdictTone(verdict)),
    ...labelled('Why', why, columns),
    ...(journalSays === null ? [] : labelled('Journal', journalSays, columns, 'warn')),
    ...(steps.length === 0 ? [] : labelled('Takes', takes(preview.preview), columns)),
    blank,
    ...steps.map((step, at): Row => {
      const danger = dangerWord(step);
      return [
        span(` ${padLeft(String(at + 1), digits)} ${padRight(step.host, 10)} `),
        span(padRight(danger === null ? '' : theme.glyphs.danger, 2), 'bad'),
        span(tame(step.title), danger === null ? 'plain' : 'bad'),
        span(danger === null ? '' : `: ${danger}`, 'bad'),
      ];
    }),
  ];
};

/** The line that never scrolls away: what Enter does here. */
export const rollbackEnter = (state: ConsoleState): Row => {
  if (!canSwitch(state))
    return [span(state.preview.kind === 'looking' ? '' : 'There is nothing to roll back.', 'strong')];
  switch (target(state)) {
    case 'the first step':
      return [span('Enter shows the first step; each is confirmed on its own.', 'strong')];
    case 'upgrade':
      return [span("Enter shows the upgrade's steps again; Esc stays with the rollback.", 'strong')];
    default:
      return [span('Enter switches to these steps; each is confirmed on its own.', 'strong')];
  }
};
