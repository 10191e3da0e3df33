import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { isNode, preloadsCitus } from '../../cluster/facts.ts';
import { type Fragment, fixed, hereDocument, lines, quoted, sh, spaced } from '../../cluster/fragment.ts';
import { openDatabasesSql, sqlFunction, sqlProgram } from '../../cluster/superuser-sql.ts';
import { carriesStatistics } from '../../cluster/version.ts';
import { below, type Path } from '../../cluster/words.ts';
import { carryLines } from '../shell/configuration.ts';
import { initdbCommand, newClusterLines } from '../shell/new-cluster.ts';
import { ownershipFunctions } from '../shell/ownership.ts';
import { patientCheck, patientlyFunction, upgradeCauses } from '../shell/pg-upgrade-command.ts';
import { onThisNode } from '../shell/shell.ts';
import script from './dry-run-script.sh' with { type: 'text' };
import { getsPrimaryFiles, unpackLines } from './primary-files.ts';
import { dryRunSettings as settings, socketOf, throwawayOf } from './throwaway.ts';
import { extensionUpdatesSql, statisticsTrialSql } from './trial-sql.ts';

export interface DryRunOptions {
  /** The new directory is made and kept, as step A.*.initdb would. */
  readonly keepNewDirectory: boolean;
  /** The primary's configuration, which a secondary's base backup brings (primary-files.ts). Absent: it is tried with its own. */
  readonly primaryFiles?: readonly string[] | null;
}

/** A library whose functions are in use, as pg_upgrade finds them. Source: PostgreSQL, src/bin/pg_upgrade/function.c. */
const usedSql =
  "select distinct probin from pg_proc where oid >= 16384 and probin is not null and prolang = (select oid from pg_language where lanname = 'c')";
/** Libraries that the configuration names. Source: PostgreSQL, Shared Library Preloading, and archive_library. */
const configuredSql = (setting: string): string =>
  `select trim(both ' "' from name) from regexp_split_to_table(current_setting('${setting}', true), ',') name where trim(name) <> ''`;

/** The preloaded ones in their order, by their names alone: a shell would read `$libdir`, which is where they are looked for anyway. */
const preloadedSql =
  "select regexp_replace(trim(both ' \"' from name), '^[$]libdir/', '') from regexp_split_to_table(current_setting('shared_preload_libraries'), ',') with ordinality one(name, place) where trim(name) <> '' order by place";

/** As in postgresql.conf: quotes are doubled. */
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** What both throwaway servers have: private, without a disk to wait for, and without background workers. */
const commonSettings = (host: HostFacts): readonly string[] => [
  "listen_addresses = ''",
  'port = 50432',
  `unix_socket_directories = ${literal(socketOf(host))}`,
  'unix_socket_permissions = 0700',
  'fsync = off',
  'autovacuum = off',
  'logging_collector = off',
  'log_destination = stderr',
  'max_logical_replication_workers = 0',
  'max_worker_processes = 0',
];

/**
 * Those of the one that the schema is restored into; the script adds the preloaded libraries, whose workers would hold connections to
 * template1. Source: PostgreSQL, src/bin/pg_upgrade/server.c, start_postmaster.
 */
const serverSettings = (host: HostFacts): string =>
  [
    ...commonSettings(host),
    'synchronous_commit = off',
    'full_page_writes = off',
    ...Object.entries(onThisNode(host)).map(([name, value]) => `${name} = ${value}`),
  ].join('\n');

/**
 * What the server with the carried configuration has otherwise, at the end of postgresql.auto.conf, where it counts: no archive, no
 * file outside the throwaway, no memory for a second server as large as the running one, and a log that can be read.
 */
