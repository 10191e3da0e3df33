import { posix } from 'node:path';
import type { TransferInspection } from '../../cluster/checks/evidence.ts';
import {
  type ClusterFacts,
  type HostFacts,
  isNode,
  linkedOf,
  linksLeaveNoCopy,
  primaryOf,
  takesLinks,
  userOn,
} from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { sameNames } from '../steps/hard-link/names.ts';
import { type Check, type CheckAnswer, type Issue, onEach } from './check.ts';
import { inspected } from './see.ts';

/** The hosts between which links are taken over. */
export const exchangesLinks = (facts: ClusterFacts, host: HostFacts): boolean =>
  linkedOf(facts).length > 0 && (takesLinks(host) || host.alias === primaryOf(facts).alias);

type Seen = { readonly facts: HostFacts; readonly transfer: TransferInspection };
const nothing: readonly Issue[] = [];

/** On the hosts that are asked; on the others there is nothing to find. */
const onTransfer = (
  scope: 'every node' | 'secondaries',
  judge: (seen: Seen, facts: ClusterFacts) => readonly Issue[],
): Check['judge'] =>
  onEach(scope, inspected, ({ facts, inspection }, _host, { facts: cluster }) => {
    if (cluster === null || !exchangesLinks(cluster, facts)) return nothing;
    return inspection.transfer === null
      ? [{ found: 'rsync and ssh were not asked for', remedy: 'check again' }]
      : judge({ facts, transfer: inspection.transfer }, cluster);
  });

const tooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 3 || (major === 3 && minor < 1);
};

/** What a rebuild by hard links needs. Only where one is asked for. */
export const hardLinkChecks: readonly Check[] = [
  {
    id: 'links-leave-a-fallback-copy',
    severity: 'blocker',
    title: 'A secondary keeps its untouched old data',
    scope: 'cluster',
    why: 'Once the new version has run on the primary’s linked files, a rollback goes through a secondary’s old directory. One that shares its files with the new version is no fallback copy; so at least one is rebuilt by base backup.',
    source:
      'PostgreSQL, pg_upgrade, “Reverting to old cluster” and “Upgrade streaming replication and log-shipping standby servers”; docs/runbook.md, “Secondaries without a copy”',
    judge: ({ facts }): readonly CheckAnswer[] => {
      if (facts === null) return [];
      const linked = linkedOf(facts);
      return !linksLeaveNoCopy(facts)
        ? []
        : [
            {
              kind: 'found',
              host: null,
              found: `every secondary is to be rebuilt by hard links: ${linked.map((node) => node.alias).join(', ')}`,
              remedy:
                linked.length === 1
                  ? 'it is the only secondary: rebuild it by base-backup'
                  : 'set rebuild: base-backup for one of them, under nodes in the cluster file',
            },
          ];
    },
  },
  {
    id: 'links-same-names',
    severity: 'blocker',
    title: 'Directories and users have the same names on both hosts',
    scope: 'secondaries',
    why: 'rsync links a new file to the old one by the names that both have on the primary, and logs in there as the user of the secondary.',
    source: 'PostgreSQL, pg_upgrade, “Upgrade streaming replication and log-shipping standby servers”',
    judge: onEach('secondaries', inspected, ({ facts }, _host, { facts: cluster }) => {
      if (cluster === null || !isNode(facts) || !takesLinks(facts)) return null;
      const primary = primaryOf(cluster);
      if (userOn(cluster, facts.alias) !== userOn(cluster, primary.alias))
        return {
          found: `PostgreSQL runs as ${userOn(cluster, facts.alias)} here, as ${userOn(cluster, primary.alias)} on ${primary.alias}`,
          remedy: 'rebuild it by base-backup',
        };
      if (sameNames(primary, facts)) return null;
      return {
        found: `${posix.basename(facts.data)} here, ${posix.basename(primaryOf(cluster).data)} on ${primaryOf(cluster).alias}`,
        remedy: 'rebuild it by base-backup',
      };
    }),
  },
  {
    id: 'links-programs',
    severity: 'blocker',
    title: 'rsync 3.1 or later, and ssh, are there',
    scope: 'every node',
    why: 'The secondary fetches the primary’s links by rsync over ssh, with a key that it makes for the run.',
    source:
      'rsync(1), --hard-links; PostgreSQL, pg_upgrade, “Upgrade streaming replication and log-shipping standby servers”',
    judge: onTransfer('every node', ({ transfer }) => [
      ...(transfer.rsync === null || tooOld(transfer.rsync)
        ? [
            {
              found: transfer.rsync === null ? 'there is no rsync' : `rsync is ${transfer.rsync}`,
              remedy: 'install rsync 3.1 or later, or rebuild the secondary by base-backup',
            },
          ]
        : []),
      ...transfer.missing.map((name) => ({
        found: `there is no ${name}`,
        remedy: 'install the OpenSSH client, or rebuild this secondary by base-backup',
      })),
    ]),
  },
  {
    id: 'links-reach-primary',
    severity: 'blocker',
    title: 'The secondary reaches the primary’s sshd',
    scope: 'secondaries',
    why: 'The transfer lies in the downtime; a port that is closed between the two hosts would be found there. Whether sshd lets postgres in shows when the window tests it, before failover is suspended.',
    source: 'docs/runbook.md, “Secondaries without a copy”',
    judge: onTransfer('secondaries', ({ transfer: { sshd, missing } }, cluster) => {
      const { alias, hostname, sshPort } = primaryOf(cluster);
      return missing.length > 0 || /host key verification failed/i.test(sshd ?? '')
        ? []
        : [
            {
              found: `${alias} (${hostname}, port ${sshPort}) said: ${(sshd ?? '').slice(0, 200) || 'nothing'}`,
              remedy: `open the way, name sshd’s port as nodes.${alias}.ssh.port, or rebuild this secondary by base-backup`,
              command: sh`ssh -p ${sshPort} ${hostname}`.text,
            },
          ];
    }),
  },
];
