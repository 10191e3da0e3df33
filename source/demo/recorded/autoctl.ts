/**
 * What the real tools printed, recorded on the lab: the demo's stand-ins say it again. In the bundle, because the
 * packaged product has no fixtures; test/demo/recorded.test.ts compares.
 */

/** `pg_autoctl version`: fixtures/recorded/pg_auto_failover-2.0 and -2.2. */
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

/** What `enable` and `disable maintenance` log first (fixtures/recorded/demo/H.node_2.join.txt), without time and pid. */
export const maintenanceLog = `INFO  Listening monitor notifications about state changes in formation "default" and group 0
INFO  Following table displays times when notifications are received
ERROR Monitor ERROR:  invalid input syntax for type integer: ""
ERROR Monitor CONTEXT:  unnamed portal parameter $2 = ''
ERROR SQL query: SELECT * FROM pgautofailover.get_nodes($1, $2) ORDER BY node_id
ERROR SQL params: 'default', ''
ERROR Failed to get other nodes from the monitor while running "SELECT * FROM pgautofailover.get_nodes($1, $2) ORDER BY node_id" with formation default and group 0
WARN  Failed to get_nodes() on the monitor
`;

/** The head of the table that follows. */
export const maintenanceTable = `    Time |                      Name |  Node |                 Host:Port |       Current State |      Assigned State
---------+---------------------------+-------+---------------------------+---------------------+--------------------`;

/** pg_autoctl's log of a base backup: fixtures/recorded/demo/base-backup.timed. */
export const baseBackup = `0	INFO  Initialising PostgreSQL as a hot standby
32	INFO   BIN/pg_basebackup -w -d 'application_name=pgautofailover_standby_2 host=node1 port=5432 user=pgautofailover_replicator sslmode=require' --pgdata HOME/backup/node_2 -U pgautofailover_replicator --verbose --progress --max-rate 100M --wal-method=stream --slot pgautofailover_standby_2
52	INFO  pg_basebackup: initiating base backup, waiting for checkpoint to complete
80	INFO  pg_basebackup: checkpoint completed
80	INFO  pg_basebackup: write-ahead log start point: 0/C000028 on timeline 1
80	INFO  pg_basebackup: starting background WAL receiver
617	INFO  63335/63335 kB (100%), 0/1 tablespace (.../backup/node_2/global/pg_control)
630	INFO  63335/63335 kB (100%), 1/1 tablespace
630	INFO  pg_basebackup: write-ahead log end point: 0/C000120
630	INFO  pg_basebackup: waiting for background process to finish streaming ...
638	INFO  pg_basebackup: syncing data to disk ...
650	INFO  pg_basebackup:
650	INFO
650	INFO  renaming backup_manifest.tmp to backup_manifest
650	INFO  pg_basebackup:
650	INFO
650	INFO  base backup completed
`;
