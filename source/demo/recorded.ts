/**
 * What the real tools printed, on the lab and in fixtures/recorded (test/demo/recorded.test.ts compares): the demo's
 * stand-ins say it again. In the bundle, because the packaged product has no fixtures.
 */

/** pg_controldata 15.20: the form; the values are the demo's own. */
export const controlData = `pg_control version number:            1300
Catalog version number:               202209061
Database system identifier:           7711163490379944039
Database cluster state:               in production
pg_control last modified:             Mon Nov 23 01:03:54 2026
Latest checkpoint location:           0/1536FA58
Latest checkpoint's REDO location:    0/1536FA20
Latest checkpoint's REDO WAL file:    000000020000000000000015
Latest checkpoint's TimeLineID:       2
Latest checkpoint's PrevTimeLineID:   2
Latest checkpoint's full_page_writes: on
Latest checkpoint's NextXID:          0:745
Latest checkpoint's NextOID:          17131
Latest checkpoint's NextMultiXactId:  1
Latest checkpoint's NextMultiOffset:  0
Latest checkpoint's oldestXID:        716
Latest checkpoint's oldestXID's DB:   1
Latest checkpoint's oldestActiveXID:  745
Latest checkpoint's oldestMultiXid:   1
Latest checkpoint's oldestMulti's DB: 1
Latest checkpoint's oldestCommitTsXid:0
Latest checkpoint's newestCommitTsXid:0
Time of latest checkpoint:            Mon Nov 23 01:03:54 2026
Fake LSN counter for unlogged rels:   0/3E8
Minimum recovery ending location:     0/0
Min recovery ending loc's timeline:   0
Backup start location:                0/0
Backup end location:                  0/0
End-of-backup record required:        no
wal_level setting:                    replica
wal_log_hints setting:                on
max_connections setting:              100
max_worker_processes setting:         8
max_wal_senders setting:              12
max_prepared_xacts setting:           0
max_locks_per_xact setting:           64
track_commit_timestamp setting:       off
Maximum data alignment:               8
Database block size:                  8192
Blocks per segment of large relation: 131072
WAL block size:                       8192
Bytes per WAL segment:                16777216
Maximum length of identifiers:        64
Maximum columns in an index:          32
Maximum size of a TOAST chunk:        1996
Size of a large-object chunk:         2048
Date/time type storage:               64-bit integers
Float8 argument passing:              by value
Data page checksum version:           0
Mock authentication nonce:            22fbac8982fd9c85a6d7bac03e0b8083a10357644e6856b9508ed1cf7a66ec53
`;

/** pg_basebackup of the lab's small cluster, its progress in steps of so many percent. */
export const baseBackup = { kilobytes: 63_872, percent: 20, eachMs: 250 } as const;

/** fixtures/recorded/postgresql-17.12/pg_upgrade/live-check.txt */
export const upgradeCheck = `Performing Consistency Checks on Old Live Server
------------------------------------------------
Checking cluster versions                                     ok
Checking database user is the install user                    ok
Checking database connection settings                         ok
Checking for prepared transactions                            ok
Checking for contrib/isn with bigint-passing mismatch         ok
Checking data type usage                                      ok
Checking for not-null constraint inconsistencies              ok
Checking for presence of required libraries                   ok
Checking database user is the install user                    ok
Checking for prepared transactions                            ok
Checking for new cluster tablespace directories               ok

*Clusters are compatible*
`;

