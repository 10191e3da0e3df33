import { cut, widthOf } from '../../wording/text.ts';
import { type Row, span } from './row.ts';

/** Where one types: the end of what is typed is what is being typed. */
export const field = (label: string, typed: string, columns: number): Row => {
  const room = columns - widthOf(label) - 2;
  const shown = widthOf(typed) > room ? `…${[...typed].slice(-(room - 2)).join('')}` : typed;
  return [span(`${label} `), span(cut(shown, room), 'strong'), span(' ', 'selected')];
};
