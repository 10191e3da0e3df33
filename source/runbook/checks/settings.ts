import { isOnline } from '../../cluster/facts.ts';
import { parsePostgresVersion } from '../../cluster/version.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { dataBytes } from './room.ts';
import { served } from './see.ts';

const megabyte = 1024 * 1024;
const manyRelations = 100_000;

/** Libraries that are known to start background workers; the servers' own lists of workers are inspected as well. */
const workerLibraries = new Set(
  'pg_cron timescaledb pglogical bdr citus pg_partman_bgw pg_squeeze pg_prewarm pg_wait_sampling pg_failover_slots pgautofailover powa pg_background worker_spi'.split(
    ' ',
  ),
);

const librariesOf = (setting: string | null | undefined): string[] =>
  (setting ?? '')
    .split(',')
    .map((name) => name.trim().replace(/^"|"$/g, ''))
    .filter((name) => name !== '');

/** What the server is set to that an upgrade changes the ground of. */
export const settingChecks: readonly Check[] = [
  {
    id: 'removed-settings',
    severity: 'warning',
    title: 'No setting is in use that the new version has removed',
    scope: 'primary and monitor',
    why: 'The new server does not start with a setting that it does not know, and pg_upgrade cannot restore one that a role or database has.',
    source: 'PostgreSQL, release notes of the versions between',
    judge: onEach('primary and monitor', served, ({ server }): readonly Issue[] => [
      ...server.removed.map((one) => ({
        found: `${one.name} = ${one.value ?? ''}${one.file === null ? '' : ` in ${one.file}:${one.line ?? '?'}`}`,
        remedy:
          'take it out of the configuration and reload; a reload is enough for all but those that need a restart',
        command: inPsql('postgres', `alter system reset ${one.name}`, 'select pg_reload_conf()'),
      })),
      ...server.removedForRoles.map((one) => ({
        found: `${one.setting} for ${one.role === null ? 'every role' : `role ${one.role}`}${one.database === null ? '' : ` in ${one.database}`}`,
        remedy: 'reset it: pg_upgrade fails when it restores it',
        command: inPsql(
          'postgres',
          `alter ${one.role === null ? `database ${identifierFor(one.database ?? '')}` : `role ${identifierFor(one.role)}${one.database === null ? '' : ` in database ${identifierFor(one.database)}`}`} reset ${one.setting.split('=')[0] ?? ''}`,
        ),
      })),
    ]),
  },
  {
    id: 'slot-wal-keep-size',
    severity: 'blocker',
    title: 'max_slot_wal_keep_size is -1 where the target is 17.0 to 17.5',
    scope: 'primary',
    why: 'pg_upgrade of these versions refuses to run, or fails mid-way, with any other value.',
    source:
      'PostgreSQL 17.6 release notes, max_slot_wal_keep_size during pg_upgrade; before, src/backend/access/transam/xlog.c, check_max_slot_wal_keep_size',
    judge: onEach('primary', served, ({ facts, server }) => {
      const target = parsePostgresVersion(facts.newVersion);
      const value = server.settings.max_slot_wal_keep_size ?? '-1';
      return target?.major === 17 && target.minor <= 5 && value !== '-1'
        ? {
            found: `max_slot_wal_keep_size is ${value} MB and the target is ${facts.newVersion}`,
            remedy: 'install 17.6 or later, or set it to -1 for the window',
            command: inPsql(
              'postgres',
              'alter system set max_slot_wal_keep_size = -1',
              'select pg_reload_conf()',
            ),
          }
        : null;
    }),
  },
  {
    id: 'preload-workers',
    severity: 'warning',
    title: 'No preloaded library starts background workers of its own',
    scope: 'primary',
    why: 'Workers hold connections while pg_upgrade wants the databases for itself: on the monitor it then hangs after “Restoring database schemas”. The carried configuration starts them again at the isolated first start.',
    source:
      'https://github.com/hapostgres/pg_auto_failover/issues/506 and pull/1092 (the hang on the monitor); seen with PostgreSQL 15.20 and 17.12 on the lab (fixtures/lab)',
    judge: onEach('primary', served, ({ server }) => {
      const libraries = librariesOf(server.settings.shared_preload_libraries).filter((name) =>
        workerLibraries.has(name.split('/').at(-1) ?? name),
      );
      if (libraries.length === 0 && server.workers.length === 0) return null;
      const workers = server.workers.length === 0 ? '' : `, at work: ${server.workers.join(', ')}`;
      return {
        found: `shared_preload_libraries has ${libraries.length === 0 ? (server.settings.shared_preload_libraries ?? 'nothing') : libraries.join(', ')}${workers}`,
        remedy:
          'pg_upgrade itself runs without it here; ask its documentation about upgrades, and whether its jobs may run while the cluster is verified',
        command: inPsql('postgres', 'show shared_preload_libraries'),
      };
    }),
  },
  {
    id: 'unlogged-tables',
    severity: 'warning',
    title: 'No unlogged tables',
    scope: 'primary',
    why: 'Secondaries hold them empty: a rollback through a secondary’s fallback copy, or a failover, loses what is in them.',
    source: 'PostgreSQL, CREATE TABLE, UNLOGGED',
    judge: onEach('primary', served, ({ inspection }) =>
      inspection.databases
        .filter((database) => database.unlogged > 0)
        .map((database) => ({
          found: `${database.unlogged} in ${database.name}: ${database.unloggedNames.join(', ')}${database.unlogged > database.unloggedNames.length ? ', …' : ''}`,
          remedy: 'save what is needed of them, or make them ordinary tables',
          command: inPsql(database.name, `alter table ${database.unloggedNames[0] ?? 'NAME'} set logged`),
        })),
    ),
  },
  {
    id: 'many-objects',
    severity: 'warning',
    title: `Fewer than ${manyRelations.toLocaleString('en')} tables, indexes and large objects`,
    scope: 'primary',
    why: 'pg_upgrade’s time goes by the number of objects, not by the size: each is dumped and restored while the application waits.',
    source:
      'PostgreSQL, src/bin/pg_upgrade/dump.c: the schema of every database is dumped and restored; measured in docs/development/benchmarks.md',
    judge: onEach('primary', served, ({ inspection }, _host, { facts }) =>
      inspection.databases
        .filter((database) => database.relations + database.largeObjects > manyRelations)
        .map((database) => ({
          found: `${database.name} has ${database.relations} relations and ${database.largeObjects} large objects`,
          remedy: `drop what is not needed; upgrade.jobs (${facts?.jobs ?? 1} now) helps with several databases`,
          command: inPsql(
            database.name,
            'select relnamespace::regnamespace, count(*) from pg_class group by 1 order by 2 desc limit 20',
          ),
        })),
    ),
  },
  {
    id: 'archive-mode',
    severity: 'warning',
    title: 'The server does not archive its WAL',
    scope: 'primary',
    why: 'The new cluster starts at timeline 1 again and would write over the old archive’s files; the backup tool must learn of the new system identifier.',
    source:
      'PostgreSQL, Continuous Archiving: archive_command must not overwrite; pgBackRest user guide, stanza-upgrade; the new timeline seen with 15.20 and 17.12 on the lab (fixtures/lab)',
    judge: onEach('primary', served, ({ server }, _host, { facts }) => {
      const mode = server.settings.archive_mode ?? 'off';
      return mode === 'off'
        ? null
        : {
            found: `archive_mode is ${mode}`,
            remedy: isOnline(facts)
              ? 'both versions write from prepare on, WAL files of the same names: archive each to a place of its own before run (archive_command runs in the data directory, where PG_VERSION has the version: docs/online.md; pgBackRest: stanza-upgrade behind the cut-over), and take a new base backup at once'
              : 'archive to another place after the window (pgBackRest: stanza-upgrade), and take a new base backup at once',
            command: inPsql('postgres', 'show archive_command'),
          };
    }),
  },
  {
    id: 'wal-keep-size',
    severity: 'warning',
    title: 'WAL is kept for a secondary that is being rebuilt, and there is room for it',
    scope: 'primary',
    why: 'While a base backup runs the primary goes on writing: with too little kept the secondary cannot catch up, with more than the disk holds the primary stops.',
    source: 'PostgreSQL, Replication, wal_keep_size and max_slot_wal_keep_size',
    judge: onEach('primary', served, ({ inspection, server }): readonly Issue[] => {
      const keep = Number(server.settings.wal_keep_size ?? '0') * megabyte;
      const slots = Number(server.settings.max_slot_wal_keep_size ?? '-1');
      const issues: Issue[] = [];
      if (keep > inspection.wal.freeBytes + inspection.walBytes)
        issues.push({
          found: `wal_keep_size is ${keep / megabyte} MB, ${inspection.wal.mountPoint} has ${Math.floor((inspection.wal.freeBytes + inspection.walBytes) / megabyte)} MB for it`,
          remedy: 'lower it, or make room: the new cluster keeps as much beside the old one',
          command: inPsql('postgres', 'alter system set wal_keep_size = …', 'select pg_reload_conf()'),
        });
      if (slots >= 0 && Math.max(slots * megabyte, keep) < dataBytes(inspection) / 20)
        issues.push({
          found: `wal_keep_size is ${keep / megabyte} MB and max_slot_wal_keep_size ${slots} MB`,
          remedy: 'let slots keep what they need until the secondaries are back',
          command: inPsql(
            'postgres',
            'alter system set max_slot_wal_keep_size = -1',
            'select pg_reload_conf()',
          ),
        });
      return issues;
    }),
  },
];
