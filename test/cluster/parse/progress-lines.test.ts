import { expect, it } from 'vitest';
import { parseBackupLine } from '../../../source/cluster/parse/basebackup.ts';
import { parseAnalyzeLine } from '../../../source/cluster/parse/vacuumdb.ts';
import { recorded } from '../recorded.ts';

it('reads the stages of vacuumdb', () => {
  const lines = recorded('postgresql-17.12/vacuumdb-analyze-in-stages.txt')
    .trim()
    .split('\n')
    .map(parseAnalyzeLine);
  expect(lines.map((line) => line?.stage)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  expect(lines[0]).toEqual({ stage: 1, stages: 3, database: 'app' });
  expect(parseAnalyzeLine('vacuumdb: error: connection failed')).toBeNull();
});

it.each(['pg_basebackup-progress.txt', 'pg_basebackup-progress-verbose.txt'])('reads %s', (name) => {
  const lines = recorded(`postgresql-15.20/${name}`).split('\n').map(parseBackupLine);
  expect(lines.filter((line) => line !== null)).toEqual([
    { done: 32081, total: 32081, percent: 100, tablespacesDone: 0, tablespaces: 1 },
    { done: 32081, total: 32081, percent: 100, tablespacesDone: 1, tablespaces: 1 },
  ]);
});
