import type { HostFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { type Check, onEach } from './check.ts';
import { rateOf } from './rates.ts';
import { dataBytes } from './room.ts';
import { inspected, served } from './see.ts';

const megabyte = 1024 * 1024;
const day = 86_400;
const longBackupSeconds = 900;

/** A watchdog: it names the unit itself. */
const startsUnit = (line: string, service: HostFacts['service']): boolean =>
  service.kind === 'systemd' && line.includes(service.unit.replace(/\.service$/, ''));

/** What happens around the server: its unit, its base backups, what is scheduled, what is kept. */
export const habitChecks: readonly Check[] = [
  {
    id: 'backup-rate',
    severity: 'warning',
    title: 'The base backups are not held back for longer than a quarter of an hour',
    scope: 'secondaries',
    why: 'pg_autoctl copies at 100 MB/s at most unless told otherwise: a terabyte takes 2.8 hours, in which there is one secondary less.',
    source:
      'pg_auto_failover 2.2, docs/ref/configuration.rst, replication.maximum_backup_rate, and defaults.h, MAXIMUM_BACKUP_RATE; PostgreSQL, pg_basebackup, --max-rate',
    judge: onEach('secondaries', served, ({ facts, inspection }) => {
      const rate = rateOf(inspection.backupRate);
      const seconds = dataBytes(inspection) / rate;
      return seconds <= longBackupSeconds
        ? null
        : {
            found: `${Math.round(dataBytes(inspection) / megabyte)} MB at ${inspection.backupRate ?? '100M'} a second take ${Math.round(seconds / 60)} minutes`,
            remedy: 'allow more, up to 1024M, if network and disks have it',
            command:
              sh`${facts.oldAutoctl} config set --pgdata ${facts.pgdata} replication.maximum_backup_rate 1024M`
                .text,
          };
    }),
  },
  {
    id: 'replicator-password',
    severity: 'blocker',
    title: 'The primary lets pg_autoctl in before a base backup',
    scope: 'secondaries',
    why: 'Before a base backup pg_autoctl connects as pgautofailover_replicator to look for its slot, and does not use replication.password for that: refused, it tries again for ever, the secondary is not rebuilt, and its tries fill max_connections of the new primary.',
    source:
      'pg_auto_failover, issue 1093; pg_autoctl 2.2 seen on the lab (fixtures/lab), three secondaries without trust: “sorry, too many clients already”',
    judge: onEach('secondaries', inspected, ({ facts, inspection }) =>
      inspection.refused === undefined
        ? null
        : {
            found: inspection.refused,
            remedy: `give the password to ${facts.alias}’s user of PostgreSQL: a line in its ~/.pgpass, readable by it alone (or PGPASSWORD in the unit of pg_autoctl)`,
            command: `umask 077; echo '*:*:*:pgautofailover_replicator:PASSWORD' >>~/.pgpass`,
          },
    ),
  },
  {
    id: 'unit-kill-mode',
    severity: 'warning',
    title: 'The unit stops PostgreSQL through pg_autoctl alone',
    scope: 'every host',
    why: 'Without KillMode systemd signals every process, walsenders too: the secondaries then miss the last transactions at every stop or reboot. In the window a drop-in sets it; outside of it, it stays as it is.',
    source:
      'systemd.kill(5), KillMode=; pg_auto_failover, docs/ref/pg_autoctl_show_systemd.rst, whose unit has none; the lost transactions seen with 2.0 on the lab (fixtures/lab)',
    judge: onEach('every host', inspected, ({ facts, inspection }) =>
      facts.service.kind === 'none' || inspection.unit === null || inspection.unit.killMode === 'mixed'
        ? null
        : {
            found: `${facts.service.unit} has KillMode=${inspection.unit.killMode}`,
            remedy: 'set it for good; the window does not need it',
            command: sh`systemctl edit ${facts.service.unit}   # [Service] KillMode=mixed`.text,
          },
    ),
  },
  {
    id: 'cron-jobs',
    severity: 'warning',
    title: 'No scheduled job works on PostgreSQL or starts its service',
    scope: 'every host',
    why: 'A backup, a vacuum or a restart that begins in the window finds no server, or one that it must not touch.',
    source: 'crontab(5), systemd.timer(5)',
    judge: onEach('every host', inspected, ({ facts, inspection }) =>
      inspection.cron.map((line) => ({
        found: line,
        remedy: startsUnit(line, facts.service)
          ? 'it cannot start the service in the window: from its stop to the console’s own start a condition of the unit refuses every other start. Still, switch it off for the time; afterwards look for paths of the old version in it'
          : 'make sure that it does not run in the window; afterwards look for paths of the old version in it',
      })),
    ),
  },
  {
    id: 'backup-age',
    severity: 'warning',
    title: 'There is a backup from the last day',
    scope: 'primary',
    why: 'When everything else is gone, a rollback is only possible from a backup. pgBackRest, Barman, WAL-G and the server’s own record of finished backups are asked; a backup taken otherwise is not seen.',
    source: 'PostgreSQL, Continuous Archiving, Making a Base Backup: backup history files',
    judge: onEach('primary', inspected, ({ inspection }) =>
      inspection.backupAge !== null && inspection.backupAge <= day
        ? null
        : {
            found:
              inspection.backupAge === null
                ? 'no backup is known here'
                : `the last one known is ${Math.round(inspection.backupAge / 3600)} hours old`,
            remedy:
              'take one before the window; if you have one that is not seen here, accept this warning in the cluster file',
            command: 'pg_basebackup --checkpoint=fast …',
          },
    ),
  },
];
