import { describe, expect, test } from 'vitest';
import { backupSendersSql, parseBackupSenders } from '../../source/cluster/parse/basebackup.ts';
import { Pace } from '../../source/engine/step/pace.ts';
import { readLines, readSenders, upgradeLeft } from '../../source/runbook/timing/reading.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { recorded } from '../cluster/recorded.ts';
import { labCluster } from './clusters.ts';

const link = recorded('postgresql-17.12/pg_upgrade/link.txt').split('\n');
const upTo = (label: string): string[] => {
  const at = link.findIndex((line) => line.startsWith(label));
  return [...link.slice(0, at), label.padEnd(62)];
};

test('the steps that take long say where it can be read how far they are', () => {
  const gauges = upgradeRunbook(labCluster()).flatMap(({ id, gauge }) =>
    gauge === null ? [] : [[id, gauge]],
  );
  expect(Object.fromEntries(gauges)).toMatchObject({
    'D.node_1.pg-upgrade': { kind: 'pg_upgrade', run: 'link', majors: { from: 15, to: 17 } },
    'C.monitor.pg-upgrade': { kind: 'pg_upgrade', run: 'copy' },
    'E.node_1.analyze-1': { kind: 'vacuumdb', rounds: 1 },
    'G.node_1.analyze': { kind: 'vacuumdb', rounds: 2 },
    'H.node_2.join': {
      kind: 'base-backup',
      from: 'node_1',
      standby: expect.stringMatching(/^pgautofailover_standby_\d+$/),
    },
  });
});

describe('pg_upgrade', () => {
  const gauge = { kind: 'pg_upgrade', run: 'link', majors: { from: 15, to: 17 } } as const;

  test('says nothing before its first line, and is at 35 of 35 in the end', () => {
    expect(readLines(gauge, ['initdb says something'], null)).toBeNull();
    expect(readLines(gauge, link, null)).toMatchObject({ unit: 'results', done: 35, total: 35, doing: null });
  });

  test('names what it is at', () => {
    const lines = upTo('Restoring database schemas in the new cluster');
    expect(readLines(gauge, lines, null)).toMatchObject({
      done: 28,
      doing: 'Restoring database schemas in the new cluster',
    });
  });

  test('a second try begins anew', () => {
    const lines = [...link.slice(0, 30), '── try 2 ──', ...upTo('Checking data type usage')];
    expect(readLines(gauge, lines, null)?.done).toBe(5);
  });

  test('what is still to come shrinks with every part that is through, and with the time in this one', () => {
    const parts = { floor: 10, dump: 20, restore: 100, files: 30 };
    const left = (label: string, seconds: number): number => {
      const reading = readLines(gauge, upTo(label), null);
      if (reading === null) throw new Error('nothing was read');
      return upgradeLeft(reading, parts, seconds);
    };
    const dumping = left('Creating dump of database schemas', 5);
    const restoring = left('Restoring database schemas in the new cluster', 0);
    expect(dumping).toBeCloseTo(15 + 100 + 30 + 10 * (1 - 8 / 35), 5);
    expect(restoring).toBeCloseTo(100 + 30 + 2, 5);
    expect(left('Restoring database schemas in the new cluster', 60)).toBeCloseTo(72, 5);
    // Longer than expected: what comes after it is still to come.
    expect(left('Restoring database schemas in the new cluster', 600)).toBeCloseTo(32, 5);
    expect(left('Linking user relation files', 0)).toBeLessThan(restoring);
  });
});

