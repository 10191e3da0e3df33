import type { CheckInspection, Place, ServerEvidence } from '../../../source/cluster/checks/evidence.ts';
import { type HostFacts, isNode } from '../../../source/cluster/facts.ts';
import { parseControlData } from '../../../source/cluster/parse/control-data.ts';
import { parseUnit } from '../../../source/cluster/parse/unit.ts';
import { parseAutoctlVersion } from '../../../source/cluster/version.ts';
import { good, recorded } from '../../cluster/recorded.ts';

/** What a host says that nothing stands against: inspected by check, and its dry run. */

const gigabyte = 1024 ** 3;
const place = (path: string): Place => ({ path, device: '42', mountPoint: '/', freeBytes: 50 * gigabyte });

const server = (facts: HostFacts): ServerEvidence => ({
  version: '15.20 (Debian 15.20-0+deb12u1)',
  inRecovery: isNode(facts) && facts.role === 'secondary',
  settings: {
    archive_mode: 'off',
    archive_command: '(disabled)',
    wal_keep_size: '512',
    max_slot_wal_keep_size: '-1',
    max_locks_per_transaction: '64',
    max_connections: '100',
    shared_preload_libraries: isNode(facts) ? 'pg_stat_statements' : 'pgautofailover',
  },
  removed: [],
  removedForRoles: [],
  prepared: [],
  slots: [
    {
      name: 'pgautofailover_standby_2',
      kind: 'physical',
      plugin: null,
      database: null,
      active: true,
      behindBytes: null,
    },
  ],
  longTransactions: [],
  replayPaused: false,
  senders: [{ name: 'pgautofailover_standby_2', state: 'streaming', lagBytes: 4096 }],
  workers: [],
  catalog: ['postgres', 'app', 'template1', 'template0'].map((name) => ({
    name,
    connections: name !== 'template0',
    limit: -1,
  })),
  tablespaces: facts.tablespaces.map((location) => ({ name: 'one', location, bytes: 2 * gigabyte })),
  radiusLines: [],
  md5Roles: [],
  brokenRoles: [],
  superusers: ['pgautofailover_replicator', 'postgres'],
  online: isNode(facts)
    ? {
        settings: {
          wal_level: 'logical',
          max_replication_slots: '12',
          max_wal_senders: '12',
          max_worker_processes: '8',
          max_slot_wal_keep_size: '-1',
          shared_preload_libraries: 'pg_stat_statements',
        },
        senders: 2,
        writing: [],
      }
    : null,
});

/** Who is asked for rsync and ssh; the primary only when a secondary is, which it does not know here: it is asked always. */
const asks = (facts: HostFacts): boolean =>
  isNode(facts) && (facts.role === 'primary' || facts.rebuild === 'hard-link');

/** Read once: the searches of the model look at healthy hosts tens of thousands of times. */
const newAutoctl = parseAutoctlVersion(recorded('pg_auto_failover-2.2/version.txt'));
const unit = good(
  parseUnit(recorded('systemd-257/show-node1.txt').replace(/^KillMode=.*$/m, 'KillMode=mixed')),
);
const control = good(parseControlData(recorded('postgresql-15.20/controldata-in-production.txt')));

export const healthyInspection = (facts: HostFacts): CheckInspection => ({
  missingTools: [],
  newAutoctl,
  offeredExtensions: ['plpgsql', 'pg_stat_statements', 'pgautofailover'],
  data: place(facts.data),
  parent: place('/var/lib/pgsql'),
  newPlace: place('/var/lib/pgsql/17/data'),
  wal: place(`${facts.data}/pg_wal`),
  parentWritable: true,
  stateFile: { layout: 1, bytes: 1024 },
  mountPoints: [],
  walIsLink: false,
  walBytes: 64 * 1024 ** 2,
  upgradePort: 'free',
  newDirectory: { kind: 'absent' },
  backupDirectoryThere: false,
  leftBehind: [],
  unit,
  unreadableUnitFiles: [],
  dependents: [],
  control,
  username: 'postgres',
  backupRate: '100M',
  backupDirectory: place('/var/lib/pgsql/backup'),
  linkMegabits: 10_000,
  cron: [],
  backupAge: 3_600,
  transfer: asks(facts) ? { rsync: '3.5.0', missing: [], sshd: 'Host key verification failed.' } : null,
  tablespaces: facts.tablespaces.map((location) => ({
    place: place(location),
    besideItsParent: true,
    real: location,
    foreign: [],
    keptNameTaken: false,
  })),
  server: server(facts),
  databases: [
    {
      name: 'app',
      bytes: 300 * 1024 ** 2,
      catalogBytes: 9 * 1024 ** 2,
      relations: 2_400,
      locked: 500,
      largeObjects: 1,
      unlogged: 0,
      unloggedNames: [],
      subscriptions: [],
      inetIndexes: [],
      extensions: [{ name: isNode(facts) ? 'pg_stat_statements' : 'pgautofailover', version: '1.10' }],
      online: isNode(facts) ? { tables: 8, sequences: 2, found: {} } : null,
    },
  ],
});

export const healthyLog = (facts: HostFacts): string => {
  const ended = (name: string, ms = 100, ...lines: string[]): string =>
    [`${lines.map((line) => `   ${line}\n`).join('')}`, `== ${name}: exit 0, ${ms} ms\n`].join('');
  const upgraded = !isNode(facts) || facts.role === 'primary';
  return [
    ended('begin', 4),
    ended('initdb', 1_500),
    ended('libraries', 400, 'library pg_stat_statements loads'),
    ended('configuration', 200, 'the new version starts with it'),
    ended('name maps', 2),
    ...(upgraded
      ? [
          ended('pg upgrade', 3_000, '*Clusters are compatible*'),
          ended('dump globals'),
          ended('databases'),
          ended('start', 500),
          ended('restore globals'),
          ended('dump 1', 900, 'database app'),
          ended('restore 1', 1_400, 'database app'),
          ended('restart', 700),
          ended('update 1', 100, 'database\tapp'),
          ended('statistics 1', 100, 'database\tapp'),
          ended('stop'),
        ]
      : []),
    ended('disk', 200),
    ended('end', 1),
  ].join('');
};
