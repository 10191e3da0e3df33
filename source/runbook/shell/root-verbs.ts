import type { Service } from '../../cluster/facts.ts';
import { constant, type Fragment, joined, lines, quoted, sh, spaced, word } from '../../cluster/fragment.ts';
import { theLogin } from '../../cluster/login.ts';
import {
  baseOf,
  type OsUser,
  type Path,
  parentOf,
  plainName,
  type RelativePath,
  type UnitName,
} from '../../cluster/words.ts';
import { crontabsLines } from './crontabs.ts';
import { dependentsFunction } from './dependents.ts';
import { changePlacesLines, privateGoneLines, privateStartLines } from './private-units.ts';
import { idleFunction } from './self-checks.ts';
import { script } from './shell.ts';

/**
 * Everything that is done as root, in one place: a verb a thing, its lines made of constants that discovery has found.
 * A step's script is made of these lines, run by `sudo sh` or as calls of the host's helper (`pgaf-upgrade helper`):
 * one text either way. The rules: root writes only where nobody but root can put anything else in the way
 * (/etc/systemd/system, /run, /var/lib/pgaf-upgrade), believes no file that postgres can write, and takes no argument
 * but the verb. SECURITY.md.
 */

/** What of a host the verbs are made of. */
export interface RootHost {
  readonly service: Service;
  readonly oldAutoctl: Path;
  readonly newAutoctl: Path;
  readonly tablespaces: readonly Path[];
  /** The data directory of the cluster that is upgraded; null: a node that only gets another pg_autoctl. */
  readonly data: Path | null;
  /** Our own directory there; absent: a node that only gets another pg_autoctl. */
  readonly workDir?: Path;
  /** The user that PostgreSQL runs as there; absent: the way's. */
  readonly postgres?: OsUser;
}

/** The way to root that the cluster file names, and the user that PostgreSQL runs as, unless the host has another. */
export interface RootWay {
  readonly root: 'sh' | 'helper';
  readonly postgres: OsUser;
  readonly method?: 'pg_upgrade' | 'online';
}

/** In /etc: what it forbids is forbidden after a reboot in the window, too. */
export const dropInDirectory = (unit: UnitName): Path => word`/etc/systemd/system/${unit}.d`;
export const dropInName: RelativePath = word`pgaf-upgrade.conf`;
export const dropInFile = (unit: UnitName): Path => word`${dropInDirectory(unit)}/${dropInName}`;

/**
 * While this file is there, systemd passes every start of the unit over (“skipped because of an unmet condition check”),
 * whoever asks for it: a cron job, Puppet, a colleague, after a reboot too. Made by our own stop, removed by our own start;
 * the condition stands in the drop-in beside it. Source: systemd.unit(5), ConditionPathExists= is asked at each start; of a
 * directory NAME.d the files that end in .conf are read.
 */
export const holdFile = (unit: UnitName): Path => word`${dropInDirectory(unit)}/pgaf-upgrade.hold`;

/** What a power cut must not undo: a start that is still refused, or one that is not any more. */
const onDisk = (unit: UnitName): Fragment => sh`sync ${dropInDirectory(unit)} || sync`;

const holdLines = (unit: UnitName): Fragment => sh`
  # from here on nobody but the console’s own start starts it: systemd passes every other one over
  mkdir -p ${dropInDirectory(unit)}
  echo 'stopped by pgaf-upgrade, which starts it again' > ${holdFile(unit)}
  ${onDisk(unit)}
`;

const holdGoneLines = (unit: UnitName): Fragment =>
  sh`if [ -e ${holdFile(unit)} ]; then rm -f ${holdFile(unit)}; ${onDisk(unit)}; fi`;

/** Root's own copies of units, which nobody else may write or read. */
export const rootDirectory: Path = word`/var/lib/pgaf-upgrade`;

/** Where root writes down what a stop takes with it, until the start that brings it back. */
const dependentsFile = (unit: UnitName): Path => word`${rootDirectory}/${unit}.dependents`;

