import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { runCheck } from '../../source/commands/check.ts';
import { run } from '../../source/commands/run.ts';

const directory = mkdtempSync(join(tmpdir(), 'pgaf-accept-'));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

test('check and run refuse a cluster file that accepts a blocker, or what is no check, in the same words', async () => {
  const file = join(directory, 'cluster.yaml');
  writeFileSync(
    file,
    'monitor: { host: m }\ntarget: { bindir: /b }\ncheck: { accept: [pg-upgrade-check, no-such] }\n',
  );
  const said: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  expect(await runCheck({ files: [file], json: false, list: false, prepare: false })).toBe(2);
  const byCheck = said.splice(0).join('');
  expect(await run({ file, plain: true, direction: 'upgrade' })).toBe(2);
  expect(said.join('')).toBe(byCheck);
  expect(byCheck).toContain('check.accept names pg-upgrade-check, which is a blocker');
  expect(byCheck).toContain('check.accept names no-such, which is no check');
});
