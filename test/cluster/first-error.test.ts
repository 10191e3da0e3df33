import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { firstError } from '../../source/cluster/parse/first-error.ts';

const recorded = (name: string): readonly string[] =>
  readFileSync(
    new URL(`../../fixtures/recorded/postgresql-17.12/pg_upgrade/${name}`, import.meta.url),
    'utf8',
  ).split('\n');

test('of a restore that failed: the error, the view, its database and the file', () => {
  expect(
    firstError([
      { where: 'pg_upgrade_dump_16384.log', lines: recorded('fail-restore.pg_upgrade_dump_16384.log') },
      { where: null, lines: ['*failure*', 'Failure, exiting'] },
    ]),
  ).toEqual({
    says: 'ERROR: column pg_stat_bgwriter.buffers_backend does not exist',
    about: 'view "bg" in database app',
    where: 'pg_upgrade_dump_16384.log',
  });
});

test('of a library that is missing: what could not be loaded, and where', () => {
  const found = firstError([
    { where: 'loadable_libraries.txt', lines: recorded('fail-library.loadable_libraries.txt') },
  ]);
  expect(found?.says).toMatch(/^ERROR: could not access file/);
  expect(found?.about).toMatch(/^in database /);
});

test.each([
  [
    '2026-11-23 01:07:55.471 UTC [4711] FATAL:  could not open file "x": Permission denied',
    'FATAL: could not open file "x": Permission denied',
  ],
  ['01:07:55 4711 ERROR Failed to connect to the monitor', 'ERROR: Failed to connect to the monitor'],
  [
    'pg_basebackup: error: connection to server failed: timeout',
    'error: connection to server failed: timeout',
  ],
  ['psql:x.sql:1: ERROR:  permission denied for table t', 'ERROR: permission denied for table t'],
])('reads %s', (line, says) => {
  expect(firstError([{ where: null, lines: ['all is well', line, 'and then nothing'] }])?.says).toBe(says);
});

test('the gravest comes first, and a text without an error has none', () => {
  expect(firstError([{ where: null, lines: ['ERROR:  small', 'PANIC:  great'] }])?.says).toBe('PANIC: great');
  expect(firstError([{ where: null, lines: ['0 errors', 'no ERRORS at all', ''] }])).toBeNull();
});
