import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findRun, isRunDirectory, outputTail, readRun } from '../../source/engine/journal/read-run.ts';
import { good } from '../cluster/recorded.ts';

const home = mkdtempSync(join(tmpdir(), 'pgaf-runs-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const run = (name: string, journal: string): string => {
  const directory = join(home, 'lab', name);
  mkdirSync(join(directory, 'output'), { recursive: true });
  writeFileSync(join(directory, 'journal.ndjson'), journal);
  return directory;
};
const left = '{"at":"2026-11-25T03:00:00.000Z","kind":"left","running":null}\n';

test('the latest run of a cluster, or the one that is named; else why there is none', () => {
  run('20261101T000000Z-aaaa', left);
  const latest = run('20261125T000000Z-bbbb', left);
  mkdirSync(join(home, 'lab', '20261126T000000Z-cccc'));
  expect(good(findRun(home, 'lab', null))).toBe(latest);
  expect(good(findRun(home, 'lab', '20261101T000000Z-aaaa'))).toBe(
    join(home, 'lab', '20261101T000000Z-aaaa'),
  );
  expect(findRun(home, 'lab', 'no')).toMatchObject({
    error: {
      what: 'There is no run no of lab.',
      remedy: 'Name one of them with --run: 20261101T000000Z-aaaa, 20261125T000000Z-bbbb.',
    },
  });
  expect(findRun(home, 'other', null)).toMatchObject({
    error: { what: expect.stringContaining('This machine has no run of other') },
  });
  expect(findRun(home, 'lab', '../lab')).toMatchObject({ ok: false });
});

test('a run that is being written is read as far as its lines are whole', () => {
  const directory = run('20261127T000000Z-dddd', `${left}${left.slice(0, 30)}`);
  expect(isRunDirectory(directory)).toBe(true);
  const kept = good(readRun(directory));
  expect(kept.run).toBe('20261127T000000Z-dddd');
  expect(kept.records).toHaveLength(1);
  expect(kept.others).toEqual(['20261101T000000Z-aaaa', '20261125T000000Z-bbbb']);
  expect(readRun(home)).toMatchObject({ ok: false });
});

test('the last lines of one try’s output: its own bytes, clean, without secrets', () => {
  const directory = run('20261128T000000Z-eeee', left);
  const first = 'first try\n';
  const second = `${Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n')}\n\u001b[31mred\u001b[0m\nhost=m password=S3cr3t user=x\n`;
  writeFileSync(join(directory, 'output', 'A.monitor.save.log'), `${first}${second}third`);
  const to = first.length + Buffer.byteLength(second);
  expect(outputTail(directory, 'A.monitor.save', 0, first.length)).toEqual(['first try']);
  const lines = outputTail(directory, 'A.monitor.save', first.length, to);
  expect(lines).toHaveLength(15);
  expect(lines?.slice(-3)).toEqual(['line 19', 'red', 'host=m password=**** user=x']);
  expect(outputTail(directory, 'A.monitor.save', to, null)).toEqual(['third']);
  expect(outputTail(directory, '../../../etc/passwd', 0, null)).toBeNull();
  expect(outputTail(directory, 'A.node_1.silent', 0, 0)).toEqual([]);
});
