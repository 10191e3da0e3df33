import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoLayout, Major } from '../layout.ts';
import { asking, notGnu } from './not-gnu.ts';
import { missingIn, programIn, systemPrograms } from './programs.ts';

/**
 * The programs of the demo's hosts, as small POSIX shell scripts: a process of Node for each call would take longer
 * than the whole demo has. Most ask the demo's own process over the wire; what needs no answer does without.
 */

/** Asks over the wire: hosts/wire.ts. */
const asks = `#!/bin/sh
# Stands in for this program in the demo of pgaf-upgrade: it asks the demo what to do.
w=$PGAF_DEMO/wire/$$
exec 3<&0
mkfifo -m 600 "$w" && exec 4<>"$w" || exit 125
printf '%s\\0' "$PGAF_DEMO_HOST" "$0" "$PWD" "$USER" "\${PGAF_UPGRADE_JOB-}" "\${PGDATABASE-}" "\${PG_AUTOCTL_MONITOR-}" "$@" >"$w.q"
echo $$ >"$PGAF_DEMO/wire/ask"
while IFS= read -r line <&4; do
  case $line in
    o*) printf '%s\\n' "\${line#o}" ;;
    p*) printf '%s' "\${line#p}" ;;
    e*) printf '%s\\n' "\${line#e}" >&2 ;;
    i) cat <&3 >"$w.in"; echo "$$ in" >"$PGAF_DEMO/wire/ask" ;;
    x*) exit "\${line#x}" ;;
  esac
done
exit 125
`;

/** pg_control holds the text that pg_controldata prints: nothing else reads it. */
const controlData = `#!/bin/sh
# Stands in for pg_controldata in the demo of pgaf-upgrade.
data=\${PGDATA-}
while [ $# -gt 0 ]; do case $1 in -D) data=$2; shift ;; -D*) data=\${1#-D} ;; --pgdata=*) data=\${1#*=} ;; *) data=$1 ;; esac; shift; done
[ -r "$data/global/pg_control" ] || { echo "pg_controldata: error: could not open file \\"$data/global/pg_control\\" for reading: No such file or directory" >&2; exit 1; }
exec cat "$data/global/pg_control"
`;

const becomes = `#!/bin/sh
# Stands in for sudo and runuser in the demo of pgaf-upgrade: another home and another name, the same real user.
user=root
while [ $# -gt 0 ]; do case $1 in -u) user=$2; shift 2 ;; --) shift; break ;; -*) shift ;; *) break ;; esac; done
[ -d "$PGAF_DEMO_HERE/home/$user" ] || { echo "sudo: unknown user $user" >&2; exit 1; }
SUDO_USER=$USER HOME=$PGAF_DEMO_HERE/home/$user USER=$user LOGNAME=$user
export SUDO_USER HOME USER LOGNAME
exec "$@"
`;

const identity = `#!/bin/sh
# Stands in for id in the demo of pgaf-upgrade.
case $USER in root) number=0 ;; postgres) number=105 ;; *) number=1000 ;; esac
case $* in -un) echo "$USER" ;; -u) echo "$number" ;; *) echo "uid=$number($USER) gid=$number($USER) groups=$number($USER)" ;; esac
`;

/** The hosts' users are none of this machine's. */
const users = `#!/bin/sh
# Stands in for getent in the demo of pgaf-upgrade: getent passwd USER.
[ -d "$PGAF_DEMO_HERE/home/$2" ] || exit 2
echo "$2:x:1000:1000::$PGAF_DEMO_HERE/home/$2:/bin/sh"
`;

/**
 * What a job's runner reads of itself in /proc, and its group, so that it does not outlive the demo. Where this machine
 * has no setsid, as macOS, it stays in the group of the host's other commands, which end with the demo as well.
 */
const session = (own: string | null): string => `#!/bin/sh
# Stands in for setsid in the demo of pgaf-upgrade.
proc=$PGAF_DEMO_HERE/proc/$$
mkdir -p "$proc" && echo "$$ (sh) S 1 $$ $$ 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 $(date +%s) 0 0" >"$proc/stat"
: >"$PGAF_DEMO/processes/$$"
exec ${own ?? ''} "$@"
`;

const nothing = `#!/bin/sh
# Stands in for a program that has nothing to say in the demo of pgaf-upgrade.
exit \${PGAF_DEMO_NOTHING:-0}
`;

const disk = `#!/bin/sh
# Stands in for df in the demo of pgaf-upgrade: every host has a disk of its own.
case $1 in
  -Ph) printf 'Filesystem Size Used Avail Capacity Mounted on\\n/dev/vda1 40G 6.1G 32G 17%% /\\n' ;;
  *) printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/vda1 41152736 6396416 32632088 17%% /\\n' ;;
esac
`;

/** The dry run measures the disk by writing 64 MB: not on this machine's. Everything else is the real one's. */
const copies = (own: string | null): string => `#!/bin/sh
# Stands in for dd in the demo of pgaf-upgrade.
case $* in *if=/dev/zero*) printf '64+0 records in\\n64+0 records out\\n67108864 bytes (67 MB, 64 MiB) copied, 0.0934 s, 719 MB/s\\n' >&2; exit ;; esac
exec ${own ?? '/bin/dd'} "$@"
`;

const perVersion =
  'psql postgres initdb pg_upgrade pg_ctl pg_dump pg_dumpall pg_restore pg_basebackup pg_rewind pg_isready pg_resetwal vacuumdb pg_config pg_autoctl'.split(
    ' ',
  );

const perHost = (programs: string): Readonly<Record<string, string>> => ({
  sudo: becomes,
  runuser: becomes,
  id: identity,
  getent: users,
  setsid: session(programIn(programs, 'setsid')),
  systemctl: asks,
  journalctl: asks,
  hostname: `#!/bin/sh\n# Stands in for hostname in the demo of pgaf-upgrade.\necho "$PGAF_DEMO_HOST"\n`,
  crontab: nothing,
  ss: nothing,
  df: disk,
  dd: copies(programIn(programs, 'dd')),
});

const write = (directory: string, scripts: Readonly<Record<string, string>>): void => {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), 0o755);
  }
};

/** For the GNU programs that this machine does not have. */
const writeNotGnu = (layout: DemoLayout, programs: string): void => {
  const probes = mkdtempSync(join(layout.root, 'probe-'));
  const missing = [...missingIn(programs, probes)];
  rmSync(probes, { recursive: true });
  write(
    layout.tools,
    Object.fromEntries(missing.map((name) => [name, notGnu(name, programIn(programs, name))])),
  );
  const ask = missing.filter((name) => asking.includes(name));
  write(join(layout.tools, 'ask'), Object.fromEntries(ask.map((name) => [name, asks])));
};

/** Writes every stand-in; `programs` is the search path of this machine's own. */
export const writeStandIns = (layout: DemoLayout, programs = systemPrograms): void => {
  for (const major of [15, 17] satisfies Major[]) {
    const scripts = Object.fromEntries(perVersion.map((name) => [name, asks]));
    write(layout.bin(major), { ...scripts, pg_controldata: controlData });
    const extensions = join(layout.bin(major), '../share/extension');
    mkdirSync(extensions, { recursive: true });
    for (const name of ['plpgsql', 'pg_stat_statements', 'pgautofailover'])
      writeFileSync(join(extensions, `${name}.control`), `comment = '${name}, in the demo'\n`);
  }
  write(layout.tools, perHost(programs));
  writeNotGnu(layout, programs);
};
