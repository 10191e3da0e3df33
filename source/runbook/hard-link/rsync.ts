import { posix } from 'node:path';
import { type ClusterFacts, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { command } from '../shell.ts';
import { asideOf, oldName } from '../tablespaces/names.ts';
import { rehearsalFile } from './names.ts';

/** What the environment could add to rsync's words, and so to the line that the primary allows. */
export const plainEnvironment = 'unset RSYNC_RSH RSYNC_PROTECT_ARGS RSYNC_OLD_ARGS RSYNC_PARTIAL_DIR || true';

/** A pattern of rsync's: what would be a wildcard is meant as it stands. */
const literally = (path: string): string => path.replace(/[\\*?[]/g, '\\$&');

/**
 * Both directories in one transfer, so that files with two names keep them. Of the old one only what can be linked: the
 * secondary's own pg_control, WAL, commit log and configuration stay, and with them a directory that can be started.
 * Sizes decide, because the same file has another time on each host; 17 must not have run: it changes files and keeps
 * their size. Source: PostgreSQL, pg_upgrade, “Upgrade streaming replication and log-shipping standby servers”.
 * `shell`: the program that reaches the primary; its host is called `primary` there.
 */
const transferCommand = (primary: NodeFacts, node: NodeFacts, shell: string): string => {
  const old = `/${literally(posix.basename(primary.backupData))}`;
  const next = `/${literally(posix.basename(primary.data))}`;
  return command(
    'rsync',
    '--archive --delete --hard-links --size-only --no-inc-recursive --stats',
    ...['base', 'pg_tblspc'].map((kept) => `--include=${sh(`${old}/${kept}/***`)}`),
    `--exclude=${sh(`${old}/*`)}`,
    // Each host's own: put beside the data afterwards. A server's key has no business on another host.
    ...primary.carry.map((name) => `--exclude=${sh(`${next}/${literally(name)}`)}`),
    `--rsh=${shell}`,
    `${sh(`primary:${primary.backupData}`)} ${sh(`:${primary.data}`)}`,
    sh(`${posix.dirname(node.data)}/`),
  );
};

/**
 * The same of one tablespace: the old part lies in the place beside it on both hosts, the new one in its own directory. Other
 * clusters' parts stay out of it on both sides.
 */
const tablespaceCommand = (facts: ClusterFacts, location: string, shell: string): string => {
  const own = `/${literally(posix.basename(location))}`;
  const aside = `/${literally(posix.basename(asideOf(location)))}`;
  return command(
    'rsync',
    '--archive --delete --hard-links --size-only --no-inc-recursive --stats',
    `--include=${sh(`${aside}/${oldName(facts)}/***`)}`,
    `--exclude=${sh(`${aside}/*`)}`,
    `--include=${sh(`${own}/PG_${facts.newMajor}_*/***`)}`,
    `--exclude=${sh(`${own}/*`)}`,
    `--rsh=${shell}`,
    `${sh(`primary:${asideOf(location)}`)} ${sh(`:${location}`)}`,
    sh(`${posix.dirname(location)}/`),
  );
};

/** Everything that is transferred, in order. */
export const transferCommands = (facts: ClusterFacts, node: NodeFacts, shell: string): readonly string[] => {
  const primary = primaryOf(facts);
  return [
    ...primary.tablespaces.map((location) => tablespaceCommand(facts, location, shell)),
    transferCommand(primary, node, shell),
  ];
};

/** The same program by the same way, for one small file. */
export const rehearsalCommand = (primary: NodeFacts, shell: string): string =>
  command(
    'rsync',
    '--archive --hard-links --no-inc-recursive',
    `--rsh=${shell}`,
    sh(`primary:${rehearsalFile(primary)}`),
    './',
  );
