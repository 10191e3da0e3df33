import { cleanText } from '../cluster/parse/terminal-text.ts';
import { visible } from './visible.ts';

/**
 * Text for Markdown as GitHub, GitLab and ticket systems read it. What hosts and people have typed may hold anything:
 * nothing of it becomes markup, a link, HTML or another row. Source: CommonMark 0.31, 2.4; GFM 0.29, 4.10 and 6.9.
 */

/** On one line, without control characters. */
export const oneLine = (text: string): string => cleanText(text).replace(/\s+/g, ' ').trim();

/** Prose, escaped; an underscore within a word means nothing and stays readable. */
export const escapedProse = (text: string): string =>
  oneLine(text)
    .replace(/[\\`*[\]<>|~$]/g, '\\$&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/&(?=#?\w+;)/g, '\\&')
    // Neither a bare address becomes a link, nor a name a mention.
    .replace(/:\/\/|www\.|(?<!\w)@(?=\w)/gi, (found) =>
      found === '://' ? ':\\//' : found.startsWith('@') ? '\\@' : `${found.slice(0, -1)}\\.`,
    )
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
    .replace(/^[#+-]|^=+$/, '\\$&');

const longestRun = (text: string): number =>
  Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));

/** A value, literally. In a table a pipe must be escaped even so. */
export const inlineCode = (text: string): string => {
  const clean = oneLine(text);
  if (clean === '') return '–';
  const ticks = '`'.repeat(longestRun(clean) + 1);
  const room = clean.startsWith('`') || clean.endsWith('`') ? ' ' : '';
  return `${ticks}${room}${clean.replaceAll('|', '\\|')}${room}${ticks}`;
};

/** Lines, literally; `language` colours them where the reader can. */
export const block = (text: string, language = ''): string => {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${visible(text).replace(/\n$/, '')}\n${fence}`;
};

/** A table; the cells are Markdown already. */
export const pipeTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Blocks with a blank line in between; what is null is left out. */
export const page = (...blocks: readonly (string | null)[]): string =>
  `${blocks.filter((one) => one !== null && one !== '').join('\n\n')}\n`;

export const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
