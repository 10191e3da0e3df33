import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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
    [...source.matchAll(/\b(?:docs\/(?:[a-z-]+\/)?[a-z-]+\.md|fixtures\/lab\b)/g)].map(([path]) => ({
      id,
      path,
    })),
  );
  expect(paths.length).toBeGreaterThan(5);
  const there = new Set([...read, ...readdirSync(join(root, 'fixtures')).map((name) => `fixtures/${name}`)]);
  expect(paths.filter(({ path }) => !there.has(path))).toEqual([]);
});

test('a section of ours that a check cites is a heading there', () => {
  const sections = catalogue.flatMap(({ source }) =>
    [...source.matchAll(/(docs\/(?:[a-z-]+\/)?[a-z-]+\.md), “([^”]+)”/g)].map(
      ([, file = '', title = '']) => ({
        file,
        title,
      }),
    ),
  );
  expect(sections.length).toBeGreaterThan(5);
  const missing = sections.filter(
    ({ file, title }) => !new RegExp(`^#+ ${title}$`, 'm').test(readFileSync(join(root, file), 'utf8')),
  );
  expect(missing).toEqual([]);
});

/** As GitHub makes the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsIn = (file: string): ReadonlySet<string> =>
  new Set(
    [...readFileSync(file, 'utf8').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)),
  );

test('links between documents lead to a file and a heading that are there', () => {
  const links = read
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) =>
      [...readFileSync(join(root, name), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => ({
        name,
        to,
      })),
    )
    .filter(({ to }) => !/^[a-z]+:/.test(to));
  expect(links.length).toBeGreaterThan(50);
  const broken = links.filter(({ name, to }) => {
    const [path = '', anchor] = to.split('#');
    const file = path === '' ? join(root, name) : resolve(root, dirname(name), path);
    return !existsSync(file) || (anchor !== undefined && !anchorsIn(file).has(anchor));
  });
  expect(broken).toEqual([]);
});

test('npm run names a script that is there, wherever a document says so', () => {
  const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const named = read
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) =>
      [...readFileSync(join(root, name), 'utf8').matchAll(/npm run (?:--?\w+ )*([a-z:-]+)/g)].map(
        ([, script = '']) => ({ name, script }),
      ),
    );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
});

test('a file of the source that the architecture names is there', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const named = [...text.matchAll(/`([a-z]+\/[\w/.-]*\.tsx?)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(15);
  expect(
    named.filter((path) => !existsSync(join(root, 'source', path)) && !existsSync(join(root, path))),
  ).toEqual([]);
});

test('a file or directory of ours that a document names is there', () => {
  const named = read
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) =>
      [
        ...readFileSync(join(root, name), 'utf8').matchAll(
          /`((?:source|test|fixtures|scripts|bench|docs)\/[\w/.-]+)`/g,
        ),
      ].map(([, path = '']) => ({ name, path })),
    );
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
});
