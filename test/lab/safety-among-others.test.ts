import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { promise } from './harness/back.ts';
import { runCheck, runCommand } from './harness/check.ts';
import { type ConsoleHome, createConsoleHome } from './harness/console-home.ts';
import { askWithoutJournal, drive } from './harness/drive.ts';
import { type Foreign, plant, stateOf } from './harness/foreign.ts';
import { onlyTheHelper } from './harness/helper-login.ts';
import { expectNobodyWoken, layTraps, woken } from './harness/hostile-role.ts';
import { type Lab, openLab, quote } from './harness/lab.ts';
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
import { createSecondCluster, type SecondCluster } from './harness/second-cluster.ts';
import { expectUpgraded, recordTruth, settledWith, type Truth } from './harness/truth.ts';
import { givePrivateTmp } from './harness/unseen-pid-file.ts';
import { passedOver, startsIt } from './harness/watchdog.ts';

/**
 * One cluster among others, on one window for all of it: on its hosts a second cluster of the same OS user, whose nodes are
 * called alike, and two PostgreSQL 17 that somebody else keeps; on its monitor another formation, payments, with an
 * application; in its database a role that lies in wait for the superuser. Its primary's pg_autoctl has a /tmp of its own,
 * something starts that unit whenever it is down, and the login may become postgres and call the helper, and nothing else.
 */

let lab: Lab;
let second: SecondCluster;
let first: ConsoleHome;
let other: ConsoleHome;
let before: Truth;
let theirs: readonly Foreign[];
const homes: ConsoleHome[] = [];

const fileOf = ({ args: [file = ''] }: ConsoleHome): string => file;

const statusSchema = z.object({
  from: z.string().nullable(),
  hosts: z.array(z.object({ alias: z.string(), version: z.string().nullable() })),
  upgrade: z.object({ state: z.string() }),
});

/** What `status` says of a cluster, by the file alone. By name: a rollback through a fallback copy changes the order. */
const status = async (home: ConsoleHome): Promise<readonly string[]> => {
  const told = statusSchema.parse(
    JSON.parse((await runCommand(home, ['status', fileOf(home), '--json'])).stdout),
  );
  return [
    told.upgrade.state,
    ...told.hosts.map(({ alias, version }) => `${alias} ${version?.split('.')[0] ?? 'not seen'}`).sort(),
  ];
};

/** A whole run of the compiled console in plain lines, confirmed by itself. */
const go = async (
  home: ConsoleHome,
  command: 'run' | 'rollback' | 'cleanup',
  name: string,
  ...more: string[]
) => {
  const ended = await runCommand(home, [command, fileOf(home), '--plain', '--yes', name, ...more]);
  return { code: ended.code, said: `${ended.stdout}\n${ended.stderr}` };
};

/** What must not change of the first cluster while somebody works on the other: files, units, servers, the monitor's rows. */
const firstTruth = async (): Promise<string> => {
  const { pgdata, unit } = lab.settings;
  const each = await Promise.all(
    lab.hosts.map((host) =>
      lab.root(
        host,
        `echo ${host}; systemctl is-active ${unit}; systemctl is-enabled ${unit}; sha256sum </etc/systemd/system/${unit}.service
         for d in ${pgdata} ${pgdata}_*; do echo "$d $(cat $d/PG_VERSION)"; done; head -n 1 ${pgdata}/postmaster.pid
         cd ~postgres/pgaf-upgrade${pgdata}/@work && find . -type f ! -name beat | sort | xargs sha256sum`,
      ),
    ),
  );
  const rows = await lab.monitor(
    "select nodeid, nodename, sysidentifier::text, reportedstate, goalstate from pgautofailover.node where formationid = 'default' order by 1",
  );
  return `${each.join('')}${JSON.stringify(rows)}`;
};

const foreign = (): Promise<string[]> => Promise.all(theirs.map((one) => stateOf(lab, one)));
const marks = (): Promise<string[]> =>
  Promise.all(
    lab.hosts.map((host) =>
      lab.pg(
        host,
        `ls ${quote(lab.settings.pgdata)}/.pgaf-upgrade* /run/systemd/system/*.d/pgaf* /etc/systemd/system/*.d/pgaf* 2>/dev/null || true`,
      ),
    ),
  );
const startedAt = (): Promise<string[]> =>
  Promise.all(lab.hosts.map((host) => lab.psql(host, 'postgres', 'select pg_postmaster_start_time()')));

