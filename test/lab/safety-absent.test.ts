import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './harness/check.ts';
import { drive } from './harness/drive.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { expectAcknowledgedOn, WriteLoad } from './harness/load.ts';
import { PlainRun } from './harness/plain.ts';
import { expectUpgraded, recordTruth, settledWith } from './harness/truth.ts';
import { type Desk, layDesk } from './harness/walk.ts';

const snapshot = process.env.SAFETY_SNAPSHOT ?? 'small';
const plains: PlainRun[] = [];
let lab: Lab;
let desk: Desk;
let name = '';
let load: WriteLoad | null = null;

const begin = async (): Promise<void> => {
  lab = await openLab({ snapshot });
  desk = await layDesk(lab);
  name = /^monitor: \{host: (\S+?)\}/m.exec(readFileSync(desk.args[0] ?? '', 'utf8'))?.[1] ?? '';
};

/** The compiled console, everything confirmed by --yes; a rollback may lose what 17 wrote. */
const unattended = (command: 'run' | 'rollback' = 'run'): PlainRun => {
  const forfeits = command === 'rollback' ? ['--yes-lose-writes'] : [];
  const run = new PlainRun(desk, ['--yes', name, ...forfeits], command);
  plains.push(run);
  return run;
};
const status = async (): Promise<string> => (await runCommand(desk, ['status', desk.args[0] ?? ''])).stdout;

/** Its exit code, however long it takes. */
const codeOf = async (run: PlainRun): Promise<number | null> => {
  for (;;) {
    const stop = await run.stop(600_000);
    if (stop.kind === 'ended' || stop.kind === 'finished') return run.exited;
  }
};

afterEach(async () => {
  for (const one of plains.splice(0)) await one.kill();
  await load?.stop();
  load = null;
});
afterAll(() => desk?.clear());

describe('a secondary’s host is powered off', () => {
  beforeAll(begin);

  it('beside pg_upgrade, and again in its base backup: only its own steps wait, and no acknowledged row is lost', async () => {
    // Slow enough to be met in the middle.
    await lab.pg(
      'node3',
      `pg_autoctl config set replication.maximum_backup_rate 4M --pgdata ${lab.settings.pgdata}`,
    );
    const before = await recordTruth(lab);
    load = await WriteLoad.start(lab, { reconnect: true, maxMs: 600_000, clients: 2 });

    const first = unattended();
    // Behind the primary's stop, in the stage in which the secondaries stop beside pg_upgrade.
    await first.sees(/Stop the secondary and prove its image/, 300_000);
    await lab.off('node3');
    expect(await codeOf(first), first.text.slice(-4000)).toBe(1);
    expect(first.text).toMatch(
      /node_3 has not answered since \d\d:\d\d:\d\d UTC: the run goes on without it/,
    );
    expect(first.text).toMatch(/WAITS: step \d+, node_3: node_3 has not answered since/);
    expect(first.text).not.toMatch(/^FAILED/m);
    await expectAcknowledgedOn(load, lab, 'node1');
    const gap = load.longestGapMs;
    expect(gap, 'the downtime, the 15 s for a host without an answer in it').toBeLessThan(90_000);

    const said = await status();
    expect(said).toMatch(/^node_3 .*not seen: /m);
    expect(said).toMatch(/Upgrade: under way, .*next: .*, on node_3/);
    // Started without it, too: nothing is left to do, and it says so at once.
    const without = unattended();
    expect(await codeOf(without), without.text.slice(-4000)).toBe(1);
    expect(without.text).toMatch(/WAITS: step \d+, node_3: /);

    await lab.on('node3');
    const second = unattended();
    await second.sees(/node_3: Disable maintenance: base backup/, 300_000);
    await lab.root('node3', 'until pgrep -x pg_basebackup; do sleep 0.1; done');
    await lab.off('node3');
    await lab.on('node3');
    expect(await codeOf(second), second.text.slice(-4000)).toBe(0);
    expect(second.text).toMatch(/every node runs PostgreSQL 17/);
    await load.stop();
    for (const host of lab.nodes) await expectAcknowledgedOn(load, lab, host);
    expectUpgraded(before, await recordTruth(lab));
  });
});

describe('a rollback through a node without a candidate priority, another node’s host being off', () => {
  beforeAll(begin);

  it('registers it as the first node of its group, and takes the other in when it is back', async () => {
    const data = lab.settings.pgdata;
    const set = (what: string) => lab.pg('node1', `pg_autoctl set node ${what} --pgdata ${data}; sleep 1`);
    await set('candidate-priority 0');
    await set('replication-quorum false');
    await lab.pg('node3', `pg_autoctl perform promotion --pgdata ${data}`);
    await settledWith(lab, 'node3');
    const before = await recordTruth(lab);
    await lab.psql(
      'node3',
      'app',
      'create table promises (id int primary key); insert into promises select generate_series(1, 1000)',
    );
    const there = await drive(desk, { until: (step) => step.id.startsWith('H.') });
    expect(there.end).toBe('stopped-before');

    await lab.off('node2');
    const back = unattended('rollback');
    expect(await codeOf(back), back.text.slice(-4000)).toBe(1);
    expect(back.text).toMatch(/Way back: .*through node_1/);
    expect(back.text).toMatch(/WAITS: step \d+, node_2: /);
    expect(await lab.psql('node1', 'app', 'select count(*) from promises')).toContain('1000');

    await lab.on('node2');
    const rest = unattended('rollback');
    expect(await codeOf(rest), rest.text.slice(-4000)).toBe(0);
    await settledWith(lab, 'node1');
    const after = await recordTruth(lab);
    const row = ({ name, host, priority, quorum }: (typeof after.nodes)[number]) => ({
      name,
      host,
      priority,
      quorum,
    });
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(after.nodes.map(row).sort(byName)).toEqual(before.nodes.map(row).sort(byName));
    expect(after.numberSyncStandbys).toBe(before.numberSyncStandbys);
    for (const host of lab.nodes)
      expect(await lab.psql(host, 'app', 'select count(*) from promises')).toContain('1000');
  });
});
