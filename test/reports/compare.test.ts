import { expect, test } from 'vitest';
import type { Inventory } from '../../source/cluster/inventory.ts';
import { linesDiff, settingsDiff } from '../../source/reports/report/compare.ts';

const holding = (settings: Inventory['settings']): Inventory => ({
  version: '15.20',
  systemIdentifier: '1',
  timeline: 1,
  inRecovery: false,
  settings,
  hba: [],
  databases: [],
  silent: [],
});
const set = (value: string) => ({ value, source: 'configuration file' });
const unset = (value: string) => ({ value, source: 'default' });

test('settings: what somebody set and is another, lost or new; defaults apart; what a server says of itself not at all', () => {
  const diff = settingsDiff(
    holding({
      work_mem: set('4096 kB'),
      shared_buffers: set('16384 8kB'),
      hash_mem_multiplier: unset('1'),
      old_snapshot_threshold: set('5 min'),
      db_user_namespace: unset('off'),
      server_version: { value: '15.20', source: 'default' },
      max_connections: set('250'),
    }),
    holding({
      work_mem: unset('4096 kB'),
      shared_buffers: set('32768 8kB'),
      hash_mem_multiplier: unset('2'),
      summarize_wal: set('on'),
      io_combine_limit: unset('16 8kB'),
      server_version: { value: '17.12', source: 'default' },
      max_connections: unset('100'),
    }),
  );
  expect(diff).toEqual({
    changed: [
      { name: 'max_connections', before: '250', after: '100' },
      { name: 'shared_buffers', before: '16384 8kB', after: '32768 8kB' },
    ],
    defaults: [{ name: 'hash_mem_multiplier', before: '1', after: '2' }],
    added: [
      { name: 'io_combine_limit', after: '16 8kB', isDefault: true },
      { name: 'summarize_wal', after: 'on', isDefault: false },
    ],
    gone: [
      { name: 'db_user_namespace', before: 'off', isDefault: true },
      { name: 'old_snapshot_threshold', before: '5 min', isDefault: false },
    ],
  });
});

test('rules: lost, new, doubled, and in another order', () => {
  expect(linesDiff(['a', 'b', 'b'], ['b', 'c'])).toEqual({ removed: ['a', 'b'], added: ['c'], moved: false });
  expect(linesDiff(['a', 'b'], ['b', 'a'])).toEqual({ removed: [], added: [], moved: true });
  expect(linesDiff(['a'], ['a'])).toEqual({ removed: [], added: [], moved: false });
});
