import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { missingIn, programIn, systemPrograms } from '../../source/demo/hosts/programs.ts';
import { makePosixPrograms, type PosixPrograms } from '../embedded/posix-programs.ts';

let root: string;
let posix: PosixPrograms;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pgaf-not-gnu-'));
  posix = makePosixPrograms();
});
afterAll(() => {
  for (const directory of [root, dirname(posix.directory)]) rmSync(directory, { recursive: true });
});

const missing = (path: string): readonly string[] => [...missingIn(path, mkdtempSync(join(root, 'probe-')))];

test.runIf(process.platform === 'linux')('with GNU’s programs nothing needs a stand-in', () => {
  expect(missing(systemPrograms)).toEqual([]);
});

test('with POSIX’s programs all that the product’s scripts want of GNU is missing', () => {
  expect(missing(posix.directory).join(' ')).toBe(
    'date find grep head mv readlink sed stat tail timeout xargs',
  );
  expect(programIn(posix.directory, 'setsid')).toBeNull();
});
