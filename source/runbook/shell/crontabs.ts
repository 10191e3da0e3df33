import { type Fragment, sh } from '../../cluster/fragment.ts';
import type { UnitName } from '../../cluster/words.ts';

/**
 * `concerns UNIT`: of lines `where: line`, those that work on PostgreSQL, or start the unit: by its own name, because whoever starts it
 * names it, or by the program of all services. Comments and empty lines are left out.
 */
export const concernsFunction: Fragment = sh`
  concerns() { # UNIT
    name=$(printf %s "\${1%.service}" | sed 's/[][\\.*^$+?(){}|]/\\&/g')
    grep -E '(pg_dump|pg_basebackup|pgbackrest|barman|wal-g|walg|wal-e|vacuumdb|reindexdb|pg_repack|pg_ctl|pg_autoctl|psql|postgres.*(backup|vacuum|restart)'"\${name:+|(systemctl|service|invoke-rc\.d)[^A-Za-z0-9].*$name($|[^A-Za-z0-9_-])}"')' | grep -vE '^[^:]*: *(#|$)'
  }
`;

/**
 * `timers`: of every timer a line with its name, and one with each program that its service runs. `systemctl show` gives a unit's
 * properties in no order that is promised (ExecStart before Id, seen with 257), and an empty line between units.
 */
export const timersFunction: Fragment = sh`
  timers() {
    systemctl list-timers --all --no-legend 2>/dev/null | awk '{for (i = 1; i <= NF; i++) if ($i ~ /\.timer$/) print "timer: " $i}'
    services=$(systemctl list-timers --all --no-legend 2>/dev/null | awk '$NF ~ /\.service$/ { print $NF }')
    [ -z "$services" ] || systemctl show -p Id -p ExecStart $services 2>/dev/null | awk '
      function tell(i) { for (i = 1; i <= n; i++) print "timer for " id ": " command[i]; n = 0; id = "" }
      /^Id=/ { id = substr($0, 4) }
      /^ExecStart=/ { sub(/^ExecStart=/, ""); sub(/.* argv\[\]=/, ""); sub(/ ; ignore_errors=.*/, ""); command[++n] = $0 }
      /^$/ { tell() }
      END { tell() }'
  }
`;

/**
 * Root's: the same of what only root may read, the crontabs of all users above all. Only such lines are printed, cut off, and without
 * control characters; a user's name is that of a file, and the letters of one are left of it. Nothing in a line is run or believed.
 * Source: crontab(5); where the crontabs are: Debian, Red Hat, SUSE.
 */
export const crontabsLines = (unit: UnitName): Fragment => sh`
  ${concernsFunction}
  {
    for f in /var/spool/cron/crontabs/* /var/spool/cron/tabs/* /var/spool/cron/*; do
      [ -f "$f" ] && [ ! -L "$f" ] || continue
      who=$(printf %s "\${f##*/}" | tr -cd 'A-Za-z0-9_.@-')
      sed "s|^|crontab of $who: |" "$f"
    done
    for f in /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /etc/monit/monitrc /etc/monitrc /etc/monit.d/* /etc/monit/conf.d/* /etc/monit/conf-enabled/*; do
      [ -f "$f" ] || continue
      where=$(printf %s "$f" | tr -cd 'A-Za-z0-9_./@+-')
      sed "s|^|$where: |" "$f"
    done
  } 2>/dev/null | tr -d '\000-\010\013-\037\177' | concerns ${unit} | cut -c -500 | head -n 40
`;
