import { expect, it } from 'vitest';
import { parseControlData } from '../../../source/cluster/parse/control-data.ts';
import { good, recorded } from '../recorded.ts';

it.each([
  ['postgresql-15.20/controldata-in-production.txt', 'in production', 1300],
  ['postgresql-15.20/controldata-shut-down.txt', 'shut down', 1300],
  ['postgresql-15.20/controldata-in-archive-recovery.txt', 'in archive recovery', 1300],
  ['postgresql-15.20/controldata-shut-down-in-recovery.txt', 'shut down in recovery', 1300],
  // Killed: nothing runs, and still it says so.
  ['postgresql-15.20/controldata-crashed.txt', 'in production', 1300],
  ['postgresql-17.12/controldata-initdb.txt', 'shut down', 1700],
  ['postgresql-17.12/controldata-after-upgrade.txt', 'shut down', 1700],
  ['postgresql-17.12/controldata-in-production.txt', 'in production', 1700],
])('reads the state in %s', (file, state, controlVersion) => {
  expect(good(parseControlData(recorded(file)))).toMatchObject({ state, controlVersion, blockSize: 8192 });
});

it('reads every value of a lab node', () => {
  expect(good(parseControlData(recorded('postgresql-15.20/controldata-node1.txt')))).toEqual({
    controlVersion: 1300,
    catalogVersion: 202209061,
    systemIdentifier: '7711163490379944039',
    state: 'in production',
    modified: 'Mon Nov 23 01:03:54 2026',
    latestCheckpoint: '0/1536FA58',
    redo: '0/1536FA20',
    timeline: 2,
    nextXid: '0:745',
    minimumRecovery: '0/0',
    walLevel: 'replica',
    walLogHints: true,
    maxConnections: 100,
    maxPreparedTransactions: 0,
    blockSize: 8192,
    walSegmentSize: 16_777_216,
    checksumVersion: 0,
  });
});

it('shows in the fingerprint that the new cluster was started', () => {
  const before = good(parseControlData(recorded('postgresql-17.12/controldata-after-upgrade.txt')));
  const after = good(parseControlData(recorded('postgresql-17.12/controldata-shut-down.txt')));
  expect(after.latestCheckpoint).not.toBe(before.latestCheckpoint);
  expect(after.systemIdentifier).toBe(before.systemIdentifier);
});

const sound = recorded('postgresql-17.12/controldata-shut-down.txt');

it.each([
  ['empty', ''],
  [
    'an error',
    'pg_controldata: error: could not open file "/x/global/pg_control" for reading: No such file or directory',
  ],
  ['another language', sound.replace('Database cluster state', 'Datenbank-Cluster-Status')],
  ['a state that there is not', sound.replace('shut down', 'shut down; rm -rf /')],
  ['an LSN that is none', sound.replace(/(Latest checkpoint location: +)\S+/, '$1here')],
  ['an identifier beyond 64 bits', sound.replace(/(system identifier: +)\S+/, '$199999999999999999999')],
  [
    'a checksum that does not match',
    `pg_controldata: warning: calculated CRC checksum does not match value stored in control file\n${sound}`,
  ],
])('fails on %s', (_, output) => {
  expect(parseControlData(output).ok).toBe(false);
});

it('lets nothing that is appended replace a value', () => {
  const output = `${recorded('postgresql-15.20/controldata-in-production.txt')}Database cluster state: shut down\n`;
  expect(good(parseControlData(output)).state).toBe('in production');
});
