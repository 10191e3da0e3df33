import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Place, places, textsOf } from './reading-places.ts';
import { retired } from './retired-words.ts';

const root = resolve(import.meta.dirname, '../..');

const filesOf = ({ files, under, kinds }: Place): readonly string[] => [
  ...(files ?? []),
  ...(under === undefined
    ? []
    : readdirSync(join(root, under), { recursive: true, encoding: 'utf8' })
        .filter((name) => kinds.test(name))
        .map((name) => join(under, name))),
];

interface Found {
  readonly at: string;
  readonly found: string;
  readonly instead: string;
}

const wordsIn = (place: Place, name: string): readonly Found[] =>
  place.read(readFileSync(join(root, name), 'utf8'), name).flatMap(({ line, text }) =>
    (place.excepted ?? []).some((one) => text.includes(one))
      ? []
      : retired.flatMap(({ word, instead }) =>
          [...text.matchAll(new RegExp(word, 'gi'))].map(([found]) => ({
            at: `${name}:${line}`,
            found,
            instead,
          })),
        ),
  );

describe.each(places)('$says', (place) => {
  test('there are files, and something to read in them', () => {
    const texts = filesOf(place).flatMap((name) => place.read(readFileSync(join(root, name), 'utf8'), name));
    expect(texts.length).toBeGreaterThan(5);
  });

  test('no retired word is in what a person reads: docs/glossary.md has the terms', () => {
    expect(filesOf(place).flatMap((name) => wordsIn(place, name))).toEqual([]);
  });
});

test('a word is retired for a reason, and for another one', () => {
  for (const { word, instead, because } of retired) {
    expect(because.length, String(word)).toBeGreaterThan(7);
    expect(instead.length, String(word)).toBeGreaterThan(4);
    expect(
      instead.split(', ').some((term) => new RegExp(word, 'i').test(term)),
      String(word),
    ).toBe(false);
  }
});

test('texts of a source are found, and nothing else', () => {
  const sample = [
    "import { one } from './not/this one.ts'; // nor 'this one'",
    "const pattern = /'not this'/g;",
    'const script = sh`echo not this`;',
    'const text = `a template with @{list.map((each) => html`one inside @{each}`)}`;',
    "/* nor 'this one' */ const said = 'it isn\\'t so';",
    'const half = (all - one) / 2 / 3;',
    'const seen = (',
    '  <Text bold>between two tags</Text>',
    ');',
  ]
    .join('\n')
    .replaceAll('@{', '$'.concat('{'));
  expect(textsOf(sample, 'sample.tsx')).toEqual([
    { line: 1, text: './not/this one.ts' },
    { line: 4, text: 'one inside …' },
    { line: 4, text: 'a template with …' },
    { line: 5, text: "it isn\\'t so" },
    { line: 8, text: 'between two tags' },
  ]);
});
