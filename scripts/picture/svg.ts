import type { Run } from '../../test/lab/harness/console.ts';

/** What a terminal showed for some time, and what there was to see. */
export interface Frame {
  readonly rows: readonly (readonly Run[])[];
  readonly caption: string;
  readonly seconds: number;
}

const cell = { width: 8.4, height: 18 };
const margin = { side: 18, top: 50, bottom: 26 };
const ink = { paper: '#11151c', frame: '#2b3340', text: '#d6dbe4', dim: '#8b94a3', line: '#7aa7f5' };

/** The sixteen colors, as a dark terminal has them. */
const palette = [
  '#3a4150',
  '#f0717a',
  '#8fce7e',
  '#e9c46a',
  '#7aa7f5',
  '#d69af0',
  '#6fd0d8',
  '#d6dbe4',
  '#6c7688',
  '#ff8f97',
  '#a9e39a',
  '#f3d58a',
  '#9bbefc',
  '#e4b5f8',
  '#93e3ea',
  '#ffffff',
];

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const colored = (index: number | null, otherwise: string): string =>
  index === null ? otherwise : (palette[index] ?? otherwise);

const number = (value: number): string => String(Math.round(value * 10) / 10);

/** Blanks at either end are not drawn: what is left begins so many cells further on. */
const trimmed = (run: Run): { readonly text: string; readonly column: number; readonly columns: number } => {
  const text = run.text.trim();
  const before = run.text.length - run.text.trimStart().length;
  const after = run.text.length - run.text.trimEnd().length;
  return { text, column: run.column + before, columns: run.columns - before - after };
};

const drawn = (run: Run): string => {
  const foreground = colored(run.foreground, run.dim ? ink.dim : ink.text);
  const background = colored(run.background, ink.paper);
  const [front, back] = run.inverse ? [background, foreground] : [foreground, background];
  const box =
    back === ink.paper
      ? ''
      : `<rect x="${number(run.column * cell.width)}" width="${number(run.columns * cell.width)}" height="${cell.height}" fill="${back}"/>`;
  const { text, column, columns } = trimmed(run);
  if (text === '') return box;
  const fill = front === ink.text ? '' : ` fill="${front}"`;
  const weight = run.bold ? ' font-weight="700"' : '';
  // Stretched to its cells: no two machines have the same fonts.
  const fits = `textLength="${number(columns * cell.width)}" lengthAdjust="spacingAndGlyphs"`;
  return `${box}<text x="${number(column * cell.width)}" y="13.5"${fill}${weight} ${fits}>${escaped(text)}</text>`;
};

/** Shown during its own part of the round, for ever; the percentages are of the whole round. */
const keyframes = (index: number, from: number, to: number): string => {
  const begin = number(from * 100);
  const end = number(to * 100);
  const before = from === 0 ? '' : '0%{visibility:hidden}';
  const after = to >= 1 ? '' : `${end}%{visibility:hidden}`;
  return `@keyframes f${index}{${before}${begin}%{visibility:visible}${after}}`;
};

/**
 * A moving picture of a terminal: self-contained, without a script, the same on every machine. A row that several frames
 * have in common is in it once. Who wants no motion, or whose viewer has none, sees the frame `still` alone.
 */
export const movingSvg = (
  frames: readonly Frame[],
  columns: number,
  title: string,
  still: number,
): string => {
  const width = Math.ceil(2 * margin.side + columns * cell.width);
  const rows = Math.max(...frames.map((frame) => frame.rows.length));
  const height = margin.top + rows * cell.height + margin.bottom;
  const seconds = frames.reduce((sum, frame) => sum + frame.seconds, 0);
  const known = new Map<string, string>();
  const nameOf = (markup: string): string => {
    const name = known.get(markup) ?? `r${known.size}`;
    known.set(markup, name);
    return name;
  };
  let began = 0;
  const styles: string[] = [];
  const pictures = frames.map((frame, index) => {
    const ended = began + frame.seconds;
    styles.push(
      keyframes(index, began / seconds, ended / seconds),
      `.f${index}{animation:f${index} ${seconds}s step-end infinite}`,
    );
    const bar = `<rect x="${margin.side}" y="${height - 14}" width="${number(((width - 2 * margin.side) * ended) / seconds)}" height="3" rx="1.5" fill="${ink.line}"/>`;
    began = ended;
    const caption = `<text x="${margin.side}" y="32" font-size="16" font-family="sans-serif" font-weight="600">${escaped(`${index + 1}/${frames.length}  ${frame.caption}`)}</text>`;
    const uses = frame.rows.flatMap((runs, row) => {
      const markup = runs.map(drawn).join('');
      return markup === ''
        ? []
        : [`<use href="#${nameOf(markup)}" x="${margin.side}" y="${margin.top + row * cell.height}"/>`];
    });
    return `<g class="f f${index}${index === still ? ' still' : ''}">${caption}${bar}${uses.join('')}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<style>.f{visibility:hidden}.still{visibility:visible}@media(prefers-reduced-motion:no-preference){${styles.join('')}}</style>`,
    `<rect width="${width}" height="${height}" rx="10" fill="${ink.paper}" stroke="${ink.frame}"/>`,
    `<text x="${width - margin.side}" y="32" text-anchor="end" fill="${ink.dim}" font-family="sans-serif" font-size="13">${escaped(title)}</text>`,
    `<defs>${[...known].map(([markup, name]) => `<g id="${name}">${markup}</g>`).join('\n')}</defs>`,
    `<g fill="${ink.text}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">`,
    ...pictures,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
};
