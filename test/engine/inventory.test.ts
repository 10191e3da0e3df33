import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseInventory } from '../../source/inspect/inventory/parse.ts';
import { inventoryScript } from '../../source/inspect/inventory/script.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { good, recorded } from '../cluster/recorded.ts';
import { debianCluster, labCluster } from '../runbook/clusters.ts';
import { closedBehindTests, type Window } from './harness.ts';

const window = closedBehindTests();
const looks = (night: Window) =>
  night.journal
    .filter((entry) => entry.kind === 'inventory')
    .map(({ moment, host, inventory, why }) => [moment, host, inventory === null ? why : 'seen']);

test('what a real server held is read whole', () => {
  const held = good(parseInventory('node_1', recorded('inventory/node1-15.20.txt')));
  expect(held).toMatchObject({
    version: '15.20 (Debian 15.20-0+deb12u1)',
    timeline: 1,
    inRecovery: false,
    silent: [],
  });
  expect(Object.keys(held.settings).length).toBeGreaterThan(300);
  expect(held.hba).toHaveLength(14);
  const [app] = held.databases;
  expect(app?.rows.find((one) => one.name === 'public.rooms')).toMatchObject({ rows: 100 });
  expect(app?.rows.find((one) => one.name === 'public.pgbench_accounts')).toMatchObject({
    rows: null,
    estimate: 100000,
  });
});

test('an answer that ended early, or of a server that is down, is a problem; a silent database is named', () => {
  const whole = recorded('inventory/node1-15.20.txt');
  expect(parseInventory('node_1', whole.replace(/^end\tyes\n/m, ''))).toMatchObject({ ok: false });
  expect(parseInventory('node_1', whole.replace(/^server\t.*$/m, 'server\t'))).toMatchObject({
    ok: false,
    error: { what: 'node_1: the server did not answer.' },
  });
  const rows = Buffer.from('null\n').toString('base64');
  expect(
    good(parseInventory('node_1', whole.replace(/^databases\t.*$/m, `databases\t${rows}`))).silent,
  ).toEqual(['app', 'postgres', 'reporting', 'template1']);
});

test.each([labCluster(), debianCluster()].flatMap((facts) => [facts.monitor, ...facts.nodes]))(
  'the look is POSIX shell that reads only ($alias, $port)',
  (host) => {
    const script = inventoryScript(host).text;
    expect(spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
    expect(script).toContain('default_transaction_read_only=on');
    expect(script).not.toMatch(/\b(insert|update|delete|alter|create|drop)\b/i);
  },
);

describe('in a window', () => {
  test('primary and monitor are inspected before the first step, before the stop, on the local socket only, and at the end', async () => {
    const night = window();
    await night.goTo('C.monitor.stop');
    expect(looks(night)).toEqual([
      ['begin', 'node_1', 'seen'],
      ['begin', 'monitor', 'seen'],
    ]);
    // The monitor is stopped and upgraded while the primary still works: each is inspected right before its own stop.
    await night.goTo('C.node_1.stop');
    expect(looks(night).slice(2)).toEqual([['stop', 'monitor', 'seen']]);
    await night.goTo('I.monitor.switchover');
    night.engine.skip('I.monitor.switchover', '');
    await night.next('I.monitor.switch-back');
    night.engine.skip('I.monitor.switch-back', '');
    await night.stage('finished');
    expect(looks(night).slice(2)).toEqual([
      ['stop', 'monitor', 'seen'],
      ['stop', 'node_1', 'seen'],
      ['verified', 'node_1', 'seen'],
      ['end', 'node_1', 'seen'],
      ['end', 'monitor', 'seen'],
    ]);
    const kinds = night.journal.map((entry) => entry.kind);
    const fence = night.journal.findIndex(
      (entry) => entry.kind === 'confirmed' && !String(entry.step).startsWith('A.'),
    );
    expect(kinds.indexOf('inventory')).toBeLessThan(fence);
    expect(kinds.lastIndexOf('inventory')).toBeLessThan(kinds.indexOf('finished'));
  }, 60_000);

  test('a run that an older console began is not read as if it began now', async () => {
    const night = window();
    await night.goTo('B.monitor.sync-standbys-0');
    await night.engine.close();
    await night.done;
    const journal = join(night.runDirectories[0] ?? '', 'journal.ndjson');
    writeFileSync(journal, night.journalText.replace(/^.*"kind":"inventory".*\n/gm, ''));
    night.again().open();
    await night.goTo('B.node_2.maintenance');
    expect(looks(night)).toEqual([]);
  });

  test('a look that fails is written down with its reason, and stops nothing', async () => {
    const night = window();
    night.servers.inventory = () => 'no such thing\n';
    // Phase A does not wait for it, what lies behind does.
    await night.goTo('B.node_2.maintenance');
    expect(looks(night)).toEqual([
      ['begin', 'node_1', 'node_1: the inspection of what the server holds ended early.'],
      ['begin', 'monitor', 'monitor: the inspection of what the server holds ended early.'],
    ]);
    expect(night.statusOf('A.monitor.save')).toBe('done');
  });

  test('the runbook stands in the journal, and a confirmation with its estimate once the checks have measured', async () => {
    const night = window();
    await night.goTo('D.node_1.pg-upgrade');
    const runbook = night.journal.find((entry) => entry.kind === 'runbook');
    expect(runbook).toMatchObject({
      direction: 'upgrade',
      steps: { length: upgradeRunbook(labCluster()).length },
    });
    const stop = night.journal.find((entry) => entry.kind === 'confirmed' && entry.step === 'C.node_1.stop');
    expect(stop).toMatchObject({ expectedMs: 600 });
  });
});
