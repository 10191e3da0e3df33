import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { livenessFunction } from '../../source/runbook/shell/liveness.ts';
import { Sandbox } from './sandbox.ts';

/** Whether pg_autoctl runs, asked by a real shell of real processes: a script named pg_autoctl is one to /proc. */
let host: Sandbox;
let children: ChildProcess[] = [];
beforeEach(() => {
  host = new Sandbox();
  host.program(join(host.root, 'bin/pg_autoctl'), 'while :; do sleep 0.1; done');
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  host.remove();
});

const started = async (
  words: readonly string[],
  { env = {}, cwd = '/' }: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<number> => {
  const child = spawn(join(host.root, 'bin/pg_autoctl'), words, {
    env: { PATH: process.env.PATH, ...env },
    cwd,
    stdio: 'ignore',
  });
  children.push(child);
  for (let tries = 0; tries < 100; tries += 1) {
    if (host.sh(`cat /proc/${child.pid}/comm`).output.trim() === 'pg_autoctl') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return child.pid ?? 0;
};

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** What the function says in a script that ends at the first failure, and in an inspection that does not. */
const asked = (unit: readonly string[] = [], proc = '/proc/'): string => {
  const call = [
    'liveness',
    ...[host.node.pgdata, host.node.data, host.node.pidFile, ...unit].map(quote),
  ].join(' ');
  const said = ['set -eu', 'set -u'].map((mode) =>
    host
      .sh(
        `${mode}; export LC_ALL=C\n${livenessFunction.text.replaceAll('/proc/', proc)}\n${call}\necho "$autoctl $keeper"`,
      )
      .output.trim(),
  );
  expect(said[0]).toBe(said[1]);
  return said[0] ?? '';
};

const resting = ['0', '', 'inactive'] as const;

describe('pg_autoctl of a data directory', () => {
  test('nothing of it runs: stopped, with a unit and without', () => {
    expect([asked(), asked(resting), asked(['0', '', 'failed'])]).toEqual(['stopped', 'stopped', 'stopped']);
  });

  test('its pid file in a private /tmp: it was taken for stopped, and its server for nobody’s', async () => {
    const pid = await started(['run'], { env: { PGDATA: host.node.pgdata } });
    expect(host.has(host.node.pidFile)).toBe(false);
    expect([asked(), asked([String(pid), '', 'active'])]).toEqual([`runs ${pid}`, `runs ${pid}`]);
  });

  test('started by hand while its unit is at rest: it runs', async () => {
    const pid = await started(['run', '--pgdata', host.node.pgdata]);
    expect(asked(resting)).toBe(`runs ${pid}`);
  });

  test.each([
    ['--pgdata=DIR', (dir: string) => [`--pgdata=${dir}`]],
    ['-D DIR', (dir: string) => ['-D', dir]],
    ['a slash at the end', (dir: string) => ['--pgdata', `${dir}/`]],
  ])('the directory given as %s', async (_, words) => {
    const pid = await started(['run', ...words(host.node.pgdata)]);
    expect(asked()).toBe(`runs ${pid}`);
  });

  test('the directory given from where it was started', async () => {
    const pid = await started(['run', '--pgdata', 'data'], { cwd: join(host.root, 'lib') });
    expect(asked()).toBe(`runs ${pid}`);
  });

  test('another one’s pg_autoctl, and a command of ours that ends by itself, are not it', async () => {
    await started(['run', '--pgdata', '/somewhere/else']);
    await started(['show', 'state', '--pgdata', host.node.pgdata]);
    expect(asked(resting)).toBe('stopped');
  });

  test('only a command that ends by itself is there, and no pid file: it was taken for running', async () => {
    await started(['show', 'state']);
    expect(asked(resting)).toBe('stopped');
  });

  test('a unit that systemd starts again and again, or that systemd does not tell of: nobody knows', () => {
    expect([asked(['0', '', 'activating']), asked(['', '', ''])]).toEqual(['unknown', 'unknown']);
  });

  test('one that does not say which directory is its own: nobody knows, unless the pid file names it', async () => {
    const pid = await started(['run']);
    expect(asked()).toBe('unknown');
    host.write(host.node.pidFile, `${pid}\n${host.node.pgdata}\n`);
    expect(asked()).toBe(`runs ${pid}`);
  });
});

/** What /proc shows of processes of containers: another PID namespace, another root. */
describe('a container of this host', () => {
  // The script has it in place of /proc as it stands, without quotes.
  let proc = '';
  beforeEach(() => {
    proc = `${mkdtempSync(join(tmpdir(), 'pgaf-proc-'))}/`;
  });
  afterEach(() => rmSync(proc, { recursive: true }));

  const inContainer = (root: string, words: readonly string[]): string => {
    host.write(join(proc, 'sys/kernel/random/boot_id'), 'one\n');
    const its = join(proc, '4242');
    host.write(join(its, 'comm'), 'pg_autoctl\n');
    host.write(join(its, 'cmdline'), `${words.join('\0')}\0`);
    host.write(join(its, 'environ'), '');
    host.write(join(its, 'stat'), '4242 (pg_autoctl) S 1 1 1\n');
    for (const [pid, space] of [
      ['4242', 'pid:[2]'],
      ['self', 'pid:[1]'],
    ] as const) {
      mkdirSync(join(proc, pid, 'ns'), { recursive: true });
      symlinkSync(space, join(proc, pid, 'ns/pid'));
    }
    symlinkSync(root, join(its, 'root'));
    return proc;
  };
  const run = () => ['/usr/bin/pg_autoctl', 'run', '--pgdata', host.node.pgdata];

  test('that has a directory of this name was taken for the host’s own', () => {
    const elsewhere = join(host.root, 'container');
    mkdirSync(join(elsewhere, host.node.pgdata), { recursive: true });
    expect(asked(resting, inContainer(elsewhere, run()))).toBe('stopped');
  });

  test('that has this very directory runs on it', () => {
    mkdirSync(host.node.data, { recursive: true });
    expect(asked(resting, inContainer('/', run()))).toBe('runs 4242');
  });

  test('that does not see the directory, and whose pg_autoctl has lost its parent, made it unknown', () => {
    mkdirSync(host.node.data, { recursive: true });
    expect(asked(resting, inContainer(host.root, ['pg_autoctl: node active']))).toBe('stopped');
  });
});
