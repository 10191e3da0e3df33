import type { OnlineServer } from '../../cluster/checks/evidence.ts';
import { secondariesOf } from '../../cluster/facts.ts';
import { quoted, sh } from '../../cluster/fragment.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import { behindWords } from './archiving.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { isPrepared } from './new-directory.ts';
import { asked, isOwnSlot, ofOnline, onTheLab, replicated } from './online-asked.ts';
import { onlineCopyChecks } from './online-copy.ts';
import { onlineDatabaseChecks } from './online-databases.ts';
import { onlinePaceChecks } from './online-pace.ts';
import { roomForCopy, roomForWal, roomsForCopyElsewhere } from './room.ts';

const setting = (server: OnlineServer, name: string): number => Number(server.settings[name] ?? Number.NaN);

/** Libraries whose tables are not what they look like: chunks, shards, a replication of their own. */
const ownReplication = ['timescaledb', 'citus', 'pglogical', 'bdr', 'spock'];
const librariesOf = (server: OnlineServer): readonly string[] =>
  (server.settings.shared_preload_libraries ?? '')
    .split(',')
    .map((one) => one.trim().replaceAll('"', '').replace(/^.*\//, ''));

const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;

/** The limits of the online method: what a server, and a second one on the primary's host, need for it. */
const onlineServerChecks: readonly Check[] = [
  {
    id: 'online-wal-level',
    severity: 'warning',
    title: 'wal_level is logical on every node, for the online method',
    scope: 'every node',
    why: 'The copy of 17 follows by logical replication, and a node that becomes primary without it ends that.',
    source: `PostgreSQL, wal_level; ${onTheLab}: a standby with logical follows a primary with replica`,
    judge: ofOnline(
      onEach('every node', asked, ({ server }) =>
        server.settings.wal_level === 'logical'
          ? null
          : {
              found: `wal_level is ${server.settings.wal_level ?? 'unknown'}`,
              remedy:
                'pgaf-upgrade prepare sets it: each secondary is restarted, then one of them is promoted (writes pause for some seconds; choose the one with room for a copy)',
              command: inPsql('postgres', 'alter system set wal_level = logical'),
            },
      ),
    ),
  },
  {
    id: 'online-slots',
    severity: 'blocker',
    title: 'There are slots and WAL senders for the online method',
    scope: 'primary',
    why: 'Each database with tables needs a slot and a WAL sender of its own, the copy is taken by two more senders, and so is each secondary that is rebuilt while the old version follows.',
    source:
      'PostgreSQL, max_replication_slots and max_wal_senders (logical-replication-config); pg_basebackup, --wal-method=stream',
    judge: ofOnline(
      onEach('primary', asked, (seen, _host, { facts }): readonly Issue[] => {
        const others = seen.slots.filter((one) => !isOwnSlot(one.name)).length;
        const databases = replicated(seen).length;
        const secondaries = facts === null ? 0 : secondariesOf(facts).length;
        const ours = seen.slots.length - others;
        const senders = Math.max(0, seen.server.senders - ours);
        const want = (name: string, need: number, words: string): readonly Issue[] => {
          const has = setting(seen.server, name);
          return has >= need
            ? []
            : [
                {
                  found: `${name} is ${has}: ${words}`,
                  remedy: `set ${name} to ${need} or more on every node, then restart PostgreSQL on the secondaries first and on the primary last`,
                  command: inPsql('postgres', `alter system set ${name} = ${need}`),
                },
              ];
        };
        const used = (count: number, more: number): string =>
          `${count} are in use, and ${databases} databases with tables need ${more} more`;
        const before = Math.max(2, databases);
        // the last one is copied, while the others stream; one that finds none tries again
        const rebuilt = databases + (secondaries === 0 ? 0 : secondaries + 1);
        return [
          ...want('max_replication_slots', others + databases, used(others, databases)),
          ...(senders + before >= rebuilt
            ? want('max_wal_senders', senders + before, used(senders, before))
            : want(
                'max_wal_senders',
                rebuilt,
                `behind the cut-over ${databases} databases with tables and ${secondaries} secondaries, one of which is copied, need ${rebuilt}`,
              )),
        ];
      }),
    ),
  },
  {
    id: 'online-workers',
    severity: 'blocker',
    title: 'There is a background worker for each database, for the online method',
    scope: 'primary',
    why: 'Behind the cut-over the old server follows the new one by a worker for each database. max_worker_processes cannot be raised for that time: the value goes into its WAL, and its own secondaries would refuse that WAL in a rollback.',
    source: `PostgreSQL, hot-standby-admin (parameters that a standby wants as large as the primary); ${onTheLab}: replay stopped, while the monitor called both secondaries healthy`,
    judge: ofOnline(
      onEach('primary', asked, (seen) => {
        const databases = replicated(seen).length;
        const workers = setting(seen.server, 'max_worker_processes');
        return databases <= workers - 1
          ? null
          : {
              found: `max_worker_processes is ${workers}, and ${databases} databases have tables: with the launcher that is ${databases + 1}`,
              remedy: `set max_worker_processes to ${databases + 4} on every node, days before, then restart PostgreSQL on the secondaries first and on the primary last`,
              command: inPsql('postgres', `alter system set max_worker_processes = ${databases + 4}`),
            };
      }),
    ),
  },
  {
    id: 'online-archiving',
    severity: 'warning',
    title: 'The archive keeps up, for the online method',
    scope: 'primary',
    why: 'A stop waits for the archive of what was written. At the change of places that is bounded: two seconds behind the order the archiver is let go, and what is not archived by then stays with the version that stops.',
    source: 'PostgreSQL, pg_stat_archiver; pgarch.c; docs/development/online.md',
    judge: ofOnline(
      onEach('primary', asked, ({ server }) => {
        const found = behindWords(server.archiving);
        return found === null
          ? null
          : {
              found,
              remedy:
                'see in the server’s log what archive_command says, and let it catch up before run; behind the cut-over nobody archives what the old version has left, unless it serves again',
              command: inPsql('postgres', 'select * from pg_stat_archiver'),
            };
      }),
    ),
  },
  {
    id: 'online-others',
    severity: 'blocker',
    title: 'No logical slot of somebody else, and no subscription, for the online method',
    scope: 'primary',
    why: 'A slot is lost with the old server, and its reader would miss what was written meanwhile; the copy would fetch for a subscription, from the same publisher as the server that serves.',
    source: `PostgreSQL, logical-replication-upgrade; ${onTheLab}`,
    judge: ofOnline(
      onEach('primary', asked, ({ inspection, slots }): readonly Issue[] => [
        ...slots
          .filter((one) => one.kind === 'logical' && !isOwnSlot(one.name))
          .map((one) => ({
            found: `logical slot ${one.name} in ${identifierFor(one.database ?? '?')}`,
            remedy: 'stop its reader and drop it, or upgrade by pg_upgrade',
            command: inPsql('postgres', `select pg_drop_replication_slot(${sqlLiteral(one.name).trim()})`),
          })),
        ...inspection.databases
          .flatMap(({ name, subscriptions }) => subscriptions.map((one) => ({ name, one })))
          .map(({ name, one }) => ({
            found: `subscription ${identifierFor(one.name)} in ${identifierFor(name)}`,
            remedy: 'upgrade by pg_upgrade, which takes subscriptions over; or drop it before',
            command: inPsql(name, `drop subscription ${identifierFor(one.name)}`),
          })),
      ]),
    ),
  },
  {
    id: 'online-libraries',
    severity: 'blocker',
    title: 'No preloaded library has tables of its own making, for the online method',
    scope: 'primary',
    why: 'Chunks, shards and another replication’s catalogs change by functions that no row tells of. Other libraries do not matter: the servers that follow preload none.',
    source:
      'the documentation of TimescaleDB, Citus and pglogical: none of them is replicated by FOR ALL TABLES',
    judge: ofOnline(
      onEach('primary', asked, ({ server }) => {
        const found = librariesOf(server).filter((one) => ownReplication.includes(one));
        return found.length === 0
          ? null
          : { found: `shared_preload_libraries has ${found.join(', ')}`, remedy: 'upgrade by pg_upgrade' };
      }),
    ),
  },
  {
    id: 'online-writing',
    severity: 'warning',
    title: 'No transaction has been writing for more than a minute, for the online method',
    scope: 'primary',
    why: 'A logical slot is made when every transaction that was writing then has ended: it waits.',
    source: `PostgreSQL, logicaldecoding-explanation, “Exported Snapshots”; src/backend/replication/logical/snapbuild.c`,
    judge: ofOnline(
      onEach('primary', asked, ({ server }) =>
        server.writing.map((one) => ({
          found: `pid ${one.pid} of ${one.user ?? '?'} in ${identifierFor(one.database ?? '?')}, open for ${Math.round(one.seconds)} s`,
          remedy: 'let it end, or end it, before the slots are made',
          command: inPsql('postgres', `select pg_terminate_backend(${one.pid})`),
        })),
      ),
    ),
  },
  {
    id: 'online-room',
    severity: 'blocker',
    title: 'There is room for a whole copy on the primary, for the online method',
    scope: 'primary',
    why: 'The copy lies beside the data directory, with the new catalogs; and WAL is kept from the slots on until the copy has followed, and behind the cut-over for the secondaries of a rollback.',
    source: 'pg_basebackup; PostgreSQL, pg_upgrade, --link; measured in docs/development/online.md',
    judge: ofOnline(
      onEach('primary', asked, ({ inspection }): readonly Issue[] => {
        const prepared = isPrepared(inspection.newDirectory);
        const here = {
          place: inspection.parent,
          room: prepared ? roomForWal(inspection) : roomForCopy(inspection),
        };
        return [here, ...(prepared ? [] : roomsForCopyElsewhere(inspection))]
          .filter(({ place, room }) => place.freeBytes < room.bytes)
          .map(({ place, room }) => ({
            found: `${place.mountPoint} has ${gigabytes(place.freeBytes)}, and ${gigabytes(room.bytes)} are needed: ${room.what}`,
            remedy:
              'make room; or make the node with the room the primary before (pg_autoctl perform promotion), which brings wal_level as well',
          }));
      }),
    ),
  },
  {
    id: 'online-tablespaces',
    severity: 'blocker',
    title: 'The copy’s place beside each tablespace is free, for the online method',
    scope: 'primary',
    why: 'The copy lies on the same host, so its part of each tablespace needs another place on the same file system; somebody else’s directory there is neither overwritten nor removed.',
    source: 'pg_basebackup, --tablespace-mapping; PostgreSQL, pg_upgrade, --link',
    judge: ofOnline(
      onEach('primary', asked, ({ inspection }, _host, { facts: cluster }) =>
        (cluster === null ? [] : inspection.tablespaces)
          .filter((one) => one.copyOf !== undefined && one.copyOf !== cluster?.systemIdentifier)
          .map(({ place }) => {
            const taken = `${place.path}_aside/pg${cluster?.oldMajor ?? ''}_copy`;
            return {
              found: `${taken} is there, and was not made for this cluster`,
              remedy: 'inspect it; if it is left over from an earlier upgrade, move or remove it',
              command: sh`ls -la ${quoted(taken)}`.text,
            };
          }),
      ),
    ),
  },
  {
    id: 'online-reboot',
    severity: 'warning',
    title: 'The server that follows comes back after a reboot, for the online method',
    scope: 'primary',
    why: 'Without systemd nothing starts it: it falls behind until somebody does, and WAL is kept for it meanwhile.',
    source: 'systemd.unit(5)',
    judge: ofOnline(
      onEach('primary', asked, ({ facts }) =>
        facts.service.kind === 'systemd'
          ? null
          : {
              found: 'pg_autoctl runs without a systemd unit there',
              remedy:
                'after a reboot run pgaf-upgrade prepare again: it finds the server stopped, and starts it',
            },
      ),
    ),
  },
];

export const onlineChecks: readonly Check[] = [
  ...onlineServerChecks,
  ...onlineCopyChecks,
  ...onlinePaceChecks,
  ...onlineDatabaseChecks,
];
