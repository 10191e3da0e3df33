import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { layoutIn } from '../../source/demo/layout.ts';
import { startSweeper } from '../../source/demo/sweeper.ts';

let layout: ReturnType<typeof layoutIn>;
const started: ChildProcess[] = [];

beforeEach(() => {
  layout = layoutIn(mkdtempSync(join(tmpdir(), 'pgaf-demo-')));
  mkdirSync(layout.processes);
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(layout.root, { recursive: true, force: true });
});

/** A process in a group of its own, as a job of the demo is, or somebody's program. */
const group = (): ChildProcess & { readonly pid: number } => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  started.push(child);
  const { pid } = child;
  if (pid === undefined) throw new Error('sleep did not start');
  return Object.assign(child, { pid });
};
const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));
const fileOf = (pid: number): string => join(layout.processes, String(pid));
const named = (pid: number): number => {
  writeFileSync(fileOf(pid), '');
  return pid;
};

test('what the demo has started is ended with it', async () => {
  const sweeper = startSweeper(layout, false);
  const job = group();
  named(job.pid);
  const over = ended(job);
  await sweeper.sweep();
  await over;
  expect(existsSync(layout.root)).toBe(false);
});

test('the number of a job that had ended was another program’s, and the end of the demo killed that', async () => {
  const sweeper = startSweeper(layout, false);
  const job = group();
  named(job.pid);
  const over = ended(job);
  job.kill('SIGKILL');
  await over;
  await expect.poll(() => existsSync(fileOf(job.pid)), { timeout: 5_000 }).toBe(false);
  await sweeper.sweep();
});

test('a kept demo names no process of the run before: their numbers may be another’s by now', async () => {
  const job = group();
  const first = startSweeper(layout, true);
  named(job.pid);
  const over = ended(job);
  await first.sweep();
  await over;
  expect(existsSync(fileOf(job.pid))).toBe(false);

  // A reboot in between: nobody has swept.
  const stranger = group();
  named(stranger.pid);
  const second = startSweeper(layout, true);
  await second.sweep();
  expect(stranger.exitCode).toBe(null);
  expect(stranger.signalCode).toBe(null);
});
