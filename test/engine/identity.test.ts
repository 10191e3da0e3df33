import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { primaryOf } from '../../source/cluster/facts.ts';
import { hostIn } from '../../source/cluster/observations.ts';
import type { Problem } from '../../source/cluster/result.ts';
import { discover } from '../../source/discover/discover.ts';
import { isOfCluster } from '../../source/engine/journal/of-cluster.ts';
import { Observer } from '../../source/engine/observe/observer.ts';
import { good } from '../cluster/recorded.ts';
import { customCluster, labCluster, onEveryHost } from '../runbook/clusters.ts';
import { word } from '../runbook/word.ts';
import { modelAt } from '../runbook/worlds.ts';
import { asText, but, type Lines, printed } from './answers.ts';
import { FakeServers } from './fake-servers.ts';
import { labConfig } from './harness.ts';

/** Whose cluster, whose host, whose directory: a record counts only for this cluster, and a host only for this node. */

const ask = (servers: FakeServers, config = labConfig()) =>
  discover(
    config,
    (address) => servers.connect(address, { ask: async () => ({ kind: 'no' }), become: 'sudo' }),
    () => undefined,
  );
const refusal = async (servers: FakeServers, config = labConfig()): Promise<Problem> => {
  const found = await ask(servers, config);
  if (found.ok) throw new Error(`not refused: fromRecord ${found.value.fromRecord}`);
  expect([...servers.closed].sort()).toEqual([...servers.hosts.keys()].sort());
  expect(found.error.remedy).not.toBe('');
  return found.error;
};

/** The servers in the middle of a window, with this record on the monitor's host. */
const between = (
  record: ClusterFacts,
  moment: Parameters<typeof modelAt>[0] = 'swapped',
  base = labCluster(),
): FakeServers => {
  const servers = new FakeServers(base);
  for (const [alias, host] of modelAt(moment, base).hosts) servers.model.hosts.set(alias, host);
  servers.record = JSON.stringify(record);
  return servers;
};
/** A cluster at rest where an earlier window has left something. */
const leftover = (record: ClusterFacts): FakeServers => {
  const servers = new FakeServers(labCluster());
  servers.record = JSON.stringify(record);
  changed(servers, (alias, lines) =>
    alias === 'monitor' ? [['1.underway', 'yes'] as const, ...lines] : lines,
  );
  return servers;
};
const changed = (servers: FakeServers, change: (alias: string, lines: Lines) => Lines): FakeServers => {
  servers.discovery = (alias, lines) => printed(change(alias, lines));
  return servers;
};
const named = (name: string, formation = 'default'): string =>
  asText(
    `[pg_autoctl]\nrole = keeper\nmonitor = postgres://autoctl_node@monitor:5432/pg_auto_failover\nformation = ${formation}\ngroup = 0\nname = ${name}\nhostname = x\nnodekind = standalone\n\n[postgresql]\npgdata = /var/lib/pgsql/data\npg_ctl = /opt/vmware/postgres/15/bin/pg_ctl\nport = 5432\n`,
  );

