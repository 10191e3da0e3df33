import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { markFile, markOf, ownershipFunctions } from '../../source/runbook/shell/ownership.ts';
import { script } from '../../source/runbook/shell/shell.ts';
import { labCluster } from './clusters.ts';
import { Sandbox } from './sandbox.ts';

let host: Sandbox;
beforeEach(() => {
  host = new Sandbox();
});
afterEach(() => host.remove());

const says = (...lines: readonly string[]): string => {
  const ran = host.sh(
    [
      script(ownershipFunctions(host.facts)).text,
      `d='${join(host.root, 'lib/new [1]*?').replaceAll("'", "'\\''")}'`,
      ...lines,
      'for f in ours kin; do if $f "$d"; then echo $f; fi; done',
    ].join('\n'),
  );
  expect(ran.code).toBe(0);
  return ran.output.trim().replaceAll('\n', ' ');
};
const directory = (): string => join(host.root, 'lib/new [1]*?');

test('a directory is ours once it carries the mark of this run, and no longer when it is taken away', () => {
  mkdirSync(directory());
  expect(says()).toBe('');
  expect(says('own "$d"')).toBe('ours kin');
  expect(host.read(join(directory(), markFile))).toBe(markOf(host.facts));
  expect(says()).toBe('ours kin');
  expect(says('own "$d"')).toBe('ours kin');
  expect(says('unmark "$d"')).toBe('');
});

test('another run’s is of the same cluster, another cluster’s is neither', () => {
  mkdirSync(directory());
  host.write(join(directory(), markFile), markOf(labCluster({ run: '20250101T000000Z-0000' })));
  expect(says()).toBe('kin');
  host.write(join(directory(), markFile), markOf(labCluster({ systemIdentifier: '7711174124246397032' })));
  expect(says()).toBe('');
  host.write(join(directory(), markFile), '');
  expect(says()).toBe('');
});

test('a symbolic link is nobody’s, nor is a directory whose mark is one', () => {
  const real = join(host.root, 'lib/real');
  mkdirSync(real);
  host.write(join(real, markFile), markOf(host.facts));
  symlinkSync(real, directory());
  expect(says()).toBe('');
  mkdirSync(`${directory()}2`);
  symlinkSync(join(real, markFile), join(`${directory()}2`, markFile));
  expect(says('d="$d"2')).toBe('');
});
