import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quoted, sh } from '../../source/cluster/fragment.ts';
import type { ToDo } from '../../source/cluster/to-do.ts';
import { inPsql } from '../../source/runbook/checks/in-psql.ts';
import { script } from '../../source/runbook/shell/shell.ts';
import { forgetToDo, toDoFile, toDoFunctions } from '../../source/runbook/shell/to-do.ts';
import { Sandbox } from './sandbox.ts';

/** What steps have left undone, as it is noted on the primary's host. */

let host: Sandbox;
beforeEach(() => {
  host = new Sandbox();
});
afterEach(() => host.remove());

const note = (what: string, command = ''): ToDo => ({ part: 'inventory', database: 'app', what, command });
const file = (): string => toDoFile(host.node, 'inventory');
const lay = (...notes: readonly ToDo[]): void =>
  host.write(file(), notes.map((one) => `${one.database}\t${one.what}\t${one.command}\n`).join(''));
const forget = (one: ToDo) => host.sh(forgetToDo(host.node, one).text);

test('what is done goes off the list alone, whatever characters it has', () => {
  const odd = note(
    String.raw`lost: comment [a.*] it's \ $HOME`,
    String.raw`psql -c 'comment on table "-x" is E'\''a\nb'\'''`,
  );
  const like = note('lost: comment a');
  lay(odd, like);
  expect(forget(odd)).toMatchObject({ code: 0 });
  expect(host.read(file())).toBe('app\tlost: comment a\t\n');
  expect(forget(like)).toMatchObject({ code: 0 });
  expect(existsSync(file())).toBe(false);
});

test('what is not there is no error, and nothing else goes', () => {
  lay(note('a'));
  expect(forget(note('b'))).toMatchObject({ code: 0 });
  expect(host.read(file())).toBe('app\ta\t\n');
});

test.each([
  'app',
  'my db',
  'a=b',
  'postgres://x',
  'postgresql://y',
  'postgresql:y',
  "it's=\\",
  '-d',
  'A/b',
  '$x',
])('a script and a check name the database %s alike in a command', (name) => {
  const asScripts = host.sh(
    script(sh`
        ${toDoFunctions(host.node, 'inventory')}
        eval "set -- $(database_word ${quoted(name)})"; printf %s "$1"
      `).text,
  );
  const asChecks = host.sh(`set -- ${inPsql(name, 'select 1')}; printf %s "$3"`);
  expect(asScripts.output).toBe(asChecks.output);
  expect(asScripts.code).toBe(0);
});

describe('the monitor’s extensions, which stayed at the old version’s', () => {
  const update = (psql: readonly string[]) => {
    host.program(join(host.facts.monitor.newBindir, 'psql'), 'case $* in', ...psql, 'esac');
    return host.run('I.monitor.extensions');
  };
  const noted = () => toDoFile(host.facts.monitor, 'extensions');
  const done = () => host.has(join(host.facts.monitor.workDir, 'done/extensions'));

  test('are updated one by one, but pg_autoctl’s own', () => {
    const ran = update([
      '*"from pg_database"*) printf "%s\\n" pg_auto_failover postgres ;;',
      '*"name <> \'pgautofailover\'"*) [ $PGDATABASE = postgres ] || echo btree_gist ;;',
      '*"extension=btree_gist"*) ;;',
      '*) exit 9 ;;',
    ]);
    expect(ran).toEqual({ code: 0, output: 'pg_auto_failover: btree_gist is updated\n' });
    expect([done(), existsSync(noted())]).toEqual([true, false]);
  });

  test('hold nothing up: what refuses is noted with its command', () => {
    const ran = update([
      '*"from pg_database"*) echo pg_auto_failover ;;',
      '*"from pg_available_extensions"*) echo btree_gist ;;',
      '*) echo "psql:x.sql:1: ERROR:  cannot drop function f(), because view v needs it" >&2; exit 3 ;;',
    ]);
    expect(ran.code).toBe(0);
    expect(done()).toBe(true);
    expect(host.read(noted())).toMatch(
      /^pg_auto_failover\textension btree_gist keeps its version: ERROR: cannot drop function f\(\), because view v needs it\. .*\t.*alter extension "btree_gist" update'\n$/,
    );
  });

  test('hold nothing up where not even the databases can be listed', () => {
    const ran = update(['*) echo "psql: error: connection refused" >&2; exit 2 ;;']);
    expect(ran.code).toBe(0);
    expect(done()).toBe(true);
    expect(host.read(noted())).toBe(
      '\tthe databases could not be listed, and no extension was updated: psql: error: connection refused\t\n',
    );
  });
});
