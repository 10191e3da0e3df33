import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal, readEarlier } from '../../source/engine/journal/journal.ts';
import { good } from '../cluster/recorded.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-journal-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const file = () => join(home, 'shop/night/journal.ndjson');
const kinds = () =>
  readEarlier(home, 'shop', 'night').map((record) => ('entry' in record ? record.entry.kind : 'unknown'));

test('is read back by the next console, and goes on in the same file', () => {
  const first = good(Journal.open(home, 'shop', 'night'));
  first.write({ kind: 'left', running: 'D.node_1.pg-upgrade' });
  first.close();
  const second = good(Journal.open(home, 'shop', 'night'));
  expect(second.earlier).toEqual([
    { at: expect.stringMatching(/Z$/), entry: { kind: 'left', running: 'D.node_1.pg-upgrade' } },
  ]);
  second.write({ kind: 'finished', direction: 'upgrade' });
  second.close();
  expect(kinds()).toEqual(['left', 'finished']);
});

test('a line torn by a full disk or a lost machine is marked, and swallows nothing of what follows', () => {
  const first = good(Journal.open(home, 'shop', 'night'));
  first.write({ kind: 'left', running: null });
  first.close();
  appendFileSync(file(), '{"at":"2026-11-24T23:00:00.000Z","kind":"ended","st');
  const second = good(Journal.open(home, 'shop', 'night'));
  second.write({ kind: 'finished', direction: 'upgrade' });
  second.close();
  expect(kinds()).toEqual(['left', 'torn', 'finished']);
  expect(readFileSync(file(), 'utf8')).toContain('"kind":"ended","st\n{');
});

test('what another version of the console wrote is kept and not understood', () => {
  mkdirSync(join(home, 'shop/night'), { recursive: true });
  writeFileSync(file(), '{"at":"2031-01-01T00:00:00.000Z","kind":"teleported"}\nnot json\n');
  good(Journal.open(home, 'shop', 'night')).close();
  expect(kinds()).toEqual(['unknown']);
});

test('directories that were open to others are closed to them', () => {
  mkdirSync(join(home, 'shop/night/output'), { recursive: true });
  for (const directory of ['shop', 'shop/night', 'shop/night/output'])
    chmodSync(join(home, directory), 0o755);
  writeFileSync(file(), '', { mode: 0o644 });
  good(Journal.open(home, 'shop', 'night')).close();
  for (const directory of ['shop', 'shop/night', 'shop/night/output'])
    expect((statSync(join(home, directory)).mode & 0o777).toString(8), directory).toBe('700');
  expect((statSync(file()).mode & 0o777).toString(8)).toBe('600');
});

test('no password and no secret of a connection string reaches it', () => {
  const journal = good(Journal.open(home, 'shop', 'night'));
  journal.write({
    kind: 'failed',
    step: 'A',
    what: 'postgres://autoctl:hunter2@monitor/db could not connect, password=hunter3 host=x',
    unmet: ["PGPASSWORD='hunter 4' psql", "ALTER ROLE a PASSWORD 'hunter''5'"],
    probe: null,
  });
  journal.close();
  const text = readFileSync(file(), 'utf8');
  expect(text).not.toMatch(/hunter/);
  expect(text).toContain('postgres://autoctl:****@monitor/db');
});
