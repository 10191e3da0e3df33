import { type Fragment, hereDocument, known, quoted, sh, spaced, word } from '../../cluster/fragment.ts';
import type { OsUser, Path, UnitName } from '../../cluster/words.ts';
import { workTag } from '../../cluster/work-directory.ts';

/**
 * Units of our own for the servers of the online method, so that they come back after a reboot: root's part. What is started is a script in postgres's own
 * directory, run as postgres: root believes nothing of it. While the script is not there, nothing starts. systemd asks PostgreSQL to stop as `pg_ctl stop -m fast` does.
 * Sources: systemd.unit(5), systemd.service(5), “Command Lines”; PostgreSQL, server-shutdown.
 */

export type PrivateRole = 'new' | 'old';
export const privateRoles = ['new', 'old'] as const;

export const privateUnitOf = (workDir: Path, role: PrivateRole): UnitName =>
  role === 'new'
    ? word`pgaf-upgrade-${workTag(workDir)}-new.service`
    : word`pgaf-upgrade-${workTag(workDir)}-old.service`;

export const serveFileOf = (workDir: Path, role: PrivateRole): Path =>
  role === 'new' ? word`${workDir}/online/serve-new` : word`${workDir}/online/serve-old`;

/** As a value of a unit file: `%` and `$` are its own. */
const inUnit = (path: Path): string => path.replaceAll('%', '%%');
const asArgument = (path: Path): string =>
  `"${inUnit(path).replaceAll('$', '$$$$').replaceAll(/["\\]/g, '\\$&')}"`;

