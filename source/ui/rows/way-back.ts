import type { ConsoleState } from '../../store/state.ts';
import { mayTurn } from '../../store/turning.ts';
import { blank, type Row, span } from '../row.ts';
import { padLeft, padRight, tame, took } from '../text.ts';
import type { Theme } from '../theme.ts';
import { dangerWord } from './marks.ts';
import { labelled, prose } from './prose.ts';
import { verdictTone, verdictWords } from './verdict.ts';

/** What the engine says of the way back: verdict, reason, time, and each step of it. */
export const wayBackRows = (state: ConsoleState, columns: number, theme: Theme): readonly Row[] => {
  const { preview, view } = state;
  if (view.direction === 'rollback') {
    return prose(
      'The run is on its way back. The upgrade can be taken up again from where the servers stand.',
      columns,
    );
  }
  if (preview.kind === 'looking') return prose('Looking at every host; nothing is changed …', columns);
  if (preview.kind === 'none') return prose(preview.why, columns, 'warn');
  const { verdict, why, steps, estimateSeconds } = preview.preview;
  const digits = String(steps.length).length;
  return [
    ...labelled('Way back', verdictWords(verdict), columns, verdictTone(verdict)),
    ...labelled('Why', why, columns),
    ...(steps.length === 0
      ? []
      : labelled(
          'Takes',
          `about ${took(estimateSeconds * 1000)} of running time, ${steps.length} steps`,
          columns,
        )),
    blank,
    ...steps.map((step, at): Row => {
      const danger = step.danger === 'point-of-no-return';
      return [
        span(` ${padLeft(String(at + 1), digits)} ${padRight(step.host, 10)} `),
        span(padRight(dangerWord(step.danger), 10), danger ? 'bad' : 'dim'),
        span(danger ? `${theme.glyphs.danger} ` : '', 'bad'),
        span(tame(step.title)),
      ];
    }),
  ];
};

/** The line that never scrolls away: what Enter does here. */
export const wayBackEnter = (state: ConsoleState): Row => {
  if (!mayTurn(state))
    return [
      span(state.preview.kind === 'looking' ? '' : 'There is nothing to take back from here.', 'strong'),
    ];
  const what = state.view.direction === 'rollback' ? "the upgrade's steps" : 'these steps';
  return [span(`Enter puts ${what} on the screen; each is confirmed by itself.`, 'strong')];
};