/** What hangs on the unit and is active goes down with it; only now can systemd say what that is. */
const dependentsLines = (unit: UnitName): Fragment => sh`
  ${dependentsFunction}
  hang=${dependentsFile(unit)}
  if [ ! -e "$hang" ]; then
    mkdir -p ${rootDirectory}; chmod 700 ${rootDirectory}
    dependents ${unit} > "$hang.new"
    if [ -s "$hang.new" ]; then sync "$hang.new" || sync; mv "$hang.new" "$hang"; else rm -f "$hang.new"; fi
  fi
`;

const stopLines = (unit: UnitName): Fragment => sh`
  ${dependentsLines(unit)}
  ${holdLines(unit)}
  # a start that somebody asks for meanwhile would take the place of the stop, which then ends as canceled
  systemctl stop --job-mode=replace-irreversibly ${unit}
`;

/** What went down with the unit comes back with it. Its own trouble is no trouble of the cluster, and nothing waits for it. */
const dependentsBackLines = (unit: UnitName): Fragment => sh`
  hang=${dependentsFile(unit)}
  if [ -s "$hang" ]; then
    while read -r one; do
      if systemctl start --no-block "$one"; then echo "$one went down with ${unit}, and is started again"; else echo "$one does not start: systemctl status $one"; fi
    done < "$hang"
    rm -f "$hang"
  fi
`;

/** The drop-in of the window: a stop that lets walsenders finish, and the gate. */
const dropInLines = (unit: UnitName): Fragment => sh`
  mkdir -p ${dropInDirectory(unit)}
  printf '%s\n' '[Unit]' ${word`ConditionPathExists=!${holdFile(unit)}`} '[Service]' KillMode=mixed TimeoutStopSec=infinity > ${dropInFile(unit)}
  sync ${dropInFile(unit)} ${dropInDirectory(unit)} || sync
  systemctl daemon-reload
`;

/** The drop-in and the gate are gone. */
const dropInGoneLines = (unit: UnitName): Fragment => sh`
  ${holdGoneLines(unit)}
  rm -f ${dropInFile(unit)}
  rmdir ${dropInDirectory(unit)} 2>/dev/null || true
  systemctl daemon-reload
`;

const escapeForSed = (text: string): string => text.replace(/[\\.*[\]^$|]/g, '\\$&');
const replaceDirectory = (from: Path, to: Path): Fragment =>
  quoted(`s|${escapeForSed(from)}/|${to.replace(/[\\&|]/g, '\\$&')}/|g`);

const etc: Path = word`/etc/systemd/system`;

/**
 * The file in /etc that is edited for one of the unit's files: itself, where it is the unit's own there; else one of the same
 * name that goes before it, so that a package's file, or one for every unit of a template, stays as it is.
 * Source: systemd.unit(5), “Unit File Load Path” and the drop-ins of templates and of their units.
 */
export const ownUnitFile = (unit: UnitName, file: Path): Path =>
  parentOf(file).endsWith('.d') ? word`${dropInDirectory(unit)}/${baseOf(file)}` : word`${etc}/${unit}`;

/** What the copies of a unit's file are called: the unit's own has its name. */
export const keptUnitFile = (unit: UnitName, file: Path): RelativePath =>
  parentOf(file).endsWith('.d') ? word`${unit}.d-${baseOf(file)}` : word`${unit}`;

/** `$own`, the file that counts, and `$kept`, root's copy of what it was. Both change in one piece. */
const fileNames = (unit: UnitName, file: Path): Fragment =>
  sh`own=${ownUnitFile(unit, file)} kept=${word`${rootDirectory}/${keptUnitFile(unit, file)}`}`;
const isOwn = (unit: UnitName, file: Path): boolean => file === ownUnitFile(unit, file);
const intoPlace = sh`sync "$own.new" || sync; mv "$own.new" "$own"`;

/** The new version's programs into one file of the unit; what was there is kept where only root writes. A package's own file stays as it is. */
const fileNewLines = (unit: UnitName, file: Path, from: Path, to: Path): Fragment => {
  const was = isOwn(unit, file) ? sh`"$own"` : sh`"$was"`;
  return sh`
    ${fileNames(unit, file)}
    ${!isOwn(unit, file) && sh`was=${file}; [ ! -e "$own" ] || was=$own`}
    if grep -qF ${word`${from}/`} ${was}; then
      mkdir -p ${rootDirectory}; chmod 700 ${rootDirectory}
      ${!isOwn(unit, file) && parentOf(file).endsWith('.d') && sh`mkdir -p ${dropInDirectory(unit)}`}
      cp -p ${was} "$kept.new"; mv "$kept.new" "$kept"
      cp -p "$kept" "$own.new"; sed ${replaceDirectory(from, to)} "$kept" > "$own.new"
      ${intoPlace}
    fi
  `;
};

