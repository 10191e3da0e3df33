import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { catalogue } from '../../source/runbook/checks/catalogue.ts';

const root = resolve(import.meta.dirname, '../..');
const below = (directory: string, kinds: RegExp): string[] =>
  readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => kinds.test(name))
    .map((name) => join(directory, name));
const read = [
  ...below('source', /\.tsx?$/),
  ...below('docs', /\.md$/),
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
];

test('no statement rests on a field guide: readers do not have it', () => {
  expect(read.length).toBeGreaterThan(200);
  const citing = read.filter((name) => /field\s+guide/i.test(readFileSync(join(root, name), 'utf8')));
  expect(citing).toEqual([]);
});

test('a page or file of ours that a check cites exists', () => {
  const paths = catalogue.flatMap(({ id, source }) =>
    [...source.matchAll(/\b(?:docs\/[a-z-]+\.md|fixtures\/lab\b)/g)].map(([path]) => ({ id, path })),
  );
  expect(paths.length).toBeGreaterThan(5);
  const there = new Set([...read, ...readdirSync(join(root, 'fixtures')).map((name) => `fixtures/${name}`)]);
  expect(paths.filter(({ path }) => !there.has(path))).toEqual([]);
});

test('a section of ours that a check cites is a heading there', () => {
  const sections = catalogue.flatMap(({ source }) =>
    [...source.matchAll(/(docs\/[a-z-]+\.md), “([^”]+)”/g)].map(([, file = '', title = '']) => ({
      file,
      title,
    })),
  );
  const missing = sections.filter(
    ({ file, title }) => !new RegExp(`^#+ ${title}$`, 'm').test(readFileSync(join(root, file), 'utf8')),
  );
  expect(missing).toEqual([]);
});
