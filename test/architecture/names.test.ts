import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

/** One exported name means one thing: whoever searches for it finds one declaration. */

const source = resolve(import.meta.dirname, '../../source');
const declared = /^export (?:abstract |async )?(?:const|function|class|interface|type|let|enum) (\w+)/gm;

const files = new Map<string, Set<string>>();
for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }))
  if (/\.tsx?$/.test(file))
    for (const [, name = ''] of readFileSync(join(source, file), 'utf8').matchAll(declared))
      files.set(name, new Set([...(files.get(name) ?? []), file]));

test('the names were read at all', () => {
  expect(files.size).toBeGreaterThan(1000);
});

test('no name is exported by two files', () => {
  const twice = [...files].filter(([, its]) => its.size > 1).map(([name]) => name);
  expect(twice).toEqual([]);
});
