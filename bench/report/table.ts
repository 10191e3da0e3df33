import { type Bench, type Figure, type Outcome, reached } from './figure.ts';

export interface Taken {
  readonly bench: Bench;
  readonly outcome: Outcome;
  readonly tookMs: number;
}

const number = (value: number): string => {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 });
};

const wanted = ({ target, unit }: Figure): string =>
  target === undefined
    ? ''
    : `${target.is === 'at least' ? '≥' : '≤'} ${number(target.value)} ${unit}`.trim();

/** `reached`, or by how much it was missed. */
const standing = (figure: Figure): string => {
  const good = reached(figure);
  if (good === null || figure.target === undefined) return '';
  if (good) return 'reached';
  if (!Number.isFinite(figure.value)) return 'MISSED';
  return `MISSED by ${number((Math.abs(figure.value - figure.target.value) / figure.target.value) * 100)}%`;
};

const cells = (figure: Figure): readonly string[] => [
  figure.what,
  `${number(figure.value)} ${figure.unit}`.trim(),
  wanted(figure),
  standing(figure),
  figure.note ?? '',
];

const heading = ['', 'median', 'target', '', 'note'];

/** One table a bench, as Markdown that can be read in a terminal too. */
export const table = ({ bench, outcome, tookMs }: Taken): string => {
  const title = `## ${bench.title}\n\n`;
  if (outcome.kind === 'not-measured') return `${title}NOT MEASURED: ${outcome.why}\n`;
  const rows = [heading, ...outcome.figures.map(cells)];
  const widths = heading.map((_, at) => Math.max(3, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const ruler = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const [first = [], ...rest] = rows;
  const took = `(\`npm run bench ${bench.name}\`, ${Math.round(tookMs / 1000)} s)`;
  return `${title}${[line(first), ruler, ...rest.map(line)].join('\n')}\n\n${took}\n`;
};

/** The targets that were missed, and what was not measured, one a line. */
export const missing = (all: readonly Taken[]): readonly string[] =>
  all.flatMap(({ bench, outcome }) =>
    outcome.kind === 'not-measured'
      ? [`NOT MEASURED: ${bench.title}: ${outcome.why}`]
      : outcome.figures
          .filter((figure) => reached(figure) === false)
          .map(
            (figure) => `MISSED: ${figure.what}: ${number(figure.value)} ${figure.unit}, ${wanted(figure)}`,
          ),
  );
