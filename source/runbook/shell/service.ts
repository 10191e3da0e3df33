import type { ClusterFacts, HostFacts, NodeFacts } from '../../cluster/facts.ts';
import { type Fragment, known, lines, quoted, sh, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import type { FailureLogParts } from '../language/make-step.ts';
import { askLiveness, livenessFunction } from './liveness.ts';
import { rootScript, rootScriptAfter } from './root-verbs.ts';
import { script } from './shell.ts';

export { dropInDirectory, dropInFile, dropInName, holdFile } from './root-verbs.ts';

/** Starting and stopping pg_autoctl, with systemd or without. */

/**
 * Ends the script while pg_autoctl runs, or a server on the node's own port: both would go on with what is changed
 * behind their backs. pg_upgrade's servers have another port. As postgres: root reads none of its files.
 */
export const downLines = (host: HostFacts): Fragment => {
  const pidFile: Path = word`${host.data}/postmaster.pid`;
  return sh`
    ${host.service.kind === 'systemd' && sh`case $(systemctl is-active ${host.service.unit} || true) in inactive | failed | unknown) ;; *) echo ${word`${host.service.unit} is active: stop it first`} >&2; exit 1 ;; esac`}
    if [ "$(cat "/proc/$(head -n 1 ${host.pidFile} 2>/dev/null)/comm" 2>/dev/null)" = pg_autoctl ]; then echo 'pg_autoctl runs: stop it first' >&2; exit 1; fi
    if [ "$(sed -n 4p ${pidFile} 2>/dev/null)" = ${host.port} ] && [ -e "/proc/$(head -n 1 ${pidFile})/stat" ]; then echo ${word`PostgreSQL runs on port ${host.port}: stop it first`} >&2; exit 1; fi
  `;
};

const tryFor = (
  seconds: number,
  condition: Fragment,
  failure: Fragment,
  exit: Fragment = sh`1`,
): Fragment => sh`
  tries=0
  until ${condition}; do
    tries=$((tries + 1)); [ $tries -le ${seconds * 5} ] || { echo ${failure} >&2; exit ${exit}; }
    sleep 0.2
  done
`;

/** Whether pg_autoctl runs, in $autoctl and $keeper; ends the script where that cannot be seen. `what` would be done. */
const liveness = (host: HostFacts, what: 'stop it' | 'start it'): Fragment => sh`
  ${livenessFunction}
  ${askLiveness(host)}
  [ "$autoctl" != unknown ] || { echo ${word`refused to ${known<typeof what>(what)}: whether pg_autoctl runs cannot be seen`} >&2; exit 1; }
`;

/**
 * `pg_autoctl stop` returns at once with PostgreSQL still running, so the script waits for both to be gone. `first`: what is asked
 * of it before, as postgres.
 */
export const stopScript = (
  facts: ClusterFacts,
  host: HostFacts,
  autoctl: Path,
  first: Fragment | false = false,
): Fragment =>
  host.service.kind === 'systemd'
    ? rootScriptAfter(facts, host, first, 'stop')
    : script(sh`
      ${liveness(host, 'stop it')}
      ${first}
      if [ "$autoctl" = runs ]; then ${autoctl} stop --pgdata ${host.pgdata} || kill -TERM "$keeper"; fi
      ${tryFor(
        600,
        sh`{ [ -z "$keeper" ] || ! kill -0 "$keeper" 2>/dev/null; } && [ ! -e ${word`${host.data}/postmaster.pid`} ]`,
        quoted('pg_autoctl or PostgreSQL is still running'),
      )}
    `);

/**
 * Shell, before pg_autoctl starts where the data directory's name is a symbolic link and nothing is behind it. pg_autoctl resolves
 * the link when it starts, if it leads to anything, and renames its base backup to what it knows then: to a link that leads nowhere
 * rename(2) refuses (“Not a directory”), after every base backup anew. An empty directory it removes itself.
 * Source: pg_auto_failover, pgctl.c, pg_basebackup; seen on the lab with 2.2.
 */
export const linkedPlaceLines = (host: HostFacts): Fragment | false =>
  host.pgdata !== host.data &&
  sh`[ -e ${host.data} ] || mkdir -m 700 ${host.data} # pg_autoctl finds where its link leads, and puts the base backup there`;

/**
 * Without systemd a detached `pg_autoctl run`, its output in our directory. `first`: proofs before it, as postgres.
 * `atBoot`: a reboot from here on brings it back, where it did before the window.
 */
export const startScript = (
  facts: ClusterFacts,
  host: HostFacts,
  autoctl: Path,
  {
    first: proofs = false,
    atBoot = false,
  }: { readonly first?: Fragment | false; readonly atBoot?: boolean } = {},
): Fragment => {
  const place = linkedPlaceLines(host);
  const first = proofs === false && place === false ? false : lines(proofs, place);
  return host.service.kind === 'systemd'
    ? rootScriptAfter(
        facts,
        host,
        first,
        'start',
        ...(atBoot && host.service.enabled ? (['enable'] as const) : []),
      )
    : script(sh`
      ${liveness(host, 'start it')}
      if [ "$autoctl" = runs ]; then echo "pg_autoctl runs already, pid $keeper"; exit 0; fi
      ${first}
      cd
      setsid -f ${autoctl} run --pgdata ${host.pgdata} </dev/null >>${word`${host.workDir}/pg_autoctl.log`} 2>&1
      ${tryFor(30, sh`{ ${askLiveness(host)}; [ "$autoctl" = runs ]; }`, quoted('pg_autoctl did not start'))}
      echo "pg_autoctl runs, pid $keeper"
    `);
};

/**
 * Out of maintenance. A pg_autoctl that has just started writes its configuration anew: who reads it at that very moment finds
 * nothing in it, and says exit code 2. What else it prints and how it exits does not tell: the monitor's state does.
 * Source: pg_auto_failover, defaults.h, EXIT_CODE_BAD_CONFIG; seen on the lab with 2.0.
 */
export const disableMaintenanceScript = (
  node: NodeFacts,
  autoctl: Path,
  first: Fragment | false = false,
): Fragment =>
  script(sh`
    ${first}
    # exit code 2: its configuration could not be read, because pg_autoctl is just writing it; any other is for the monitor’s state to tell
    ${tryFor(
      10,
      sh`code=0; ${autoctl} disable maintenance --pgdata ${node.pgdata} || code=$?; [ $code -ne 2 ]`,
      quoted('the configuration of pg_autoctl stays unreadable'),
      sh`$code`,
    )}
    if [ $code -ne 0 ]; then echo "exit code $code: see what the monitor says"; fi
  `);

/** systemctl and unit files are root's; a pg_autoctl without a unit is postgres's own. */
export const serviceUser = (host: HostFacts): 'root' | 'postgres' =>
  host.service.kind === 'systemd' ? 'root' : 'postgres';

/** What the service and its server logged last. Root reads the systemd journal, and no file. */
export const serviceLogs = (facts: ClusterFacts, host: HostFacts): readonly FailureLogParts[] => [
  host.service.kind === 'systemd'
    ? {
        title: `journalctl -u ${host.service.unit}`,
        as: 'root',
        script: rootScript(facts, host, 'log'),
      }
    : {
        title: `${host.workDir}/pg_autoctl.log`,
        script: sh`tail -n 25 ${word`${host.workDir}/pg_autoctl.log`}`,
      },
  {
    title: `${host.data}/startup.log`,
    script: sh`tail -n 15 ${word`${host.data}/startup.log`}`,
  },
];
