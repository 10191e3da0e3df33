import type { HostFacts } from '../cluster/facts.ts';
import { sh } from '../cluster/quote.ts';
import { type SessionSettings, sqlProgram, type Word } from '../cluster/superuser-sql.ts';

/** Scripts as the DBA reads them: `set -eu`, the tools' messages in English, one command a line. */
export const script = (...lines: readonly (string | false)[]): string =>
  `${['set -eu', 'export LC_ALL=C', ...lines.filter((line) => line !== false)].join('\n')}\n`;

/** A long command, one option a line. */
export const command = (program: string, ...options: readonly (string | false)[]): string =>
  [sh(program), ...options.filter((option) => option !== false)].join(' \\\n  ');

export const option = (name: string, value: string): string => `${name}=${sh(value)}`;

export const inBin = (bindir: string, program: string): string => `${bindir}/${program}`;

/** pg_ctl on a data directory, which waits for what it orders. */
export const pgCtl = (bindir: string, data: string, ...options: readonly string[]): string =>
  command(inBin(bindir, 'pg_ctl'), option('--pgdata', data), '--wait --timeout=3600', ...options);

/** Leaves a mark on the host that a step without other traces has been done, and forces it to the disk. */
export const mark = (host: HostFacts, id: string): string => {
  const [directory, file] = [sh(`${host.workDir}/done`), sh(`${host.workDir}/done/${id}`)];
  return `mkdir -p ${directory} && date -u +%FT%TZ > ${file} && { sync -- ${file} ${directory} || sync; }`;
};

/** psql as the superuser of this host's server, through a socket directory; a failed statement ends it. */
export const psql = (
  host: HostFacts,
  bindir: string,
  database: Word,
  {
    socket = host.socketDirectory,
    settings = {},
  }: { readonly socket?: string; readonly settings?: SessionSettings } = {},
): string =>
  `${sqlProgram('psql', bindir, database, { settings })} -X -v ON_ERROR_STOP=1 -h ${sh(socket)} -p ${host.port} -U ${sh(host.superuser)}`;

/**
 * vacuumdb over every database, as the superuser of this host's server, through a socket directory. `settings` hold for
 * its sessions; `jobs` is what stands behind `--jobs=`, false for one.
 */
export const vacuumdbAll = (
  host: HostFacts,
  socket: string,
  jobs: string | false,
  settings: SessionSettings,
): string =>
  [
    sqlProgram('vacuumdb', host.newBindir, null, { settings }),
    option('--host', socket),
    option('--port', String(host.port)),
    option('--username', host.superuser),
    jobs !== false && `--jobs=${jobs}`,
    '--all --analyze-only',
  ]
    .filter((line) => line !== false)
    .join(' \\\n  ');

/** pg_controldata of the new cluster as pg_upgrade left it. */
export const fingerprint = (host: HostFacts): string => `${host.workDir}/fingerprint`;

/** pg_controldata of the old cluster as pg_upgrade left it. */
export const oldFingerprint = (host: HostFacts): string => `${host.workDir}/fingerprint-old`;

/** Where the private server of the verification has its socket. */
export const privateSocket = (host: HostFacts): string => `${host.workDir}/private`;

/** pg_upgrade works here: its sockets, its logs, its scripts. */
export const upgradeDir = (host: HostFacts): string => `${host.workDir}/pg_upgrade`;
