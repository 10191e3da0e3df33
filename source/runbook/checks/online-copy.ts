import type { Evidence, ReplicationLine } from '../../cluster/checks/evidence.ts';
import { isPrimaryState } from '../../cluster/states.ts';
import { aliasOf } from '../../cluster/words.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { isPrepared } from './new-directory.ts';
import { type Asked, asked, ofOnline } from './online-asked.ts';

/** Where the online method has its copy from, as long as none is taken. */

/** Why the node that the cluster file names is none that a base backup can be taken from; null: it is one, or none is named. */
const whyNotFrom = ({ facts, state, hosts }: Evidence): string | null => {
  if (facts?.copyFrom === undefined) return null;
  const alias = aliasOf(facts.copyFrom);
  const [row, host] = [
    state?.nodes.find((node) => node.name === alias),
    hosts.find((one) => one.alias === alias),
  ];
  const known = facts.nodes.find((node) => node.alias === alias);
  if (known === undefined && row === undefined && host === undefined)
    return `there is no node ${facts.copyFrom}`;
  if (host !== undefined && host.reach.kind !== 'reached') return `${alias} does not answer`;
  if (known === undefined) return `${alias} is none of the group’s nodes that were inspected`;
  if (known.role === 'primary' || (row !== undefined && isPrimaryState(row.reported)))
    return `${alias} is the primary`;
  return row === undefined || (row.reported === 'secondary' && row.assigned === 'secondary')
    ? null
    : `${alias} is ${row.reported} → ${row.assigned}`;
};

/** A method that asks for nothing that pg_basebackup would not have by itself; peer as psql has been let in by it. */
const letsIn = ({ method }: ReplicationLine): boolean => ['trust', 'peer', 'ident'].includes(method);

/** Of these it is known that two files cannot share blocks; of any other the step tries it. Source: ioctl_ficlonerange(2); stat, --file-system. */
const withoutReflinks = ['ext2/ext3', 'tmpfs', 'f2fs', 'jfs', 'reiserfs'];

/** What keeps a base backup out over the local socket, and whether it does for certain: a line for a group or a pattern may mean the role, a password may be at hand, and by reflinks none is taken. */
const keepsOut = ({ facts, server, inspection }: Asked): (Issue & { readonly certain: boolean }) | null => {
  const { replicationLines } = server;
  if (replicationLines == null) return null;
  const { errors, lines } = replicationLines;
  const own = lines.find((one) => one.sure);
  const before = own === undefined ? lines : lines.slice(0, lines.indexOf(own));
  if (before.some(letsIn) || (own !== undefined && letsIn(own))) return null;
  const role = identifierFor(facts.superuser);
  return {
    certain:
      errors === 0 &&
      before.length === 0 &&
      (own === undefined || own.method === 'reject') &&
      withoutReflinks.includes(inspection.fileSystem ?? ''),
    found:
      own === undefined
        ? `no line of pg_hba.conf is for a replication connection of ${role} over the local socket`
        : `line ${own.line} of pg_hba.conf has ${own.method} for a replication connection of ${role} over the local socket`,
    remedy: `put a line for it before the others (local replication ${role} peer), and have the server read it (select pg_reload_conf())`,
    command: inPsql('postgres', "select * from pg_hba_file_rules where type = 'local'"),
  };
};

/** Of a copy that is still to be taken, from the primary itself. */
const lineCheck = (certain: boolean): Check['judge'] =>
  ofOnline(
    onEach('primary', asked, (seen, _host, { facts }): Issue | null => {
      if (facts?.copyFrom !== undefined || isPrepared(seen.inspection.newDirectory)) return null;
      const found = keepsOut(seen);
      if (found === null || found.certain !== certain) return null;
      const { certain: _, ...issue } = found;
      return issue;
    }),
  );

export const onlineCopyChecks: readonly Check[] = [
  {
    id: 'online-copy-from',
    severity: 'blocker',
    title: 'The copy is taken from a secondary, where the cluster file says so, for the online method',
    scope: 'primary',
    why: 'The base backup begins behind the freeze and the slots, and comes from that node’s disk: with a node that is none of the secondaries the preparation ends there, and with the primary itself it is read from the disk that was to be spared.',
    source: 'docs/online.md; pg_auto_failover, failover-state-machine',
    judge: ofOnline(
      onEach('primary', asked, ({ inspection }, _host, evidence): Issue | null => {
        const why = isPrepared(inspection.newDirectory) ? null : whyNotFrom(evidence);
        return why === null
          ? null
          : {
              found: `upgrade.copyFrom: ${evidence.facts?.copyFrom ?? ''}, and ${why}`,
              remedy:
                'name a node that is secondary, reported and assigned; or leave the key out: then the copy is taken from the primary',
              command: 'pg_autoctl show state',
            };
      }),
    ),
  },
  {
    id: 'online-replication-line',
    severity: 'blocker',
    title: 'pg_hba.conf lets a base backup in over the local socket, for the online method',
    scope: 'primary',
    why: 'Where the file system has no reflinks the copy is a base backup over the local socket of the primary, and “all” in the column of databases does not mean replication: without a line the preparation ends there, behind the freeze.',
    source: 'PostgreSQL, auth-pg-hba-conf; view-pg-hba-file-rules; hba.c, check_db',
    judge: lineCheck(true),
  },
  {
    id: 'online-base-backup',
    severity: 'warning',
    title: 'A base backup over the local socket is let in, and needs no password, for the online method',
    scope: 'primary',
    why: 'pg_basebackup is run where the copy cannot be made by reflinks, and without anybody who could type a password: it has what ~/.pgpass of the user of PostgreSQL has. What is in a line for a group or a pattern, or in a file that cannot be read whole, only the server can tell.',
    source: 'PostgreSQL, auth-pg-hba-conf; libpq-pgpass; pg_basebackup, --no-password',
    judge: lineCheck(false),
  },
];