/** fixtures/recorded/postgresql-17.12/pg_upgrade/link.txt */
export const upgradeLink = `Performing Consistency Checks
-----------------------------
Checking cluster versions                                     ok
Checking database user is the install user                    ok
Checking database connection settings                         ok
Checking for prepared transactions                            ok
Checking for contrib/isn with bigint-passing mismatch         ok
Checking data type usage                                      ok
Checking for not-null constraint inconsistencies              ok
Creating dump of global objects                               ok
Creating dump of database schemas                             ok
Checking for presence of required libraries                   ok
Checking database user is the install user                    ok
Checking for prepared transactions                            ok
Checking for new cluster tablespace directories               ok

If pg_upgrade fails after this point, you must re-initdb the
new cluster before continuing.

Performing Upgrade
------------------
Setting locale and encoding for new cluster                   ok
Analyzing all rows in the new cluster                         ok
Freezing all rows in the new cluster                          ok
Deleting files from new pg_xact                               ok
Copying old pg_xact to new server                             ok
Setting oldest XID for new cluster                            ok
Setting next transaction ID and epoch for new cluster         ok
Deleting files from new pg_multixact/offsets                  ok
Copying old pg_multixact/offsets to new server                ok
Deleting files from new pg_multixact/members                  ok
Copying old pg_multixact/members to new server                ok
Setting next multixact ID and offset for new cluster          ok
Resetting WAL archives                                        ok
Setting frozenxid and minmxid counters in new cluster         ok
Restoring global objects in the new cluster                   ok
Restoring database schemas in the new cluster                 ok
Adding ".old" suffix to old global/pg_control                 ok

If you want to start the old cluster, you will need to remove
the ".old" suffix from /rec/old/global/pg_control.old.
Because "link" mode was used, the old cluster cannot be safely
started once the new cluster has been started.
Linking user relation files                                   ok
Setting next OID for new cluster                              ok
Sync data directory to disk                                   ok
Creating script to delete old cluster                         ok
Checking for extension updates                                notice

Your installation contains extensions that should be updated
with the ALTER EXTENSION command.  The file
    update_extensions.sql
when executed by psql by the database superuser will update
these extensions.

Upgrade Complete
----------------
Optimizer statistics are not transferred by pg_upgrade.
Once you start the new server, consider running:
    /usr/lib/postgresql/17/bin/vacuumdb --all --analyze-in-stages
Running this script will delete the old cluster's data files:
    ./delete_old_cluster.sh
`;

/** fixtures/recorded/postgresql-17.12/pg_upgrade/monitor-copy.txt */
export const upgradeCopy = `Performing Consistency Checks
-----------------------------
Checking cluster versions                                     ok
Checking database user is the install user                    ok
Checking database connection settings                         ok
Checking for prepared transactions                            ok
Checking for contrib/isn with bigint-passing mismatch         ok
Checking data type usage                                      ok
Checking for not-null constraint inconsistencies              ok
Creating dump of global objects                               ok
Creating dump of database schemas                             ok
Checking for presence of required libraries                   ok
Checking database user is the install user                    ok
Checking for prepared transactions                            ok
Checking for new cluster tablespace directories               ok

If pg_upgrade fails after this point, you must re-initdb the
new cluster before continuing.

Performing Upgrade
------------------
Setting locale and encoding for new cluster                   ok
Analyzing all rows in the new cluster                         ok
Freezing all rows in the new cluster                          ok
Deleting files from new pg_xact                               ok
Copying old pg_xact to new server                             ok
Setting oldest XID for new cluster                            ok
Setting next transaction ID and epoch for new cluster         ok
Deleting files from new pg_multixact/offsets                  ok
Copying old pg_multixact/offsets to new server                ok
Deleting files from new pg_multixact/members                  ok
Copying old pg_multixact/members to new server                ok
Setting next multixact ID and offset for new cluster          ok
Resetting WAL archives                                        ok
Setting frozenxid and minmxid counters in new cluster         ok
Restoring global objects in the new cluster                   ok
Restoring database schemas in the new cluster                 ok
Copying user relation files                                   ok
Setting next OID for new cluster                              ok
Sync data directory to disk                                   ok
Creating script to delete old cluster                         ok
Checking for extension updates                                notice

Your installation contains extensions that should be updated
with the ALTER EXTENSION command.  The file
    update_extensions.sql
when executed by psql by the database superuser will update
these extensions.

Upgrade Complete
----------------
Optimizer statistics are not transferred by pg_upgrade.
Once you start the new server, consider running:
    /usr/lib/postgresql/17/bin/vacuumdb --all --analyze-in-stages
Running this script will delete the old cluster's data files:
    ./delete_old_cluster.sh
`;

