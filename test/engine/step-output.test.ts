import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LineAssembler } from '../../source/cluster/parse/terminal-text.ts';
import { StepOutput } from '../../source/engine/output/step-output.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-output-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Every line that can be shown, the unfinished one too. */
const shown = (output: StepOutput): readonly string[] => {
  const lines = Array.from({ length: output.endLine - output.firstLine }, (_, at) =>
    output.line(output.firstLine + at),
  );
  return output.unfinished === '' ? lines : [...lines, output.unfinished];
};

/** The same numbers on every run. */
const generator = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
};

describe('a flood', () => {
  const line = (number: number) => `${number} pg_restore: creating TABLE "public.orders"`;
  const flood = (output: StepOutput, count: number, chunkBytes = 32_763) => {
    const all = Buffer.from(`${Array.from({ length: count }, (_, at) => line(at)).join('\n')}\n`);
    for (let at = 0; at < all.length; at += chunkBytes) output.push(all.subarray(at, at + chunkBytes));
    return all;
  };

  test('nothing is lost: the file has every byte, the count every line, and each can be read', () => {
    const file = join(home, 'step.log');
    const output = new StepOutput(file);
    const all = flood(output, 500_000);
    expect([output.firstLine, output.endLine, output.bytes]).toEqual([0, 500_000, all.length]);
    for (const at of [0, 1, 77_777, 250_000, 499_998, 499_999]) expect(output.line(at)).toBe(line(at));
    expect([output.line(-1), output.line(500_000)]).toEqual(['', '']);
    expect(output.last(2)).toEqual([line(499_998), line(499_999)]);
    output.close();
    expect(readFileSync(file).equals(all)).toBe(true);
    expect(output.line(3)).toBe(line(3));
  });

  test('memory does not grow with it', () => {
    const output = new StepOutput(join(home, 'step.log'));
    const chunk = Buffer.from(`${line(0)}\n`.repeat(20_000));
    const used = () => process.memoryUsage.rss();
    for (let count = 0; count < 20; count += 1) output.push(chunk);
    const before = used();
    for (let count = 0; count < 400; count += 1) output.push(chunk);
    expect(output.endLine).toBe(420 * 20_000);
    // 370 MB went through it.
    expect(used() - before).toBeLessThan(64 * 1024 * 1024);
    output.close();
  });

  test('without a file the last lines are there, and the first line that is says so', () => {
    const output = new StepOutput(null);
    flood(output, 200_000);
    expect(output.endLine).toBe(200_000);
    expect(output.firstLine).toBeGreaterThan(100_000);
    expect(output.line(output.firstLine)).toBe(line(output.firstLine));
    expect(output.line(output.firstLine - 1)).toBe('');
    expect(output.endLine - output.firstLine).toBeGreaterThan(10_000);
  });

  test('a disk that fills up in the middle: what is in neither file nor memory is not claimed', () => {
    writeFileSync(join(home, 'file'), '');
    const output = new StepOutput(join(home, 'file', 'step.log'));
    flood(output, 200_000);
    expect(output.spoolTrouble).toContain('ENOTDIR');
    expect(output.firstLine).toBeGreaterThan(0);
    expect(output.line(199_999)).toBe(line(199_999));
  });

  test('whoever reads along sees every line once and in order, however the bytes arrive', () => {
    const output = new StepOutput(join(home, 'step.log'));
    const random = generator(7);
    const all = Buffer.from(Array.from({ length: 60_000 }, (_, at) => `${line(at)}\n`).join(''));
    const seen: string[] = [];
    for (let at = 0; at < all.length; ) {
      const size = 1 + random(40_000);
      output.push(all.subarray(at, at + size));
      at += size;
      if (random(3) > 0) continue;
      for (let next = seen.length; next < output.endLine; next += 1) seen.push(output.line(next));
    }
    for (let next = seen.length; next < output.endLine; next += 1) seen.push(output.line(next));
    expect(seen).toHaveLength(60_000);
    expect(seen.findIndex((text, at) => text !== line(at))).toBe(-1);
  });
});

