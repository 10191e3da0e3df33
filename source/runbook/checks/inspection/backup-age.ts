import { type Fragment, sh } from '../../../cluster/fragment.ts';

/** Shell: how old the newest of some files is. */
export const newestFunction = sh`newest() { # seconds since the newest of these files was written
  stat -c %Y "$@" 2>/dev/null | sort -n | tail -n 1 | awk -v now="$(date +%s)" '{print now - $1}'
}`;

/**
 * Shell, behind `newest` and with the data directory in `$data`: how many seconds ago each kind of backup known here was made, a
 * line each. pgBackRest and Barman label the backups that the server records; pg_basebackup, which makes secondaries too, does not count.
 */
export const backupAgeLines: readonly Fragment[] = [
  sh`for f in "$data"/pg_wal/*.backup; do [ -r "$f" ] && ! grep -q '^LABEL: pg_basebackup base backup' "$f" && newest "$f"; done`,
  sh`command -v pgbackrest >/dev/null 2>&1 && pgbackrest info --output=json 2>/dev/null | grep -o '"stop":[0-9]*' | cut -d: -f2 | sort -n | tail -n 1 | awk -v now="$(date +%s)" '$1 > 0 {print now - $1}'`,
  sh`command -v wal-g >/dev/null 2>&1 && timeout 10 wal-g backup-list 2>/dev/null | grep -oE '[0-9]{4}-[0-9-]+T[0-9:]+Z' | sort | tail -n 1 | xargs -r -I{} date -d {} +%s | awk -v now="$(date +%s)" '{print now - $1}'`,
];