/** fixtures/recorded/postgresql-17.12/pg_upgrade/fail-restore.pg_upgrade_dump_16384.log, with the demo's view. */
export const failedRestoreLog = `command: "/usr/lib/postgresql/17/bin/pg_dump" --host /rec/w --port 50432 --username postgres --schema-only --quote-all-identifiers --binary-upgrade --format=custom  --file="/rec/new/pg_upgrade_output.d/20261123T010755.471/dump/pg_upgrade_dump_16384.custom" 'dbname=app' >> "/rec/new/pg_upgrade_output.d/20261123T010755.471/log/pg_upgrade_dump_16384.log" 2>&1


command: "/usr/lib/postgresql/17/bin/pg_restore" --host /rec/w --port 50432 --username postgres --create --exit-on-error --verbose --transaction-size=1000 --dbname template1 "/rec/new/pg_upgrade_output.d/20261123T010755.471/dump/pg_upgrade_dump_16384.custom" >> "/rec/new/pg_upgrade_output.d/20261123T010755.471/log/pg_upgrade_dump_16384.log" 2>&1
pg_restore: connecting to database for restore
pg_restore: creating DATABASE "app"
pg_restore: connecting to new database "app"
pg_restore: creating DATABASE PROPERTIES "app"
pg_restore: connecting to new database "app"
pg_restore: creating pg_largeobject "pg_largeobject"
pg_restore: creating COMMENT "SCHEMA "public""
pg_restore: creating EXTENSION "pg_stat_statements"
pg_restore: creating COMMENT "EXTENSION "pg_stat_statements""
pg_restore: creating FUNCTION "public.pg_stat_statements(boolean)"
pg_restore: creating FUNCTION "public.pg_stat_statements_info()"
pg_restore: creating FUNCTION "public.pg_stat_statements_reset("oid", "oid", bigint)"
pg_restore: creating VIEW "public.bg"
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 218; 1259 16422 VIEW bg postgres
pg_restore: error: could not execute query: ERROR:  column pg_stat_bgwriter.buffers_backend does not exist
LINE 18:  SELECT "pg_stat_bgwriter"."buffers_backend"
                 ^
Command was: 
-- For binary upgrade, must preserve pg_type oid
SELECT pg_catalog.binary_upgrade_set_next_pg_type_oid('16424'::pg_catalog.oid);


-- For binary upgrade, must preserve pg_type array oid
SELECT pg_catalog.binary_upgrade_set_next_array_pg_type_oid('16423'::pg_catalog.oid);


-- For binary upgrade, must preserve the attribute versions
SELECT pg_catalog.binary_upgrade_set_next_attribute_versions('{0/40212F0}'::pg_catalog.pg_lsn[]);


-- For binary upgrade, must preserve pg_class oids and relfilenodes
SELECT pg_catalog.binary_upgrade_set_next_heap_pg_class_oid('16422'::pg_catalog.oid);

CREATE VIEW "public"."bg" AS
 SELECT "pg_stat_bgwriter"."buffers_backend"
   FROM "pg_stat_bgwriter";


`;

export const debianVersion = {
  15: '15.20 (Debian 15.20-0+deb12u1)',
  17: '17.12 (Debian 17.12-0+deb13u1)',
} as const;

/** `pg_autoctl version`. */
export const autoctlVersion = {
  15: `pg_autoctl version 2.0
pg_autoctl extension version 2.0
compiled with PostgreSQL 15.0 (Debian 15.0-2) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-7) 12.2.0, 64-bit
compatible with Postgres 10, 11, 12, 13, and 14`,
  17: `pg_autoctl version 2.2-2
pg_autoctl extension version 2.2
compiled with PostgreSQL 17.4 (Debian 17.4-1+b1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 14.2.0-18) 14.2.0, 64-bit
compatible with Postgres 13, 14, 15, 16 and 17`,
} as const;

/** initdb, as on the lab. */
export const initdbLines = (data: string, version: string): readonly string[] => [
  'The files belonging to this database system will be owned by user "postgres".',
  'This user must also own the server process.',
  '',
  'Data page checksums are disabled.',
  '',
  `creating directory ${data} ... ok`,
  'creating subdirectories ... ok',
  'selecting default "max_connections" ... 100',
  'selecting default "shared_buffers" ... 128MB',
  'creating configuration files ... ok',
  'running bootstrap script ... ok',
  'performing post-bootstrap initialization ... ok',
  'syncing data to disk ... ok',
  '',
  `Success. The directory is PostgreSQL ${version}.`,
];

/** vacuumdb --all --analyze-only. */
export const vacuumLines = ['app', 'postgres', 'template1'].map(
  (name) => `vacuumdb: vacuuming database "${name}"`,
);
