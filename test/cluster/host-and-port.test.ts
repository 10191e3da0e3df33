import { expect, test } from 'vitest';
import { hostAndPort } from '../../source/cluster/host-and-port.ts';

test('an IPv6 address beside a port stands in brackets', () => {
  expect(['db1', '10.0.0.1', 'fd00::11', 'fe80::1%eth0'].map((host) => hostAndPort(host, 5432))).toEqual([
    'db1:5432',
    '10.0.0.1:5432',
    '[fd00::11]:5432',
    '[fe80::1%eth0]:5432',
  ]);
});
