/**
 * What the real tools printed, in fixtures/recorded: the demo's stand-ins say it again. In the bundle, because the
 * packaged product has no fixtures; test/demo/recorded.test.ts compares.
 */

/** fixtures/recorded/postgresql-15.20/controldata-node1.txt: the form; the values are the demo's own. */
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

/** fixtures/recorded/demo/A.node_1.initdb.txt */
export const initdbOutput = `The files belonging to this database system will be owned by user "postgres".
This user must also own the server process.

The database cluster will be initialized with this locale configuration:
  locale provider:   libc
  LC_COLLATE:  en_US.UTF-8
  LC_CTYPE:    en_US.UTF-8
  LC_MESSAGES: C
  LC_MONETARY: C
  LC_NUMERIC:  C
  LC_TIME:     C
The default text search configuration will be set to "english".

Data page checksums are disabled.

creating directory /var/lib/pgsql/17/data ... ok
creating subdirectories ... ok
selecting dynamic shared memory implementation ... posix
selecting default "max_connections" ... 100
selecting default "shared_buffers" ... 128MB
selecting default time zone ... Etc/UTC
creating configuration files ... ok
running bootstrap script ... ok
performing post-bootstrap initialization ... ok
syncing data to disk ... ok

Success. You can now start the database server using:

    /opt/vmware/postgres/17/bin/pg_ctl -D /var/lib/pgsql/17/data -l logfile start

`;

export const debianVersion = {
  15: '15.20 (Debian 15.20-0+deb12u1)',
  17: '17.12 (Debian 17.12-0+deb13u1)',
} as const;

/** vacuumdb --analyze-only of one database, which takes so many milliseconds. */
export const vacuumLine = (name: string): string => `vacuumdb: vacuuming database "${name}"`;
export const vacuumLineMs = 120;
