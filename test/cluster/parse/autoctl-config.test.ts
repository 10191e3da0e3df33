import { describe, expect, it } from 'vitest';
import { parseAutoctlConfig } from '../../../source/cluster/parse/autoctl-config.ts';
import { redactUri } from '../../../source/cluster/parse/redact.ts';
import { good, recorded } from '../recorded.ts';

describe('parseAutoctlConfig', () => {
  it('reads a node', () => {
    expect(good(parseAutoctlConfig(recorded('pg_auto_failover-2.0/node1.cfg')))).toMatchObject({
      role: 'keeper',
      monitor: 'postgres://autoctl_node@monitor:5432/pg_auto_failover?sslmode=require',
      formation: 'default',
      group: 0,
      name: 'node_1',
      hostname: 'node1',
      nodekind: 'standalone',
      postgresql: {
        pgdata: '/var/lib/pgsql/data',
        pgCtl: '/opt/vmware/postgres/15/bin/pg_ctl',
        bindir: '/opt/vmware/postgres/15/bin',
        port: 5432,
        host: null,
        listenAddresses: '*',
        authMethod: 'trust',
        hbaLevel: 'minimal',
      },
      ssl: { active: true, sslmode: 'require', caFile: null, keyFile: '/var/lib/pgsql/data/server.key' },
      replication: { maximumBackupRate: '100M', backupDirectory: '/var/lib/pgsql/backup/node_1' },
      timeout: { network_partition_timeout: 20 },
    });
  });

  it('reads a node without postgresql.username, as pg_autoctl writes it on a secondary', () => {
    expect(
      good(parseAutoctlConfig(recorded('pg_auto_failover-2.0/node2.cfg'))).postgresql.username,
    ).toBeNull();
  });

  it('reads a monitor, which has no formation, group or name', () => {
    const monitor = good(parseAutoctlConfig(recorded('pg_auto_failover-2.0/monitor.cfg')));
    expect(monitor.role).toBe('monitor');
    expect(monitor.postgresql.dbname).toBe('pg_auto_failover');
    expect('formation' in monitor).toBe(false);
  });

  it('reads what a registration leaves that was ended in the middle: group -1', () => {
    const text = recorded('pg_auto_failover-2.0/node1.cfg').replace(/^group = 0$/m, 'group = -1');
    expect(good(parseAutoctlConfig(text))).toMatchObject({ name: 'node_1', group: -1 });
  });

  it('names what is missing', () => {
    const result = parseAutoctlConfig(
      recorded('pg_auto_failover-2.0/node1.cfg')
        .replace(/^pgdata.*$/m, 'pgdata = data')
        .replace(/^port.*$/m, ''),
    );
    expect(result.ok ? '' : result.error.what).toBe(
      'pg_autoctl.cfg has no usable postgresql.pgdata, postgresql.port.',
    );
  });

  it('survives what is no ini file', () => {
    expect(parseAutoctlConfig('').ok).toBe(false);
    expect(parseAutoctlConfig('[[[=\n=\n[]\n\0'.repeat(50_000)).ok).toBe(false);
  });
});

describe('redactUri', () => {
  it.each([
    [
      'postgres://autoctl_node@monitor:5432/pg_auto_failover?sslmode=require',
      'postgres://autoctl_node@monitor:5432/pg_auto_failover?sslmode=require',
    ],
    ['postgres://autoctl_node:s3cret@monitor/db', 'postgres://autoctl_node:****@monitor/db'],
    ['postgresql://u:p@s/s@monitor/db', 'postgresql://u:****@monitor/db'],
    ['postgres://monitor:5432/db', 'postgres://monitor:5432/db'],
    [
      'postgres://u@h/db?sslmode=require&password=s3cret&x=1',
      'postgres://u@h/db?sslmode=require&password=****&x=1',
    ],
    ['postgres://u@h/db?sslpassword=s3cret', 'postgres://u@h/db?sslpassword=****'],
    [`host=h password='a b\\'c' user=u`, 'host=h password=**** user=u'],
    ['host=h password = s3cret user=u', 'host=h password = **** user=u'],
  ])('%s', (uri, shown) => {
    expect(redactUri(uri)).toBe(shown);
  });
});