/** One file as it was: root's own copy, where it differs from what is there in the programs' directory alone. Run again it changes nothing. */
const fileOldLines = (unit: UnitName, file: Path, from: Path, to: Path): Fragment => {
  const first = isOwn(unit, file)
    ? sh`if [ -e "$kept" ] && cmp -s "$kept" "$own"; then echo 'it is as it was'`
    : sh`
      if [ ! -e "$own" ]; then echo 'the package’s own file counts'
      elif sed ${replaceDirectory(from, to)} ${file} | cmp -s - "$own"; then rm -f "$own" # the package’s own file counts again
      elif [ -e "$kept" ] && cmp -s "$kept" "$own"; then echo 'it is as it was'
    `;
  return sh`
    ${fileNames(unit, file)}
    ${first}
    elif [ -e "$kept" ] && sed ${replaceDirectory(from, to)} "$kept" | cmp -s - "$own"; then cp -p "$kept" "$own.new"; ${intoPlace}
    else # somebody has edited it since, or there is no copy: the directory of the programs alone goes back
      cp -p "$own" "$own.new"; sed ${replaceDirectory(to, from)} "$own" > "$own.new"; ${intoPlace}
    fi
  `;
};

type Systemd = Extract<Service, { kind: 'systemd' }>;

/** The files that may name the programs: the unit's own, and its drop-ins. */
export const unitFiles = ({ fragment, dropIns }: Systemd): readonly Path[] => [fragment, ...dropIns];

const unitLines = (
  service: Systemd,
  each: (unit: UnitName, file: Path, from: Path, to: Path) => Fragment,
  from: Path,
  to: Path,
): Fragment => sh`
  ${unitFiles(service).map((file) => each(service.unit, file, from, to))}
  systemctl daemon-reload
  systemctl show -p ExecStart ${service.unit}
`;

/** For as long as one script runs: a power cut takes it away. Last by its name, and not the name of the window’s own drop-in, which in /etc would hide it. Source: systemd.unit(5). */
const passingDirectory = (unit: UnitName): Path => word`/run/systemd/system/${unit}.d`;
const passingName: RelativePath = word`zz-pgaf-upgrade-keeper.conf`;

/**
 * Another pg_autoctl takes over without PostgreSQL noticing. A stop of the service would stop PostgreSQL with it, so the old
 * pg_autoctl's own processes are killed, all at once, and nothing else: the server lives on, systemd is told to leave
 * it alone (KillMode=process), and the pg_autoctl that starts finds it running and keeps it.
 * Source: pg_auto_failover, service_postgres_ctl.c, ensure_postgres_status_running: a keeper takes a server that runs
 * and is not its child as it is (only a monitor's does not); seen on the lab with 2.0 and 2.2: the server's process stays.
 */
const keeperLines = (unit: UnitName): Fragment => sh`
  mkdir -p ${passingDirectory(unit)}
  printf '[Service]\nKillMode=process\n' > ${word`${passingDirectory(unit)}/${passingName}`}
  systemctl daemon-reload
  main=$(systemctl show -p MainPID --value ${unit})
  keepers() { # pg_autoctl’s processes in the control group of the unit, the first one first
    for at in /proc/[0-9]*; do
      case $(readlink "$at/exe" 2>/dev/null) in */pg_autoctl | */pg_autoctl\ *) ;; *) continue ;; esac
      if grep -q ${quoted(`/${unit.replace(/[\\.*[\]^$]/g, '\\$&')}$`)} "$at/cgroup" 2>/dev/null; then echo "\${at#/proc/}"; fi
    done | grep -vx "$main" || true
  }
  if [ "$main" -gt 0 ]; then kill -KILL "$main" $(keepers) || true; fi
  tries=0 now=$main
  until [ "$now" != "$main" ] && [ "$now" -gt 0 ]; do
    tries=$((tries + 1)); [ $tries -le 50 ] || { echo "pg_autoctl did not start again" >&2; exit 1; }
    sleep 0.2
    systemctl reset-failed ${unit} 2>/dev/null || true
    systemctl start ${unit} || true
    now=$(systemctl show -p MainPID --value ${unit})
  done
  rm -f ${word`${passingDirectory(unit)}/${passingName}`}
  rmdir ${passingDirectory(unit)} 2>/dev/null || true
  systemctl daemon-reload
  systemctl show -p MainPID -p ActiveState -p ExecStart ${unit}
`;

