import type { Theme } from '../theme.ts';
import { type Row, span } from './row.ts';

/** Says how much of a scrolled text is out of sight; null when all of it is seen. */
export const moreRow = (above: number, below: number, theme: Theme): Row | null => {
  if (above === 0 && below === 0) return null;
  const parts = [
    above > 0 ? `${theme.glyphs.up} ${above} above` : '',
    below > 0 ? `${theme.glyphs.down} ${below} below` : '',
  ].filter((part) => part !== '');
  return [span(parts.join('  '), 'warn')];
};
