import { posix } from 'node:path';
import type { Config, HostSettings } from '../cluster/config.ts';
import type { ReadMonitor } from '../cluster/facts.ts';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import { isServers, serverDirectories } from '../cluster/server-directories.ts';
import { parsePostgresVersion } from '../cluster/version.ts';
import { libraryName } from '../cluster/words.ts';
import { socketPlaceBytes, socketPlaceOf, workDirOf } from '../cluster/work-directory.ts';
import type { Found, Instance, LiveServer, ReadInstance } from '../inspect/discovery/parse.ts';

/**
 * What must be carried into the new data directory, relative to it: every file at its top that is not the server's own, the
 * directories that the configuration reads files from, and every small directory that is not the server's: nothing names an empty
 * include_dir, nor where pg_hba.conf's `@users` are. pg_upgrade carries none of them. A tablespace within the data directory stays out.
 * Source: PostgreSQL, “File Inclusion via the Configuration File” (config-setting), “The pg_hba.conf File”.
 */
export const filesToCarry = (instance: ReadInstance, server: LiveServer): string[] => {
  // Symbolic links are listed with the files: pg_wal and its like may be one.
  const files = instance.files.filter((name) => !isServers(name) && !name.startsWith('.'));
  const inside = [...server.sources, ...server.files]
    .filter((path): path is string => path !== null && path !== '')
    .map((path) =>
      posix.relative(
        instance.data,
        posix.resolve(instance.data, path.replace(`${instance.pgdata}/`, `${instance.data}/`)),
      ),
    )
    .filter((path) => path !== '' && !path.startsWith('..'));
  const directories = inside
    .map((path) => path.split('/'))
    .filter((parts) => parts.length > 1)
    .map(([top]) => top ?? '')
    .filter((top) => instance.directories.includes(top) && !serverDirectories.has(top));
  const small = instance.small.filter(
    (name) =>
      !serverDirectories.has(name) &&
      !server.tablespaces.some((place) => `${place}/`.startsWith(`${instance.data}/${name}/`)),
  );
  return [...new Set([...files, ...inside.filter((path) => !path.includes('/')), ...directories, ...small])]
    .filter((name) => instance.files.includes(name) || instance.directories.includes(name))
    .sort();
};

/**
 * The libraries of a setting that names them. One that is no word of its kind is left out, and told by the dry run.
 * Source: PostgreSQL, “Shared Library Preloading” (runtime-config-client).
 */
