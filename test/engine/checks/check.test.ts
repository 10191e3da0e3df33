import { describe, expect, test } from 'vitest';
import { problem } from '../../../source/cluster/result.ts';
import { connector } from '../../../source/discover/connector.ts';
import { check } from '../../../source/usecases/check/check.ts';
import { good } from '../../cluster/recorded.ts';
import { labCluster } from '../../runbook/clusters.ts';
import { asText } from '../answers.ts';
import { labConfig } from '../harness.ts';
import { CheckServers, withSecondaries } from './servers.ts';

const checking = (servers: CheckServers, config = '', keepNewDirectory = false) =>
  check({
    config: labConfig(config),
    open: connector(labConfig(config), servers.connect, async () => ({ kind: 'no' })),
    say: () => undefined,
    keepNewDirectory,
  });

const found = async (servers: CheckServers) => {
  const { judgment } = good(await checking(servers));
  return {
    outcome: judgment.outcome,
    findings: judgment.findings.map((one) => `${one.check} ${one.host ?? ''}`.trim()),
  };
};

test('a healthy cluster: every host inspected and tried with a dry run, nothing found, every connection closed', async () => {
  const servers = new CheckServers(labCluster());
  const result = good(await checking(servers));
  expect(result.judgment).toMatchObject({ outcome: 'ready', findings: [], notSeen: [] });
  expect(servers.jobs.map((job) => job.id.split('/')[1]).sort()).toEqual([
    'monitor',
    'node_1',
    'node_2',
    'node_3',
  ]);
  expect(servers.open).toBe(0);
});

test('the jobs’ own directories are taken away', async () => {
  const servers = new CheckServers(labCluster());
  await checking(servers);
  const forgotten = servers.ran.filter(({ script }) => script.includes('gone "$job"'));
  expect(forgotten.map(({ alias }) => alias).sort()).toEqual(['monitor', 'node_1', 'node_2', 'node_3']);
});

test('new directories are made only when asked for, and only where pg_upgrade runs', async () => {
  const plain = new CheckServers(labCluster());
  await checking(plain);
  expect(plain.jobs.some((job) => job.script?.includes('\nkeep=yes\n') === true)).toBe(false);
  const asked = new CheckServers(labCluster());
  await checking(asked, '', true);
  expect(
    asked.jobs
      .filter((job) => job.script?.includes('\nkeep=yes\n') === true)
      .map((job) => job.id.split('/')[1])
      .sort(),
  ).toEqual(['monitor', 'node_1']);
});

describe('what keeps `run` from beginning is something found, and the other hosts are inspected all the same', () => {
  test('a host that is not reached', async () => {
    const servers = new CheckServers(labCluster());
    servers.servers.refuses = ({ alias }) =>
      alias === 'node_2' ? problem('node_2 did not answer within 10 s.', 'look') : null;
    expect(await found(servers)).toEqual({ outcome: 'blocked', findings: ['host-reachable node_2'] });
    expect(servers.jobs).toHaveLength(3);
  });

  test('a host key that nobody accepts', async () => {
    const servers = new CheckServers(labCluster());
    servers.servers.refuses = ({ alias }) =>
      alias === 'node_3' ? problem('The host key of node3 (SHA256:x) was not accepted.', 'compare') : null;
    expect(await found(servers)).toEqual({ outcome: 'blocked', findings: ['host-key node_3'] });
  });

  test('no sudo to postgres on one host, to root on another', async () => {
    const servers = new CheckServers(labCluster());
    servers.noPostgres.set(
      'node_2',
      problem('node_2: dba may not become postgres without a password.', 'allow it'),
    );
    servers.noRoot.add('node_3');
    expect(await found(servers)).toEqual({
      outcome: 'blocked',
      findings: ['sudo-postgres node_2', 'sudo-root node_3'],
    });
  });

  test('a secondary that is down, in maintenance, and lacks the new programs', async () => {
    const servers = new CheckServers(labCluster());
    const { monitor } = servers.servers.model.host('monitor');
    if (monitor === null) throw new Error('no monitor');
    servers.servers.model.host('node_3').server = null;
    servers.servers.discovery = (alias, lines) =>
      lines
        .map(
          ([key, value]) =>
            `${key}\t${alias === 'node_2' && key === 'missing' ? asText('pg_upgrade\n') : value}\n`,
        )
        .join('');
    expect(await found(servers)).toEqual({
      outcome: 'blocked',
      findings: ['server-answers node_3', 'new-programs node_2'],
    });
  });
});

