import { afterEach, beforeEach, expect, test } from 'vitest';
import { sh } from '../../source/cluster/fragment.ts';
import { compareInventoryLines, inventoryFile } from '../../source/runbook/shell/inventory/inventory.ts';
import {
  clusterInventorySql,
  databaseInventorySql,
  parameterInventorySql,
} from '../../source/runbook/shell/inventory/inventory-sql.ts';
import { script } from '../../source/runbook/shell/shell.ts';
import { keepToDo, toDoFunctions } from '../../source/runbook/shell/to-do.ts';
import { Sandbox } from './sandbox.ts';
import { word } from './word.ts';

/** What the catalogs tell beside the relations, before the stop and behind the opening: each difference with its statement. */

let host: Sandbox;
beforeEach(() => {
  host = new Sandbox();
});
afterEach(() => host.remove());

type Row = readonly [kind: string, database: string, name?: string, value?: string, statement?: string];
const text = (rows: readonly Row[]): string => rows.map((row) => `${row.join('\t')}\n`).join('');

const tabbed = (notes: string): readonly string[][] => notes.split('\n').map((line) => line.split('\t'));

/** The lines of the notes, as database, what and command. */
const compare = (before: readonly Row[], now: readonly Row[]): readonly string[] => {
  host.write(inventoryFile(host.node), text(before));
  host.write(`${host.root}/catalogs`, text(now));
  const ran = host.sh(
    script(sh`
      ${toDoFunctions(host.node, 'inventory')}
      inventory() { cat ${word(`${host.root}/catalogs`)} > "$1"; }
      ${compareInventoryLines(host.node)}
      ${keepToDo}
      echo ==; cat "$left" 2>/dev/null || true
    `).text,
  );
  expect(ran.code, ran.output).toBe(0);
  const [output = '', notes = ''] = ran.output.split('==\n');
  for (const [, , command = ''] of tabbed(notes)) expect(output).toContain(command);
  return notes.split('\n').filter((line) => line !== '');
};

const label: Row = ['comment', 'app', 'type public.t', 'd1', "comment on type public.t is E'a\\\\nb'"];

test('the same, and what has come since, is no difference', () => {
  expect(compare([label], [label, ['owner', 'app', 'type public.u', 'a', '']])).toEqual([]);
});

test('a comment that is gone is told with a statement on one line, and without its digest', () => {
  const [told, ...more] = compare([label], []);
  expect(more).toEqual([]);
  expect(told).toMatch(
    /^app\tlost: comment type public\.t\t.*psql -X .* -d app -c 'comment on type public\.t is E'/,
  );
  expect(told).toContain('a\\nb');
});

test('large objects beyond the limit are one row a group: another digest is told', () => {
  const group = (value: string): Row => [
    'large objects',
    'app',
    'of a, default privileges',
    value,
    'select 1',
  ];
  expect(compare([group('7 digest a')], [group('6 digest b')])[0]).toContain(
    'changed: large objects of a, default privileges (7 digest a), now 6 digest b',
  );
});

test('a database whose catalogs cannot be read is told, and not each of its objects', () => {
  const told = compare(
    [label, ['role', '', 'r', 'login', '']],
    [
      ['unread', 'app'],
      ['role', '', 'r', 'login', ''],
    ],
  );
  expect(told).toEqual([expect.stringContaining('could not be read: they are not compared')]);
});

test('parameters’ privileges are in a query of their own: before 15 there is no such catalog', () => {
  expect(parameterInventorySql).toContain('pg_parameter_acl');
  expect(clusterInventorySql + databaseInventorySql).not.toContain('pg_parameter_acl');
});
