import { describe, expect, test } from 'vitest';
import { clusterFactsSchema } from '../../source/cluster/facts.ts';
import type { Problem } from '../../source/cluster/result.ts';
import { discover } from '../../source/discover/discover.ts';
import { filesToCarry } from '../../source/discover/host-facts.ts';
import { parseFound } from '../../source/inspect/discovery/parse.ts';
import { factsId } from '../../source/runbook/language/facts-id.ts';
import { good, recorded } from '../cluster/recorded.ts';
import { citusCluster, debianCluster, labCluster, workerIdentifier } from '../runbook/clusters.ts';
import { word } from '../runbook/word.ts';
import { modelAt } from '../runbook/worlds.ts';
import { asText, but, instanceLines, type Lines, password, printed } from './answers.ts';
import { FakeServers } from './fake-servers.ts';
import { labConfig } from './harness.ts';

const ask = (servers: FakeServers, config = labConfig()) =>
  discover(
    config,
    (address) => servers.connect(address, { ask: async () => ({ kind: 'no' }), become: 'sudo' }),
    () => undefined,
  );
const facts = async (servers: FakeServers, config = labConfig()) => good(await ask(servers, config)).facts;

/** What the operator is told when it cannot start; every connection is let go again. */
const refusal = async (servers: FakeServers, config = labConfig()): Promise<Problem> => {
  const found = await ask(servers, config);
  if (found.ok) throw new Error('it was discovered');
  expect([...servers.closed].sort()).toEqual([...servers.hosts.keys()].sort());
  expect(found.error.remedy).not.toBe('');
  return found.error;
};
const lab = (): FakeServers => new FakeServers(labCluster());
/** One host’s answer with some lines said otherwise. */
const where = (
  servers: FakeServers,
  alias: string,
  changes: Readonly<Record<string, string | null>>,
): FakeServers => {
  servers.discovery = (one, lines) => printed(one === alias ? but(lines, changes) : lines);
  return servers;
};

describe('from the monitor’s address to everything that the runbook is built on', () => {
  test('the lab as it is', async () => {
    const found = await facts(lab());
    expect({ ...found, readAt: '' }).toEqual({
      ...labCluster({ run: 'unnamed' }),
      readAt: '',
      systemIdentifier: found.systemIdentifier,
    });
  });

  test('the lab as it was recorded gives the same directories, programs and files', () => {
    for (const host of [labCluster().monitor, ...labCluster().nodes]) {
      const found = good(parseFound(host.alias, recorded(`discovery/running-${host.alias}.tsv`)));
      const [instance] = found.instances;
      if (instance?.server == null) throw new Error('no server in the recording');
      expect(found.instances.length).toBe(1);
      expect(found.missingTools).toEqual([]);
      expect([found.home, found.newAutoctl]).toEqual([host.home, host.newAutoctl]);
      expect(instance.unit).toMatchObject({
        name: 'pgautofailover.service',
        program: host.oldAutoctl,
        enabled: true,
      });
      expect(instance).toMatchObject({
        data: host.data,
        major: 15,
        oldBindir: host.oldBindir,
        oldVersion: '15.20',
        configFile: host.configFile,
        stateFile: host.stateFile,
        pidFile: host.pidFile,
        port: host.port,
        socketDirectory: host.socketDirectory,
        running: true,
      });
      expect(filesToCarry(instance, instance.server)).toEqual(host.carry);
      expect(instance.server).toMatchObject({
        collate: host.initdb.collate,
        checksums: false,
        provider: 'c',
      });
    }
  });

  test('the record in the recording is one that can be read back', () => {
    const { instances } = good(parseFound('monitor', recorded('discovery/running-monitor.tsv')));
    expect(clusterFactsSchema.parse(instances[0]?.record).nodes.map((node) => node.alias)).toEqual([
      'node_1',
      'node_2',
      'node_3',
    ]);
  });

  test('nodes are reached by the name that the monitor has for them, or as the cluster file says', async () => {
    const servers = lab();
    await ask(
      servers,
      labConfig(
        'ssh: { user: dba, port: 2222 }\nnodes: { node_2: { ssh: { host: 10.0.0.2, user: root } } }\n',
      ),
    );
    expect(servers.asked.map(({ alias, host, user, port }) => [alias, host, user, port])).toEqual([
      ['monitor', 'monitor.example', 'dba', 2222],
      ['node_1', 'node1', 'dba', 2222],
      ['node_2', '10.0.0.2', 'root', 2222],
      ['node_3', 'node3', 'dba', 2222],
    ]);
  });

  test('a password in pg_autoctl’s configuration is not among the facts', async () => {
    const servers = lab();
    expect(
      Buffer.from(
        printed(
          instanceLines(1, servers.of('node_1'), servers.model.host('node_1'), 'default').slice(2, 3),
        ).split('\t')[1] ?? '',
        'base64',
      ).toString(),
    ).toContain(password);
    expect(JSON.stringify(await facts(servers))).not.toContain(password);
  });
});

