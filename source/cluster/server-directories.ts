/** initdb's own subdirectories of a data directory, and those that a server or pg_upgrade makes there: no configuration is in them. */
export const serverDirectories: ReadonlySet<string> = new Set(
  'base global log pg_log pg_commit_ts pg_dynshmem pg_logical pg_multixact pg_notify pg_replslot pg_serial pg_snapshots pg_stat pg_stat_tmp pg_subtrans pg_tblspc pg_twophase pg_upgrade_output.d pg_wal pg_xact'.split(
    ' ',
  ),
);