describe('a record counts only where the servers say the same', () => {
  test('it is this cluster’s', async () => {
    const found = good(await ask(between(labCluster())));
    expect([found.fromRecord, found.facts]).toEqual([true, labCluster()]);
  });

  test('a custom step in it is none: steps are the cluster file’s alone', async () => {
    const found = good(await ask(between(customCluster())));
    expect([found.fromRecord, found.facts.custom]).toEqual([true, []]);
  });

  test('those of the cluster file count as it stands now', async () => {
    const config = labConfig('steps: { one: { at: opened, run: echo now } }\n');
    const found = good(await ask(between(customCluster()), config));
    expect(found.facts.custom.map(({ name, run }) => [name, run])).toEqual([['one', 'echo now']]);
  });

  test('a custom step on a host that the cluster does not have is refused, with the hosts that it has', async () => {
    const config = labConfig('steps: { one: { at: opened, on: node_9, run: echo } }\n');
    for (const servers of [between(labCluster()), new FakeServers(labCluster())])
      expect(await refusal(servers, config)).toMatchObject({
        what: 'The cluster file has steps.one run on node_9, which is no host of this cluster and none of hosts in the file.',
        remedy:
          'Name one of primary, monitor, node_1, node_2, node_3, console in steps.one.on, or add hosts.node_9.',
      });
  });

  const other = (change: Partial<ClusterFacts>): ClusterFacts => ({ ...labCluster(), ...change });
  const monitorWith = (change: object) => other({ monitor: { ...labCluster().monitor, ...change } });
  const nodesWith = (change: object) =>
    other({ nodes: labCluster().nodes.map((node) => ({ ...node, ...change })) });

  test.each([
    [
      'of a monitor with another data directory',
      monitorWith({ pgdata: '/srv/orders', data: '/srv/orders' }),
      /^monitor: pgdata is \/var\/lib\/pgsql\/data .* \/srv\/orders by the record/,
    ],
    [
      'of a monitor on another port',
      monitorWith({ port: 6000 }),
      /^monitor: port is 5432 .* 6000 by the record/,
    ],
    [
      'whose user is root',
      other({ postgres: word('root') }),
      /^PostgreSQL’s user is postgres in the cluster file, and root in the record/,
    ],
    ['with other new programs', nodesWith({ newBindir: '/tmp/evil' }), /^node_1: newBindir .* \/tmp\/evil/],
    ['with other old programs', nodesWith({ oldBindir: '/tmp/evil' }), /^node_1: oldBindir .* \/tmp\/evil/],
    [
      'with another pg_autoctl',
      nodesWith({ oldAutoctl: '/tmp/evil' }),
      /^node_1: the old pg_autoctl .* \/tmp\/evil/,
    ],
    [
      'with another work directory',
      nodesWith({ workDir: '/root/x' }),
      /^node_1: the work directory .* \/root\/x/,
    ],
    [
      'with another place for the old data',
      nodesWith({ backupData: '/home' }),
      /^node_1: the old cluster’s .* \/home/,
    ],
    ['with another new directory', nodesWith({ newData: '/home' }), /^node_1: newData .* \/home/],
    [
      'with another unit',
      nodesWith({ service: { kind: 'systemd', unit: 'sshd.service', fragment: '/x', enabled: true } }),
      /^node_1: unit is pgautofailover\.service .* sshd\.service/,
    ],
    [
      'of another system',
      other({ systemIdentifier: word('1111111111111111111') }),
      /is of the system 1111111111111111111, and the nodes’ disks hold .*7711174124246397031/,
    ],
    [
      'of nodes with other ids',
      other({ nodes: labCluster().nodes.map((node) => ({ ...node, nodeId: node.nodeId + 3 })) }),
      /^node_1: the host at node1 has node_1 of formation default .*id 1.*knows node_1 as id 4|^The nodes are .*id 1.* and were .*id 4/,
    ],
  ])('one %s is refused, with both values', async (_, record, what) => {
    for (const moment of ['all stopped', 'swapped', 'finished'] as const)
      expect((await refusal(between(record, moment))).what).toMatch(what);
  });

  test('the cluster file has another new directory than the run was begun with', async () => {
    const config = labConfig('nodes: { node_1: { newData: /var/lib/pgsql/elsewhere } }\n');
    expect(await refusal(between(labCluster()), config)).toMatchObject({
      what: expect.stringContaining('/var/lib/pgsql/elsewhere'),
      remedy: expect.stringContaining('nodes.node_1.newData'),
    });
  });

  test('a failover since, days after a window was left by hand', async () => {
    const servers = leftover(labCluster());
    servers.model.row('node_1', 'secondary');
    servers.model.row('node_2', 'primary');
    const found = await refusal(servers);
    expect(found.what).toMatch(/^node_2 is the primary now, and node_1 was when the record/);
    expect(found.remedy).toContain('move /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work away');
  });

  test('a failover under the new version is the new version’s own affair', async () => {
    const servers = between(labCluster(), 'finished');
    servers.model.row('node_1', 'secondary');
    servers.model.row('node_2', 'primary');
    expect(primaryOf(good(await ask(servers)).facts).alias).toBe('node_1');
  });

  test('a node more than the record has', async () => {
    const record = labCluster({ nodes: labCluster().nodes.slice(0, 2) });
    expect((await refusal(between(record, 'finished'))).what).toMatch(
      /^The nodes are node_1 \(id 1\), node_2 \(id 2\), node_3 \(id 3\) now, and were node_1 \(id 1\), node_2 \(id 2\) when/,
    );
  });

  test('its own rollback through a fallback copy registers the nodes anew: it still counts, and all of its hosts are reached', async () => {
    const servers = between(labCluster(), 'all stopped');
    const monitor = modelAt('fenced', labCluster()).host('monitor').monitor;
    if (monitor === null) throw new Error('no monitor');
    const [row] = monitor.nodes;
    for (const nodes of [[], row === undefined ? [] : [{ ...row, id: 7, name: 'node_2', host: 'node2' }]]) {
      servers.monitorSays = {
        ok: true,
        value: { code: 0, stderr: '', stdout: JSON.stringify({ ...monitor, nodes }) },
      };
      changed(servers, (alias, lines) =>
        alias === 'monitor'
          ? [['1.registered_anew', 'yes'] as const, ['1.underway', 'yes'] as const, ...lines]
          : alias === 'node_2'
            ? but(lines, { '1.node_id': '7' })
            : lines,
      );
      const found = good(await ask(servers));
      expect([found.fromRecord, found.hosts.size]).toEqual([true, 4]);
    }
  });

  test('the old programs are read from the copies that the upgrade has saved on the host itself', async () => {
    const repointed = (saved: string) =>
      changed(between(labCluster(), 'finished'), (alias, lines) =>
        alias === 'node_1'
          ? [
              ...but(lines, { '1.old_bin': '/opt/vmware/postgres/17/bin', '1.old_autoctl': null }),
              ['1.saved_bin', saved],
            ]
          : lines,
      );
    expect(good(await ask(repointed('/opt/vmware/postgres/15/bin'))).fromRecord).toBe(true);
    expect((await refusal(repointed('/opt/other/15/bin'))).what).toMatch(
      /^node_1: oldBindir is \/opt\/other/,
    );
  });
});

