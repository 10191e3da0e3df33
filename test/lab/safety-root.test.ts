import { appendFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { runCheck, runCommand } from './harness/check.ts';
import { askWithoutJournal, drive } from './harness/drive.ts';
import { onlyTheHelper } from './harness/helper-login.ts';
import { openLab } from './harness/lab.ts';
import {
  makePayments,
  payAutoctl,
  payConfig,
  payPrimary,
  payPsql,
  payRestart,
  payServers,
  paySettled,
} from './harness/other-formation.ts';
import { clearedSeat } from './harness/seat.ts';
import { expectUpgraded, recordTruth } from './harness/truth.ts';
import { layDesk } from './harness/walk.ts';

const seat = clearedSeat();

/**
 * One window for two things: a login that may become postgres and call the helper, and nothing else; and another formation on
 * the monitor, whose nodes are given the new pg_autoctl while their PostgreSQL serves on.
 */
it('a login that has only the helper upgrades, and the monitor’s other formation keeps its servers and its failover', async () => {
  const lab = await openLab({ snapshot: 'small' });
  const at = await layDesk(lab);
  seat.desk = at;
  const [file = ''] = at.args;
  await makePayments(lab);
  const before = await recordTruth(lab);

  // Nothing is said of payments: blocked, by name. A formation that does not exist: those that do are listed.
  expect((await runCheck(at)).of('other-formations')).toEqual([
    expect.stringMatching(
      /^monitor: formation payments \(pay_2 node2:5433 and pay_3 node3:5433\).* 2\.0.* 2\.2/,
    ),
  ]);
  await appendFile(file, payConfig(lab));
  await onlyTheHelper(lab, at);

  const servers = await payServers(lab);
  // A machine that is busy with other labs takes its time.
  const driven = await drive(at, { timeoutMs: 800_000 });
  expect(driven.end).toBe('finished');
  expect(driven.ran).toContain('G.payments.pay_2.keeper');
  expectUpgraded(before, await recordTruth(lab));
  expect(await payServers(lab)).toEqual(servers);
  await paySettled(lab);
  expect(await payAutoctl(lab, 'node2')).toContain(lab.settings.newBin);

  // What made it an outage: a restart of one of its nodes. Then a failover.
  for (const host of ['node3', 'node2'] as const) {
    await payRestart(lab, host);
    await paySettled(lab, 120);
  }
  const writer = await payPrimary(lab);
  await lab.monitor(`select pgautofailover.perform_failover('payments', 0)`);
  await expect.poll(() => payPrimary(lab).catch(() => 'nobody'), { timeout: 120_000 }).not.toBe(writer);
  await paySettled(lab, 120);
  await payPsql(lab, await payPrimary(lab), 'create table written_after (a int)');

  // And back: the monitor is of the old version again, so their pg_autoctl is, too.
  const again = await payServers(lab);
  expect((await askWithoutJournal(at)).verdict.kind).not.toBe('backup-only');
  expect((await drive(at, { direction: 'rollback', timeoutMs: 800_000 })).end).toBe('finished');
  expect(await payServers(lab)).toEqual(again);
  await paySettled(lab);
  expect(await payAutoctl(lab, 'node2')).toContain(lab.settings.oldBin);
  expect((await runCommand(at, ['status', file])).code).toBe(0);
});
