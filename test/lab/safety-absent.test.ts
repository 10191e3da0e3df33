import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runCheck, runCommand } from './harness/check.ts';
import { type Lab, type LabHost, openLab } from './harness/lab.ts';
import { expectAcknowledgedOn, WriteLoad } from './harness/load.ts';
import { PlainRun } from './harness/plain.ts';
import { expectUpgraded, type NodeRow, recordTruth, settledWith, type Truth } from './harness/truth.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/** Hosts that are off at every stage of a window, on one cluster: each test ends with the cluster whole, and the next one begins from there. */

const snapshot = process.env.SAFETY_SNAPSHOT ?? 'small';
const plains: PlainRun[] = [];
let lab: Lab;
let home: ConsoleHome;
let name = '';
let load: WriteLoad | null = null;

beforeAll(async () => {
  lab = await openLab({ snapshot });
  home = await createConsoleHome(lab);
  name = /^monitor: \{host: (\S+?)\}/m.exec(readFileSync(home.args[0] ?? '', 'utf8'))?.[1] ?? '';
});

const console_ = (command: 'run' | 'rollback', args: readonly string[]): PlainRun => {
  const run = new PlainRun(home, args, command);
  plains.push(run);
  return run;
};
/** The compiled console, everything confirmed by --yes. */
const unattended = (command: 'run' | 'rollback' = 'run', ...more: readonly string[]): PlainRun =>
  console_(command, ['--yes', name, ...more]);
const status = async (): Promise<string> => (await runCommand(home, ['status', home.args[0] ?? ''])).stdout;

/** Its exit code, however long it takes. */
const codeOf = async (run: PlainRun): Promise<number | null> => {
  for (;;) {
    const stop = await run.stop(600_000);
    if (stop.kind === 'ended' || stop.kind === 'finished') return run.exited;
  }
};