describe('lines that are only decoded when they are read', () => {
  const pieces = [
    'plain text\n',
    '\u001b[1;31mred\u001b[0m and a title \u001b]0;pwned\u0007after it\n',
    'tabs\there\tand\tthere\n',
    ' 10%\r 50%\r100%\r\n',
    'äöü 😀 日本\n',
    '\u001b]52;c;never ended\n',
    `${'long '.repeat(2_000)}\n`,
    `${'\t'.repeat(600)}tabs alone\n`,
    `${'x'.repeat(700)}\n`,
    '\n',
    "postgres://app:secret@10.0.0.11/app password='hidden'\n",
  ];

  test('are the lines that the assembler makes of the whole', () => {
    const random = generator(42);
    const all = Buffer.from(Array.from({ length: 4_000 }, () => pieces[random(pieces.length)]).join(''));
    const assembler = new LineAssembler();
    const expected = [...assembler.push(all), ...assembler.end()];
    const output = new StepOutput(join(home, 'step.log'));
    for (let at = 0; at < all.length; ) {
      const size = 1 + random(90_000);
      output.push(all.subarray(at, at + size));
      at += size;
      if (random(2) === 0) output.unfinished;
    }
    const lines = shown(output);
    expect(lines).toHaveLength(expected.length);
    const secret = /secret|hidden/;
    expect(lines.findIndex((text, at) => text !== expected[at] && !secret.test(expected[at] ?? ''))).toBe(-1);
    expect(lines.some((text) => secret.test(text))).toBe(false);
    expect(lines.some((text) => text.includes('postgres://app:****@10.0.0.11/app'))).toBe(true);
  });

  test('ten megabytes without a newline are many lines, and no sequence within them comes through', () => {
    const output = new StepOutput(join(home, 'step.log'));
    const hostile = `\u001b]52;c;${'QUJD'.repeat(40_000)}\u0007é\u001b[31m${'é😀'.repeat(200_000)}`;
    const all = Buffer.from(hostile);
    for (let at = 0; at < all.length; at += 10_007) output.push(all.subarray(at, at + 10_007));
    output.push(Buffer.from('\nthe next line\n'));
    const lines = shown(output);
    expect(lines.at(-1)).toBe('the next line');
    expect(lines.slice(0, -1).join('')).toBe(`é${'é😀'.repeat(200_000)}`);
    expect(lines.every((text) => text.length <= 4096)).toBe(true);
  });

  test('an earlier console’s file is there again, and is continued in the middle of its last line', () => {
    const file = join(home, 'step.log');
    const first = new StepOutput(file);
    first.push(Buffer.from('one\ntwo\nhal'));
    first.close();
    const second = new StepOutput(file);
    expect([second.bytes, second.endLine, second.unfinished]).toEqual([11, 2, 'hal']);
    second.push(Buffer.from('f\nthree\n'));
    expect(shown(second)).toEqual(['one', 'two', 'half', 'three']);
    second.close();
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\nhalf\nthree\n');
  });

  test('of a very long one the end is read back, from a whole line on, and the rest is named', () => {
    const file = join(home, 'step.log');
    writeFileSync(file, 'a line of thirty characters..\n'.repeat(400_000));
    const output = new StepOutput(file);
    expect(output.line(output.firstLine)).toMatch(/^… \d+ bytes before this are only in .*step.log$/);
    expect(output.line(output.firstLine + 1)).toBe('a line of thirty characters..');
    expect(output.bytes).toBe(12_000_000);
  });
});

describe('the output of a step', () => {
  test('the unfinished line is shown as it is, and control sequences only reach the file', () => {
    const file = join(home, 'step.log');
    const output = new StepOutput(file);
    output.push(Buffer.from('\u001b]0;title\u0007Restoring database sch'));
    expect([output.endLine, output.unfinished]).toEqual([0, 'Restoring database sch']);
    output.push(Buffer.from('emas\u001b[2J   ok\n'));
    expect([output.line(0), output.unfinished]).toEqual(['Restoring database schemas   ok', '']);
    output.push(Buffer.from('half'));
    output.close();
    expect(output.last(1)).toEqual(['half']);
    expect(readFileSync(file, 'utf8')).toContain('\u001b[2J');
  });

  test('a second try goes on in the same file, behind a line of the console’s own', () => {
    const file = join(home, 'step.log');
    const output = new StepOutput(file);
    output.push(Buffer.from('first\n'));
    output.close();
    output.note('── try 2 ──');
    output.push(Buffer.from('second\n'));
    output.close();
    expect(output.last(3)).toEqual(['first', '── try 2 ──', 'second']);
    expect(readFileSync(file, 'utf8')).toBe('first\nsecond\n');
  });

  test('a full disk on this machine does not stop the upgrade: it is said, and the screen goes on', () => {
    writeFileSync(join(home, 'file'), '');
    const output = new StepOutput(join(home, 'file', 'step.log'));
    output.push(Buffer.from('still here\n'));
    expect(output.last(1)).toEqual(['still here']);
    expect(output.spoolTrouble).toContain('ENOTDIR');
    expect(output.file).toBeNull();
  });
});
