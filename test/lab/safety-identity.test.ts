import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { runCheck, runCommand } from './harness/check.ts';
import { type Desk, layDesk } from './harness/desk.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { createSecondCluster, type SecondCluster } from './harness/second-cluster.ts';

/**
 * Two clusters of one OS user on the same hosts, their nodes called alike: each has its own record, lock and marks, and
 * nothing that is done with one cluster's file is done to the other.
 */

let lab: Lab;
let second: SecondCluster;
let first: Desk;
let other: Desk;

const stateSchema = z.object({
  from: z.string().nullable(),
  nodes: z.array(z.object({ name: z.string() })),
  hosts: z.array(z.object({ alias: z.string(), version: z.string().nullable() })),
  upgrade: z.object({ state: z.string() }),
});

const status = async (desk: Desk): Promise<readonly string[]> => {
  const [file = ''] = desk.args;
  const ended = await runCommand(desk, ['status', file, '--json']);
  const told = stateSchema.parse(JSON.parse(ended.stdout));
  // By name: a rollback through a fallback copy gives the nodes new ids, and another order.
  return [
    told.upgrade.state,
    ...told.hosts.map(({ alias, version }) => `${alias} ${version?.split('.')[0] ?? 'not seen'}`).sort(),
  ];
};

/** A whole run in plain lines, confirmed by itself. */
const go = async (desk: Desk, command: 'run' | 'rollback' | 'cleanup', name: string) => {
  const [file = ''] = desk.args;
  const { code, stdout, stderr } = await runCommand(desk, [command, file, '--plain', '--yes', name]);
  return { code, said: `${stdout}\n${stderr}` };
};

/** What must not change of the first cluster while the other is worked on. */
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
    'select nodeid, nodename, sysidentifier::text, reportedstate, goalstate from pgautofailover.node order by 1',
  );
  return `${each.join('')}${JSON.stringify(rows)}`;
};

beforeAll(async () => {
  lab = await openLab({ snapshot: 'small' });
  second = await createSecondCluster(lab);
  first = await layDesk(lab);
  other = await second.layDesk();
  const file = join(first.directory, 'cluster.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    `name: first\n${text.replace(/^monitor: *\{/m, `monitor: {pgdata: ${lab.settings.pgdata}, `)}`,
  );
});
afterAll(async () => {
  await first?.clear();
  await other?.clear();
});

const old = ['monitor 15', 'node_1 15', 'node_2 15'];
const upgraded = ['monitor 17', 'node_1 17', 'node_2 17'];

it('the first cluster is upgraded: the second is not touched, and its file tells its own truth', async () => {
  const before = await second.truth();
  expect(await status(other)).toEqual(['not-begun', ...old]);
  const ran = await go(first, 'run', 'first');
  expect(ran.code, ran.said).toBe(0);
  await lab.psql('node1', 'app', 'create table written_on_a_17 as select 1 as a');
  expect(await second.truth()).toBe(before);
  expect(await status(first)).toEqual(['finished', ...upgraded, 'node_3 17']);
  expect(await status(other)).toEqual(['not-begun', ...old]);
});

it('check, rollback and cleanup with the second cluster’s file never touch the first', async () => {
  const [truth, before] = [await firstTruth(), await second.truth()];
  const checked = await runCheck(other);
  expect(checked.found.filter((one) => one.startsWith('blocker'))).toEqual([]);
  const back = await go(other, 'rollback', 'second');
  expect(back.said).not.toContain('every node runs PostgreSQL 15.20 again');
  await go(other, 'cleanup', 'second');
  expect(await second.truth()).toBe(before);
  expect(await firstTruth()).toBe(truth);
});

it('the second is upgraded and rolled back while the first one’s leftovers are there: the first stays as it is', async () => {
  const truth = await firstTruth();
  const ran = await go(other, 'run', 'second');
  expect(ran.code, ran.said).toBe(0);
  expect(await status(other)).toEqual(['finished', ...upgraded]);
  expect(await status(first)).toEqual(['finished', ...upgraded, 'node_3 17']);
  expect(await firstTruth()).toBe(truth);
  expect((await second.psql('node1', 'postgres', 'select count(*) from important')).trim()).toBe('1');

  const back = await go(other, 'rollback', 'second');
  expect(back.code, back.said).toBe(0);
  expect(await status(other)).toEqual(['not-begun', ...old]);
  expect(
    await second.psql('node1', 'postgres', "select current_setting('server_version_num')::int / 10000"),
  ).toContain('15');
  expect(await firstTruth()).toBe(truth);
  expect((await lab.psql('node1', 'app', 'select count(*) from written_on_a_17')).trim()).toBe('1');
});
