import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const text = (name: string): string => readFileSync(`${root}/${name}`, 'utf8');

interface Package {
  readonly optional?: boolean;
  readonly engines?: { readonly node?: string };
}

const numbers = (version: string): readonly number[] => version.trim().split('.').map(Number);
const atLeast = (version: string, lowest: string): boolean => {
  const [one, other] = [numbers(version), numbers(lowest)];
  for (let at = 0; at < 3; at += 1) {
    const [a, b] = [one[at] ?? 0, other[at] ?? 0];
    if (a !== b) return a > b;
  }
  return true;
};

/** Of npm's ranges what packages use in `engines`: `>=22.12`, `^20.19.0 || >=22.12.0`, `>=18.20 <19 || >=20.10`, `*`. */
const admits = (range: string, version: string): boolean =>
  range.split('||').some((part) =>
    part
      .trim()
      .replace(/([<>=^~]) +/g, '$1')
      .split(/\s+/)
      .every((bound) => {
        if (bound === '*') return true;
        const [, sign, limit = ''] = /^(>=|<|\^|~)?v?(\d+(?:\.\d+)*)(?:\.x)*$/.exec(bound) ?? [];
        if (limit === '') throw new Error(`a range that this test cannot read: ${range}`);
        if (sign === '<') return !atLeast(version, limit);
        return atLeast(version, limit) && (sign === '>=' || numbers(version)[0] === numbers(limit)[0]);
      }),
  );

const lock: { readonly packages: Readonly<Record<string, Package>> } = JSON.parse(text('package-lock.json'));
const asked = /with Node (\d+(?:\.\d+)*) or later and npm/.exec(text('README.md'))?.[1] ?? '';

/** npm leaves an optional package out where it does not fit, and says nothing. */
test.each([
  ['asks for', asked],
  ['would do as well', '24.0.0'],
])('npm ci prints no engine warning on the Node that the README %s: %s', (_, version) => {
  expect(version).toMatch(/^\d/);
  const refusing = Object.entries(lock.packages).filter(
    ([, one]) => one.optional !== true && !admits(one.engines?.node ?? '*', version),
  );
  expect(refusing.map(([name]) => name)).toEqual([]);
});