describe('another cluster of the same user on the same hosts', () => {
  /** A second instance beside the one that is meant. */
  const beside = (lines: Lines, changes: Readonly<Record<string, string>>): Lines => [
    ...lines.slice(0, -1),
    ...lines.flatMap(([key, value]): Lines => {
      if (!/^1(\.|$)/.test(key)) return [];
      const own = key.replace(/^1/, '2');
      return [[own, changes[own] ?? value]];
    }),
    ['end', 'yes'],
  ];

  test('a node of the same name under another monitor is told apart by its id and port', async () => {
    const servers = new FakeServers(labCluster());
    changed(servers, (alias, lines) =>
      alias === 'monitor'
        ? lines
        : beside(lines, {
            '2': '/var/lib/pgsql/b',
            '2.cfg_text': named(alias),
            '2.data': '/var/lib/pgsql/b',
            '2.node_id': '9',
            '2.underway': 'yes',
            '2.major': '17',
          }),
    );
    const found = good(await ask(servers));
    expect([found.fromRecord, found.facts.nodes.map((node) => node.data)]).toEqual([
      false,
      ['/var/lib/pgsql/data', '/var/lib/pgsql/data', '/var/lib/pgsql/data'],
    ]);
  });

  test('only the other cluster’s node of that name is there: refused by name', async () => {
    const servers = changed(new FakeServers(labCluster()), (alias, lines) =>
      alias === 'node_2' ? but(lines, { '1.node_id': '9' }) : lines,
    );
    expect(await refusal(servers)).toEqual({
      what: 'node_2: the host at node2 has node_2 of formation default (/var/lib/pgsql/data, id 9), and the monitor knows node_2 as id 2 on port 5432.',
      remedy:
        'Another monitor’s node_2 is there: check nodes.node_2.ssh.host in the cluster file, and node2 in ~/.ssh/config.',
    });
  });

  test('two aliases that lead to a third node’s host, on resume', async () => {
    const servers = changed(leftover(labCluster()), (_, lines) => lines);
    changed(servers, (alias, lines) =>
      alias === 'monitor'
        ? [['1.underway', 'yes'] as const, ...lines]
        : but(lines, { '1.cfg_text': named('node_3'), '1.node_id': '3' }),
    );
    expect((await refusal(servers)).what).toMatch(/^node_1: the host at node1 has node_3 /);
  });

  test('monitor and node on one host have their own work directories', async () => {
    const base = labCluster();
    const together = onEveryHost(base, (host) => {
      const place = host.alias === 'monitor' ? '/var/lib/pgsql/monitor' : host.data;
      return host.alias === 'monitor'
        ? {
            pgdata: place,
            data: place,
            backupData: `${place}_pg15_bak`,
            workDir: `/var/lib/pgsql/pgaf-upgrade${place}/@work`,
          }
        : {};
    });
    const found = good(await ask(new FakeServers(together)));
    expect(
      new Set([found.facts.monitor, ...found.facts.nodes.slice(0, 1)].map((one) => one.workDir)).size,
    ).toBe(2);
  });
});