test('without the monitor’s database there is nothing to look at', async () => {
  const servers = new CheckServers(labCluster());
  servers.servers.monitorSays = { ok: true, value: { code: 2, stdout: '', stderr: 'no such socket' } };
  expect(await checking(servers)).toMatchObject({
    ok: false,
    error: { what: 'The monitor’s database does not answer.' },
  });
  expect(servers.open).toBe(0);
});

test('a dry run whose end is not known is not taken for a good one', async () => {
  const servers = new CheckServers(labCluster());
  servers.outcomes.set('node_2', {
    kind: 'unknown',
    problem: problem('the host was restarted meanwhile', 'look'),
  });
  const { judgment } = good(await checking(servers));
  expect(judgment.outcome).toBe('unseen');
  expect(judgment.notSeen).toContainEqual(
    expect.objectContaining({ host: 'node_2', because: 'the host was restarted meanwhile.' }),
  );
});

test('a look that ended early is not taken for a good one', async () => {
  const servers = new CheckServers(labCluster());
  servers.inspections.set('node_2', { end: null });
  const { judgment } = good(await checking(servers));
  expect(judgment.outcome).toBe('blocked');
  expect(judgment.findings.map((one) => one.check)).toEqual(['host-understood']);
});

test('a database that did not answer leaves its server unseen', async () => {
  const servers = new CheckServers(labCluster());
  servers.inspections.set('node_1', { databases: asText('null\n') });
  const { judgment } = good(await checking(servers));
  expect(judgment.outcome).toBe('unseen');
  expect(judgment.notSeen.map((one) => one.because)).toContain('its server did not answer');
});

test('one database that gives no answer is named, and the server is judged by the others', async () => {
  const servers = new CheckServers(labCluster());
  const app = { name: 'app', bytes: 3e8, catalogBytes: 9e6, relations: 2400, largeObjects: 0, unlogged: 1 };
  servers.inspections.set('node_1', {
    names: asText('app\ngone\n'),
    databases: asText(
      `${JSON.stringify({ ...app, unloggedNames: ['public.s'], extensions: [] })}\npsql: error: FATAL: no entry \n`,
    ),
  });
  const { judgment } = good(await checking(servers));
  expect(judgment.outcome).toBe('blocked');
  expect(judgment.findings.map((one) => `${one.check}: ${one.found}`)).toEqual([
    'databases-connectable: database gone gave no answer: psql: error: FATAL: no entry',
    'unlogged-tables: 1 in app: public.s',
  ]);
  expect(judgment.notSeen).toEqual([]);
});

test('one monitor and 32 secondaries take no more turns over the network than one: they are asked side by side', async () => {
  const turns = async (count: number): Promise<number> => {
    const servers = new CheckServers(withSecondaries(count));
    expect((await found(servers)).outcome).toBe('ready');
    expect(servers.jobs).toHaveLength(count + 2);
    return servers.turns;
  };
  const [one, many] = [await turns(1), await turns(32)];
  expect(one).toBeGreaterThan(3);
  expect(many).toBe(one);
});

test('a custom step on a host that is none of this cluster’s is refused, as by `run`', async () => {
  const servers = new CheckServers(labCluster());
  const checked = await checking(servers, 'steps: { one: { at: opened, on: node_9, run: echo } }\n');
  expect(checked.ok || checked.error.what).toBe(
    'The cluster file has steps.one run on node_9, which is no host of this cluster and none of hosts in the file.',
  );
  expect(servers.open).toBe(0);
});

test('places outside the cluster that custom steps run on are reached before the window: one that is not blocks it', async () => {
  const servers = new CheckServers(labCluster());
  servers.servers.refuses = ({ alias }) =>
    alias === 'lb' ? problem('lb did not answer within 10 s.', 'Is the host up?') : null;
  const checked = await checking(
    servers,
    `hosts: { lb: { host: lb.example, ssh: { user: ops } } }
steps: { drain: { at: opened, on: lb, run: echo }, page: { at: opened, on: console, run: echo } }
`,
  );
  expect(checked.ok && checked.value.judgment.outcome).toBe('blocked');
  expect(
    checked.ok && checked.value.judgment.findings.filter(({ check }) => check === 'custom-steps'),
  ).toEqual([
    expect.objectContaining({ host: 'lb', found: 'lb did not answer within 10 s.', severity: 'blocker' }),
  ]);
  expect(servers.open).toBe(0);
});
