/**
 * Settings that a major version does not know any more, by the first version without them. `force_parallel_mode` was
 * renamed in 16; `extension_destdir` is Debian's own, which 18 has as `extension_control_path`; `ssl_ecdh_curve`, renamed in 18, is still read.
 * Source: PostgreSQL, release notes of 14 to 19, “Migration”; `postgres --describe-config` of 17.12 and 18.6.
 */
const removedIn: readonly (readonly [number, readonly string[]])[] = [
  [14, ['operator_precedence_warning', 'vacuum_cleanup_index_scale_factor']],
  [15, ['stats_temp_directory']],
  [16, ['vacuum_defer_cleanup_age', 'promote_trigger_file', 'force_parallel_mode']],
  [17, ['old_snapshot_threshold', 'trace_recovery_messages', 'db_user_namespace']],
  [18, ['extension_destdir']],
  [19, ['escape_string_warning']],
];

/** What an upgrade from one major version to another leaves behind. */
export const removedSettings = (from: number, to: number): readonly string[] =>
  removedIn.flatMap(([version, names]) => (version > from && version <= to ? names : []));
