import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'pgaf-package-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** The machine's own programs, without those of this checkout. */
const pathOutside = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((directory) => !directory.includes('node_modules'))
  .join(delimiter);

/** Nothing of this checkout or this user's npm, and no registry that answers. */
const newcomer = {
  PATH: pathOutside,
  HOME: place,
  TERM: 'xterm-256color',
  LC_ALL: 'C.UTF-8',
  npm_config_cache: join(place, 'npm-cache'),
  npm_config_registry: 'http://127.0.0.1:9/',
  npm_config_update_notifier: 'false',
};

const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>>, cwd = place) =>
  execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

describe('the tarball of npm pack', () => {
  let tarball = '';
  beforeAll(() => {
    run(
      'npm',
      ['pack', '--silent', '--pack-destination', place],
      { ...newcomer, HOME: process.env.HOME ?? place },
      root,
    );
    tarball = join(place, readdirSync(place).find((file) => file.endsWith('.tgz')) ?? 'none');
  });

  test('runs with npx from an empty directory, without a registry', () => {
    const empty = mkdtempSync(join(place, 'empty-'));
    expect(
      run('npx', ['--yes', `--package=${tarball}`, 'pgaf-upgrade', '--version'], newcomer, empty),
    ).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('contains the console, its licence and those of what it is made of, and no more', () => {
    const files = run('tar', ['-tzf', tarball], newcomer).split('\n').filter(Boolean).sort();
    expect(files.filter((file) => !/^package\/dist\/[\w-]+\.js$/.test(file))).toEqual([
      'package/LICENSE',
      'package/README.md',
      'package/dist/THIRD-PARTY-NOTICES.txt',
      'package/package.json',
    ]);
  });
});

describe('the single-file executable', () => {
  let executable = '';
  beforeAll(() => {
    executable = join(
      root,
      run('npm', ['run', '--silent', 'executable'], { ...newcomer, HOME: process.env.HOME ?? place }, root)
        .trim()
        .split('\n')
        .at(-1) ?? '',
    );
  });

  test('runs where there is no node', () => {
    const nowhere = mkdtempSync(join(place, 'bin-'));
    expect(run(executable, ['--version'], { PATH: nowhere, HOME: place, TERM: 'xterm' })).toMatch(
      /^\d+\.\d+\.\d+\n$/,
    );
  });
});