const trialSettings = (host: HostFacts): string =>
  [
    ...commonSettings(host),
    "unix_socket_group = ''",
    `external_pid_file = ${literal(below(throwawayOf(host), 'carried.pid'))}`,
    'shared_buffers = 16MB',
    'huge_pages = off',
    'min_dynamic_shared_memory = 0',
    'archive_mode = off',
    "synchronous_standby_names = ''",
    "log_line_prefix = ''",
    'log_min_messages = warning',
  ].join('\n');

/** The new directory of the throwaway cluster. */
const throwawayData = (host: HostFacts): Path => below(throwawayOf(host), 'new');

/**
 * What the window carries, into the throwaway's copy; a relative link that leads nowhere from there is followed.
 */
const carryFunction = (facts: ClusterFacts, host: HostFacts, files: readonly string[] | null): Fragment => {
  const carried = below(throwawayOf(host), 'carried');
  const unpack =
    files !== null &&
    sh`
      set -eu
      umask 077
      ${unpackLines(facts, sh`${carried}`, files)}
    `;
  const carry =
    unpack ||
    sh`
    set -eu
    umask 077
    ${carryLines(host, host.data, carried)}
    for f in ${spaced(host.carry)}; do
      if [ -L ${carried}/"$f" ] && [ ! -e ${carried}/"$f" ]; then rm ${carried}/"$f"; cp -pRL ${host.data}/"$f" ${carried}/"$f"; chmod -R go= ${carried}/"$f"; fi
    done
  `;
  return sh`
    carry_script() {
      ${hereDocument(sh`cat`, 'END-OF-CARRYING', carry)}
    }
  `;
};

/** A standby refuses every statement of a session that is serializable, as a database may have it for all of its sessions. Source: PostgreSQL, hot-standby; transaction-iso. */
const onStandby = { default_transaction_isolation: 'read committed' } as const;

/** What the facts alone know, as functions of the script: `throwaway_initdb`, psql of the old version, `carry_script`. */
const commonFunctions = (
  facts: ClusterFacts,
  host: HostFacts,
  files: readonly string[] | null,
): Fragment => sh`
  ${ownershipFunctions(facts)}
  ${sqlFunction({ variable: 'old_bin' }, { ...settings, ...onStandby }, { name: 'old_psql' })}
  throwaway_initdb() {
    ${initdbCommand({ ...host, newData: throwawayData(host) }, facts.newMajor)} --no-sync
  }
  ${carryFunction(facts, host, files)}
`;

/**
 * pg_restore. Where Citus is preloaded the same Citus must be there for both, because its functions refuse a library of another version. From 16 on the
 * server has the aggregate any_value, which Citus brings below, and citus_prepare_pg_upgrade() drops right before the stop: so it is left out here.
 * Source: Citus 13.2, CheckCitusVersion and citus_prepare_pg_upgrade; seen from 15.20 to 17.12.
 */
const restoreFunction = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const restore = sqlProgram('pg_restore', { variable: 'new_bin' }, null, { settings });
  const entries =
    facts.oldMajor < 16
      ? sh`grep -Ev ${quoted(String.raw` AGGREGATE (pg_catalog )?"?any_value"?\(`)}`
      : sh`cat`;
  return preloadsCitus(host)
    ? sh`
      new_pg_restore() {
        citus=$(ask "$database" ${quoted("select extversion from pg_extension where extname = 'citus'")}) || return 1
        offered=$(new_psql template1 -X -h "$sock" -p 50432 -U "$superuser" -Atq -c ${quoted("select default_version from pg_available_extensions where name = 'citus'")}) || return 1
        if [ -n "$citus" ] && [ "$citus" != "$offered" ]; then
          echo "FATAL:  citus $citus is in use, and for the new version there is citus $offered: both must have the same"
          return 1
        fi
        ${restore} --list --create "$dump" >"$t/entries" || return 1
        ${entries} "$t/entries" >"$t/entries.kept"
        ${restore} --use-list="$t/entries.kept" "$@"
      }
    `
    : sh`new_pg_restore() { ${restore} "$@"; }`;
};

