import type { HostPaths } from '../layout.ts';

/**
 * The border of a demo host. Its scripts run in this machine's own /bin/sh, and what the product's scripts name by a
 * literal absolute path must end in the host's directory: /proc (so that no process of this machine is seen or
 * signalled, and because macOS has none), systemd's unit directories, pg_autoctl's pid file, crontabs, network cards.
 * Everything else the product learns from the host itself and is in its directory already. They are
 * mapped as the shell reads them.
 */
const literals = [
  '/proc/',
  '/sys/class/net/',
  '/run/systemd/system',
  '/etc/systemd/system',
  '/usr/local/lib/systemd/system/',
  '/usr/lib/systemd/system/',
  '/lib/systemd/system/',
  '/var/lib/pgaf-upgrade',
  '/run/user/',
  '/var/run/postgresql',
  '/tmp/pg_autoctl',
  '/etc/crontab',
  '/etc/cron.d/',
];

/** Two expressions a path, because POSIX has no alternation for "at the beginning or after anything but a path". */
const mapped = (here: string, path: string): string =>
  `s#^${path}#${here}${path}#\ns#\\([^A-Za-z0-9_./-]\\)${path}#\\1${here}${path}#g`;

const quoted = (here: string): string => here.replaceAll(/[\\&#]/g, '\\$&');

/** A sed script; `itself` is where it lies, because a job's runner reads its script by another shell. */
export const borderScript = (paths: HostPaths, itself: string): string =>
  [
    // The record is a document that the host keeps, not a path that its shell follows; a job's script is a quoted word
    // of what starts it, and its quotes look otherwise.
    `/<<'RECORD'$/,/^RECORD$/b`,
    `/<<'\\\\''RECORD'\\\\''$/,/^RECORD$/b`,
    // The number of the field in /proc/PID/environ is not what it was.
    `s#cut -d/ -f3#sed "s|.*/proc/||; s|/.*||"#`,
    `s#\\$(cat; echo \\.)#$(cat | sed -f '${quoted(itself)}'; echo .)#`,
    ...literals.map((path) => mapped(quoted(paths.here), path)),
  ]
    .join('\n')
    .concat('\n');

/** The command that the console sends reads its script from stdin: through the border. */
export const mapCommand = (command: string, itself: string): string =>
  command.replace(/\$\(head -c (\d+)\)/, (_, bytes: string) => `$(head -c ${bytes} | sed -f "${itself}")`);