const old = ['monitor 15', 'node_1 15', 'node_2 15'];
const upgraded = ['monitor 17', 'node_1 17', 'node_2 17'];
let foreignBefore: string[];
let secondBefore: string;

beforeAll(async () => {
  lab = await openLab({ snapshot: 'small' });
  first = await createConsoleHome(lab);
  homes.push(first);
  const text = await readFile(fileOf(first), 'utf8');
  await writeFile(
    fileOf(first),
    `name: first\n${text.replace(/^monitor: *\{/m, `monitor: {pgdata: ${lab.settings.pgdata}, `)}`,
  );
  // PGDG's own default for 17, which was ours.
  const data = `${lab.settings.pgdata.replace(/\/[^/]*$/, '')}/17/data`;
  theirs = [
    { host: 'node1', data, port: 6017, runs: true },
    { host: 'node3', data, port: 6017, runs: false },
  ];
  await givePrivateTmp(lab, 'node1');
  await Promise.all([
    createSecondCluster(lab).then((made) => {
      second = made;
    }),
    makePayments(lab),
    layTraps(lab).then(() => promise(lab)),
    ...theirs.map((one) => plant(lab, one)),
  ]);
  other = await second.createConsoleHome();
  homes.push(other);
  await settledWith(lab, 'node1');
});
afterAll(async () => {
  for (const home of homes) await home.clear();
});

it('a clean-up of a cluster that was never upgraded refuses, and writes nothing; a formation of which the file says nothing blocks by name', async () => {
  await expect(drive(first, { direction: 'cleanup' })).rejects.toThrow(/was never upgraded/);
  expect(await lab.pg('monitor', 'ls ~/pgaf-upgrade 2>/dev/null || true')).toBe('');
  expect((await runCheck(first)).of('other-formations')).toEqual([
    expect.stringMatching(
      /^monitor: formation payments \(pay_2 node2:5434 and pay_3 node3:5434\).* 2\.0.* 2\.2/,
    ),
  ]);
});

it('a role that may create functions gets nothing from the superuser: no statement of the console wakes it', () =>
  expectNobodyWoken(lab));

it('a login that has only the helper upgrades the cluster; whatever else is there keeps its servers, its files and its failover', async () => {
  await appendFile(fileOf(first), payConfig(lab));
  await onlyTheHelper(lab, first);
  await onlyTheHelper(lab, other);
  await settledWith(lab, 'node1');
  [before, foreignBefore, secondBefore] = [await recordTruth(lab), await foreign(), await second.truth()];
  expect(await status(other)).toEqual(['not-begun', ...old]);
  const paying = await payServers(lab);

  const seen: string[] = [];
  const driven = await drive(first, {
    timeoutMs: 800_000,
    onStep: async ({ id }) => {
      // From the stop on something starts the unit, until the console does.
      if (id === 'C.node_1.stop') await startsIt(lab, 'node1');
      if (id === 'G.node_1.start') expect(await passedOver(lab, 'node1')).toBeGreaterThan(3);
      if (id !== 'D.node_1.swap') return;
      const watching = await createConsoleHome(lab);
      homes.push(watching);
      await writeFile(fileOf(watching), await readFile(fileOf(first)));
      seen.push((await runCommand(watching, ['status', fileOf(watching)])).stdout);
      expect((await go(watching, 'cleanup', 'first')).said).toMatch(/is under way/);
    },
  });
  expect(driven.end).toBe('finished');
  // Another operator, in the downtime.
  expect(seen).toEqual([expect.stringMatching(/WRITES DOWN since 20\d\d-/)]);
  expect(seen).toEqual([expect.stringMatching(/Lock: held by /)]);
  expect(driven.ran).toContain('G.payments.pay_2.keeper');

  expectUpgraded(before, await recordTruth(lab));
  expect(await woken(lab)).toBe('');
  expect(await foreign()).toEqual(foreignBefore);
  expect(await second.truth()).toBe(secondBefore);
  expect(await status(other)).toEqual(['not-begun', ...old]);
  expect(await status(first)).toEqual(['finished', ...upgraded, 'node_3 17']);
  expect(await marks()).toEqual(lab.hosts.map(() => ''));
  expect(await payServers(lab)).toEqual(paying);
  await paySettled(lab);
  expect(await payAutoctl(lab, 'node2')).toContain(lab.settings.newBin);
  await lab.psql('node1', 'app', 'create table written_on_a_17 as select 1 as a');
});

it('a second run of the finished upgrade has nothing to do, and touches no server; writes are up', async () => {
  const serving = await startedAt();
  expect(await go(first, 'run', 'first')).toEqual({
    code: 0,
    said: expect.stringContaining('nothing to do: every node runs'),
  });
  expect(await startedAt()).toEqual(serving);
  expect((await runCommand(first, ['status', fileOf(first)])).stdout).toMatch(
    /Writes: up, on node_1\n {2}The downtime was .+\nUpgrade: finished/,
  );
});

it('the other formation’s nodes can be restarted, and can fail over', async () => {
  for (const host of ['node3', 'node2'] as const) {
    await payRestart(lab, host);
    await paySettled(lab, 120);
  }
  const writer = await payPrimary(lab);
  await lab.monitor(`select pgautofailover.perform_failover('payments', 0)`);
  await expect.poll(() => payPrimary(lab).catch(() => 'nobody'), { timeout: 120_000 }).not.toBe(writer);
  await paySettled(lab, 120);
  await payPsql(lab, await payPrimary(lab), 'create table written_after (a int)');
});

it('check, rollback and cleanup with the second cluster’s file never touch the first', async () => {
  const truth = await firstTruth();
  const checked = await runCheck(other);
  expect(checked.found.filter((one) => one.startsWith('blocker'))).toEqual([]);
  const back = await go(other, 'rollback', 'second');
  expect(back.said).not.toContain('every node runs PostgreSQL 15.20 again');
  expect((await go(other, 'cleanup', 'second')).code).not.toBe(0);
  expect(await second.truth()).toBe(secondBefore);
  expect(await firstTruth()).toBe(truth);
});

it('the first is rolled back while the second is upgraded: each comes to its own end, and nothing of the others is touched', async () => {
  const paying = await payServers(lab);
  expect((await askWithoutJournal(first)).verdict.kind).not.toBe('backup-only');
  const [back, ran] = await Promise.all([
    drive(first, { direction: 'rollback', timeoutMs: 800_000 }),
    go(other, 'run', 'second'),
  ]);
  expect(back.end).toBe('finished');
  expect(ran.code, ran.said).toBe(0);
  expect(await status(first)).toEqual(['not-begun', ...old, 'node_3 15']);
  expect(await status(other)).toEqual(['finished', ...upgraded]);
  expect((await lab.psql('node2', 'app', 'select count(*), sum(id) from promises')).trim()).toBe(
    '1000|500500',
  );
  expect((await second.psql('node1', 'postgres', 'select count(*) from important')).trim()).toBe('1');
  expect(await foreign()).toEqual(foreignBefore);
  expect(await marks()).toEqual(lab.hosts.map(() => ''));
  expect(await woken(lab)).toBe('');
  // The monitor is of the old version again, so their pg_autoctl is, too.
  expect(await payServers(lab)).toEqual(paying);
  await paySettled(lab);
  expect(await payAutoctl(lab, 'node2')).toContain(lab.settings.oldBin);
});

it('a second rollback touches nothing', async () => {
  const back = await startedAt();
  expect((await go(first, 'rollback', 'first')).code).toBe(0);
  expect(await startedAt()).toEqual(back);
});

it('the last fallback copy wants a word of its own where no backup was made since; the clean-up takes what is its cluster’s alone', async () => {
  const truth = await firstTruth();
  const given = new Map<string, string>();
  const cleaned = await drive(other, {
    direction: 'cleanup',
    onStep: (step) => {
      if (step.givesUp !== null) given.set(step.id, `${step.givesUp.kind}: ${step.givesUp.text}`);
    },
  });
  expect(cleaned.end).toBe('finished');
  expect(cleaned.verdict).toMatchObject({ kind: 'backup-only' });
  expect([...given]).toEqual([
    [
      'W.node_2.remove',
      expect.stringMatching(/^last-copy: .*NONE made since PostgreSQL 17 was opened is known/),
    ],
  ]);
  for (const host of second.hosts) {
    expect(await lab.pg(host, `ls -d ${second.pgdata}_pg* 2>/dev/null || true`)).toBe('');
    expect(await second.psql(host, 'postgres', 'show server_version')).toMatch(/^17/);
  }
  expect(await foreign()).toEqual(foreignBefore);
  expect(await firstTruth()).toBe(truth);
});
