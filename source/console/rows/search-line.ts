import type { ConsoleState } from '../state/state.ts';
import { field } from './field.ts';
import { cutRow, type Row, span } from './row.ts';

/** The line under the output in which one types what to look for; null while nobody does. */
export const searchRow = (state: ConsoleState, places: number, columns: number): Row | null => {
  if (state.dialog?.kind !== 'search') return null;
  const lines = `${places} ${places === 1 ? 'line' : 'lines'}`;
  const count =
    state.typed === ''
      ? '  Enter alone ends the search'
      : places === 0
        ? '  not in what is shown here'
        : `  in ${lines}`;
  const words = span(count, places === 0 && state.typed !== '' ? 'warn' : 'dim');
  return cutRow([...field('Find:', state.typed, columns - count.length), words], columns);
};
