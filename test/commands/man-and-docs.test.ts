import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { docPages } from '../../source/commands/docs.ts';
import { flagNames, flags } from '../../source/commands/flags.ts';
import { manPage } from '../../source/commands/man.ts';
import { subcommands } from '../../source/commands/table.ts';

test('the manual page has every command and every option, and no line that roff would take for a request', () => {
  const page = manPage(subcommands, '1.2.3');
  expect(page).toMatch(/^[\n -~]*$/);
  const plain = page
    .replaceAll('\\-', '-')
    .replaceAll(/\\\[u([0-9A-F]+)\]/g, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)));
  for (const { name, says } of subcommands) {
    expect(plain).toContain(`.B pgaf-upgrade ${name}`);
    expect(plain).toContain(says);
  }
  for (const name of flagNames) expect(plain).toContain(flags[name].shown.split(' ')[0] ?? '');
  const known = /^\.(TH|SH|SS|TP|B|BI|BR|I|br)( |$)/;
  for (const line of page.split('\n')) if (/^[.']/.test(line)) expect(line).toMatch(known);
});

test('docs names every page that there is', () => {
  const pages = readdirSync(new URL('../../docs/', import.meta.url)).filter((name) => name.endsWith('.md'));
  expect(Object.keys(docPages).map((name) => `${name}.md`)).toEqual(pages.sort());
});
