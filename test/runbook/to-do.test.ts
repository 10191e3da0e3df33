import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