describe('it cannot start, nothing was changed, and this is why', () => {
  test.each(['monitor', 'node_2'])('no sudo on %s', async (alias) => {
    const servers = lab();
    const no = {
      what: `${alias}: dba may not become postgres without a password.`,
      remedy: 'Allow it for the window',
    };
    servers.mute.set(alias, no);
    expect(await refusal(servers)).toEqual(no);
  });

  test('an answer that stops half way is none, and holds nothing of the configuration in what is shown', async () => {
    const servers = lab();
    servers.discovery = (_, lines) => printed(lines.slice(0, 10));
    const found = await refusal(servers);
    expect(found.what).toBe('monitor: the discovery ended early.');
    expect(found.cause ?? '').not.toContain(asText('[pg_autoctl]\nrole').slice(0, 12));
  });

  test('a host that cannot be reached: its own problem, and the others are let go', async () => {
    const servers = lab();
    const gone = { what: 'node_2 (node2:22) refuses the connection.', remedy: 'Is sshd running there?' };
    servers.refuses = (address) => (address.alias === 'node_2' ? gone : null);
    expect(await refusal(servers)).toEqual(gone);
  });

  test('programs of the new version missing on one node', async () => {
    const servers = where(lab(), 'node_3', { missing: asText('pg_upgrade\nvacuumdb\n') });
    expect((await refusal(servers)).what).toBe(
      'node_3: /opt/vmware/postgres/17/bin lacks pg_upgrade, vacuumdb.',
    );
  });

  test('another major version on one node', async () => {
    const servers = where(lab(), 'node_2', { new_version: asText('postgres (PostgreSQL) 16.14\n') });
    expect((await refusal(servers)).what).toBe(
      'node_2: /opt/vmware/postgres/17/bin is 16.14, on the primary it is 17.12.',
    );
  });

  test('a target that is what runs already', async () => {
    const servers = lab();
    servers.discovery = (_, lines) =>
      printed(but(lines, { new_version: asText('postgres (PostgreSQL) 15.20\n') }));
    expect((await refusal(servers)).what).toContain('nothing to upgrade');
  });

  test('a server that does not answer, with psql’s words', async () => {
    const servers = where(lab(), 'node_1', {
      '1.server': asText('psql: error: FATAL: role "postgres" does not exist\n'),
    });
    const found = await refusal(servers);
    expect([found.what, found.cause]).toEqual([
      'node_1: the server on port 5432 does not answer.',
      'psql: error: FATAL: role "postgres" does not exist',
    ]);
  });

  test('a server that is not the one of its directory', async () => {
    const servers = where(lab(), 'node_1', { '1.major': '14' });
    expect((await refusal(servers)).what).toBe(
      'node_1: the server says version 15.20 (Debian 15.20-0+deb), its directory 14.',
    );
  });

  test('no old programs', async () => {
    const servers = where(lab(), 'node_1', { '1.old_version': asText('sh: not found\n') });
    expect((await refusal(servers)).what).toBe('node_1: no postgres program in /opt/vmware/postgres/15/bin.');
  });

  test('no pg_autoctl on the monitor at all', async () => {
    const servers = where(lab(), 'monitor', { '1': null });
    expect((await refusal(servers)).what).toBe(
      'monitor: no monitor of pg_auto_failover found (no pg_autoctl.cfg).',
    );
  });

  test('another node under this address: what was found there is named', async () => {
    const servers = where(lab(), 'node_2', {
      '1.cfg_text': asText(recorded('pg_auto_failover-2.0/node1.cfg')),
    });
    expect((await refusal(servers)).what).toBe(
      'node_2: the host at node2 has node_1 of formation default (/var/lib/pgsql/data, id 2), and no node_2 of formation default.',
    );
  });

  test('two monitors on one host: the operator says which', async () => {
    const servers = lab();
    const second: Lines = instanceLines(
      2,
      { ...servers.of('monitor'), pgdata: word('/srv/other') },
      servers.model.host('monitor'),
      'default',
    );
    servers.discovery = (alias, lines) =>
      printed(alias === 'monitor' ? [...lines.slice(0, -2), ...second, ...lines.slice(-2)] : lines);
    expect(await refusal(servers)).toEqual({
      what: 'monitor: several fit: /var/lib/pgsql/data, /srv/other.',
      remedy: 'Set monitor.pgdata.',
    });
  });

  test('settings for a node that the monitor does not know', async () => {
    expect(await refusal(lab(), labConfig('nodes: { node_9: { port: 5433 } }\n'))).toEqual({
      what: 'The cluster file has settings for node_9, which the monitor does not know.',
      remedy: 'Its nodes are node_1, node_2, node_3.',
    });
  });

  test('several groups of a formation with Citus, each with its own nodes and identifier', async () => {
    const found = await facts(new FakeServers(citusCluster()), labConfig('upgrade: { mode: copy }\n'));
    expect(found.nodes.map(({ alias }) => alias)).toEqual(['node_1', 'node_2']);
    expect(
      found.workers?.map(({ group, nodes }) => [group, nodes.map(({ alias, role }) => `${alias} ${role}`)]),
    ).toEqual([[1, ['node_3 primary', 'node_4 secondary']]]);
    expect(found.workers?.[0]?.systemIdentifier).toBe(workerIdentifier);
  });

  test('several groups, by hard links: one could not be rolled back with the others', async () => {
    const refused = await refusal(new FakeServers(citusCluster()));
    expect(refused.what).toContain('several groups, and mode link');
    expect(refused.remedy).toContain('copy');
  });

  test.each([
    ['no primary', 'secondary', 'Formation default has no primary now.'],
    ['two primaries', 'primary', 'Formation default has 2 primaries now.'],
  ] as const)('%s', async (_, state, what) => {
    const servers = lab();
    servers.model.row(state === 'primary' ? 'node_2' : 'node_1', state);
    expect((await refusal(servers)).what).toBe(what);
  });

  test('a cluster that is still moving', async () => {
    const servers = lab();
    servers.model.row('node_3', 'catchingup', 'secondary');
    expect((await refusal(servers)).what).toBe('node_3 is catchingup, assigned secondary.');
  });

  test('a formation without nodes, and one that does not exist', async () => {
    const empty = new FakeServers({ ...labCluster(), before: [] });
    expect((await refusal(empty)).what).toBe('Formation default has no nodes on this monitor.');
    const none = lab();
    none.monitorSays = { ok: true, value: { code: 0, stdout: '\n', stderr: '' } };
    none.formations = 'payments, reports\n';
    expect(await refusal(none)).toEqual({
      what: 'The monitor knows no formation "default"; it has payments, reports.',
      remedy: 'Set formation in the cluster file to one of them.',
    });
  });

  test('a monitor whose database does not answer, or answers something else', async () => {
    const down = lab();
    down.monitorSays = { ok: true, value: { code: 2, stdout: '', stderr: 'psql: error: no such file\n' } };
    expect(await refusal(down)).toMatchObject({
      what: 'The monitor’s database does not answer.',
      cause: 'psql: error: no such file',
    });
    for (const stdout of [
      '<html>',
      '{"nodes": "many"}',
      '\u0000\u0001',
      `{"formation":"default","nodes":[${'['.repeat(5000)}`,
    ]) {
      const strange = lab();
      strange.monitorSays = { ok: true, value: { code: 0, stdout, stderr: '' } };
      expect((await refusal(strange)).what).toMatch(/^The monitor answered with something/);
    }
  });
});

