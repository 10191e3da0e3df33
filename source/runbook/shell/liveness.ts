import type { HostFacts } from '../../cluster/facts.ts';
import { constant, type Fragment, fixed, lines, sh, word } from '../../cluster/fragment.ts';
import type { Word } from '../../cluster/words.ts';
import livenessFile from './liveness.sh' with { type: 'text' };

/**
 * Whether pg_autoctl runs for a data directory, as a shell function for the inspection and for the scripts that rest on it.
 * A pid file does not tell: pg_autoctl puts it below $XDG_RUNTIME_DIR or /tmp, and both may be the unit's own (PrivateTmp).
 * So systemd is asked for the unit's processes, then the table of processes is read; the pid file only where neither tells.
 * Sources: systemd.exec(5), PrivateTmp; org.freedesktop.systemd1(5), MainPID, ControlGroup, ActiveState; pg_auto_failover,
 * src/bin/pg_autoctl/pidfile.c, and service_keeper.c: the program's services carry titles (“pg_autoctl: node active”).
 */
export const livenessFunction = fixed(livenessFile);

/** Asks for one host's pg_autoctl: \$autoctl and \$keeper as {@link livenessFunction} sets them. */
export const askLiveness = (host: HostFacts): Fragment => {
  const asked = sh`liveness ${host.pgdata} ${host.data} ${host.pidFile}`;
  if (host.service.kind === 'none') return asked;
  const of = (property: 'MainPID' | 'ControlGroup' | 'ActiveState'): Fragment =>
    sh`"$(printf '%s\n' "$unit" | sed -n 's/^${constant<typeof property>(property)}=//p')"`;
  return lines(
    sh`unit=$(systemctl show -p MainPID -p ControlGroup -p ActiveState ${host.service.unit} 2>/dev/null || true)`,
    sh`${asked} ${of('MainPID')} ${of('ControlGroup')} ${of('ActiveState')}`,
  );
};

/** Lines that end a script unless pg_autoctl is seen to be stopped. `what` would be done, an infinitive. */
export const unlessStopped = (host: HostFacts, what: Word): Fragment => sh`
  ${livenessFunction}
  ${askLiveness(host)}
  [ "$autoctl" = stopped ] || { echo ${word`refused to ${what}: whether pg_autoctl is stopped`}": $autoctl $keeper" >&2; exit 1; }
`;