/** Whether a directory, by either of its names, and all above it can be changed by root alone. */
const onlyRootFunction: Fragment = sh`
  only_root() ( # DIRECTORY: nobody but root can put anything else in its place, or in the place of one above it
    for at in "$1" "$(cd -P "$1" && pwd -P)"; do
      while :; do
        [ "$(stat -L -c %u "$at")" = 0 ] && [ -z "$(find -H "$at" -maxdepth 0 -perm /022)" ] || exit 1
        [ "$at" != / ] || break
        at=$(dirname "$at")
      done
    done
  )
`;

/** Only where root alone may write; elsewhere postgres has done it itself, before (tablespaces/places.ts). */
const eachPlace = (host: RootHost, each: Fragment): Fragment => sh`
  ${onlyRootFunction}
  for own in ${spaced(host.tablespaces)}; do
    above=$(dirname "$own") name=$(basename "$own")_aside
    # from inside it: who could move it away does not move where this stands
    cd -P "$above"
    ${each}
  done
  cd /
`;

const placesLines = (host: RootHost, postgres: OsUser): Fragment =>
  eachPlace(
    host,
    sh`
      if [ -d "$name" ] && [ ! -L "$name" ]; then ls -ld "$above/$name"; continue; fi
      only_root "$above" || { echo "$above is not root’s alone: make $above/$name there yourself, for its owner to give to postgres" >&2; exit 1; }
      # fails on whatever has that name, and follows nothing
      mkdir -m 700 "$name"; chown -h ${postgres}: "$name"
      # where SELinux watches, it wants the label of its neighbor
      if [ -e /sys/fs/selinux/enforce ]; then chcon -h --reference="$own" "$name"; fi
      ls -ld "$above/$name"
    `,
  );

const placesGoneLines = (host: RootHost, postgres: OsUser): Fragment =>
  eachPlace(
    host,
    sh`
      [ -d "$name" ] && [ ! -L "$name" ] && only_root "$above" || continue
      # what lies in it is ${postgres}’s, and goes as ${postgres}
      runuser -u ${postgres} -- sh -c 'cd "$1" && for one in *; do rmdir "$one" 2>/dev/null; done; true' sh "$above/$name"
      rmdir "$name" 2>/dev/null || ls -l "$above/$name"
    `,
  );

