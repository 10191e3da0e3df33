import { type HostFacts, preloadsCitus } from '../../cluster/facts.ts';
import {
  constant,
  type Fragment,
  joined,
  type Known,
  known,
  lines,
  sh,
  word,
} from '../../cluster/fragment.ts';
import { type DatabaseName, type SessionSettings, sqlProgram } from '../../cluster/superuser-sql.ts';
import type { Path, Word } from '../../cluster/words.ts';
import { socketPlaceOf } from '../../cluster/work-directory.ts';

/** Scripts as the DBA reads them: `set -eu`, the tools' messages in English, one command a line. */
export const script = (...all: readonly (Fragment | false)[]): Fragment =>
  lines(sh`set -eu`, sh`export LC_ALL=C`, ...all, sh``);

/** A long command, one option a line. */
export const command = (program: Fragment | Path, ...options: readonly (Fragment | false)[]): Fragment =>
  joined([sh`${program}`, ...options.filter((one) => one !== false).map((one) => sh`  ${one}`)], ' \\\n');

/** `name` is an option of a program, with its dashes. */
export const option = <const Name extends `--${string}`>(
  name: string extends Name ? never : Name,
  value: Fragment | Word,
): Fragment => sh`${constant<Name>(name)}=${value}`;

export const inBin = <const Program extends string>(bindir: Path, program: Known<Program>): Path =>
  word`${bindir}/${known<Program>(program)}`;

/** pg_ctl on a data directory, which waits for what it orders. */
export const pgCtl = (bindir: Path, data: Path, ...options: readonly Fragment[]): Fragment =>
  command(inBin(bindir, 'pg_ctl'), option('--pgdata', data), sh`--wait --timeout=3600`, ...options);

/** Leaves a mark on the host that a step without other traces has been done, and forces it to the disk. */
export const mark = <const Id extends string>(host: HostFacts, id: Known<Id>): Fragment => {
  const directory: Path = word`${host.workDir}/done`;
  const file: Path = word`${directory}/${known<Id>(id)}`;
  return sh`mkdir -p ${directory} && date -u +%FT%TZ > ${file} && { sync -- ${file} ${directory} || sync; }`;
};

/**
 * What a session on one node of Citus is told beside: to change that node alone, because isolated it reaches no other, and each primary has the same done; and
 * not to hide shards, by a condition with which vacuumdb's own question fails. Nothing where citus is not preloaded. Seen with Citus 13.2.2 on 17.12:
 * docs/citus.md, “What was seen”.
 */
export const onThisNode = (host: HostFacts): SessionSettings =>
  preloadsCitus(host)
    ? { 'citus.enable_ddl_propagation': 'off', 'citus.override_table_visibility': 'off' }
    : {};

/** psql as the superuser of this host's server, through a socket directory; a failed statement ends it. */
export const psql = (
  host: HostFacts,
  bindir: Path,
  database: DatabaseName,
  {
    socket = host.socketDirectory,
    settings = {},
  }: { readonly socket?: Path; readonly settings?: SessionSettings } = {},
): Fragment =>
  sh`${sqlProgram('psql', bindir, database, { settings })} -X -v ON_ERROR_STOP=1 -h ${socket} -p ${host.port} -U ${host.superuser}`;

/**
 * vacuumdb over the database that the shell's `connection` names, as the superuser of this host's server, through a socket directory.
 * `settings` hold for its sessions; `jobs` is what stands behind `--jobs=`, false for one; `missing`: only where statistics are missing, from 18 on.
 */
export const vacuumdbOne = (
  host: HostFacts,
  socket: Path,
  jobs: Fragment | false,
  settings: SessionSettings,
  missing = false,
): Fragment =>
  command(
    sqlProgram('vacuumdb', host.newBindir, { variable: 'connection' }, { settings }),
    option('--host', socket),
    sh`--port=${host.port}`,
    option('--username', host.superuser),
    jobs !== false && sh`--jobs=${jobs}`,
    sh`--analyze-only`,
    missing && sh`--missing-stats-only`,
  );

/** pg_controldata of the new cluster as pg_upgrade left it. */
export const fingerprint = (host: HostFacts): Path => word`${host.workDir}/fingerprint`;

/** pg_controldata of the old cluster as pg_upgrade left it. */
export const oldFingerprint = (host: HostFacts): Path => word`${host.workDir}/fingerprint-old`;

/** Where servers that nobody else may reach have their sockets: pg_upgrade's, and the private one of the verification. */
export const privateSocket = (host: HostFacts): Path => socketPlaceOf(host.home, host.workDir);

/** pg_upgrade works here: its logs, its scripts. */
export const upgradeDir = (host: HostFacts): Path => word`${host.workDir}/pg_upgrade`;
