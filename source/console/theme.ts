import type { TextProps } from 'ink';
import type { Tone } from './rows/row.ts';

type Looks = Pick<TextProps, 'color' | 'bold' | 'dimColor' | 'inverse' | 'underline'>;

export interface Glyphs {
  readonly waiting: string;
  readonly next: string;
  readonly settling: string;
  readonly done: string;
  readonly failed: string;
  readonly skipped: string;
  readonly cursor: string;
  readonly writable: string;
  readonly standby: string;
  readonly apart: string;
  readonly arrow: string;
  readonly rule: string;
  readonly bar: string;
  readonly fold: string;
  readonly danger: string;
  readonly up: string;
  readonly down: string;
  readonly dot: string;
  /** What of a bar is done, and what is not. */
  readonly full: string;
  readonly empty: string;
}

const unicode: Glyphs = {
  waiting: '·',
  next: '▶',
  settling: '◔',
  done: '✓',
  failed: '✗',
  skipped: '↷',
  cursor: '▸',
  writable: '◆',
  standby: '◇',
  apart: '○',
  arrow: '→',
  rule: '─',
  bar: '│',
  fold: '┊',
  danger: '‼',
  up: '↑',
  down: '↓',
  dot: '·',
  full: '█',
  empty: '░',
};

const ascii: Glyphs = {
  waiting: '.',
  next: '>',
  settling: '~',
  done: '+',
  failed: 'x',
  skipped: '-',
  cursor: '>',
  writable: '#',
  standby: '=',
  apart: 'o',
  arrow: '->',
  rule: '-',
  bar: '|',
  fold: ':',
  danger: '!',
  up: '^',
  down: 'v',
  dot: '-',
  full: '#',
  empty: '.',
};

export interface Theme {
  readonly looks: Readonly<Record<Tone, Looks>>;
  readonly glyphs: Glyphs;
  /** Whether the terminal can show what is not ASCII. */
  readonly wide: boolean;
  readonly border: 'double' | 'classic';
  /** Slow ones: every turn of a spinner draws the screen. */
  readonly spinner: 'layer' | 'line';
  /** undefined where colours are not wanted. */
  readonly alarm: string | undefined;
}

/** Of the sixteen colours only those that can be read on dark and on light; words and glyphs say the same without. */
const coloured: Theme['looks'] = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  good: { color: 'green' },
  warn: { color: 'magenta', bold: true },
  bad: { color: 'red', bold: true },
  danger: { color: 'red', bold: true, inverse: true },
  selected: { inverse: true },
  found: { underline: true, bold: true },
};

const colourless: Theme['looks'] = {
  ...coloured,
  good: {},
  warn: { bold: true },
  bad: { bold: true },
  danger: { bold: true, inverse: true },
};

/** How the screen looks in this environment: NO_COLOR, and a locale without UTF-8. */
export const themeFor = (env: Readonly<Record<string, string | undefined>>): Theme => {
  const noColour = (env.NO_COLOR ?? '') !== '';
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || 'UTF-8';
  const wide = /utf-?8/i.test(locale);
  return {
    looks: noColour ? colourless : coloured,
    glyphs: wide ? unicode : ascii,
    wide,
    border: wide ? 'double' : 'classic',
    spinner: wide ? 'layer' : 'line',
    alarm: noColour ? undefined : 'red',
  };
};