describe('between two versions', () => {
  const between = (moment: Parameters<typeof modelAt>[0], base = labCluster()): FakeServers => {
    const servers = new FakeServers(base);
    for (const [alias, host] of modelAt(moment, base).hosts) servers.model.hosts.set(alias, host);
    return servers;
  };

  test.each([
    'fenced',
    'primary stopped',
    'all stopped',
    'linked',
    'swapped',
    'verified',
    'monitor back',
    'primary back',
    'secondary rebuilt',
    'finished',
  ] as const)('%s: the record that an earlier console left says how the cluster was', async (moment) => {
    const servers = between(moment);
    servers.record = JSON.stringify(labCluster());
    const found = good(await ask(servers));
    expect(found.fromRecord).toBe(true);
    expect(found.facts).toEqual(labCluster());
    expect(found.hosts.size).toBe(4);
  });

  test('before anything was changed the servers count and not an old record', async () => {
    const servers = lab();
    servers.record = JSON.stringify({ ...labCluster(), jobs: 9 });
    const found = good(await ask(servers));
    expect([found.fromRecord, found.facts.jobs]).toEqual([false, 1]);
  });

  test.each([
    ['of another formation', { formation: 'other' }],
    ['to another version', { newMajor: 16 }],
  ])('a record %s is none', async (_, change) => {
    const servers = between('all stopped');
    servers.record = JSON.stringify({ ...labCluster(), ...change });
    expect((await refusal(servers)).what).toBe('The monitor’s database does not answer.');
  });

  test.each([
    ['nodes', { nodes: [] }, 'nodes'],
    ['a user that is an option', { postgres: '-u root' }, 'postgres must be'],
  ])('a record with %s is there, and said to be unusable with its field', async (_, change, says) => {
    const servers = between('all stopped');
    servers.record = JSON.stringify({ ...labCluster(), ...change });
    const refused = await refusal(servers);
    expect(refused.what).toContain(`monitor: the record in ${labCluster().monitor.workDir}/record.json`);
    expect(refused.what).toContain(says);
  });

  test('without a record a cluster in maintenance is not started on', async () => {
    expect((await refusal(between('fenced'))).what).toBe('node_1 is wait_primary, assigned wait_primary.');
  });

  test.each([labCluster(), debianCluster()])(
    'the record read back is the same plan: nothing is prepared twice',
    (base) => {
      const back = clusterFactsSchema.parse(JSON.parse(JSON.stringify(base)));
      expect(factsId(back)).toBe(factsId(base));
    },
  );

  test('what discovery finds on a quiet cluster twice is the same plan; another mode is another', async () => {
    const [one, other] = [await facts(lab()), await facts(lab())];
    expect(factsId(one)).toBe(factsId(other));
    expect(factsId(clusterFactsSchema.parse(JSON.parse(JSON.stringify(one))))).toBe(factsId(one));
    const later = {
      ...one,
      readAt: 'later',
      before: one.before.map((row) => ({ ...row, lsn: word('9/9'), reportAge: 99, health: 0 })),
    };
    expect(factsId(later)).toBe(factsId(one));
    expect(factsId({ ...one, mode: 'copy' })).not.toBe(factsId(one));
    expect(factsId({ ...one, numberSyncStandbys: 0 })).not.toBe(factsId(one));
  });
});
