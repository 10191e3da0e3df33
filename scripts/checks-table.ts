import { readFileSync, writeFileSync } from 'node:fs';
import { catalogue } from '../source/runbook/checks/catalogue.ts';

const begin = '<!-- checks: npm run docs -->';
const end = '<!-- /checks -->';

const short = (): string =>
  [
    '| check | severity | what must be so |',
    '|---|---|---|',
    ...catalogue.map((one) => `| [\`${one.id}\`](#${one.id}) | ${one.severity} | ${one.title} |`),
  ].join('\n');

const long = (): string =>
  catalogue
    .map(
      (one) =>
        `### \`${one.id}\`\n\n**${one.title}** (${one.severity}; ${one.scope})\n\n${one.why}\n\nRests on: ${one.source}.`,
    )
    .join('\n\n');

/** The part of docs/checks.md that is made from the catalogue of checks, with its marks: all at a glance, then each. */
export const checksTable = (): string => `${begin}\n\n${short()}\n\n${long()}\n\n${end}`;

/** `npm run docs`: writes it into the document. */
if (process.argv[1]?.endsWith('checks-table.ts')) {
  const file = 'docs/checks.md';
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no ${begin} … ${end}`);
  writeFileSync(file, `${text.slice(0, from)}${checksTable()}${text.slice(to + end.length)}`);
}
