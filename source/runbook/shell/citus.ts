/**
 * The tables of the schema public that citus_prepare_pg_upgrade() makes and citus_finish_pg_upgrade() drops. Source: Citus 13.2, citus_prepare_pg_upgrade.
 */
export const citusCopies: readonly string[] = [
  'pg_dist_partition',
  'pg_dist_shard',
  'pg_dist_placement',
  'pg_dist_node_metadata',
  'pg_dist_node',
  'pg_dist_local_group',
  'pg_dist_transaction',
  'pg_dist_colocation',
  'pg_dist_authinfo',
  'pg_dist_poolinfo',
  'pg_dist_rebalance_strategy',
  'pg_dist_object',
  'pg_dist_cleanup',
  'pg_dist_schema',
  'pg_dist_clock_logical_seq',
  'pg_dist_partkeys_pre_16_upgrade',
];
