import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordable, sessionRecord } from '../../source/commands/session-record.ts';
import { overhear } from '../../source/commands/terminal.ts';
import { readRun } from '../../source/engine/journal/read-run.ts';
import { makeReport } from '../../source/reports/report/report.ts';
import { toHtml } from '../../source/reports/to-html.ts';
import { toMarkdown } from '../../source/reports/to-markdown.ts';
import { parseAsciicast, replayed } from '../lab/harness/asciicast.ts';
import { groundOf, recordedJournal } from '../reports/journals.ts';

/** What a console's terminal showed, kept beside the journal so that it can be played again. */

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgaf-record-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const terminal = { columns: 40, rows: 5, title: 'pgaf-upgrade: shop', term: 'xterm' };
/** The steady clock goes on by 250 ms at each look. */
const clock = () => {
  let looks = 0;
  return {
    date: () => Date.parse('2026-11-27T18:23:03Z'),
    steady: () => {
      looks += 1;
      return 250 * looks;
    },
  };
};
const kept = (): string => {
  const [name = ''] = readdirSync(directory);
  return readFileSync(join(directory, name), 'utf8');
};

test('is played again as it was shown, with the times, from before the run had a directory', async () => {
  const record = sessionRecord(terminal, { clock: clock() });
  record.hear('\u001B[2J\u001B[Hconnecting\n');
  record.begin(directory);
  record.begin(directory);
  record.mark('Step 1 on monitor: Save record');
  record.hear('\u001B[31mStep 1\u001B[0m of 51\n');
  record.resized(60, 10);
  record.hear('done ✔\n');
  expect(record.close()).toBeNull();
  expect(readdirSync(directory)).toEqual([expect.stringMatching(/^session-20261127T182303Z-\d+\.cast$/)]);
  expect(statSync(join(directory, readdirSync(directory)[0] ?? '')).mode & 0o777).toBe(0o600);
  const cast = parseAsciicast(kept());
  expect(cast.header).toMatchObject({ version: 2, width: 40, height: 5, timestamp: 1_795_803_783 });
  expect(cast.events.map(([at, code]) => [at, code])).toEqual([
    [0.25, 'o'],
    [0.5, 'm'],
    [0.75, 'o'],
    [1, 'r'],
    [1.25, 'o'],
  ]);
  expect((await replayed(cast)).screen).toBe('connecting\nStep 1 of 51\ndone ✔');
});

test('has no secret, and leaves the clipboard of whoever plays it alone', () => {
  expect(recordable('a\u001B]52;c;cm0gLXJm\u001B\\b')).toBe('ab');
  expect(recordable('\u001BPtmux;\u001B\u001B]52;c;cm0gLXJm\u0007\u001B\\b')).not.toMatch(/52;|cm0g/);
  expect(recordable('\u001B[1mPGPASSWORD=hunter2 psql\u001B[0m│')).toBe(
    '\u001B[1mPGPASSWORD=**** psql   \u001B[0m│',
  );
  expect(recordable('password=hunter2\u001B[3;1Hnext')).toBe('password=****   \u001B[3;1Hnext');
});

test('a secret that the screen has folded into the next row was kept from there on', () => {
  expect(
    recordable(
      '12 wait │\u001B[2m│ \u001B[22mPGPASSWORD=hunt\n13 wait │\u001B[2m┊ \u001B[22mer2hunter2hunte\n14 wait │\u001B[2m┊ \u001B[22mr2 psql -c x:y \n15 wait │ a: b\n',
    ),
  ).toBe(
    '12 wait │\u001B[2m│ \u001B[22mPGPASSWORD=****\r\n13 wait │\u001B[2m┊ \u001B[22m***************\r\n14 wait │\u001B[2m┊ \u001B[22m** psql -c x:y \r\n15 wait │ a: b\r\n',
  );
  expect(recordable('| token=abc\n: def ghi\n')).toBe('| token=****\r\n: *** ghi\r\n');
  // A value that ends before its row does goes on nowhere, and where no glyph is nothing does.
  expect(recordable('| token=abc psql\n: def\n')).toBe('| token=**** psql\r\n: def\r\n');
  expect(recordable('| token=abc\n| def\n')).toBe('| token=****\r\n| def\r\n');
});

test('ends at its bound, with a mark in it and a sentence behind the run, and is whole so far', () => {
  const record = sessionRecord(terminal, { clock: clock(), most: 1024 * 1024 });
  record.begin(directory);
  for (let at = 0; at < 30; at += 1) record.hear('x'.repeat(50_000));
  expect(record.close()).toMatchObject({ what: expect.stringMatching(/has reached its 1 MB/) });
  expect(kept().length).toBeLessThan(1024 * 1024 + 200);
  expect(parseAsciicast(kept()).events.at(-1)).toMatchObject({ 1: 'm', 2: /ends here/ });
});

test('leaves the last of a disk to the journal, without which no step is run', () => {
  let left = 100 * 1024 * 1024;
  const record = sessionRecord(terminal, { clock: clock(), room: () => left });
  record.begin(directory);
  record.hear('x'.repeat(300_000));
  left = 60 * 1024 * 1024;
  record.hear('y'.repeat(300_000));
  record.hear('z');
  expect(record.close()).toMatchObject({ what: expect.stringMatching(/leaves the last 64 MB/) });
  expect(parseAsciicast(kept()).events.map(([, code]) => code)).toEqual(['o', 'm']);
});

test('one that cannot be written holds nothing up, and is told once at the end', () => {
  const full = sessionRecord(terminal, {
    append: () => {
      throw new Error('ENOSPC: no space left on device');
    },
  });
  full.begin(directory);
  full.hear('a\n');
  full.hear('b\n');
  expect(full.close()).toMatchObject({ cause: expect.stringMatching(/no space/) });
  const nowhere = sessionRecord(terminal);
  nowhere.begin(join(directory, 'not', 'there'));
  nowhere.hear('a\n');
  expect(nowhere.close()).toMatchObject({ what: expect.stringMatching(/was not recorded in/) });
  const neverBegun = sessionRecord(terminal);
  neverBegun.hear('it could not start\n');
  expect(neverBegun.close()).toBeNull();
});

test('hears of every write to the terminal, and of its size, until that is ended', () => {
  const stream = Object.assign(new PassThrough(), { columns: 80, rows: 24 });
  const heard: string[] = [];
  const forget = overhear(stream, {
    written: (text) => heard.push(text),
    resized: (columns, rows) => heard.push(`${columns}x${rows}`),
  });
  stream.write('one');
  stream.write(Buffer.from('two'));
  stream.emit('resize');
  forget();
  stream.write('three');
  stream.emit('resize');
  expect(heard).toEqual(['one', 'two', '80x24']);
  expect(String(stream.read())).toBe('onetwothree');
});

test('the report names the records, and links them in HTML', () => {
  const place = join(directory, 'run of "shop"');
  mkdirSync(place);
  writeFileSync(join(place, 'journal.ndjson'), recordedJournal);
  const record = sessionRecord(terminal);
  record.begin(place);
  record.close();
  const run = readRun(place);
  if (!run.ok) throw new Error(run.error.what);
  const [path = ''] = run.value.sessions;
  expect(statSync(path).isFile()).toBe(true);
  const { title, blocks } = makeReport({ ...groundOf([]), ...run.value });
  const html = toHtml(title, blocks);
  const [, href = ''] = /<a href="(file:[^"]*)">/.exec(html) ?? [];
  expect(fileURLToPath(href)).toBe(path);
  expect(toMarkdown(blocks)).toContain(`\`asciinema play FILE\`: \`${path}\``);
});