describe('what an earlier version left in one place for every cluster', () => {
  const left = (servers: FakeServers, name: string, pgdata: string) =>
    changed(servers, (alias, lines) =>
      alias === 'monitor'
        ? [
            ['earlier', 'yes'],
            [
              'earlier.record',
              asText(JSON.stringify({ ...labCluster(), name, monitor: { ...labCluster().monitor, pgdata } })),
            ],
            ...lines,
          ]
        : lines,
    );

  test('where an upgrade of this cluster was under way, it is named and not believed', async () => {
    const servers = new FakeServers(labCluster());
    for (const [alias, host] of modelAt('swapped', labCluster()).hosts) servers.model.hosts.set(alias, host);
    const found = await refusal(left(servers, 'shop', '/var/lib/pgsql/data'));
    expect(found.what).toContain('has left the record of shop (monitor in /var/lib/pgsql/data)');
    expect(found.remedy).toContain('with the version that began it');
  });

  test('another cluster’s stops nobody', async () => {
    const found = good(await ask(left(new FakeServers(labCluster()), 'orders', '/srv/orders')));
    expect(found.fromRecord).toBe(false);
  });
});

describe('every inspection proves whom it looks at', () => {
  const look = async (changes: Readonly<Record<string, string>>[], alias = 'node_2') => {
    const servers = new FakeServers(labCluster());
    const { hosts, facts } = good(await ask(servers));
    const observer = new Observer(facts, hosts, () => undefined);
    let world = observer.world;
    for (const change of changes) {
      servers.look = (one, lines) =>
        printed(
          one === alias
            ? [...Object.entries(change).map(([key, value]) => [key, value] as const), ...lines]
            : lines,
        );
      world = await observer.inspect();
    }
    const seen = world.hosts[alias];
    return seen?.kind === 'unseen' ? seen.problem.what : hostIn(world, alias)?.alias;
  };
  const own = { 'who.name': 'node_2', 'who.role': 'keeper', 'who.id': '2', 'who.machine': 'a1' };

  test('the node itself is inspected', async () => expect(await look([own, own])).toBe('node_2'));
  test.each([
    ['another node', { ...own, 'who.name': 'node_3' }, 'node_2: the host that answers is node_3'],
    ['another id', { ...own, 'who.id': '9' }, 'node_2: the node that answers has the id 9, and 2 is meant'],
    [
      'a monitor',
      { ...own, 'who.role': 'monitor' },
      'pg_autoctl.cfg there is a monitor’s, and not a keeper’s',
    ],
  ])('%s is refused by name', async (_, change, what) => {
    expect(await look([change])).toContain(what);
  });
  test('another machine than before is refused', async () => {
    expect(await look([own, { ...own, 'who.machine': 'b2' }])).toContain(
      'another machine answers than before',
    );
  });
  test('an id that a rollback gave it: the copy that the upgrade saved on this host has the one that is meant', async () => {
    expect(await look([{ ...own, 'who.id': '9', 'who.was': '\u001e          2' }])).toBe('node_2');
  });
});

test('a journal is a cluster’s by what it says of it, not by the name of its directory', () => {
  const facts = labCluster();
  const of = (written: object) => [
    { at: '2026-11-23T01:48:00.000Z', entry: { kind: 'facts' as const, facts: written } },
  ];
  expect(isOfCluster(facts, of({ ...facts, name: 'what it was called before' }))).toBe(true);
  expect(isOfCluster(facts, of({ ...facts, systemIdentifier: '1' }))).toBe(false);
  expect(isOfCluster(facts, of({ ...facts, monitor: { ...facts.monitor, port: 5433 } }))).toBe(false);
});