/** The same for what pg_upgrade is for: pg_upgrade --check, the schema's programs. */
const upgradeFunctions = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const newBin = { variable: 'new_bin' };
  return sh`
    ${sqlFunction(newBin, settings, { name: 'new_psql' })}
    ${sqlFunction(newBin, settings, { name: 'new_pg_dump', program: 'pg_dump' })}
    # what pg_upgrade has dumped: from 18 on with the planner's statistics
    dump_schema() { new_pg_dump "$@" ${carriesStatistics(facts.newMajor) ? sh`--no-data --sequence-data --statistics` : sh`--schema-only`}; }
    ${sqlFunction(newBin, settings, { name: 'new_pg_dumpall', program: 'pg_dumpall' })}
    ${restoreFunction(facts, host)}
    ${patientlyFunction(host)}
    check_upgrade() { # NEW-DIRECTORY
      ${patientCheck(facts, host, sh`"$t/said"`, {
        newData: sh`"$1"`,
        sockets: sh`--socketdir="$sock"`,
        preloaded: sh`"$good"`,
      })}
    }
    upgrade_causes() ( # NEW-DIRECTORY
      ${upgradeCauses(sh`"$1"`)}
    )
  `;
};

/** A script of its own, which ends at the first command that fails. */
const newClusterFunction = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const newCluster = sh`
    set -eu
    ${ownershipFunctions(facts)}
    ${newClusterLines(facts, host)}
  `;
  return sh`
    new_cluster_script() {
      ${hereDocument(sh`cat`, 'END-OF-NEW-CLUSTER', newCluster)}
    }
  `;
};

/**
 * A dry run on one host: a throwaway cluster of the new version, made with the old one's settings; every library that the server
 * uses loaded by it (on a standby too, whose catalogs are the primary's), and a server started with the whole configuration as the window
 * carries it. On the primary and the monitor also pg_upgrade --check against the
 * running server, and the whole schema restored, with the very options of pg_upgrade and in its order: globals, template1, then each database. Tablespaces are left out, because they would be made in the live ones' directories; passwords
 * too, so that none lies on the disk. Reads the running cluster only (pg_dump's ACCESS SHARE, given up after 5 s), and takes everything away at
 * its end, however it ends; what a kill -9 leaves is taken away by the next one.
 * Sources: PostgreSQL, src/bin/pg_upgrade: dump.c, generate_old_dump; pg_upgrade.c, create_new_objects; server.c, start_postmaster.
 */
export const dryRunScript = (
  facts: ClusterFacts,
  host: HostFacts,
  options: DryRunOptions = { keepNewDirectory: false },
): Fragment => {
  const upgraded = !isNode(host) || host.role === 'primary';
  const kept = upgraded && options.keepNewDirectory;
  return lines(
    commonFunctions(facts, host, getsPrimaryFiles(host) ? (options.primaryFiles ?? null) : null),
    upgraded && upgradeFunctions(facts, host),
    kept && newClusterFunction(facts, host),
    fixed(script, {
      t: throwawayOf(host),
      sock: socketOf(host),
      old_bin: host.oldBindir,
      new_bin: host.newBindir,
      new_data: host.newData,
      data: host.data,
      socket: host.socketDirectory,
      port: host.port,
      superuser: host.superuser,
      upgraded: upgraded ? 'yes' : '',
      keep: kept ? 'yes' : '',
      options: `-c lock_timeout=${settings.lock_timeout}`,
      settings: serverSettings(host),
      trial_settings: trialSettings(host),
      preloaded_sql: preloadedSql,
      configured_sql: ['session_preload_libraries', 'local_preload_libraries', 'archive_library']
        .map(configuredSql)
        .join(' union '),
      used_sql: usedSql,
      names_sql: openDatabasesSql,
      updates_sql: extensionUpdatesSql,
      statistics_sql: statisticsTrialSql,
    }),
    sh``,
  );
};
