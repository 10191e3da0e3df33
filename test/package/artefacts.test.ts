import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { spawn } from '@lydell/node-pty';
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

/** The machine's programs but for node and what comes with it. */
const pathWithoutNode = (): string => {
  const directory = join(place, 'without-node');
  mkdirSync(directory);
  for (const name of readdirSync('/usr/bin'))
    if (!/^(node|nodejs|npm|npx|corepack)$/.test(name))
      symlinkSync(`/usr/bin/${name}`, join(directory, name));
  return directory;
};

/** In a terminal, to its end: the exit code and what was printed. */
const inTerminal = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    const pty = spawn(command, [...args], {
      cols: 120,
      rows: 40,
      cwd: mkdtempSync(join(place, 'empty-')),
      env,
    });
    let text = '';
    pty.onData((data) => {
      text += data;
    });
    pty.onExit(({ exitCode }) => resolve({ code: exitCode, text }));
  });

/**
 * Both are the same bundle: what is proven of each is that everything a demo needs is in it, wherever it starts. Smooth by
 * both, each other scenario by one of them.
 */
const ofTheTarball = ['smooth', 'two-secondaries', 'line-drops'];
const ofTheExecutable = ['smooth', 'pg-upgrade-fails', 'rollback-after-start'];
const demo = (scenario: string) => ['demo', '--scenario', scenario, '--plain', '--yes', 'demo'];
/** What the last lines of a demo say: the rollback ends on the old version. */
const end = (scenario: string): RegExp =>
  scenario === 'rollback-after-start' ? /every node runs PostgreSQL 15/ : /every node runs PostgreSQL 17/;

/** Made once, side by side. */
let tarball = '';
let executable = '';
beforeAll(async () => {
  const env = { ...newcomer, HOME: process.env.HOME ?? place };
  const npm = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)('npm', [...args], { cwd: root, env })).stdout;
  const [, made] = await Promise.all([
    npm('pack', '--silent', '--pack-destination', place),
    npm('run', '--silent', 'executable'),
  ]);
  tarball = join(place, readdirSync(place).find((file) => file.endsWith('.tgz')) ?? 'none');
  executable = join(root, made.trim().split('\n').at(-1) ?? '');
});

describe('the tarball of npm pack', () => {
  test('runs with npx from an empty directory, without a registry', () => {
    const empty = mkdtempSync(join(place, 'empty-'));
    expect(
      run('npx', ['--yes', `--package=${tarball}`, 'pgaf-upgrade', '--version'], newcomer, empty),
    ).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.concurrent.each(ofTheTarball)('demo, scenario %s, to its end in a terminal', async (scenario) => {
    const { code, text } = await inTerminal(
      'npx',
      ['--yes', `--package=${tarball}`, 'pgaf-upgrade', ...demo(scenario)],
      newcomer,
    );
    expect(code, text.slice(-3000)).toBe(0);
    expect(text).toMatch(end(scenario));
    if (scenario !== 'two-secondaries') return;
    // Its other assurances: number_sync_standbys goes to 0 and comes back.
    expect(text).toContain('Set number_sync_standbys to 0');
    expect(text).toContain('Set number_sync_standbys to 1');
    expect(text).toMatch(/^node_3: secondary \(assigned secondary\)/m);
  });

  test('contains the console, the pages that it names, its licence and those of what it is made of, and no more', () => {
    const files = run('tar', ['-tzf', tarball], newcomer).split('\n').filter(Boolean).sort();
    const pages = readdirSync(`${root}docs`).filter((name) => name.endsWith('.md'));
    expect(files.filter((file) => !/^package\/dist\/[\w-]+\.js$/.test(file))).toEqual([
      'package/CHANGELOG.md',
      'package/LICENSE',
      'package/README.md',
      'package/SECURITY.md',
      'package/dist/THIRD-PARTY-NOTICES.txt',
      'package/dist/initdb.wasm',
      expect.stringMatching(/^package\/dist\/monitor-[0-9a-f]+\.tgz$/),
      'package/dist/pglite.data',
      'package/dist/pglite.wasm',
      ...[...pages, 'console.svg'].sort().map((name) => `package/docs/${name}`),
      'package/package.json',
    ]);
  });
});

describe('the single-file executable', () => {
  test('needs nothing but itself to say what it is', () => {
    const nowhere = mkdtempSync(join(place, 'bin-'));
    expect(run(executable, ['--version'], { PATH: nowhere, HOME: place, TERM: 'xterm' })).toMatch(
      /^\d+\.\d+\.\d+\n$/,
    );
  });

  test('has its checksum beside it, as sha256sum reads it', () => {
    expect(run('sha256sum', ['-c', `${executable}.sha256`], newcomer, dirname(executable))).toMatch(
      /: OK\n$/,
    );
  });

  describe('where there is no node', () => {
    let env: Readonly<Record<string, string>> = {};
    beforeAll(() => {
      env = { PATH: pathWithoutNode(), HOME: place, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };
      expect(() => run('sh', ['-c', 'command -v node'], env)).toThrow();
    });

    test.concurrent.each(ofTheExecutable)('demo, scenario %s, to its end in a terminal', async (scenario) => {
      const { code, text } = await inTerminal(executable, demo(scenario), env);
      expect(code, text.slice(-3000)).toBe(0);
      expect(text).toMatch(end(scenario));
    });
  });
});