describe('vacuumdb', () => {
  const says = (...names: readonly string[]) => names.map((name) => `vacuumdb: vacuuming database "${name}"`);

  test('counts the databases that it has begun with, less the one that it is at', () => {
    const lines = ['set', ...says('app', 'postgres')];
    expect(readLines({ kind: 'vacuumdb', rounds: 1 }, lines, 3)).toMatchObject({
      unit: 'databases',
      done: 1,
      total: 3,
      doing: 'postgres',
    });
  });

  test('without a number of databases there is no whole, until a round is through', () => {
    const gauge = { kind: 'vacuumdb', rounds: 2 } as const;
    expect(readLines(gauge, says('app', 'postgres'), null)).toMatchObject({ done: 1, total: null });
    expect(readLines(gauge, says('app', 'postgres', 'app'), null)).toMatchObject({
      done: 2,
      total: 4,
      doing: 'app, round 2 of 2',
    });
  });

  test('more databases than were counted: no whole is claimed', () => {
    expect(readLines({ kind: 'vacuumdb', rounds: 1 }, says('a', 'b', 'c'), 2)?.total).toBeNull();
  });
});

describe('a base backup', () => {
  const senders = (...some: readonly object[]) => parseBackupSenders(JSON.stringify(some)) ?? [];
  const copy = {
    name: 'pgautofailover_standby_2',
    phase: 'streaming database files',
    streamed: 10,
    total: 40,
  };

  test('is the one for this node, whoever else is copying', () => {
    const others = [
      { ...copy, name: 'pgautofailover_standby_3', streamed: 5 },
      { ...copy, name: 'nightly' },
    ];
    expect(readSenders('pgautofailover_standby_2', senders(...others, copy))).toMatchObject({
      unit: 'bytes',
      done: 10,
      total: 40,
      doing: 'copying',
    });
    expect(readSenders('pgautofailover_standby_9', senders(...others, copy))).toBeNull();
    expect(readSenders('pgautofailover_standby_2', senders({ ...copy, name: 'nightly' }))).toBeNull();
    // The copy of node_3 was shown as node_2's, which had joined already.
    expect(readSenders('pgautofailover_standby_9', senders(copy), [copy.name])).toBeNull();
    // Registered anew, it has another number; it is the only standby that copies.
    expect(readSenders('pgautofailover_standby_9', senders(copy, { ...copy, name: 'nightly' }))?.done).toBe(
      10,
    );
  });

  test('waits for its checkpoint, and has no whole before the server has added it up', () => {
    const waiting = senders({ ...copy, phase: 'waiting for checkpoint to finish', streamed: 0, total: null });
    expect(readSenders(copy.name, waiting)).toMatchObject({
      done: 0,
      total: null,
      doing: 'waiting for a checkpoint on the primary',
    });
  });

  test('as a real primary told it while pg_autoctl copied node_3 at 10 MB/s', () => {
    const pace = new Pace();
    const told = recorded('postgresql-15.20/basebackup-senders.txt')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const at = Date.parse(`2026-11-25T${line.slice(0, 8)}Z`);
        const reading = readSenders('pgautofailover_standby_3', parseBackupSenders(line.slice(9)) ?? []);
        return { at, reading, rate: reading === null ? null : pace.of(reading.done, at) };
      });
    const copying = told.filter(({ reading }) => reading !== null);
    const ended = told.findLast(({ reading }) => reading !== null)?.at ?? 0;
    expect([told.length - copying.length, copying.length]).toEqual([8, 34]);
    expect(new Set(copying.map(({ reading }) => reading?.total))).toEqual(new Set([362_076_160]));
    for (const { at, reading, rate } of copying.slice(3, -5)) {
      const left = ((reading?.total ?? 0) - (reading?.done ?? 0)) / (rate ?? 1);
      expect(rate).toBeGreaterThan(9e6);
      // What was promised, and what it took: within a fifth, and a second for the clock.
      expect(Math.abs(left - (ended - at) / 1000)).toBeLessThan(1.5 + left / 5);
    }
  });

  test('an answer that is none is none', () => {
    for (const text of ['', 'psql: error', '{}', '[{"name":1}]', `[${'['.repeat(1000)}`])
      expect(parseBackupSenders(text)).toBeNull();
    expect(senders({ name: 'x', phase: '\u001B[2J', streamed: -1, total: 'much' })).toEqual([
      { name: 'x', phase: 'initializing', streamed: 0, total: null },
    ]);
    expect(backupSendersSql).not.toContain('\\');
  });
});
