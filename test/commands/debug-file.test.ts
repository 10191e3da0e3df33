import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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

const begin = (file: string): (() => unknown) => {
  const opened = openDebugFile(file, '1.2.3');
  if (!opened.ok) throw new Error(opened.error.what);
  return opened.value;
};

test('each event is a line of JSON in a new file of this user alone, which begins with the program and its version', () => {
  const file = join(directory, 'debug.ndjson');
  const close = begin(file);
  debugEvent('ssh.connection', { alias: 'node_1', state: 'connected', why: null });
  expect(close()).toBeNull();
  debugEvent('ssh.connection', { alias: 'node_1', state: 'closed', why: null });
  const [begun = '', connected = '', ...rest] = readFileSync(file, 'utf8').split('\n');
  expect(JSON.parse(begun)).toMatchObject({
    event: 'begun',
    program: 'pgaf-upgrade',
    version: '1.2.3',
    node: process.version,
  });
  expect(JSON.parse(connected)).toMatchObject({
    event: 'ssh.connection',
    alias: 'node_1',
    state: 'connected',
  });
  expect(rest).toEqual(['']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a file that it has begun before goes on at its end, on a line of its own behind one that was cut', () => {
  const file = join(directory, 'debug.ndjson');
  begin(file)();
  appendFileSync(file, '{"at":"cut');
  begin(file)();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toBe('{"at":"cut');
  expect(JSON.parse(lines[2] ?? '').event).toBe('begun');
});

test.each([
  ['a cluster file', 'monitor: { host: monitor.example.com }\n'],
  ['another program’s events', '{"event":"begun","program":"another"}\n'],
  ['a file with nothing in it', ''],
])('%s is refused by name, and stays as it was to the byte and its mode', (_, text) => {
  const file = join(directory, 'cluster.yaml');
  writeFileSync(file, text);
  chmodSync(file, 0o644);
  expect(openDebugFile(file, '1.2.3')).toMatchObject({
    ok: false,
    error: {
      what: `${file} is there already, and was not written by --debug: nothing was written to it.`,
      remedy: 'Name a new file, or one that --debug has written before.',
    },
  });
  expect(readFileSync(file, 'utf8')).toBe(text);
  expect(statSync(file).mode & 0o777).toBe(0o644);
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
  const opened = openDebugFile(join(directory, 'debug.ndjson'), '1.2.3', () => {
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
  expect(openDebugFile('/dev/full', '1.2.3')).toMatchObject({
    ok: false,
    error: { what: '/dev/full is no regular file.' },
  });
});

test('a file that cannot be opened is a problem before anything is begun', () => {
  const opened = openDebugFile(join(directory, 'no', 'such', 'directory'), '1.2.3');
  expect(opened).toMatchObject({
    ok: false,
    error: { remedy: 'Name a file that you may write: `--debug FILE`.' },
  });
});
