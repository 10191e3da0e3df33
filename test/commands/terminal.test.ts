import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { problemText } from '../../source/commands/say.ts';
import { outletTo } from '../../source/commands/terminal.ts';

const source = resolve(import.meta.dirname, '../../source');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.tsx?$/.test(name),
);
const textOf = (name: string): string => readFileSync(join(source, name), 'utf8');
const holding = (pattern: RegExp): string[] => files.filter((name) => pattern.test(textOf(name))).sort();

/** A title, a clipboard write, a cleared screen, a line that is turned round. */
const hostile = '\u001b]0;owned\u0007\u001b]52;c;cm0gLXJmIH4=\u0007\u001b[2J\u009b2J\u202e\u007f';
const dangerous = /[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069\ufeff]/u;

const written = (say: (outlet: ReturnType<typeof outletTo>) => void): string => {
  let text = '';
  const write = (chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  };
  say(outletTo({ write }));
  return text;
};

test('only one file writes to the terminal: what a host says cannot pass it by', () => {
  expect(holding(/process\s*\.\s*(stdout|stderr)/)).toEqual(['commands/terminal.ts']);
  expect(holding(/\bconsole\s*\.\s*(log|error|warn|info)\b/)).toEqual([]);
});

test('the two that are handed the terminal itself, for questions and for the full screen, tame what they say there', () => {
  const said = ['plain/terminal-prompt.ts', 'console/run-console.tsx'].map((name) =>
    [...textOf(name).matchAll(/^.*\b(?:stdout|output)\.write\(.*$/gm)].map(([line]) =>
      line.trim().replaceAll('$', ''),
    ),
  );
  expect(said).toEqual([
    [
      // What readline echoes of what is typed; the question and the text come from safeText, just above.
      'if (!silent) output.write(chunk);',
      'output.write(question);',
      "if (silent) output.write('\\n');",
      'output.write(text);',
      "output.write(`\\n{text}{standing}{silent ? '' : lines.line}`);",
    ],
    [
      "stdout.write('\\r\\u001B[K');",
      // What is copied, in base64 (clipboard.ts).
      'onCopy={(sequence) => stdout.write(sequence)}',
      // The title, made of names that were parsed (attention.ts).
      'const unattend = attend(store, (text) => gone || stdout.write(text), env);',
      'if (!gone) stdout.write(safeText(text));',
    ],
  ]);
});

test('a problem in sudo’s words, the lock’s holder, a notice: no control sequence comes through', () => {
  const problem = { what: `node_1: ${hostile}`, remedy: `ask ${hostile}`, cause: `sudo: ${hostile}\nfake` };
  const text = written(({ write }) => write(problemText(problem)));
  expect(text).not.toMatch(dangerous);
  // Nothing is hidden either.
  expect(text).toContain(']52;c;cm0gLXJmIH4=');
});

test('further lines of a cause do not look like this program’s own', () => {
  expect(problemText({ what: 'x', remedy: 'y', cause: 'a\npgaf-upgrade: all is well' })).not.toMatch(
    /^pgaf-upgrade: all/m,
  );
});

test('secrets that a program quotes in its error are hidden', () => {
  const problem = { what: 'x', remedy: 'y', cause: 'cannot connect: postgres://u:hunter2@h/db' };
  expect(problemText(problem)).not.toContain('hunter2');
});

test('JSON stays the same value', () => {
  const value = { found: hostile, more: 'ä → \ud83d\ude00' };
  const text = written(({ json }) => json(JSON.stringify(value)));
  expect(text).not.toMatch(dangerous);
  expect(JSON.parse(text)).toEqual(value);
});
