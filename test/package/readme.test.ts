import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type Console, openConsole } from '../lab/harness/console.ts';
import { leave } from '../lab/harness/walk.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const commands = readFileSync(`${root}README.md`, 'utf8').match(/^ {4}npm ci && .*$/gm) ?? [];

let console_: Console | null = null;
afterEach(async () => {
  await console_?.kill('SIGTERM');
});

test('the README has one command to run it and one for its tests, each of one line', () => {
  expect(commands).toEqual(['    npm ci && npm run demo', '    npm ci && npm test']);
});

test('the command that runs it comes to the first step; npm ci was done by whoever runs this', async () => {
  const command = commands[0]?.trim().replace('npm ci && ', '') ?? '';
  console_ = openConsole({ command: ['sh', '-c', command], cwd: root, cols: 80, rows: 24 });
  await console_.waitFor(/Press Enter to begin/, { timeoutMs: 90_000 });
  await console_.press('enter');
  await console_.waitFor(/Enter run steps? 1\b/, { timeoutMs: 60_000 });
  expect(await leave(console_)).toBe(1);
  expect(console_.scrollback()).toContain('DEMO: finished; everything removed.');
});
