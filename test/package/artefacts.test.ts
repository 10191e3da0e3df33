import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leftOf, rootIn } from '../embedded/demo-run.ts';

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

/** `pgaf-upgrade demo --scenario SCENARIO`, in plain lines to its end. */
const demo = (scenario: string) => ['demo', '--scenario', scenario, '--plain', '--yes', 'demo'];

/** Two cores that are the demo's alone make it in half of that; others that work beside it, before or at its end, get their share. */
const limitSeconds = (...loads: readonly (number | undefined)[]): number =>
  40 * Math.max(1, ...loads.map((load) => (load ?? 0) / cpus().length));

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

  /** Both artefacts are the same bundle: each scenario goes its way once in plain lines, by one of them or in test/embedded. */
  test('demo, smooth: to its end within 40 s, and nothing is left', async () => {
    const steps = 51;
    const [began, [loadBefore]] = [Date.now(), loadavg()];
    const npx = ['--yes', `--package=${tarball}`, 'pgaf-upgrade', ...demo('smooth')];
    const { code, text } = await inTerminal('npx', npx, newcomer);
    const seconds = (Date.now() - began) / 1000;
    expect(code, text.slice(-3000)).toBe(0);
    expect(text).toMatch(/^DEMO demo: every node runs PostgreSQL 17\.12/m);
    expect(text).toContain(`Steps: ${steps - 2} done, 2 skipped, 0 failed, of ${steps}`);
    expect(text.match(/^DEMO: no real server is touched\.\r?$/gm)?.length).toBe(steps);
    expect(leftOf(rootIn(text))).toEqual([]);
    expect(seconds).toBeLessThan(limitSeconds(loadBefore, loadavg()[0]));
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

/** In CI they are all there. */
const hasProgram = (name: string): boolean =>
  process.env.CI === 'true' || spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined;
const isRoot = process.getuid?.() === 0;

describe('the packages', () => {
  const made = (kind: 'deb' | 'rpm'): string =>
    join(root, run(process.execPath, ['scripts/packages.mjs', kind], newcomer, root).trim());
  const says = (at: string): string =>
    run(join(at, 'usr/bin/pgaf-upgrade'), ['--version'], { PATH: '/nowhere', HOME: place, TERM: 'xterm' });
  const filesIn = (at: string): string[] =>
    readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name).slice(at.length + 1))
      .filter((name) => !name.startsWith('var/lib/') && !name.startsWith('usr/share/doc/'))
      .sort();
  const pages = (at: string): string[] => readdirSync(join(at, 'usr/share/doc/pgaf-upgrade'));

  test.skipIf(!hasProgram('dpkg') || !isRoot)(
    'the .deb is installed by dpkg, runs, and is removed without a trace',
    () => {
      const at = mkdtempSync(join(place, 'deb-'));
      mkdirSync(join(at, 'var/lib/dpkg/info'), { recursive: true });
      mkdirSync(join(at, 'var/lib/dpkg/updates'));
      for (const name of ['status', 'available']) writeFileSync(join(at, 'var/lib/dpkg', name), '');
      const dpkg = (...args: readonly string[]) =>
        run('dpkg', [`--root=${at}`, '--force-depends', '--log=/dev/null', ...args], newcomer);
      const file = made('deb');
      dpkg('--install', file);
      expect(says(at)).toMatch(/^\d+\.\d+\.\d+\n$/);
      expect(filesIn(at)).toEqual([
        'usr/bin/pgaf-upgrade',
        'usr/share/bash-completion/completions/pgaf-upgrade',
        'usr/share/fish/vendor_completions.d/pgaf-upgrade.fish',
        'usr/share/man/man1/pgaf-upgrade.1.gz',
        'usr/share/zsh/vendor-completions/_pgaf-upgrade',
      ]);
      expect(pages(at)).toEqual(
        expect.arrayContaining(['README.md', 'THIRD-PARTY-NOTICES.txt', 'copyright', 'docs']),
      );
      expect(run('sha256sum', ['-c', `${file}.sha256`], newcomer, dirname(file))).toMatch(/: OK\n$/);
      dpkg('--purge', 'pgaf-upgrade');
      expect(filesIn(at)).toEqual([]);
    },
  );

  test.skipIf(!hasProgram('rpmbuild') || !isRoot)(
    'the .rpm is installed by rpm, runs, and is removed without a trace',
    () => {
      const at = mkdtempSync(join(place, 'rpm-'));
      const rpm = (...args: readonly string[]) =>
        run('rpm', ['--root', at, '--dbpath', '/var/lib/rpm', ...args], newcomer);
      const file = made('rpm');
      rpm('--initdb');
      rpm('--install', '--nodeps', file);
      expect(says(at)).toMatch(/^\d+\.\d+\.\d+\n$/);
      expect(filesIn(at)).toContain('usr/share/zsh/site-functions/_pgaf-upgrade');
      expect(pages(at)).toEqual(expect.arrayContaining(['README.md', 'docs']));
      expect(rpm('--query', '--requires', 'pgaf-upgrade').split('\n')).toEqual(
        expect.arrayContaining(['glibc >= 2.28', 'libstdc++']),
      );
      rpm('--erase', 'pgaf-upgrade');
      expect(filesIn(at)).toEqual([]);
    },
  );
});

describe('the single-file executable', () => {
  test('has what it is made of beside it, as CycloneDX', () => {
    const listed = JSON.parse(readFileSync(`${executable}.cdx.json`, 'utf8'));
    expect(listed).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { type: 'application', name: 'pgaf-upgrade' } },
    });
    const names = listed.components.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['ink', 'node', 'pg', 'react', 'ssh2', 'zod']));
    // Tools that build and test it are not in it.
    expect(names).not.toEqual(expect.arrayContaining(['vitest']));
    expect(names).not.toEqual(expect.arrayContaining(['typescript']));
    const refs = new Set(listed.components.map((one: { 'bom-ref': string }) => one['bom-ref']));
    for (const { dependsOn } of listed.dependencies) for (const ref of dependsOn) expect(refs).toContain(ref);
  });

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

    test('demo, pg-upgrade-fails: the cause is shown, and the second try succeeds', async () => {
      const { code, text } = await inTerminal(executable, demo('pg-upgrade-fails'), env);
      expect(code, text.slice(-3000)).toBe(0);
      expect(text).toMatch(
        /FAILED: step \d+, node_1: node_1: “Run pg_upgrade --link” ended with exit code 1/,
      );
      expect(text).toContain('column pg_stat_bgwriter.buffers_backend does not exist');
      expect(text).toContain('Servers:   pg_upgrade began and did not finish');
      expect(text).toMatch(/every node runs PostgreSQL 17\.12/);
    });
  });
});
