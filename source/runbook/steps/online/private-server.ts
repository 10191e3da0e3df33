import type { HostFacts } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, known, quoted, sh, word } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import type { PrivateRole } from '../../shell/private-units.ts';
import { inBin } from '../../shell/shell.ts';
import { onlineDirectory, privateSocketOf } from './names.ts';

/** Where a server that follows logs to: an apply error repeats, so its files are seven, by weekday. */
export const privateLogOf = (host: HostFacts, role: PrivateRole): Path =>
  word`${onlineDirectory(host)}/${known<PrivateRole>(role)}-log`;

/**
 * Options of a server of the new version that follows, or has followed until now, in more databases than 18 has origins for (10): with less it does not start. Up to 17 max_replication_slots
 * counts, which is the old version's. Source: PostgreSQL 18, max_active_replication_origins; origin.c, StartupReplicationOrigin.
 */
export const originOptions = (major: number): Fragment | false =>
  major >= 18 && sh` -c max_active_replication_origins=24`;

/** What becomes of the WAL of a server that is isolated: that of one that has served waits for the archive that it has served with, in `major`'s own words. */
export type Archive = { readonly kind: 'none' } | { readonly kind: 'waits'; readonly major: number };

/**
 * Without archive_mode a checkpoint removes WAL that was not archived, what was written before the stop among it: a server that goes home would leave a gap in its archive, and behind a
 * rollback nothing could be restored to a later point. With it and no command it is kept, and archived where the server serves again.
 * Source: PostgreSQL, archive_command; xlogarchive.c, XLogArchiveCheckDone.
 */
const archiveOptions = (archive: Archive): Fragment =>
  archive.kind === 'none'
    ? sh`-c archive_mode=off -c archive_timeout=0`
    : sh`-c archive_timeout=0 -c archive_command=${archive.major >= 15 && sh` -c archive_library=`}`;

/**
 * The command of a server on a socket that its owner alone reaches: what one that only follows must not do stands on its command line, which counts before any file of
 * the configuration that it has from the server that serves. Nothing is preloaded: no job of a library's runs twice. None of the settings that a standby compares with its own
 * (max_connections, max_worker_processes, max_wal_senders, max_prepared_transactions, max_locks_per_transaction, wal_level) is among them: of the old version they go into the
 * WAL that its own secondaries are to replay. Sources: PostgreSQL, hot-standby-admin; docs/development/online.md, trap 1.
 */
export const privateServerCommand = (
  host: HostFacts,
  role: PrivateRole,
  bindir: Path,
  data: Path,
  archive: Archive,
): Fragment => {
  const socket = privateSocketOf(host, role);
  const setting = (name: 'hba_file' | 'unix_socket_directories' | 'log_directory', value: Path) =>
    quoted(`${name}=${value}`);
  return sh`
    ${inBin(bindir, 'postgres')} -D ${data} -c listen_addresses= -c port=${host.port} \
      -c ${setting('unix_socket_directories', socket)} -c unix_socket_permissions=0700 -c ${setting('hba_file', word`${socket}/pg_hba.conf`)} \
      -c ssl=off ${archiveOptions(archive)} -c synchronous_standby_names= -c primary_conninfo= -c restore_command= -c shared_preload_libraries= \
      -c default_transaction_read_only=off -c huge_pages=off -c shared_buffers=256MB \
      -c max_logical_replication_workers=16 -c wal_retrieve_retry_interval=200ms -c wal_writer_delay=20ms \
      -c logging_collector=on -c log_destination=stderr -c ${setting('log_directory', privateLogOf(host, role))} -c log_filename=%a.log -c log_truncate_on_rotation=on -c log_rotation_age=1d -c log_rotation_size=0
  `;
};

/** Lines that make the directories of such a server, and who may reach it: whoever enters the directory of its socket. */
export const privatePlaceLines = (host: HostFacts, role: PrivateRole): Fragment => sh`
  mkdir -p ${onlineDirectory(host)} ${privateSocketOf(host, role)} ${privateLogOf(host, role)}
  echo 'local all all trust' > ${privateSocketOf(host, role)}/pg_hba.conf
`;

/** Lines that write a script of ours, whole or not at all. `mark`: the end of its here-document, another where the script has one itself. */
export const fileLines = (
  file: Path,
  body: Fragment,
  mark: 'END-OF-SERVE' | 'END-OF-FILE' = 'END-OF-SERVE',
): Fragment => sh`
  ${hereDocument(sh`cat > ${file}.new`, mark, body)}
  sync ${file}.new || sync
  mv ${file}.new ${file}
`;
