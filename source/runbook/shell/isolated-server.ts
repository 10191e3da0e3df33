import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import { type HostObservation, isDataDirectory } from '../../cluster/observations.ts';
import type { Path } from '../../cluster/words.ts';
import { onHost, verdictOf } from '../language/conditions.ts';
import type { Condition } from '../language/step.ts';
import { inBin, privateSocket, psql } from './shell.ts';

/**
 * The server that the console starts for itself on a data directory. It listens to no network and has its one socket in the
 * console's own directory: by both it is told from one that serves, here and in every script that stops it.
 */
export const isPrivate = (host: HostFacts, seen: HostObservation): boolean =>
  isDataDirectory(seen.data) &&
  seen.data.running &&
  seen.server !== null &&
  seen.server.listenAddresses === '' &&
  seen.server.socketDirectories === privateSocket(host);

export const privateServer = (host: HostFacts, major: number): Condition =>
  onHost(host.alias, `${major} runs on ${host.alias}, local socket only`, (seen) => {
    if (seen.server === null) return { holds: false, found: 'it does not answer' };
    if (seen.server.listenAddresses !== '') return { holds: false, found: 'it listens to the network' };
    return verdictOf(isPrivate(host, seen), `its sockets are in ${seen.server.socketDirectories}`);
  });

/** What the server on the private socket says of itself: its process, its directory, its sockets, where it listens. */
const identitySql =
  "select split_part(pg_read_file('postmaster.pid'), chr(10), 1) || '|' || current_setting('data_directory') || '|' || current_setting('unix_socket_directories') || '|' || current_setting('listen_addresses')";

/**
 * Lines that stop the private server on the data directory, where one runs; a server that serves others, whoever has started
 * it, ends the script instead. Sources: PostgreSQL, “postmaster.pid” (storage-file-layout), whose first line is the process.
 */
export const stopPrivateLines = (host: HostFacts, bindir: Path): Fragment => {
  const data: Path = host.data;
  const socket = privateSocket(host);
  const wanted = sh`"$pid|"${word`${host.data}|${socket}|`}`;
  return sh`
    pid=$(head -n 1 ${word`${host.data}/postmaster.pid`} 2>/dev/null || true)
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null || true)" = postgres ]; then
      # only the one that was started here is stopped: it answers in our own directory, and listens nowhere else
      said=$(${psql(host, bindir, 'postgres', { socket })} -Atc ${quoted(identitySql)} 2>&1 || true)
      [ "$said" = ${wanted} ] || { echo ${word`refused to stop the server on ${host.data}: it is not the isolated one; asked in ${socket} it says: `}"$said" >&2; exit 1; }
      ${inBin(bindir, 'pg_ctl')} --pgdata ${data} --wait --timeout=3600 --mode=fast stop
    fi
  `;
};