export const libraryNames = (setting: string): string[] =>
  setting
    .split(',')
    .map((name) =>
      name
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .replace(/^\$libdir\//, ''),
    )
    .filter((name) => libraryName.safeParse(name).success);

/** Where the new cluster is built, and where the old one will stay. */
export const placesOf = (
  settings: HostSettings | undefined,
  data: string,
  oldMajor: number,
  newMajor: number,
): { readonly newData: string; readonly backupData: string } => ({
  // A name that no package and hardly a person gives; …/17/data is PGDG's own.
  newData: settings?.newData ?? `${data}_pg${newMajor}_new`,
  backupData: `${data}_pg${oldMajor}_bak`,
});

/**
 * Where the new cluster's pg_wal is made: beside the old one, under a name that tells the version. One that an earlier upgrade has
 * made loses that version's suffix.
 */
const newWal = (wal: string, newMajor: number): string => {
  const next = `${wal.replace(/_pg\d+$/, '')}_pg${newMajor}`;
  return next === wal ? `${wal}_new` : next;
};

export type CommonFacts = Omit<ReadMonitor, 'database' | 'extensionVersion'>;

/** The facts that monitor and nodes have in common, from what was found and the operator's overrides. */
export const commonFacts = (
  alias: string,
  config: Config,
  settings: HostSettings | undefined,
  found: Found,
  instance: Instance,
): Result<CommonFacts> => {
  const newBindir = settings?.newBindir ?? config.target.bindir;
  if (found.missingTools.length > 0)
    return fail(
      problem(
        `${alias}: ${newBindir} lacks ${found.missingTools.join(', ')}.`,
        `Install the new PostgreSQL there, or set the right directory as target.bindir (nodes.${alias}.newBindir for this host alone).`,
      ),
    );
  const next = parsePostgresVersion(found.newVersion);
  if (next === null)
    return fail(
      problem(
        `${alias}: ${newBindir}/postgres does not say its version.`,
        `Run there: \`${newBindir}/postgres --version\`.`,
      ),
    );
  if (instance.server === null)
    return fail(
      problem(
        `${alias}: the server on port ${instance.port} does not answer.`,
        `Connect there as ${found.user}: \`${instance.oldBindir}/psql -p ${instance.port} -d postgres\`.`,
        instance.serverError,
      ),
    );
  const old = parsePostgresVersion(instance.server.version);
  if (old === null || old.major !== instance.major)
    return fail(
      problem(
        `${alias}: the server says version ${instance.server.version}, its directory ${instance.major}.`,
        `Look at ${instance.data}/PG_VERSION.`,
      ),
    );
  if (old.major >= next.major)
    return fail(
      problem(
        `${alias}: PostgreSQL ${old.text} runs here and ${newBindir} is ${next.text}: nothing to upgrade.`,
        'Set target.bindir to the version you want to upgrade to.',
      ),
    );
  if (instance.oldVersion === '')
    return fail(
      problem(
        `${alias}: no postgres program in ${instance.oldBindir}.`,
        `Set nodes.${alias}.oldBindir to the directory of PostgreSQL ${old.major}'s programs.`,
      ),
    );
  const { server } = instance;
  const program = instance.unit?.program ?? '';
  const running = instance.program.replace(/ \(deleted\)$/, '');
  const oldAutoctl = program.endsWith('/pg_autoctl') ? program : instance.oldAutoctl || running;
  if (oldAutoctl === '')
    return fail(
      problem(
        `${alias}: no pg_autoctl program found.`,
        `Start pg_autoctl there, or set nodes.${alias}.oldBindir to where it is.`,
      ),
    );
  const workDir = workDirOf(found.home, instance.pgdata);
  const sockets = socketPlaceOf(found.home, workDir);
  if (Buffer.byteLength(sockets) > socketPlaceBytes)
    return fail(
      problem(
        `${alias}: ${sockets} is too long for a socket, which pg_upgrade’s servers need there.`,
        `Give ${found.user} a home directory with a shorter path.`,
      ),
    );
  return ok({
    alias,
    pgdata: instance.pgdata,
    data: instance.data,
    ...placesOf(settings, instance.data, old.major, next.major),
    port: settings?.port ?? instance.port,
    socketDirectory: instance.socketDirectory,
    oldBindir: instance.oldBindir,
    newBindir,
    oldVersion: old.text,
    newVersion: next.text,
    oldAutoctl,
    newAutoctl: found.newAutoctl ?? oldAutoctl,
    configFile: instance.configFile,
    stateFile: instance.stateFile,
    pidFile: instance.pidFile,
    home: found.home,
    workDir,
    service:
      instance.unit === null
        ? { kind: 'none' }
        : {
            kind: 'systemd',
            unit: instance.unit.name,
            fragment: instance.unit.fragment,
            enabled: instance.unit.enabled,
            dropIns: [...instance.unit.dropIns],
          },
    superuser: server.superuser,
    initdb: {
      encoding: server.encoding,
      collate: server.collate,
      ctype: server.ctype,
      provider: server.provider,
      providerLocale: server.providerLocale,
      checksums: server.checksums,
      walSegmentBytes: server.walSegmentBytes,
      groupAccess: instance.groupAccess,
    },
    carry: filesToCarry(instance, server),
    preload: libraryNames(server.preload),
    decoding:
      server.decoding === null
        ? null
        : { slots: server.decoding.slots, plugins: libraryNames(server.decoding.plugins) },
    tablespaces: server.tablespaces,
    wal: instance.wal === '' ? null : { now: instance.wal, next: newWal(instance.wal, next.major) },
    sshPort: settings?.ssh?.port ?? config.ssh.port ?? 22,
    ...(instance.user === config.become.postgres ? {} : { postgres: instance.user }),
  });
};
