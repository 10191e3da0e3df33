import { posix } from 'node:path';
import { firstOf } from '../../cluster/amounts.ts';
import type { Evidence } from '../../cluster/checks/evidence.ts';
import { primaryOf } from '../../cluster/facts.ts';
import { groupOfHost } from '../../cluster/formation.ts';
import { joined, quoted, sh, word } from '../../cluster/fragment.ts';
import { isServers } from '../../cluster/server-directories.ts';
import { markFile } from '../shell/ownership.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { getsPrimaryFiles } from './primary-files.ts';
import { inspected, type Seen } from './see.ts';
import { inside } from './tablespaces.ts';

/** So many names are told, and are in the command. */
const mostNames = 8;

const sizeWords = (bytes: number | null): string =>
  bytes === null ? 'size not known' : `${Math.max(1, Math.ceil(bytes / 1024 / 1024))} MB`;

/** pg_autoctl and pg_prewarm write their own files anew, wherever they run. Source: PostgreSQL, F.30 pg_prewarm. */
const isWrittenAnew = (name: string): boolean =>
  /^postgresql-auto-failover.*\.conf$|^autoprewarm\.blocks/.test(name);

/**
 * What nobody carries: on a host where the new directory is made, whatever the configuration does not read and is large or cannot be read;
 * on a secondary that gets a base backup, whatever the primary does not have.
 */
const leftOut = ({ facts, inspection }: Seen, { facts: cluster, hosts }: Evidence): Issue | null => {
  // A tablespace in there has a check of its own, which blocks; a copy of its directory would be of no use.
  const ofTablespace = (name: string): boolean =>
    // The primary's server knows them; they are in the same places on every node.
    hosts.some((host) =>
      host.inspection?.server?.tablespaces.some(({ location }) =>
        [facts.data, facts.pgdata].some((directory) => inside(location, `${directory}/${name}`)),
      ),
    );
  const source =
    getsPrimaryFiles(facts) && cluster !== null ? primaryOf(groupOfHost(cluster, facts.alias)) : facts;
  const left = (inspection.entries ?? []).filter(
    ({ name }) =>
      !isServers(name) &&
      !isWrittenAnew(name) &&
      !ofTablespace(name) &&
      !name.startsWith(markFile) &&
      !source.carry.some((one) => one === name),
  );
  if (left.length === 0) return null;
  const names = left.map(({ name, bytes }) => `${name} (${sizeWords(bytes)})`);
  const kept = posix.basename(facts.backupData);
  return {
    found: `in ${facts.data}, and not in the new one: ${firstOf(names, mostNames)}`,
    remedy: `what somebody needs of it is copied after the window, or moved out of the data directory now; it stays in ${kept}, and the clean-up removes it with that`,
    command: sh`cp -pR ${joined(
      left.slice(0, mostNames).map(({ name }) => quoted(`${facts.backupData}/${name}`)),
      ' ',
    )} ${word`${facts.data}/`}`.text,
  };
};

/** What lies in the data directory and is nobody's to carry. */
export const entryChecks: readonly Check[] = [
  {
    id: 'entries-carried',
    severity: 'warning',
    title: 'All that lies in the data directory is the server’s, or is carried',
    scope: 'every host',
    why: 'pg_upgrade carries nothing but data. Configuration, what it names, and small files and directories are carried besides; a large file, or one that postgres cannot read, is left in the old directory, which the clean-up removes.',
    source: 'PostgreSQL, storage-file-layout; docs/runbook.md',
    judge: onEach('every host', inspected, (seen, _host, evidence) => leftOut(seen, evidence)),
  },
  {
    id: 'copies-have-files',
    severity: 'blocker',
    title: 'A secondary that becomes a fallback copy has its configuration in files',
    scope: 'every host',
    why: 'A rollback through it rebuilds the other nodes by base backup, and that brings no symbolic link: their servers would not start.',
    source:
      'PostgreSQL, src/backend/backup/basebackup.c, sendDir; a rollback behind the opening stopped at “Register the node again” so, 15.20 → 17.12, 2026-11-27',
    judge: onEach('every host', inspected, ({ facts, inspection }): Issue | null => {
      const linked = inspection.linkedConfiguration ?? [];
      if (!getsPrimaryFiles(facts) || linked.length === 0) return null;
      const put = (name: string) => {
        const [link, file] = [`${facts.data}/${name}`, `${facts.data}/${name}.file`];
        return sh`cp -pL ${quoted(link)} ${quoted(file)} && mv ${quoted(file)} ${quoted(link)}`;
      };
      return {
        found: `in ${facts.data}, and a symbolic link: ${linked.join(', ')}`,
        remedy: 'put the file in place of the link, as the user of the server',
        command: joined(linked.map(put), ' && ').text,
      };
    }),
  },
];