/** The application's writes are acknowledged, from now on. */
const writesGoOn = async (on: WriteLoad, withinMs: number): Promise<void> => {
  const before = on.acknowledged.length;
  const deadline = Date.now() + withinMs;
  while (on.acknowledged.length === before) {
    expect(Date.now(), `nobody could write within ${withinMs} ms: ${on.errors.at(-1)}`).toBeLessThan(
      deadline,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const nodesBy = (key: (node: NodeRow) => object, { nodes }: Truth): object[] =>
  nodes.toSorted((one, other) => one.name.localeCompare(other.name)).map(key);
const settings = ({ name: node, host, port, priority, quorum }: NodeRow): object => ({
  node,
  host,
  port,
  priority,
  quorum,
});

afterEach(async () => {
  for (const one of plains.splice(0)) await one.kill();
  await load?.stop();
  load = null;
});
afterAll(() => home?.clear());

describe('a window that is rolled back through the primary’s own directory', () => {
  let before: Truth;
  let app: WriteLoad;

  it('a secondary off before the writes stop: nobody goes on without it by --yes, and the application writes on', async () => {
    before = await recordTruth(lab);
    app = await WriteLoad.start(lab, { reconnect: true, maxMs: 600_000, clients: 2 });
    const run = unattended();
    await run.sees(/, monitor: Stop monitor/, 300_000);
    await lab.off('node3');
    expect(await codeOf(run), run.text.slice(-4000)).toBe(1);
    expect(run.text).toMatch(/not run, because node_3 has not answered since \d\d:\d\d:\d\d \S+/);
    expect(run.text).toMatch(/stands still, because node_3 does not answer\. Start again/);
    await writesGoOn(app, 5_000);
  });

  it('a person goes on without it; then the primary’s power goes in pg_upgrade --link, and the monitor’s host too: status tells by the journal, and nothing else begins', async () => {
    const run = console_('run', []);
    const asked = await run.stop();
    expect(asked.kind === 'failed' && asked.text).toMatch(
      /node_3 has not answered since .*the run does not go on without it by itself: the application still writes/,
    );
    run.say('skip');
    await run.sees(/Reason: $/);
    run.say('its hardware is gone');
    await run.confirm(await run.goTo(/Run pg_upgrade --link/));
    await run.sees(/^node_1\| .*Linking user relation files/m);
    await Promise.all([lab.off('node1'), run.kill()]);
    await lab.off('monitor');
    const said = await status();
    expect(said).toMatch(/^node_1 .*not seen: .*this machine last heard it at \d\d:\d\d:\d\d \S+/m);
    expect(said).toMatch(/what is next cannot be told until monitor and node_1 answers/);
    expect(said).toMatch(/By the journal here: \d\d:\d\d:\d\d started: D\.node_1\.pg-upgrade on node_1/);
    const back = unattended('rollback');
    expect(await codeOf(back), back.text).toBe(2);
    expect(back.text).toMatch(/Without the monitor’s host nothing is begun, gone on with or rolled back/);
    await Promise.all([lab.on('monitor'), lab.on('node1')]);
  });

  it('pg_upgrade --link is not repeated; the rollback goes on without the secondary, and without a monitor that does not start', async () => {
    const again = unattended();
    expect(await codeOf(again), again.text.slice(-4000)).toBe(1);
    expect(again.text).toMatch(
      /cannot be repeated: pg_upgrade has begun to link and did not finish; no data is lost.*pgaf-upgrade rollback/,
    );
    expect(again.text).toMatch(
      /has failed and cannot be repeated\. Roll back with node dist\/cli\.js rollback\./,
    );

    const conf = `${lab.settings.pgdata}_pg15_bak/postgresql.conf`;
    await lab.pg('monitor', `cp ${conf} /tmp/kept.conf; echo 'nonsense = 1' >> ${conf}`);
    const back = unattended('rollback');
    expect(await codeOf(back), back.text.slice(-4000)).toBe(1);
    expect(back.text).toMatch(
      /PostgreSQL is started without the monitor, and its steps wait: the monitor does not start/,
    );
    expect(back.text).toMatch(
      /WAITS: .*node_3 has not answered since .*, and the monitor is not back: \d+ steps wait for them/,
    );
    await writesGoOn(app, 5_000);
    expect(await status()).toMatch(/^Writes: up, on node_1$/m);
  });

  it('when they are back, the rollback comes to its end: no acknowledged row is lost, every node is what it was', async () => {
    await lab.pg('monitor', `cat /tmp/kept.conf > ${lab.settings.pgdata}/postgresql.conf`);
    await lab.on('node3');
    const rest = unattended('rollback');
    expect(await codeOf(rest), rest.text.slice(-4000)).toBe(0);
    await writesGoOn(app, 5_000);
    await app.stop();
    await settledWith(lab, 'node1');
    for (const host of lab.nodes) await expectAcknowledgedOn(app, lab, host);
    const after = await recordTruth(lab);
    const whole = (node: NodeRow): object => ({
      ...settings(node),
      id: node.id,
      system: node.systemIdentifier,
    });
    expect(nodesBy(whole, after)).toEqual(nodesBy(whole, before));
    expect(after.numberSyncStandbys).toBe(before.numberSyncStandbys);
  });

  afterAll(() => app?.stop());
});

describe('the primary’s host is gone after the new version has served, and a secondary’s host is off', () => {
  let before: Truth;

  it('status and rollback say what nobody can know; --yes alone gives up nothing', async () => {
    const data = lab.settings.pgdata;
    // An order while the primary still applies another is refused, and its exit code is 0.
    const order = async (host: LabHost, what: string, primary: LabHost): Promise<void> => {
      await lab.pg(host, `pg_autoctl ${what} --pgdata ${data}`);
      await settledWith(lab, primary);
    };
    await order('node1', 'set node candidate-priority 0', 'node1');
    await order('node1', 'set node replication-quorum false', 'node1');
    await order('node3', 'perform promotion', 'node3');
    before = await recordTruth(lab);
    const run = unattended();
    await run.sees(/, node_2: data → data_pg15_bak/, 300_000);
    await Promise.all([lab.off('node3'), lab.off('node2'), run.kill()]);
    expect(await status()).toMatch(
      /Rollback: possible through node_1, but node_3 does not answer: what 17 wrote there is lost/,
    );
    const back = unattended('rollback');
    expect(await codeOf(back), back.text.slice(-4000)).toBe(1);
    expect(back.text).toMatch(/add --yes-lose-writes, if that is what you want/);
  });

  it('with that word it goes back through the one that is left, whose candidate priority is 0; the others join when they are back', async () => {
    const back = unattended('rollback', '--yes-lose-writes');
    expect(await codeOf(back), back.text.slice(-4000)).toBe(1);
    expect(back.text).toMatch(/WAITS: /);
    load = await WriteLoad.start(lab, { reconnect: true, maxMs: 600_000, clients: 2 });
    await Promise.all([lab.on('node2'), lab.on('node3')]);
    const rest = unattended('rollback', '--yes-lose-writes');
    expect(await codeOf(rest), rest.text.slice(-4000)).toBe(0);
    await load.stop();
    await settledWith(lab, 'node1');
    for (const host of lab.nodes) await expectAcknowledgedOn(load, lab, host);
    const after = await recordTruth(lab);
    expect(nodesBy(settings, after)).toEqual(nodesBy(settings, before));
    expect(after.numberSyncStandbys).toBe(before.numberSyncStandbys);
  });
});

describe('an upgrade that comes to its end', () => {
  it('a secondary off beside pg_upgrade, and again in its base backup: only its own steps wait, and no acknowledged row is lost', async () => {
    await lab.pg('node3', `pg_autoctl perform promotion --pgdata ${lab.settings.pgdata}`);
    await settledWith(lab, 'node3');
    // Slow enough to be met in the middle.
    await lab.pg(
      'node1',
      `pg_autoctl config set replication.maximum_backup_rate 8M --pgdata ${lab.settings.pgdata}`,
    );
    // The quorum holds one standby only, and the number is 1.
    const { report } = await runCheck(home);
    expect(report?.findings).toContainEqual(
      expect.objectContaining({ check: 'sync-standbys', severity: 'warning' }),
    );
    const before = await recordTruth(lab);
    load = await WriteLoad.start(lab, { primary: 'node3', reconnect: true, maxMs: 600_000, clients: 2 });

    const first = unattended();
    // Behind the primary's stop, in the stage in which the secondaries stop beside pg_upgrade.
    await first.sees(/Stop secondary, verify its copy/, 300_000);
    await lab.off('node1');
    expect(await codeOf(first), first.text.slice(-4000)).toBe(1);
    expect(first.text).toMatch(
      /node_1 has not answered since \d\d:\d\d:\d\d \S+: the run goes on without it/,
    );
    expect(first.text).toMatch(/WAITS: step \d+, node_1: node_1 has not answered since/);
    expect(first.text).not.toMatch(/^FAILED/m);
    await expectAcknowledgedOn(load, lab, 'node3');
    const gap = load.longestGapMs;
    expect(gap, 'the downtime, the 15 s for a host without an answer in it').toBeLessThan(90_000);

    const said = await status();
    expect(said).toMatch(/^node_1 .*not seen: .*its pg_autoctl last reported at/m);
    expect(said).toMatch(/Upgrade: under way, .*next: .*, on node_1 .*, which waits until node_1 answers/);

    await lab.on('node1');
    const second = unattended();
    await second.sees(/node_1: Disable maintenance, base backup/, 300_000);
    await lab.root('node1', 'until pgrep -x pg_basebackup; do sleep 0.1; done');
    await lab.off('node1');
    await lab.on('node1');
    expect(await codeOf(second), second.text.slice(-4000)).toBe(0);
    expect(second.text).toMatch(/every node runs PostgreSQL 17/);
    await load.stop();
    for (const host of lab.nodes) await expectAcknowledgedOn(load, lab, host);
    // The number that the monitor's function refuses came back all the same.
    expectUpgraded(before, await recordTruth(lab), { written: { app: ['harness_load'] } });
  });
});
