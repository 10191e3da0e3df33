import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { autoctlVersion, baseBackup, maintenanceLog } from '../../source/demo/recorded/autoctl.ts';
import {
  failedRestore,
  upgradeCheck,
  upgradeCopy,
  upgradeLink,
} from '../../source/demo/recorded/pg-upgrade-output.ts';
import { controlData, initdbOutput } from '../../source/demo/recorded/postgres.ts';
import { piecesOf, recordedLines } from '../../source/demo/recorded/replay.ts';

const recorded = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../fixtures/recorded', name), 'utf8');

test.each([
  ['demo/pg_upgrade-link.timed', upgradeLink],
  ['demo/pg_upgrade-monitor-copy.timed', upgradeCopy],
  ['demo/base-backup.timed', baseBackup],
  ['demo/A.node_1.initdb.txt', initdbOutput],
  ['postgresql-17.12/pg_upgrade/live-check.txt', upgradeCheck],
  ['postgresql-17.12/pg_upgrade/fail-restore.pg_upgrade_dump_16384.log', failedRestore],
  ['postgresql-15.20/controldata-node1.txt', controlData],
  ['pg_auto_failover-2.0/version.txt', `${autoctlVersion[15]}\n`],
  ['pg_auto_failover-2.2/version.txt', `${autoctlVersion[17]}\n`],
])('what the stand-ins say is what %s says', (name, said) => {
  expect(said).toBe(recorded(name));
});

test('maintenance logs what it logged on the lab, without its time and pid', () => {
  const join = recorded('demo/H.node_2.join.txt');
  for (const line of maintenanceLog.trimEnd().split('\n')) expect(join).toContain(line);
});

test('a recording is played with the pauses between its pieces, and whole', () => {
  const pieces = piecesOf(upgradeLink);
  expect(pieces.reduce((sum, { waitMs }) => sum + waitMs, 0)).toBe(2182);
  expect(Math.min(...pieces.map(({ waitMs }) => waitMs))).toBeGreaterThanOrEqual(0);
  const text = pieces.map((piece) => piece.text).join('');
  expect(text).toContain('Restoring database schemas in the new cluster                 ok\n');
  expect(text.endsWith('./delete_old_cluster.sh\n')).toBe(true);
  expect(
    recordedLines(pieces)
      .map((piece) => piece.text)
      .join(''),
  ).toBe(text);
});
