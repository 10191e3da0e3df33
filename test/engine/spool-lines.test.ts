import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Finder, searchesAll } from '../../source/console/state/finder.ts';
import { StepOutput } from '../../source/engine/output/step-output.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-spool-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const textOf = async (output: StepOutput): Promise<readonly string[]> => {
  const lines: string[] = [];
  for await (const piece of output.text()) lines.push(...piece);
  return lines;
};

test('the whole log is clean lines without passwords, the one that is not finished too', async () => {
  const output = new StepOutput(join(home, 'step.log'));
  output.push(Buffer.from('\u001B]0;EVIL\u0007one\u001B[2J\npostgres://u:secret@h/d\nhalf'));
  expect(await textOf(output)).toEqual(['one', 'postgres://u:****@h/d', 'half']);
  expect(output.whole).toBe(true);
});

test('it is whole, however long, but a search does not look at all of it', async () => {
  const file = join(home, 'step.log');
  const output = new StepOutput(file);
  for (let at = 0; at < 30; at += 1)
    output.push(Buffer.from(Array.from({ length: 1000 }, (_, line) => `${at * 1000 + line}\n`).join('')));
  expect([output.whole, searchesAll(output)]).toEqual([true, false]);
  expect(new Finder().lines(output, '999')).toContain(29_999);
  const lines = await textOf(output);
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([30_000, '0', '29999']);
  output.close();
});

test('an earlier console’s file of more than is read back is not whole either', async () => {
  const file = join(home, 'step.log');
  const first = new StepOutput(file);
  first.push(Buffer.from(`${'x'.repeat(1000)}\n`.repeat(9000)));
  first.close();
  const second = new StepOutput(file);
  expect(second.whole).toBe(false);
  expect(await textOf(second)).toHaveLength(9000);
});

test('a console that keeps no files has what it holds', async () => {
  const output = new StepOutput(null);
  output.push(Buffer.from('one\ntwo'));
  expect([output.file, await textOf(output)]).toEqual([null, ['one', 'two']]);
});
