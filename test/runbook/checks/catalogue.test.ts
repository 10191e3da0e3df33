import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checksTable } from '../../../scripts/checks-table.ts';
import { catalogue } from '../../../source/runbook/checks/catalogue.ts';

test('ids are stable names, each used once', () => {
  const ids = catalogue.map((one) => one.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id))).toBe(true);
});

test('every check says why, and on what it rests', () => {
  for (const check of catalogue) {
    expect(check.why.length, check.id).toBeGreaterThan(30);
    expect(check.source.length, check.id).toBeGreaterThan(3);
  }
});

test('docs/checks.md has the catalogue: npm run docs writes it', () => {
  expect(readFileSync('docs/checks.md', 'utf8')).toContain(checksTable());
});
