import { posix } from 'node:path';
import type { CheckInspection, Place } from '../../cluster/checks/evidence.ts';
import { type HostFacts, isNode } from '../../cluster/facts.ts';
import { quoted, sh } from '../../cluster/fragment.ts';
import { parentOf } from '../../cluster/words.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { newDirectory } from './new-directory.ts';
import { copiesData, roomNeeded, tablespacesElsewhere } from './room.ts';
import { inspected, type Seen, served } from './see.ts';

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MB`;

const sameFileSystem = ({
  facts,
  inspection,
}: {
  facts: HostFacts;
  inspection: CheckInspection;
}): readonly Issue[] => {
  const issues: Issue[] = [];
  // A mount point has a check of its own.
  if (
    inspection.mountPoints.length === 0 &&
    inspection.data.device !== '' &&
    inspection.data.device !== inspection.parent.device
  )
    issues.push({
      found: `${facts.data} and ${inspection.parent.path} are on different file systems`,
      remedy:
        'move the data into a directory below the mount point, so that it can be renamed beside its neighbors, and tell pg_autoctl the new place',
      command: sh`findmnt -T ${facts.data}; findmnt -T ${quoted(inspection.parent.path)}`.text,
    });
  const makesNew = !isNode(facts) || facts.role === 'primary';
  const { newPlace, parent } = inspection;
  // A bind mount has the device of what is behind it, and a rename into it is refused all the same.
  if (
    makesNew &&
    newPlace.device !== '' &&
    (newPlace.device !== parent.device || newPlace.mountPoint !== parent.mountPoint)
  )
    issues.push({
      found: `the new data directory ${facts.newData} would be on another file system than ${parent.path}`,
      remedy:
        'name one beside the data in the cluster file (newData), or leave it out: the swap renames it into its place, and must not copy it',
      command: sh`findmnt -T ${parentOf(facts.newData)}; findmnt -T ${quoted(parent.path)}`.text,
    });
  const backup = inspection.backupDirectory;
  if (isNode(facts) && backup !== null && backup.device !== '' && backup.device !== inspection.parent.device)
    issues.push({
      found: `pg_autoctl’s backup directory ${backup.path} is on another file system than ${facts.data}`,
      remedy: 'name a directory beside the data: pg_autoctl renames the base backup into its place',
      command:
        sh`${facts.oldAutoctl} config set --pgdata ${facts.pgdata} replication.backup_directory ${quoted(posix.join(parentOf(facts.data), 'backup'))}`
          .text,
    });
  return issues;
};

const tooSmall = (place: Place, bytes: number, what: string): readonly Issue[] =>
  bytes <= place.freeBytes
    ? []
    : [
        {
          found: `${megabytes(bytes)} are needed in ${place.path} for ${what}, ${megabytes(place.freeBytes)} are free on ${place.mountPoint}`,
          remedy: 'make room, or enlarge the file system, before the window',
          command: sh`df -h ${quoted(place.path)}`.text,
        },
      ];

/** Whoever is mounted there stays where he is while the directory changes its name, or refuses it. */
const mountIssues = (facts: HostFacts, at: string): Issue =>
  at === facts.data
    ? {
        found: `${at} is a mount point`,
        remedy: `move the data into a directory below a mount point, and let ${facts.data === facts.pgdata ? facts.data : `${facts.pgdata} lead to it, a symbolic link`}: a link to a directory is taken as it is`,
        command: sh`findmnt ${facts.data}`.text,
      }
    : {
        found: `${at}, in the data directory, is a mount point`,
        remedy: `mount it elsewhere, and let a symbolic link in the data directory lead to a directory on it`,
        command: sh`findmnt ${quoted(at)}`.text,
      };

/** Why the new pg_wal cannot be made beside the old one; the discovery decides by the same (inspect/discovery/script.sh). */
const whyNotBeside = ({
  data,
  wal,
  walBeside,
  walBytes,
}: CheckInspection): { why: string; remedy: string } => {
  if (walBeside === undefined) return { why: 'it cannot be seen', remedy: 'check again' };
  const { place, writable } = walBeside;
  if (wal.path.startsWith(`${data.path}/`))
    return {
      why: 'it lies in the data directory itself',
      remedy: 'let pg_wal lead to a directory outside of it',
    };
  if (wal.device !== place.device || wal.mountPoint !== place.mountPoint)
    return {
      why: `${wal.path} is a mount point`,
      remedy: `let pg_wal lead to a directory below ${wal.path}`,
    };
  if (!writable)
    return {
      why: `postgres may not write in ${place.path}`,
      remedy: `give postgres ${place.path} for the time of the window`,
    };
  return {
    why: `there are ${megabytes(place.freeBytes)} free, and ${megabytes(walBytes)} of WAL lie in it now`,
    remedy: `make room on ${place.mountPoint}`,
  };
};

const walElsewhere = ({ facts, inspection }: Seen): Issue | null => {
  if (!inspection.walIsLink || facts.wal !== null) return null;
  const { why, remedy } = whyNotBeside(inspection);
  return {
    found: `${facts.data}/pg_wal is a symbolic link to ${inspection.wal.path}, and no other directory can be made beside that: ${why}. After the upgrade pg_wal is a directory on ${inspection.data.mountPoint}, where ${megabytes(inspection.data.freeBytes)} are free`,
    remedy: `${remedy}, and check again; or see that ${inspection.data.mountPoint} has room and pace for the WAL, and move it later, while the node is a secondary in maintenance and its service is stopped`,
    command:
      sh`df -h ${facts.data} ${quoted(inspection.wal.path)}; ls -ld ${quoted(posix.dirname(inspection.wal.path))}`
        .text,
  };
};

/** Room, file systems and directories. */
export const diskChecks: readonly Check[] = [
  {
    id: 'data-directory-is-a-mount-point',
    severity: 'blocker',
    title: 'Nothing is mounted on the data directory, or inside of it',
    scope: 'every host',
    why: 'A mount point cannot be renamed, whatever the mode, and a bind mount of the same file system neither; what is mounted inside of it would go with the old directory, and be missing in the new one.',
    source:
      'rename(2), EBUSY and EXDEV; proc_pid_mountinfo(5); seen on the lab with a bind mount, PostgreSQL 15.20 to 17.12, which stat and pg_upgrade --copy take for an ordinary directory',
    judge: onEach('every host', inspected, ({ facts, inspection }) =>
      inspection.mountPoints.map((at) => mountIssues(facts, at)),
    ),
  },
  {
    id: 'same-file-system',
    severity: 'blocker',
    title: 'The data directory can be renamed beside its neighbors',
    scope: 'every host',
    why: 'Hard links and renames do not cross file systems: pg_upgrade --link, the swap of the directories and pg_autoctl’s base backup all need one.',
    source:
      'PostgreSQL, pg_upgrade, --link; link(2) and rename(2), EXDEV; pg_auto_failover, docs/ref/configuration.rst, replication.backup_directory',
    judge: onEach('every host', inspected, sameFileSystem),
  },
  {
    id: 'parent-writable',
    severity: 'blocker',
    title: 'postgres may create directories beside the data directory',
    scope: 'every host',
    why: 'The new cluster is made there, and the directories change places there.',
    source: 'rename(2), EACCES',
    judge: onEach('every host', inspected, ({ facts, inspection }) =>
      inspection.parentWritable
        ? null
        : {
            found: `${inspection.parent.path} is not writable for postgres`,
            remedy: 'give postgres the directory for the time of the window',
            command: sh`chown ${quoted('postgres:')} ${parentOf(facts.data)}`.text,
          },
    ),
  },
  {
    id: 'disk-space',
    severity: 'blocker',
    title: 'There is room for what is written beside the old data',
    scope: 'every host',
    why: 'link writes the catalogs anew, clone and copy may write everything, and each secondary keeps its old data while the base backup arrives.',
    source: 'PostgreSQL, pg_upgrade, --link, --clone and --copy; pg_basebackup',
    judge: onEach(
      'every host',
      served,
      ({ facts, inspection }, _host, { facts: cluster }): readonly Issue[] => {
        const mode = cluster?.mode ?? 'link';
        const need = roomNeeded(facts, inspection, mode);
        // WAL that was on a disk of its own, and is not kept there
        const wal = inspection.walIsLink && facts.wal === null ? inspection.walBytes : 0;
        return [
          ...tooSmall(
            inspection.parent,
            need.bytes + wal,
            wal === 0 ? need.what : `${need.what}, and the WAL that is elsewhere now`,
          ),
          ...(copiesData(facts, mode) ? tablespacesElsewhere(inspection) : []).flatMap(({ place, bytes }) =>
            tooSmall(place, bytes, 'a copy of the tablespace'),
          ),
        ];
      },
    ),
  },
  {
    id: 'new-directory',
    severity: 'blocker',
    title: 'The new data directory’s place is free, or holds what was freshly made for this cluster',
    scope: 'every host',
    why: 'pg_upgrade wants an empty cluster with the same checksums, block size and WAL segment size; somebody else’s server in its place is neither overwritten nor stopped. On a secondary none is made, but it is where one would be after a switchover.',
    source:
      'PostgreSQL, src/bin/pg_upgrade/controldata.c, check_control_data; check.c, check_new_cluster_is_empty',
    judge: onEach('every host', inspected, (seen, _host, { newMajor, facts }) =>
      newDirectory(seen, newMajor, facts),
    ),
  },
  {
    id: 'backup-directory-free',
    severity: 'blocker',
    title: 'The places of the old cluster, and of a new pg_wal elsewhere, are free',
    scope: 'every host',
    why: 'The old data directory is renamed to it in the window; a directory of an earlier upgrade in its place must not be mixed with it. A pg_wal that is a symbolic link gets a new directory beside the old one.',
    source: 'docs/runbook.md, “Whose a directory is”',
    judge: onEach('every host', inspected, ({ facts, inspection }) =>
      [
        ...(inspection.backupDirectoryThere ? [facts.backupData] : []),
        ...(inspection.walBeside?.taken === true && facts.wal !== null ? [facts.wal.next] : []),
      ].map((place) => ({
        found: `${place} exists`,
        remedy: 'inspect it; if it is left over from an earlier upgrade, move or remove it',
        command: sh`ls -la ${place}`.text,
      })),
    ),
  },
  {
    id: 'base-backup-directory',
    severity: 'blocker',
    title: 'Nothing is in the directory that pg_autoctl fills with a base backup',
    scope: 'secondaries',
    why: 'pg_autoctl empties replication.backup_directory before each base backup, whatever is in it: what somebody keeps there would be gone.',
    source: 'pg_auto_failover, pgctl.c, pg_basebackup; file_utils.c, ensure_empty_dir',
    judge: onEach('secondaries', inspected, ({ facts, inspection }) =>
      inspection.backupDirectory === null || inspection.backupDirectoryEntries === undefined
        ? null
        : {
            found: `${inspection.backupDirectory.path} holds ${inspection.backupDirectoryEntries} entries`,
            remedy: 'move them away if somebody needs them; what an interrupted base backup left can go',
            command:
              sh`ls -la ${quoted(inspection.backupDirectory.path)}; ${facts.oldAutoctl} config get --pgdata ${facts.pgdata} replication.backup_directory`
                .text,
          },
    ),
  },
  {
    id: 'wal-elsewhere',
    severity: 'warning',
    title: 'The new pg_wal can be made where the old one is',
    scope: 'every host',
    why: 'A pg_wal that is a symbolic link stays one: the new cluster’s is made beside the old one, on the same disk. Where it cannot be, it is a directory in the data directory after the upgrade. The old cluster’s link and WAL stay as they are, so a rollback finds them; the directory that it leads to is nobody’s to remove but yours, after the clean-up.',
    source:
      'PostgreSQL, initdb, --waldir, and pg_basebackup, --waldir, which pg_autoctl does not give; rename(2), EXDEV; seen on the lab with pg_auto_failover 2.0 and 2.2',
    judge: onEach('every host', inspected, walElsewhere),
  },
  {
    id: 'upgrade-port',
    severity: 'blocker',
    title: 'Port 50432 is free for pg_upgrade',
    scope: 'primary and monitor',
    why: 'pg_upgrade runs both servers on it. A listener there is mostly a server that an interrupted pg_upgrade has left behind.',
    source: 'PostgreSQL, pg_upgrade, --old-port; src/bin/pg_upgrade/pg_upgrade.h, DEF_PGUPORT',
    judge: onEach('primary and monitor', inspected, ({ inspection }) =>
      inspection.upgradePort === 'free'
        ? null
        : {
            found: 'something listens on port 50432, or its socket is there',
            remedy: 'find out what it is, and stop it',
            command: 'ss -ltnp sport = :50432',
          },
    ),
  },
];
