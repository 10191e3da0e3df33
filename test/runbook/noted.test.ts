import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sh } from '../../source/cluster/fragment.ts';
import { compareLines, notedFile } from '../../source/runbook/shell/database-contents.ts';
import { script } from '../../source/runbook/shell/shell.ts';
import { Sandbox } from './sandbox.ts';
import { word } from './word.ts';
import { worldAt } from './worlds.ts';

/** What was there right before the stop is there before the new version opens: databases, relations, where sequences are. */

let host: Sandbox;
beforeEach(() => {
  host = new Sandbox();
});
afterEach(() => host.remove());

type Row = readonly [
  kind: string,
  database: string,
  schema: string,
  name: string,
  value: string,
  step: string,
];
const text = (rows: readonly Row[]): string => rows.map((row) => `${row.join('\t')}\n`).join('');
const database = (name: string): Row => ['database', name, '', '', '', ''];
const table = (name: string, of = 'app'): Row => ['table', of, 'public', name, '', ''];
const sequence = (value: string, step = '1'): Row => ['sequence', 'app', 'public', 'id_seq', value, step];

const compare = (noted: readonly Row[], now: readonly Row[]) => {
  const file = join(host.root, 'now');
  host.write(notedFile(host.node), text(noted));
  host.write(file, text(now));
  return host.sh(script(compareLines(host.node, sh`${word(file)}`)).text);
};

test('the same, and what has come since, is no loss', () => {
  const before = [database('app'), table('orders'), sequence('41')];
  const ran = compare(before, [...before.slice(0, 2), table('new'), sequence('42'), database('more')]);
  expect(ran).toMatchObject({
    code: 0,
    output: expect.stringContaining('nothing is missing of what was noted'),
  });
});

describe('what is missing ends the step, by name', () => {
  test.each([
    [
      'a database, said once and not with each of its tables',
      [database('app'), table('orders')],
      [],
      'gone: database "app"\n1 differences',
    ],
    [
      'a table',
      [database('app'), table('orders'), table('b')],
      [database('app'), table('b')],
      'gone: table "public"."orders" in database "app"\n1 differences',
    ],
    [
      'a table of that name in another database is another',
      [database('a'), table('t', 'a'), database('b')],
      [database('a'), database('b'), table('t', 'b')],
      'gone: table "public"."t" in database "a"',
    ],
    [
      'a sequence that went back',
      [database('app'), sequence('42')],
      [database('app'), sequence('41')],
      'went back: sequence "public"."id_seq" in database "app", from 42 to 41',
    ],
    [
      'one that begins anew',
      [database('app'), sequence('42')],
      [database('app'), sequence('')],
      'from 42 to its beginning',
    ],
    [
      'numbers as numbers',
      [database('app'), sequence('100')],
      [database('app'), sequence('99')],
      'from 100 to 99',
    ],
    [
      'by one, beyond what awk counts to',
      [database('app'), sequence('9223372036854775807')],
      [database('app'), sequence('9223372036854775806')],
      'from 9223372036854775807 to',
    ],
    [
      'a sequence that counts down',
      [database('app'), sequence('-41', '-1')],
      [database('app'), sequence('-40', '-1')],
      'from -41 to -40',
    ],
  ] as const)('%s', (_, noted, now, says) => {
    const ran = compare(noted, now);
    expect(ran.code).toBe(1);
    expect(ran.output).toContain(says);
  });
});

test.each([
  ['one that counts down has gone on', sequence('-41', '-1'), sequence('-42', '-1')],
  ['one below zero has gone on', sequence('-41'), sequence('-40')],
  ['one that cycles begins anew by itself', sequence('42', ''), sequence('1', '')],
  ['one that had given none', sequence(''), sequence('')],
])('no loss: %s', (_, noted, now) => {
  expect(compare([database('app'), noted], [database('app'), now]).code).toBe(0);
});

test('names with quotes, blanks, backslashes and dollars are compared as they are', () => {
  const odd = [database(`o'b "x`), table('a b\\tc$1&', `o'b "x`)];
  expect(compare(odd, odd).code).toBe(0);
  expect(compare(odd, odd.slice(0, 1)).output).toContain('gone: table "public"."a b\\tc$1&"');
});

test('nothing noted (an empty file is none): it is only counted, and said', () => {
  const ran = compare([], [database('app')]);
  expect(ran).toMatchObject({ code: 0, output: 'nothing was noted before the stop: this is only counted\n' });
});

describe('the verification', () => {
  const answers = (tables: string) => {
    for (const bin of [host.node.oldBindir, host.node.newBindir])
      host.program(
        join(bin, 'psql'),
        'case $* in',
        `*"select 'database'"*) printf 'database\\tapp\\t\\t\\t\\t\\n' ;;`,
        "*'from pg_database'*) echo app ;;",
        `*'from pg_class'*) ${tables} ;;`,
        'esac',
      );
  };
  const line = (name: string) => `printf 'table\\tapp\\tpublic\\t${name}\\t\\t\\n'`;

  test('counts, and does not mark itself done while a table is missing that was there at the stop', () => {
    const { workDir } = host.node;
    answers(`${line('orders')}; ${line('b')}`);
    expect(host.run('C.node_1.checkpoint', worldAt('fenced', host.facts)).code).toBe(0);
    answers(line('b'));
    const ran = host.run('E.node_1.verify', worldAt('started', host.facts));
    expect(ran).toMatchObject({ code: 1, output: expect.stringContaining('gone: table "public"."orders"') });
    expect(host.has(join(workDir, 'done/verify'))).toBe(false);
    answers(`${line('orders')}; ${line('b')}`);
    const again = host.run('E.node_1.verify', worldAt('started', host.facts));
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('app: 2 tables') });
    expect(host.has(join(workDir, 'done/verify'))).toBe(true);
  });
});