const unitText = (workDir: Path, role: PrivateRole, postgres: OsUser): string =>
  [
    '[Unit]',
    `Description=PostgreSQL of pgaf-upgrade, local socket only (${role})`,
    `ConditionPathExists=${inUnit(serveFileOf(workDir, role))}`,
    '[Service]',
    'Type=simple',
    `User=${postgres}`,
    // systemd asks no condition again before it restarts what has failed: the shell does
    `ExecStart=/bin/sh -c '[ ! -e "$$1" ] || exec /bin/sh "$$1"' sh ${asArgument(serveFileOf(workDir, role))}`,
    'KillMode=mixed',
    'KillSignal=SIGINT',
    'TimeoutStopSec=infinity',
    'Restart=on-failure',
    'RestartSec=2',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n');

const etc: Path = word`/etc/systemd/system`;

/**
 * What pg_autoctl's unit sets for the server, as lines for another unit: limits, surroundings, how likely it is that the kernel kills it. `systemctl show` has a soft limit beside the hard
 * one, and what a unit file would take for a specifier unescaped. Sources: systemd.exec(5), systemd.unit(5), “Specifiers”.
 */
const carriedSettings = `/^Limit[A-Z]+(Soft)?=/ { name = $1; if (sub(/Soft$/, "", name)) low[name] = $2; else high[name] = $2 }
/^(OOMScoreAdjust|UMask)=/ { print }
/^Environment=./ { gsub(/%/, "%%"); print }
/^EnvironmentFiles=./ { file = substr($0, 18); may = sub(/ \\(ignore_errors=yes\\)$/, "", file); sub(/ \\(ignore_errors=no\\)$/, "", file); gsub(/%/, "%%", file); print "EnvironmentFile=" (may ? "-" : "") file }
END { for (name in high) print name "=" (low[name] == "" ? "" : low[name] ":") high[name] }`;

/** Both units, there and enabled; this one started. `unit`: pg_autoctl's. */
export const privateStartLines = (
  workDir: Path,
  role: PrivateRole,
  postgres: OsUser,
  unit: UnitName,
): Fragment => sh`
  ${privateRoles.map((one) => {
    const file: Path = word`${etc}/${privateUnitOf(workDir, one)}`;
    return sh`
      ${hereDocument(sh`cat > ${file}.new`, 'END-OF-UNIT', unitText(workDir, one, postgres))}
      { echo '[Service]'; systemctl show ${unit} | awk -F= ${quoted(carriedSettings)}; } >> ${file}.new # as the server has it that pg_autoctl starts
      sync ${file}.new || sync
      mv ${file}.new ${file}
    `;
  })}
  systemctl daemon-reload
  systemctl enable --quiet ${spaced(privateRoles.map((one) => privateUnitOf(workDir, one)))}
  systemctl reset-failed ${privateUnitOf(workDir, role)} 2>/dev/null || true
  systemctl start ${privateUnitOf(workDir, role)}
`;

/**
 * Neither comes back, and nothing of them is left; what they run is stopped, but for a server that serves in the cluster's directory: a unit of ours has started it, and pg_autoctl
 * keeps it now. Systemd forgets such a unit when that server has ended.
 */
export const privateGoneLines = (workDir: Path, data: Path): Fragment => sh`
  for one in ${spaced(privateRoles.map((one) => privateUnitOf(workDir, one)))}; do
    if [ -e ${etc}/"$one" ]; then
      main=$(systemctl show -p MainPID --value "$one")
      if tr '\0' ' ' 2>/dev/null < "/proc/$main/cmdline" | grep -qF -- ${word`-D ${data} `}; then echo "$one: its server serves in ${data}, and stays"
      else systemctl stop "$one"; fi
      systemctl disable --quiet "$one" || true
      rm -f ${etc}/"$one"
    fi
  done
  systemctl daemon-reload
`;

/** Files that postgres has written in its own directory, and that the cut-over runs as postgres: root reads none of them. */
export const handedFiles = ['let-go', 'aside', 'carry-over', 'in-place', 'opened', 'home', 'go-on'] as const;
export type HandedFile = (typeof handedFiles)[number];
export const handedFileOf = (workDir: Path, file: HandedFile): Path =>
  word`${workDir}/online/${known<HandedFile>(file)}`;

/** A line that says when writes stop, or go on: by the host's clock since its boot (cluster/parse/pause-moments.ts reads it). */
export const momentLine = (which: 'stopped' | 'serving'): Fragment => sh`
  up=; read -r up rest < /proc/uptime || true
  echo "${which === 'stopped' ? sh`writes stop` : sh`writes go on`}: $up s since boot"
`;

/**
 * Two servers change places, as root sees it, from the stop to whoever serves at its end. Between the lines of its own everything is postgres's. Whatever fails before the one that
 * comes begins to serve in the place of the one that leaves sends that one home: it has written nothing since its stop but our marker. Where the one that comes has begun, nobody is
 * moved, and whoever lies where they are is started. `stop`, `release`: with what keeps everybody else
 * from starting the unit, and without it.
 *
 * The one that comes is started by a unit of ours first, so that it serves without waiting for the monitor; pg_autoctl takes over a server that it finds running.
 */
export const changePlacesLines = (
  { workDir, postgres, unit }: { readonly workDir: Path; readonly postgres: OsUser; readonly unit: UnitName },
  comes: PrivateRole,
  stop: Fragment,
  release: Fragment,
): Fragment => {
  const as = (file: HandedFile): Fragment =>
    sh`runuser -u ${postgres} -- sh ${handedFileOf(workDir, file)} </dev/null`;
  const [next, last] = [
    privateUnitOf(workDir, comes),
    privateUnitOf(workDir, comes === 'new' ? 'old' : 'new'),
  ];
  return sh`
    cd /
    ${as('let-go')} & # an orderly stop waits for readers of WAL that have gone silent
    ${momentLine('stopped')}
    ${stop}
    systemctl stop ${last} # the one that leaves, where pg_autoctl has not taken it over yet
    wait
    systemctl reset-failed ${next} ${last} 2>/dev/null || true
    placed=
    change() {
      ${as('aside')} && systemctl restart ${last} && ${as('carry-over')} && systemctl stop ${next} && ${as('in-place')} || return 1
      placed=yes
      systemctl start ${next} && ${as('opened')}
    }
    if ! change; then
      systemctl stop ${last}
      [ -z "$placed" ] || systemctl stop ${next}
      if ${as('home')}; then
        ${release}
        systemctl reset-failed ${unit} ${next} 2>/dev/null || true
        systemctl start ${unit}
        systemctl start ${next}
        ${as('go-on')}
      else
        systemctl start ${last} ${next}
      fi
      exit 1
    fi
  `;
};
