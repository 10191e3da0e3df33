import { describe, expect, it, test } from 'vitest';
import {
  causeFiles,
  type PgUpgradeKind,
  pgUpgradeProgress,
} from '../../../source/cluster/parse/pg-upgrade-output.ts';
import { recorded } from '../recorded.ts';

const output = (name: string): string => recorded(`postgresql-17.12/pg_upgrade/${name}.txt`);

describe('success', () => {
  it.each<[string, PgUpgradeKind, number, boolean]>([
    ['live-check', 'check', 11, false],
    ['offline-check', 'check', 11, false],
    ['link', 'link', 35, true],
    ['copy', 'copy', 34, true],
    ['monitor-copy', 'copy', 34, true],
  ])('%s', (name, kind, lines, extensionUpdates) => {
    expect(pgUpgradeProgress(output(name), kind)).toEqual({
      finished: lines,
      through: expect.arrayContaining(['Checking cluster versions']),
      expected: lines,
      fraction: 1,
      current: null,
      phase: 'complete',
      failure: null,
      extensionUpdates,
    });
    expect(causeFiles(output(name))).toEqual([]);
  });

  it('never goes back, and is through only at the end', () => {
    const text = output('link');
    let last = 0;
    for (let length = 0; length <= text.length; length++) {
      const { fraction, phase, failure } = pgUpgradeProgress(text.slice(0, length), 'link');
      expect(fraction).toBeGreaterThanOrEqual(last);
      expect(failure).toBeNull();
      if (phase !== 'complete') expect(fraction).toBeLessThan(1);
      last = fraction;
    }
  });
});

it('names the line that it hangs at', () => {
  expect(pgUpgradeProgress(output('monitor-hang'), 'copy')).toMatchObject({
    current: 'Restoring database schemas in the new cluster',
    phase: 'upgrading',
    finished: 28,
    failure: null,
  });
});

describe('failure', () => {
  it('by a library, with the list of them', () => {
    const { phase, failure, current } = pgUpgradeProgress(output('fail-library'), 'check');
    expect(phase).toBe('failed');
    expect(current).toBeNull();
    expect(failure?.at).toBe('Checking for presence of required libraries');
    expect(failure?.reason).toMatch(/^Your installation references loadable libraries that are missing/);
    expect(failure?.files).toEqual([
      '/rec/new/pg_upgrade_output.d/20261123T010754.272/loadable_libraries.txt',
    ]);
  });

  it('mid-way, with the log', () => {
    const { failure, finished } = pgUpgradeProgress(output('fail-restore'), 'copy');
    expect(finished).toBe(28);
    expect(failure?.reason).toMatch(/^Consult the last few lines of/);
    expect(failure?.at).toBe('Restoring database schemas in the new cluster');
    expect(failure?.files).toEqual([
      '/rec/new/pg_upgrade_output.d/20261123T010755.471/log/pg_upgrade_dump_16384.log',
    ]);
  });

  it('with the reason on the screen only', () => {
    expect(pgUpgradeProgress(output('fail-prepared'), 'check').failure).toEqual({
      at: 'Checking for prepared transactions',
      reason: 'The source cluster contains prepared transactions',
      files: [],
    });
    expect(pgUpgradeProgress(output('fail-new-running'), 'link').failure).toMatchObject({
      at: null,
      reason: expect.stringContaining('postmaster servicing the new cluster'),
    });
    expect(pgUpgradeProgress(output('already-linked'), 'check').failure).toMatchObject({
      at: null,
      reason: expect.stringContaining('could not get control data'),
    });
  });

  it('with two logs in one sentence, as when a server does not start', () => {
    // Source: PostgreSQL 17, src/bin/pg_upgrade/exec.c, exec_prog.
    const text = `*failure*\n\nConsult the last few lines of "/n/log/pg_upgrade_server_start.log" or "/n/log/pg_upgrade_server.log" for\nthe probable cause of the failure.\nFailure, exiting\n`;
    expect(causeFiles(text)).toEqual(['/n/log/pg_upgrade_server_start.log', '/n/log/pg_upgrade_server.log']);
  });

  it('takes no file name with control characters, and not thousands of them', () => {
    const list = (name: string): string => `problem libraries is in the file:\n    ${name}\n`;
    const many = Array.from({ length: 1000 }, (_, index) => list(`/f${index}`)).join('');
    expect(causeFiles(`*failure*\n${list('/x\u001b[2J')}Failure, exiting\n`)).toEqual([]);
    expect(causeFiles(`*failure*\n${many}Failure, exiting\n`).length).toBeLessThanOrEqual(20);
  });
});

it('counts no sentence that happens to end like a result', () => {
  const text = [
    'that the library prints and that says of itself that it is all ok',
    `${'x'.repeat(80)}ok`,
    `${'y '.repeat(40)}ok`,
  ].join('\n');
  expect(pgUpgradeProgress(text, 'link').finished).toBe(0);
});

it('takes endless lines in its stride', () => {
  const started = performance.now();
  pgUpgradeProgress(' '.repeat(3_000_000), 'link');
  pgUpgradeProgress('x ok '.repeat(600_000), 'link');
  causeFiles(`*failure*\n${'Consult the last few lines of '.repeat(30_000)}`);
  expect(performance.now() - started).toBeLessThan(2000);
});

// Counted on real servers: 15.20 → 17.12, 15.19 → 18.6, 17.11 → 18.6.
test.each([
  [15, 17, 'check', 11],
  [15, 17, 'link', 35],
  [15, 18, 'link', 35],
  [15, 18, 'copy', 34],
  [17, 18, 'check', 14],
  [17, 18, 'link', 38],
  [17, 18, 'copy', 37],
] as const)('from %i to %i, pg_upgrade (%s) prints %i lines with a result', (from, to, kind, lines) => {
  expect(pgUpgradeProgress('', kind, { from, to }).expected).toBe(lines);
});
