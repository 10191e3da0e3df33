import { posix } from 'node:path';
import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../../cluster/fragment.ts';
import { type Path, parentOf } from '../../../cluster/words.ts';
import { oldName, setAsidePlace } from '../../language/tablespace-names.ts';
import { command } from '../../shell/shell.ts';
import { trialFile } from './names.ts';

/** What the environment could add to rsync's words, and so to the line that the primary allows. */
export const plainEnvironment = sh`unset RSYNC_RSH RSYNC_PROTECT_ARGS RSYNC_OLD_ARGS RSYNC_PARTIAL_DIR || true`;

/** A pattern of rsync's: what would be a wildcard is meant as it stands. */
const literally = (path: string): string => path.replace(/[\\*?[]/g, '\\$&');

/**
 * Both directories in one transfer, so that files with two names keep them. Of the old one only what can be linked: the
 * secondary's own pg_control, WAL, commit log and configuration stay, and with them a directory that can be started.
 * Sizes decide, because the same file has another time on each host; 17 must not have run: it changes files and keeps
 * their size. The primary's slots stay its own, as in a base backup: on a standby nobody reads them, they keep WAL for ever, and a server
 * whose wal_level is not logical does not start (seen 17.11 → 18.6). Source: PostgreSQL, pg_upgrade, “Upgrade streaming replication and log-shipping standby servers”.
 * `shell`: the program that reaches the primary; its host is called `primary` there.
 */
const transferCommand = (primary: NodeFacts, node: NodeFacts, shell: Fragment): Fragment => {
  const old = `/${literally(posix.basename(primary.backupData))}`;
  const next = `/${literally(posix.basename(primary.data))}`;
  return command(
    sh`rsync`,
    sh`--archive --delete --hard-links --size-only --no-inc-recursive --stats`,
    ...['base', 'pg_tblspc'].map((kept) => sh`--include=${quoted(`${old}/${kept}/***`)}`),
    sh`--exclude=${quoted(`${old}/*`)}`,
    sh`--exclude=${quoted(`${next}/pg_replslot/*`)}`,
    ...primary.carry.map((name) => sh`--exclude=${quoted(`${next}/${literally(name)}`)}`),
    sh`--rsh=${shell}`,
    sh`${word`primary:${primary.backupData}`} ${word`:${primary.data}`}`,
    sh`${word`${parentOf(node.data)}/`}`,
  );
};

/**
 * The same of one tablespace: the old part lies in the place beside it on both hosts, the new one in its own directory. Other
 * clusters' parts stay out of it on both sides.
 */
const tablespaceCommand = (facts: ClusterFacts, location: Path, shell: Fragment): Fragment => {
  const own = `/${literally(posix.basename(location))}`;
  const aside = `/${literally(posix.basename(setAsidePlace(location)))}`;
  return command(
    sh`rsync`,
    sh`--archive --delete --hard-links --size-only --no-inc-recursive --stats`,
    sh`--include=${quoted(`${aside}/${oldName(facts)}/***`)}`,
    sh`--exclude=${quoted(`${aside}/*`)}`,
    sh`--include=${quoted(`${own}/PG_${facts.newMajor}_*/***`)}`,
    sh`--exclude=${quoted(`${own}/*`)}`,
    sh`--rsh=${shell}`,
    sh`${word`primary:${setAsidePlace(location)}`} ${word`:${location}`}`,
    sh`${word`${parentOf(location)}/`}`,
  );
};

/** Everything that is transferred, in order. */
export const transferCommands = (
  facts: ClusterFacts,
  node: NodeFacts,
  shell: Fragment,
): readonly Fragment[] => {
  const primary = primaryOf(facts);
  return [
    ...primary.tablespaces.map((location) => tablespaceCommand(facts, location, shell)),
    transferCommand(primary, node, shell),
  ];
};

/** The same program by the same way, for one small file. */
export const trialCommand = (primary: NodeFacts, shell: Fragment): Fragment =>
  command(
    sh`rsync`,
    sh`--archive --hard-links --no-inc-recursive`,
    sh`--rsh=${shell}`,
    sh`${word`primary:${trialFile(primary)}`}`,
    sh`./`,
  );
