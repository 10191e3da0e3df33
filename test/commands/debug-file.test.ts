import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { debugLine, openDebugFile } from '../../source/commands/debug-file.ts';
import { debugEvent } from '../../source/remote/debug-events.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgaf-debug-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('each event is a line of JSON at the end of a file of this user alone', () => {
  const file = join(directory, 'debug.ndjson');
  writeFileSync(file, 'kept\n', { mode: 0o644 });
  const opened = openDebugFile(file);
  if (!opened.ok) throw new Error(opened.error.what);
  debugEvent('ssh.connection', { alias: 'node_1', state: 'connected', why: null });
  expect(opened.value()).toBeNull();
  debugEvent('ssh.connection', { alias: 'node_1', state: 'closed', why: null });
  const [kept, begun = '', connected = '', ...rest] = readFileSync(file, 'utf8').split('\n');
  expect([kept, JSON.parse(begun).event]).toEqual(['kept', 'begun']);
  expect(JSON.parse(connected)).toMatchObject({
    event: 'ssh.connection',
    alias: 'node_1',
    state: 'connected',
  });
  expect(rest).toEqual(['']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('the time is local, to the millisecond, with its zone', () => {
  const { at } = JSON.parse(debugLine({ event: 'begun' }, new Date()));
  expect(at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+$/);
});

test('no secret comes through', () => {
  const line = debugLine(
    {
      event: 'ssh.run',
      why: 'postgres://dba:s3cret@monitor/pg_auto_failover: password=s3cret; PGPASSWORD=s3cret psql',
    },
    new Date(),
  );
  expect(line).not.toContain('s3cret');
  expect(line).toContain('monitor/pg_auto_failover');
});

test('a disk that is full ends the file, not the console, and is said once, at the end', () => {
  let lines = 0;
  const opened = openDebugFile(join(directory, 'debug.ndjson'), () => {
    lines += 1;
    if (lines > 1) throw new Error('ENOSPC: no space left on device, write');
  });
  if (!opened.ok) throw new Error(opened.error.what);
  for (const alias of ['node_1', 'node_2', 'node_3'])
    debugEvent('ssh.connection', { alias, state: 'connected', why: null });
  expect(lines).toBe(2);
  expect(opened.value()).toMatchObject({
    what: expect.stringMatching(/debug\.ndjson is cut short: it could not be written to its end\.$/),
    cause: 'ENOSPC: no space left on device, write',
  });
});

test('a device or a pipe is no place for it', () => {
  expect(openDebugFile('/dev/full')).toMatchObject({
    ok: false,
    error: { what: '/dev/full is no regular file.' },
  });
});

test('a file that cannot be opened is a problem before anything is begun', () => {
  const opened = openDebugFile(join(directory, 'no', 'such', 'directory'));
  expect(opened).toMatchObject({
    ok: false,
    error: { remedy: 'Name a file that you may write: `--debug FILE`.' },
  });
});