/** Reads only: whoever has a directory that is to be removed open, of all users. Root sees them all. */
const inUseLines = (data: Path, tablespaces: readonly Path[]): Fragment => sh`
  ${idleFunction}
  for old in ${joined([sh`${data}_pg*_bak`, sh`${data}_pg*_abandoned*`, ...tablespaces.map((own) => sh`${own}_aside/*`)], ' ')}; do
    [ ! -d "$old" ] || idle "$old"
  done
  echo "nobody has an old directory open"
`;

export const rootVerbs = [
  'stop',
  'start',
  'guard',
  'unguard',
  'enable',
  'disable',
  'unit-new',
  'unit-old',
  'keeper',
  'places',
  'places-gone',
  'in-use',
  'log',
  'crontabs',
  'serve-new',
  'serve-gone',
  'cut-over',
  'cut-back',
] as const;
export type RootVerb = (typeof rootVerbs)[number];

/** The verbs that a host has, and their lines. Constants only: nothing is asked of whoever calls. */
export const verbLines = (way: RootWay, host: RootHost): ReadonlyMap<RootVerb, Fragment> => {
  const verbs = new Map<RootVerb, Fragment>();
  const { service } = host;
  if (service.kind === 'systemd') {
    const { unit } = service;
    if (host.data !== null) {
      verbs.set('stop', stopLines(unit));
      verbs.set(
        'start',
        sh`
          ${holdGoneLines(unit)}
          systemctl reset-failed ${unit} 2>/dev/null || true
          systemctl start ${unit}
          ${dependentsBackLines(unit)}
        `,
      );
      verbs.set('guard', dropInLines(unit));
      verbs.set('unguard', dropInGoneLines(unit));
      verbs.set('enable', sh`systemctl enable --quiet ${unit}`);
      verbs.set('disable', sh`systemctl disable --quiet ${unit}`);
      verbs.set('crontabs', crontabsLines(unit));
    }
    const [from, to] = [parentOf(host.oldAutoctl), parentOf(host.newAutoctl)];
    if (from !== to) {
      verbs.set('unit-new', unitLines(service, fileNewLines, from, to));
      verbs.set('unit-old', unitLines(service, fileOldLines, from, to));
    }
    if (way.method === 'online' && host.workDir !== undefined && host.data !== null) {
      verbs.set('serve-new', privateStartLines(host.workDir, 'new', host.postgres ?? way.postgres, unit));
      verbs.set('serve-gone', privateGoneLines(host.workDir, host.data));
      const own = { workDir: host.workDir, postgres: host.postgres ?? way.postgres, unit };
      const release = lines(holdGoneLines(unit), dependentsBackLines(unit));
      verbs.set('cut-over', changePlacesLines(own, 'new', stopLines(unit), release));
      verbs.set('cut-back', changePlacesLines(own, 'old', stopLines(unit), release));
    }
    if (host.data === null || way.method === 'online') verbs.set('keeper', keeperLines(unit));
    verbs.set('log', sh`journalctl --no-pager -q -o cat -n 25 -u ${unit}`);
  }
  if (host.tablespaces.length > 0) {
    verbs.set('places', placesLines(host, host.postgres ?? way.postgres));
    verbs.set('places-gone', placesGoneLines(host, host.postgres ?? way.postgres));
  }
  if (host.data !== null && verbs.size > 0) verbs.set('in-use', inUseLines(host.data, host.tablespaces));
  return verbs;
};

/** Where a host's helper is installed. One for each unit: several clusters, or a monitor beside a node, may share a host. Only characters that sudoers reads as they are. */
export const helperPath = ({ service }: RootHost): Path => {
  const stem = service.kind === 'systemd' ? service.unit.replace(/\.service$/, '') : 'pgautofailover';
  const suffix = stem === 'pgautofailover' ? word`` : word`-${plainName(stem)}`;
  return word`/usr/local/sbin/pgaf-upgrade-root${suffix}`;
};

const rootLines = (way: RootWay, host: RootHost, wanted: readonly RootVerb[]): Fragment => {
  if (way.root === 'helper')
    return lines(...wanted.map((verb) => sh`sudo -n ${helperPath(host)} ${constant<RootVerb>(verb)}`));
  const verbs = verbLines(way, host);
  return lines(...wanted.map((verb) => verbs.get(verb) ?? false));
};

/** A step's script as root: these verbs' lines, or calls of the helper that has them. */
export const rootScript = (way: RootWay, host: RootHost, ...wanted: readonly RootVerb[]): Fragment =>
  script(rootLines(way, host, wanted));

/** The same, behind proofs that look into what is postgres's: they are run as postgres, whichever way root is reached, and end the script where they do not hold. */
export const rootScriptAfter = (
  way: RootWay,
  host: RootHost,
  first: Fragment | false,
  ...wanted: readonly RootVerb[]
): Fragment => {
  const become = way.root === 'helper' ? sh`sudo -n -u` : sh`runuser -u`;
  return script(sh`
    ${first !== false && sh`${become} ${host.postgres ?? way.postgres} -- sh -c ${quoted(script(first).text)}`}
    ${rootLines(way, host, wanted)}
  `);
};

/** Who runs a root step's script: root, or the login, which calls the helper. */
export const rootUser = ({ root }: RootWay): string => (root === 'helper' ? theLogin : 'root');
