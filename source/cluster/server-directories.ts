/** initdb's own subdirectories of a data directory, and those that a server or pg_upgrade makes there: no configuration is in them. */
export const serverDirectories: ReadonlySet<string> = new Set(
  'base global log pg_log pg_commit_ts pg_dynshmem pg_logical pg_multixact pg_notify pg_replslot pg_serial pg_snapshots pg_stat pg_stat_tmp pg_subtrans pg_tblspc pg_twophase pg_upgrade_output.d pg_wal pg_xact'.split(
    ' ',
  ),
);

/** What a server, pg_ctl, pg_autoctl or a backup leaves at the top of a data directory: not configuration, and nobody's to carry. */
const serverFiles =
  /^(PG_VERSION|postmaster\.(pid|opts)|current_logfiles|backup_label.*|backup_manifest|tablespace_map.*|standby\.signal|recovery\.(signal|done|conf)|startup\.log|logfile|.*\.log|.*\.pid)$/;

/** A name at the top of a data directory that is the server's own, be it a file or a directory. */
export const isServers = (name: string): boolean => serverDirectories.has(name) || serverFiles.test(name);
