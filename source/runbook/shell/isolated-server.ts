import type { HostFacts } from '../../cluster/facts.ts';
import { constant, type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import { type HostObservation, isDataDirectory } from '../../cluster/observations.ts';
import type { Path } from '../../cluster/words.ts';
import { onHost, verdictOf } from '../language/conditions.ts';
import type { Condition } from '../language/step.ts';
import { inBin, option, pgCtl, privateSocket, psql } from './shell.ts';

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

/** The authentication of servers that the console starts for itself: beside their socket, whose directory is for its owner alone. */
const ownHba = (host: HostFacts): Path => word`${privateSocket(host)}/pg_hba.conf`;

/**
 * Options of such a server, pg_upgrade's old one too. Its pg_hba.conf and .pgpass are made for the port and socket of the
 * server that serves: a password for `localhost:5432` is none for pg_upgrade's port 50432, nor for another socket directory. Whoever
 * reaches the socket is its owner, by the modes of the directory and of the socket itself.
 * Source: PostgreSQL, 34.16 The Password File; runtime-config-file-locations, hba_file; pg_upgrade, --old-options and server.c.
 */
export const ownHbaOptions = (host: HostFacts): Fragment =>
  sh`-c hba_file=${ownHba(host)} -c unix_socket_permissions=0700`;

/** What it says stands in one file, whatever the carried configuration has: its own last lines are the cause where it does not start. */
export const ownLogOptions = constant('-c logging_collector=off -c log_destination=stderr');

/** The lines that start it with these options, and a log of this try alone, whose end is shown where it does not start. */
export const startLines = (bindir: Path, data: Path, log: Path, options: string): Fragment => sh`
  : > ${log} # an earlier try's last lines are not this one's
  ${pgCtl(bindir, data, option('--log', log), option('--options', quoted(options)), sh`start`)} || { tail -n 20 ${log} >&2; exit 1; }
`;

/** Lines that make the directory of the socket, and the file. */
export const ownSocketLines = (host: HostFacts): Fragment => sh`
  mkdir -p ${privateSocket(host)}
  echo 'local all all trust' > ${ownHba(host)}
`;

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
  const wanted = sh`"$pid|$where|"${word`${socket}|`}`;
  return sh`
    pid=$(head -n 1 ${word`${host.data}/postmaster.pid`} 2>/dev/null || true)
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null || true)" = postgres ]; then
      # only the one that was started here is stopped: it answers in our own directory, and listens nowhere else
      said=$(${psql(host, bindir, 'postgres', { socket })} -Atc ${quoted(identitySql)} 2>&1 || true)
      where=\${said#*|}; where=\${where%%|*} # as data_directory in its configuration calls it
      { [ "$said" = ${wanted} ] && [ "$(readlink -f "$where" || true)" = "$(readlink -f ${data})" ]; } || { echo ${word`refused to stop the server on ${host.data}: it is not the isolated one; asked in ${socket} it says: `}"$said" >&2; exit 1; }
      ${inBin(bindir, 'pg_ctl')} --pgdata ${data} --wait --timeout=3600 --mode=fast stop
    fi
  `;
};
