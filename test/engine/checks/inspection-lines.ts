import { type HostFacts, isNode } from '../../../source/cluster/facts.ts';
import { healthyLog } from '../../runbook/checks/healthy-host.ts';
import { joined, type Lines, printed } from '../answers.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const text = (key: string, value: string): readonly [string, string] => [key, base64(value)];

/** The answer to checkInspectionScript of a host that nothing stands against. */
export const checkInspectionLines = (host: HostFacts): Lines => {
  const place = (key: string, path: string): Lines => [
    [key, path],
    [`${key}.device`, '42'],
    [`${key}.mount`, '/'],
    [`${key}.free`, String(50 * 1024 ** 2)],
  ];
  return [
    text('tools', ''),
    text(
      'autoctl',
      'pg_autoctl version 2.2-2\ncompiled with PostgreSQL 17.12\ncompatible with Postgres 13, 14, 15, 16, and 17\n',
    ),
    ['sharedir', '/usr/share/postgresql/17'],
    text('extensions', 'plpgsql\npg_stat_statements\npgautofailover\n'),
    ...place('data', host.data),
    ...place('parent', '/var/lib/pgsql'),
    ...place('wal', `${host.data}/pg_wal`),
    ['parent_writable', 'yes'],
    ['wal_bytes', '65536'],
    ['new', 'absent'],
    ['username', 'postgres'],
    ['rate', '100M'],
    text('backup_age', '3600\n'),
    text('link', '1000\n'),
    text(
      'server',
      JSON.stringify({
        version: '15.20',
        inRecovery: isNode(host) && host.role === 'secondary',
        settings: {
          archive_mode: 'off',
          wal_keep_size: '512',
          max_slot_wal_keep_size: '-1',
          shared_preload_libraries: '',
        },
        removed: [],
        removedForRoles: [],
        prepared: [],
        slots: [],
        longTransactions: [],
        senders: [],
        workers: [],
        tablespaces: [],
      }),
    ),
    text('names', 'app\n'),
    text(
      'databases',
      `${JSON.stringify({ name: 'app', bytes: 3e8, catalogBytes: 9e6, relations: 2400, largeObjects: 0, unlogged: 0, unloggedNames: [], extensions: [] })}\n`,
    ),
    ['end', 'yes'],
  ];
};

/** What the window's own checks have left on a host that nothing stands against. */
export const checksLines = (host: HostFacts): Lines => [
  ['checks/look', joined(printed(checkInspectionLines(host)))],
  ['checks/log', joined(healthyLog(host))],
];
