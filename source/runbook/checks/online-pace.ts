import { bytes, roughly } from '../../cluster/amounts.ts';
import type { WrittenNow } from '../../cluster/checks/evidence.ts';
import { keepWalMegabytes } from '../../cluster/config/keep-wal.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { asked, ofOnline, replicated } from './online-asked.ts';

/** Whether what is written now can be received and kept, for the online method. */

/** `, which last 5 h at 1.1 MB a second`: of room for WAL. */
const lasts = (room: number, now: WrittenNow | undefined): string => {
  if (now === undefined || now.walPerSecond < 1) return '';
  return `, which last ${roughly(room / now.walPerSecond)} at the ${bytes(Math.round(now.walPerSecond))} a second that are written now`;
};

const megabyte = 1024 ** 2;

const slotWal: Check = {
  id: 'online-slot-wal',
  severity: 'warning',
  title: 'WAL that waits is bounded, and fits on the disk, for the online method',
  scope: 'primary',
  why: 'While nobody receives it WAL is kept, and may fill the disk of the server that serves. With a bound the slot is given up before, and with it the preparation or the lossless rollback: no data is.',
  source: 'PostgreSQL, max_slot_wal_keep_size; docs/online.md',
  judge: ofOnline((evidence) =>
    onEach('primary', asked, ({ inspection, server }): Issue | null => {
      const { wal, writtenNow } = inspection;
      const keepWal = evidence.facts?.keepWal ?? null;
      const set =
        keepWal === null ? Number(server.settings.max_slot_wal_keep_size ?? -1) : keepWalMegabytes(keepWal);
      // so much is kept for everybody, and for a slot as well
      const always = Number(inspection.server?.settings.wal_keep_size ?? 0);
      const free = `${wal.mountPoint} has ${bytes(wal.freeBytes)} free`;
      const remedy =
        'set upgrade.keepWal in the cluster file to what may be kept (upgrade: { keepWal: 50GB }); status shows how far it is until then';
      if (set === -1)
        return { found: `nothing bounds it: ${free}${lasts(wal.freeBytes, writtenNow)}`, remedy };
      const bound = Math.max(set, always) * megabyte;
      const named =
        keepWal === null
          ? `max_slot_wal_keep_size is ${bytes(set * megabyte)}`
          : `upgrade.keepWal is ${keepWal}`;
      if (bound > wal.freeBytes)
        return {
          found: `${named}, and ${free}${lasts(wal.freeBytes, writtenNow)}: the disk is full before`,
          remedy: 'set upgrade.keepWal to less than is free, or make room',
        };
      if (always > set)
        return {
          found: `${named}, and wal_keep_size ${bytes(always * megabyte)}: so much is kept in any case${lasts(bound, writtenNow)}`,
          remedy: `set upgrade.keepWal to more than wal_keep_size, or know that this counts`,
        };
      return keepWal === null
        ? {
            found: `${named}${lasts(bound, writtenNow)}`,
            remedy: `let it be more than is written while the copy is made, upgraded and follows: ${remedy}`,
            command: inPsql('postgres', 'show max_slot_wal_keep_size'),
          }
        : null;
    })(evidence),
  ),
};

/** Rows a second that one apply worker was seen to keep up with, on the lab: docs/development/online.md, “Apply that keeps up”. */
export const appliedRows = 7_500;

const changes: Check = {
  id: 'online-changes',
  severity: 'warning',
  title: 'No database changes more rows than one worker was seen to apply, for the online method',
  scope: 'primary',
  why: 'Of each database one worker receives what is written. What it cannot keep up with waits as WAL; the cut-over begins only where it has caught up.',
  source: 'PostgreSQL, logical-replication-architecture; measured: docs/development/online.md',
  judge: ofOnline(
    onEach('primary', asked, (seen): readonly Issue[] => {
      const { writtenNow } = seen.inspection;
      if (writtenNow === undefined) return [];
      return replicated(seen).flatMap(({ name }) => {
        const rows = Math.round(writtenNow.changesPerSecond.get(name) ?? 0);
        return rows <= appliedRows
          ? []
          : [
              {
                found: `${identifierFor(name)} changes ${rows} rows a second (over ${writtenNow.seconds.toFixed(1)} s); ${appliedRows} were seen to be applied`,
                remedy:
                  'prepare, and see in status whether it keeps up, or falls behind; cut over when less is written, or upgrade by pg_upgrade',
              },
            ];
      });
    }),
  ),
};

export const onlinePaceChecks: readonly Check[] = [slotWal, changes];
