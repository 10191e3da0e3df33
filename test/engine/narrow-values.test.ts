import { describe, expect, test } from 'vitest';
import { clusterFactsSchema } from '../../source/cluster/facts.ts';
import type { MonitorNode } from '../../source/cluster/monitor-state.ts';
import { discover } from '../../source/discover/discover.ts';
import { checkInspectionScript } from '../../source/runbook/checks/inspection/script.ts';
import { labCluster, linkedCluster } from '../runbook/clusters.ts';
import { asText, but, printed } from './answers.ts';
import { FakeServers } from './fake-servers.ts';
import { labConfig } from './harness.ts';

/** What monitor, hosts, and the record say is of a known kind before it reaches a script, or it is refused by name. */

const ask = (servers: FakeServers) =>
  discover(
    labConfig(),
    (address) => servers.connect(address, { ask: async () => ({ kind: 'no' }), become: 'sudo' }),
    () => undefined,
  );

const refusal = async (servers: FakeServers) => {
  const found = await ask(servers);
  return found.ok ? null : found.error;
};

/** The monitor's second row says something else. */
const saying = (row: Partial<Record<keyof MonitorNode, unknown>>): FakeServers => {
  const servers = new FakeServers(labCluster());
  const state = servers.model.host('monitor').monitor;
  const nodes = state?.nodes.map((node, at) => (at === 1 ? { ...node, ...row } : node));
  const stdout = JSON.stringify({ ...state, nodes });
  servers.monitorSays = { ok: true, value: { code: 0, stderr: '', stdout } };
  return servers;
};

describe('a row of the monitor', () => {
  test.each([
    [
      'a system identifier that is shell',
      { systemIdentifier: '1 ] || true; touch /tmp/x; [ 1' },
      'systemIdentifier must be a system identifier',
    ],
    [
      'a host name that is an option of ssh',
      { host: '-oProxyCommand=touch /tmp/x' },
      'host must be a host name or an address',
    ],
    [
      'a host name that leaves its here-document',
      { host: 'node2\nVIA\ntouch /tmp/x' },
      'host must be a host name or an address',
    ],
    ['a name that is a path', { name: '../../etc/passwd' }, 'name must be a name of letters'],
    ['a node that is called as the monitor is', { name: 'monitor' }, 'name must be a name of letters'],
    ['a port that is none', { port: 0 }, 'port must be a port number'],
    ['a position that is none', { lsn: '0/0\n$(touch /tmp/x)' }, 'lsn must be a position in the WAL'],
  ])('%s', async (_, row, says) => {
    const refused = await refusal(saying(row));
    expect(refused?.what).toContain(`The monitor’s row of node 2: ${says}`);
    const [said] = Object.values(row);
    expect(refused?.cause).toBe(`found: ${JSON.stringify(said)}`);
    expect(refused?.remedy).toContain('Nothing was run with it.');
  });

  test('names and addresses that are in use somewhere', async () => {
    for (const row of [
      { host: 'db-1.example.com' },
      { host: '10.0.0.7' },
      { host: 'fe80::1%eth0' },
      { host: 'localhost' },
    ])
      expect(await refusal(saying(row)), JSON.stringify(row)).toBe(null);
  });
});

/** node_2 says something else of its pg_autoctl or its server. */
const host = (changes: Record<string, string>, server: Record<string, unknown> = {}): FakeServers => {
  const servers = new FakeServers(labCluster());
  servers.discovery = (alias, lines) => {
    if (alias !== 'node_2') return printed(lines);
    const said: unknown = JSON.parse(Buffer.from(new Map(lines).get('1.server') ?? '', 'base64').toString());
    const answer = asText(JSON.stringify({ ...(said instanceof Object ? said : {}), ...server }));
    return printed(but(lines, { '1.server': answer, ...changes }));
  };
  return servers;
};

describe('a host', () => {
  test.each([
    [
      'a tablespace with a line break',
      {},
      { tablespaces: ['/srv/fast\nrm -rf /'] },
      'node_2: tablespaces.0 must be',
    ],
    ['a tablespace that climbs', {}, { tablespaces: ['/srv/../etc'] }, 'node_2: tablespaces.0 must be'],
    ['a data directory that is the root', { '1.data': '/' }, {}, 'node_2: data must be'],
    ['a data directory that climbs', { '1.data': '/srv/pg/..' }, {}, 'node_2: data must be'],
    ['a home that is no path', { home: 'somewhere' }, {}, 'node_2: home must be'],
    ['a unit that is an option', { '1.unit': '--now' }, {}, 'node_2: service.unit must be'],
    ['a locale with a line break', {}, { collate: 'C\n$(id)' }, 'node_2: initdb.collate must be'],
  ])('%s', async (_, changes, server, says) => {
    const refused = await refusal(host(changes, server));
    expect(refused?.what).toContain(says);
    expect(refused?.remedy).toContain('cluster file');
  });

  test('a superuser whose name has quotes, blanks and a line break is one', async () => {
    expect(await refusal(host({}, { superuser: `o'brien "the\nadmin"` }))).toBe(null);
  });
});

test.each([
  ['another user', { postgres: '-u root' }],
  [
    'a version that is shell',
    { nodes: labCluster().nodes.map((one) => ({ ...one, newVersion: '17 $(id)' })) },
  ],
  [
    'programs with a line break',
    { nodes: labCluster().nodes.map((one) => ({ ...one, newBindir: '/x\ny' })) },
  ],
  [
    'a data directory that climbs',
    { nodes: labCluster().nodes.map((one) => ({ ...one, data: '/srv/../etc' })) },
  ],
  ['an identifier that is shell', { systemIdentifier: '1 ] || x' }],
  [
    'one node twice, as the primary and as a secondary',
    { nodes: labCluster().nodes.flatMap((one) => [one, { ...one, role: 'secondary' }]) },
  ],
  [
    'a node that is called as the monitor is',
    { nodes: labCluster().nodes.map((one, at) => (at === 1 ? { ...one, alias: 'monitor' } : one)) },
  ],
  ['two primaries', { nodes: labCluster().nodes.map((one) => ({ ...one, role: 'primary' })) }],
  ['no primary', { nodes: labCluster().nodes.map((one) => ({ ...one, role: 'secondary' })) }],
  [
    'a file that lies elsewhere',
    { nodes: labCluster().nodes.map((one) => ({ ...one, carry: ['../../x'] })) },
  ],
])('a record with %s counts for nothing', (_, changes) => {
  expect(clusterFactsSchema.safeParse(labCluster()).success).toBe(true);
  expect(clusterFactsSchema.safeParse({ ...labCluster(), ...changes }).success).toBe(false);
});

test('what ssh is told to reach is never an option', () => {
  const facts = linkedCluster();
  const asked = facts.nodes
    .map((node) => checkInspectionScript(facts, node).text)
    .filter((text) => text.includes('\nlinks=takes\n'));
  expect(asked.length).toBeGreaterThan(0);
  for (const text of asked)
    expect(text).toMatch(/\nprimary_host=node1\n[\s\S]*\bssh -F [^|]* -- "\$primary_host" true /);
});
