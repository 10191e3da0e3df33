import { expect, it } from 'vitest';
import { parseUnit } from '../../../source/cluster/parse/unit.ts';
import { good, recorded } from '../recorded.ts';

const unit = (text: string) => good(parseUnit(text));
const node1 = recorded('systemd-257/show-node1.txt');

it('reads the unit of a node', () => {
  expect(unit(node1)).toEqual({
    loadState: 'loaded',
    unitFileState: 'enabled',
    activeState: 'active',
    activeEnterTimestamp: '',
    subState: 'running',
    killMode: 'control-group',
    fragmentPath: '/etc/systemd/system/pgautofailover.service',
    dropInPaths: [],
    execStart: {
      path: '/opt/vmware/postgres/15/bin/pg_autoctl',
      arguments: '/opt/vmware/postgres/15/bin/pg_autoctl run',
    },
    bindir: '/opt/vmware/postgres/15/bin',
    pgdata: '/var/lib/pgsql/data',
    mainPid: 118,
    environment: { PGDATA: '/var/lib/pgsql/data' },
  });
});

it('tells a unit that does not exist, and a masked one', () => {
  expect(unit(recorded('systemd-257/show-missing.txt'))).toMatchObject({
    loadState: 'not-found',
    fragmentPath: null,
    execStart: null,
    bindir: null,
    pgdata: null,
    mainPid: 0,
  });
  expect(unit(recorded('systemd-257/show-masked.txt')).unitFileState).toBe('masked');
});

it('takes no other program’s directory for the bindir', () => {
  expect(unit(recorded('systemd-257/show-ssh.txt')).bindir).toBeNull();
});

it('reads drop-ins and quoted environments', () => {
  const text = node1
    .replace(
      'DropInPaths=',
      'DropInPaths=/run/systemd/system/u.service.d/pgaf-upgrade.conf /etc/x\\x20y.conf',
    )
    .replace('Environment=PGDATA=/var/lib/pgsql/data', 'Environment="PGDATA=/srv/my data" A=1 "B=x\\"y"');
  expect(unit(text).dropInPaths[0]).toBe('/run/systemd/system/u.service.d/pgaf-upgrade.conf');
  expect(unit(text).environment).toEqual({ PGDATA: '/srv/my data', A: '1', B: 'x"y' });
  expect(unit(text).pgdata).toBe('/srv/my data');
});

it('prefers --pgdata to the environment', () => {
  expect(unit(node1.replace('pg_autoctl run ;', 'pg_autoctl run --pgdata /srv/pg ;')).pgdata).toBe('/srv/pg');
});

it('fails on what is not systemctl’s output', () => {
  expect(parseUnit('System has not been booted with systemd as init system (PID 1).').ok).toBe(false);
});
