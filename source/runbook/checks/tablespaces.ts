import { firstOf } from '../../cluster/amounts.ts';
import type { TablespaceInspection } from '../../cluster/checks/evidence.ts';
import {
  type ClusterFacts,
  type HostFacts,
  isNode,
  isOnline,
  primaryOf,
  userOn,
} from '../../cluster/facts.ts';
import { groupOfHost } from '../../cluster/formation.ts';
import { quoted, sh } from '../../cluster/fragment.ts';
import { oldName } from '../language/tablespace-names.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { isPrepared } from './new-directory.ts';
import { inspected, served } from './see.ts';

/** Whether a path is a directory, or lies in it. */
export const inside = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

/** What keeps one tablespace's old part from going aside, or a base backup from arriving in its place. */
const directoryIssues = (
  inspection: TablespaceInspection,
  facts: HostFacts,
  cluster: ClusterFacts,
  /** By the online method: the new version’s part is there already. */
  prepared: boolean,
): readonly Issue[] => {
  const { place, real } = inspection;
  const foreign = prepared
    ? inspection.foreign.filter((one) => !one.startsWith(`PG_${cluster.newMajor}_`))
    : inspection.foreign;
  const location = place.path;
  const issues: Issue[] = [];
  if (real !== location)
    issues.push({
      found:
        real === ''
          ? `${location} is not there`
          : `${location} is a symbolic link, or below one: it is ${real}`,
      remedy:
        'move its tables to a tablespace in a directory of its own, named by its real path, and drop it',
      command: sh`readlink -f ${quoted(location)}`.text,
    });
  else if (!inspection.besideItsParent)
    issues.push({
      found: `${location} is a mount point: nothing can be renamed out of it`,
      remedy: 'move its tables to a tablespace in a directory below the mount point, and drop it',
      command: sh`findmnt -T ${quoted(location)}`.text,
    });
  if (foreign.length > 0)
    issues.push({
      found: `${location} holds ${firstOf(foreign, 3)} besides PostgreSQL ${cluster.oldMajor}’s part`,
      remedy: 'inspect it; what is left over from an earlier upgrade or another server, move or remove',
      command: sh`ls -la ${quoted(location)}`.text,
    });
  if (inspection.keptNameTaken)
    issues.push({
      found: `${location}_aside is not writable for ${userOn(cluster, facts.alias)}, or ${location}_aside/${oldName(cluster)} is there already`,
      remedy: 'inspect it; if it is left over from an earlier upgrade, move or remove it',
      command: sh`ls -laR ${quoted(`${location}_aside`)} | head`.text,
    });
  const primary = primaryOf(groupOfHost(cluster, facts.alias));
  if (isNode(facts) && !primary.tablespaces.some((one) => one === location))
    issues.push({
      found: `${location} is not where ${primary.alias} has this tablespace`,
      remedy:
        'make the node anew: its directories are no copy of the primary’s, and a base backup goes where the primary’s are',
      command: sh`ls -l ${facts.data}/pg_tblspc`.text,
    });
  return issues;
};

/** Tablespaces, where there are any. */
export const tablespaceChecks: readonly Check[] = [
  {
    id: 'tablespaces-outside',
    severity: 'blocker',
    title: 'No tablespace lies inside the data directory',
    scope: 'primary',
    why: 'When the directories change places the tablespace would move with the old one, and the new cluster would look for it in itself.',
    source:
      'PostgreSQL, CREATE TABLESPACE, and src/bin/pg_upgrade/check.c, the warning about tablespaces in the data directory',
    judge: onEach('primary', served, ({ facts, server }) =>
      server.tablespaces
        .filter(({ location }) => inside(location, facts.data) || inside(location, facts.pgdata))
        .map(({ name, location }) => ({
          found: `${name} is in ${location}`,
          remedy: 'move its tables to a tablespace elsewhere, and drop it',
          command: inPsql(
            'postgres',
            `alter table all in tablespace ${identifierFor(name)} set tablespace pg_default`,
          ),
        })),
    ),
  },
  {
    id: 'tablespace-directories',
    severity: 'blocker',
    title: 'The tablespaces’ old files can be set aside, and a base backup finds their directories empty',
    scope: 'every host',
    why: 'pg_basebackup refuses a tablespace’s directory that is not empty. So each cluster’s part is moved beside it, with the data directory that it belongs to; and a rename does not cross file systems.',
    source:
      'PostgreSQL, src/bin/pg_basebackup/pg_basebackup.c, verify_dir_is_empty_or_create; rename(2), EXDEV',
    judge: onEach('every host', inspected, ({ facts, inspection }, _host, { facts: cluster }) =>
      cluster === null
        ? []
        : inspection.tablespaces.flatMap((one) =>
            directoryIssues(
              one,
              facts,
              cluster,
              isOnline(cluster) && isNode(facts) && isPrepared(inspection.newDirectory),
            ),
          ),
    ),
  },
];
