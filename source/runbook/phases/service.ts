import type { HostFacts, NodeFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { askLiveness, livenessFunction } from '../liveness.ts';
import { script } from '../shell.ts';
import type { Cause } from '../step.ts';

/** Starting and stopping pg_autoctl, with systemd or without. */

export const dropInDirectory = (unit: string): string => `/run/systemd/system/${unit}.d`;
export const dropInName = 'pgaf-upgrade.conf';
export const dropInFile = (unit: string): string => `${dropInDirectory(unit)}/${dropInName}`;

/**
 * While this file is there, systemd passes every start of the unit over (“skipped because of an unmet condition check”),
 * whoever asks for it: a cron job, Puppet, a colleague. Made by our own stop, removed by our own start; the condition stands in the
 * drop-in. A reboot takes both away. Source: systemd.unit(5), ConditionPathExists=; the condition is asked at each start.
 */
const holdDirectory = '/run/pgaf-upgrade';
export const holdFile = (unit: string): string => `${holdDirectory}/${unit}.hold`;

const holdLines = (unit: string): string[] => [
  '# from here on nobody but the console’s own start starts it: systemd passes every other one over',
  `mkdir -p ${holdDirectory}`,
  `echo 'stopped by pgaf-upgrade, which starts it again' > ${sh(holdFile(unit))}`,
];

/** The drop-in of the window: a stop that lets walsenders finish, and the gate. */
export const dropInLines = (unit: string): string[] => [
  `mkdir -p ${sh(dropInDirectory(unit))}`,
  `printf '%s\\n' '[Unit]' ${sh(`ConditionPathExists=!${holdFile(unit)}`)} '[Service]' KillMode=mixed TimeoutStopSec=infinity > ${sh(dropInFile(unit))}`,
  'systemctl daemon-reload',
];

/** The drop-in and the gate are gone. */
export const dropInGoneLines = (unit: string): string[] => [
  `rm -f ${sh(dropInFile(unit))} ${sh(holdFile(unit))}`,
  `rmdir ${sh(dropInDirectory(unit))} ${holdDirectory} 2>/dev/null || true`,
  'systemctl daemon-reload',
];

/**
 * Ends the script while pg_autoctl runs, or a server on the node's own port: both would go on with what is changed
 * behind their backs. pg_upgrade's servers have another port.
 */
export const downLines = (host: HostFacts): string[] => {
  const pidFile = sh(`${host.data}/postmaster.pid`);
  return [
    ...(host.service.kind === 'systemd'
      ? [
          `case $(systemctl is-active ${sh(host.service.unit)} || true) in inactive | failed | unknown) ;; *) echo ${sh(`${host.service.unit} is active: stop it first`)} >&2; exit 1 ;; esac`,
        ]
      : []),
    `if [ "$(cat "/proc/$(head -n 1 ${sh(host.pidFile)} 2>/dev/null)/comm" 2>/dev/null)" = pg_autoctl ]; then echo 'pg_autoctl runs: stop it first' >&2; exit 1; fi`,
    `if [ "$(sed -n 4p ${pidFile} 2>/dev/null)" = ${host.port} ] && [ -e "/proc/$(head -n 1 ${pidFile})/stat" ]; then echo ${sh(`PostgreSQL runs on port ${host.port}: stop it first`)} >&2; exit 1; fi`,
  ];
};

const tryFor = (seconds: number, condition: string, failure: string, exit = '1'): string[] => [
  'tries=0',
  `until ${condition}; do`,
  `  tries=$((tries + 1)); [ $tries -le ${seconds * 5} ] || { echo ${sh(failure)} >&2; exit ${exit}; }`,
  '  sleep 0.2',
  'done',
];

/** Whether pg_autoctl runs, in $autoctl and $keeper; ends the script where that cannot be seen. `what` would be done. */
const liveness = (host: HostFacts, what: string): readonly string[] => [
  ...livenessFunction.split('\n'),
  askLiveness(host),
  `[ "$autoctl" != unknown ] || { echo ${sh(`refused to ${what}: whether pg_autoctl runs cannot be seen`)} >&2; exit 1; }`,
];

/** `pg_autoctl stop` returns at once with PostgreSQL still running, so the script waits for both to be gone. */
export const stopScript = (host: HostFacts, autoctl: string): string =>
  host.service.kind === 'systemd'
    ? script(...holdLines(host.service.unit), `systemctl stop ${sh(host.service.unit)}`)
    : script(
        ...liveness(host, 'stop it'),
        `if [ "$autoctl" = runs ]; then ${sh(autoctl)} stop --pgdata ${sh(host.pgdata)} || kill -TERM "$keeper"; fi`,
        ...tryFor(
          600,
          `{ [ -z "$keeper" ] || ! kill -0 "$keeper" 2>/dev/null; } && [ ! -e ${sh(`${host.data}/postmaster.pid`)} ]`,
          'pg_autoctl or PostgreSQL is still running',
        ),
      );

/**
 * Without systemd a detached `pg_autoctl run`, its output in our directory. `atBoot`: a reboot from here on brings it back,
 * where it did before the window.
 */
export const startScript = (
  host: HostFacts,
  autoctl: string,
  { first = [], atBoot = false }: { readonly first?: readonly string[]; readonly atBoot?: boolean } = {},
): string =>
  host.service.kind === 'systemd'
    ? script(
        ...first,
        `rm -f ${sh(holdFile(host.service.unit))}`,
        `systemctl reset-failed ${sh(host.service.unit)} 2>/dev/null || true`,
        `systemctl start ${sh(host.service.unit)}`,
        atBoot && host.service.enabled && `systemctl enable --quiet ${sh(host.service.unit)}`,
      )
    : script(
        ...liveness(host, 'start it'),
        'if [ "$autoctl" = runs ]; then echo "pg_autoctl runs already, pid $keeper"; exit 0; fi',
        ...first,
        'cd',
        `setsid -f ${sh(autoctl)} run --pgdata ${sh(host.pgdata)} </dev/null >>${sh(`${host.workDir}/pg_autoctl.log`)} 2>&1`,
        ...tryFor(30, `{ ${askLiveness(host)}; [ "$autoctl" = runs ]; }`, 'pg_autoctl did not start'),
        'echo "pg_autoctl runs, pid $keeper"',
      );

/**
 * Out of maintenance. A pg_autoctl that has just started writes its configuration anew: who reads it at that very moment finds
 * nothing in it, and says exit code 2. What else it prints and how it exits does not tell: the monitor's state does.
 * Source: pg_auto_failover, defaults.h, EXIT_CODE_BAD_CONFIG; seen on the lab with 2.0.
 */
export const disableMaintenanceScript = (node: NodeFacts, autoctl: string): string =>
  script(
    '# exit code 2: its configuration could not be read, because pg_autoctl is just writing it; any other is for the monitor’s state to tell',
    ...tryFor(
      10,
      `code=0; ${sh(autoctl)} disable maintenance --pgdata ${sh(node.pgdata)} || code=$?; [ $code -ne 2 ]`,
      'the configuration of pg_autoctl stays unreadable',
      '$code',
    ),
    'if [ $code -ne 0 ]; then echo "exit code $code: see what the monitor says"; fi',
  );

/** systemctl and unit files are root's; a pg_autoctl without a unit is postgres's own. */
export const serviceUser = (host: HostFacts): 'root' | 'postgres' =>
  host.service.kind === 'systemd' ? 'root' : 'postgres';

/** What the service and its server logged last. As the service's user: root reads the systemd journal. */
export const serviceCauses = (host: HostFacts): readonly Cause[] => [
  host.service.kind === 'systemd'
    ? {
        title: `journalctl -u ${host.service.unit}`,
        script: `journalctl --no-pager -q -o cat -n 25 -u ${sh(host.service.unit)}`,
      }
    : {
        title: `${host.workDir}/pg_autoctl.log`,
        script: `tail -n 25 ${sh(`${host.workDir}/pg_autoctl.log`)}`,
      },
  {
    title: `${host.data}/startup.log`,
    script: `tail -n 15 ${sh(`${host.data}/startup.log`)}`,
  },
];
