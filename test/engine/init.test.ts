import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../source/cluster/config.ts';
import { problem } from '../../source/cluster/result.ts';
import { parseAddress } from '../../source/commands/init.ts';
import { chooseTarget, parseCandidates } from '../../source/usecases/init/candidates.ts';
import { clusterFile } from '../../source/usecases/init/cluster-file.ts';
import type { Outline } from '../../source/usecases/init/outline.ts';
import { good } from '../cluster/recorded.ts';

test.each([
  ['ssh://dba@monitor.example.com:2222', { host: 'monitor.example.com', user: 'dba', port: 2222 }],
  ['ssh://monitor', { host: 'monitor', user: null, port: null }],
  ['dba@10.0.0.10', { host: '10.0.0.10', user: 'dba', port: null }],
  ['ssh://dba@[fd00::10]:22', { host: 'fd00::10', user: 'dba', port: 22 }],
  ['postgres://monitor', null],
  ['-oProxyCommand=x', null],
  ['ssh://monitor:99999', null],
  ['', null],
])('the address %s', (text, expected) => {
  expect(parseAddress(text)).toEqual(expected);
});

describe('which version to upgrade to', () => {
  const on = (...lines: string[]) => parseCandidates(lines.map((line) => line.replace(' ', '\t')).join('\n'));
  const both = on(
    '/usr/lib/postgresql/15/bin postgres (PostgreSQL) 15.20',
    '/usr/lib/postgresql/17/bin postgres (PostgreSQL) 17.12',
  );

  test('the newest that is on every host', () => {
    const more = on(
      '/usr/lib/postgresql/17/bin postgres (PostgreSQL) 17.12',
      '/usr/lib/postgresql/18/bin postgres (PostgreSQL) 18.1',
    );
    expect(chooseTarget(15, '/usr/lib/postgresql/15/bin', [both, more])?.bindir).toBe(
      '/usr/lib/postgresql/17/bin',
    );
    expect(chooseTarget(15, '/usr/lib/postgresql/15/bin', [more, more])?.version.text).toBe('18.1');
  });

  test('beside the old one, where the same is at two places', () => {
    const twice = on(
      '/opt/vmware/postgres/17/bin postgres (PostgreSQL) 17.12',
      '/usr/lib/postgresql/17/bin postgres (PostgreSQL) 17.12',
    );
    expect(chooseTarget(15, '/opt/vmware/postgres/15/bin', [twice])?.bindir).toBe(
      '/opt/vmware/postgres/17/bin',
    );
  });

  test('none where a host has none', () => {
    expect(chooseTarget(15, '/usr/lib/postgresql/15/bin', [both, []])).toBeNull();
    expect(parseCandidates('no tab\n/x\tnot a version\nrelative\tpostgres (PostgreSQL) 17.1\n')).toEqual([]);
  });
});

describe('the cluster file', () => {
  const outline: Outline = {
    oldVersion: '15.20',
    formation: 'default',
    monitor: {
      pgdata: '/var/lib/pgsql/data',
      unit: 'pgautofailover.service',
      port: 5432,
      bindir: '/opt/vmware/postgres/15/bin',
    },
    nodes: [
      {
        name: 'node_1',
        hostname: 'node1',
        state: 'primary',
        pgdata: '/var/lib/pgsql/data',
        unit: null,
        bindir: '/opt/15/bin',
        problem: null,
      },
      {
        name: 'yes',
        hostname: 'evil\nname: x',
        state: 'secondary',
        pgdata: null,
        unit: null,
        bindir: null,
        problem: problem('yes (evil) did not\nanswer: x', ''),
      },
    ],
    target: good({
      ok: true,
      value: { bindir: '/opt/17/bin', version: { major: 17, minor: 12, text: '17.12', preRelease: false } },
    }),
    candidates: [],
  };
  const address = { host: 'monitor.example.com', user: 'dba', port: 2222 };

  test('is one that check reads, whatever the hosts say', () => {
    const config = good(parseConfig(clusterFile(address, outline, '2026-11-25'), 'cluster.yaml'));
    expect(config).toMatchObject({
      name: 'monitor.example.com',
      monitor: { host: 'monitor.example.com' },
      ssh: { user: 'dba', port: 2222 },
      target: { bindir: '/opt/17/bin' },
    });
    expect(config.nodes).toEqual({});
  });

  test('tells in comments what was found, and who was not reached', () => {
    const text = clusterFile(address, outline, '2026-11-25');
    expect(text).toContain('# pgdata: /var/lib/pgsql/data');
    expect(text).toContain('NOT REACHED');
    expect(text.split('\n').some((line) => line.startsWith('name: x'))).toBe(false);
  });

  test('without a later version on every host it says so', () => {
    const text = clusterFile(address, { ...outline, target: null }, '2026-11-25');
    expect(text).toContain('No later version was found on every host');
    expect(good(parseConfig(text, 'cluster.yaml')).target.bindir).toBe('/path/to/the/new/bin');
  });
});
