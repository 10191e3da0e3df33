import type { Run } from '../../test/lab/harness/console.ts';

const cell = { width: 8.4, height: 18 };
const margin = { side: 18, top: 44, bottom: 18 };
const ink = { paper: '#11151c', frame: '#2b3340', text: '#d6dbe4', dim: '#8b94a3' };

/** The sixteen colours, as a dark terminal has them. */
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

const coloured = (index: number | null, otherwise: string): string =>
  index === null ? otherwise : (palette[index] ?? otherwise);

const drawn = (run: Run, row: number): string => {
  const x = margin.side + run.column * cell.width;
  const y = margin.top + row * cell.height;
  const foreground = coloured(run.foreground, run.dim ? ink.dim : ink.text);
  const background = coloured(run.background, ink.paper);
  const [front, back] = run.inverse ? [background, foreground] : [foreground, background];
  const width = (run.columns * cell.width).toFixed(1);
  const box =
    back === ink.paper
      ? ''
      : `<rect x="${x.toFixed(1)}" y="${y}" width="${width}" height="${cell.height}" fill="${back}"/>`;
  if (run.text.trim() === '') return box;
  // Stretched to its cells: no two machines have the same fonts.
  const fits = `textLength="${width}" lengthAdjust="spacingAndGlyphs"`;
  const weight = run.bold ? ' font-weight="700"' : '';
  return `${box}<text x="${x.toFixed(1)}" y="${y + 13.5}" fill="${front}"${weight} ${fits}>${escaped(run.text)}</text>`;
};

/** A picture of a terminal's screen: self-contained, the same on every machine. */
export const svgOf = (rows: readonly (readonly Run[])[], columns: number, title: string): string => {
  const width = Math.ceil(2 * margin.side + columns * cell.width);
  const height = margin.top + rows.length * cell.height + margin.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="10" fill="${ink.paper}" stroke="${ink.frame}"/>`,
    `<text x="${width / 2}" y="26" text-anchor="middle" fill="${ink.dim}" font-family="sans-serif" font-size="13">${escaped(title)}</text>`,
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14" xml:space="preserve">',
    ...rows.map((runs, row) => runs.map((run) => drawn(run, row)).join('')).filter((line) => line !== ''),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
};
