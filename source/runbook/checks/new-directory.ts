import type { CheckInspection, NewDirectory } from '../../cluster/checks/evidence.ts';
import { type ClusterFacts, type HostFacts, isNode, isOnline } from '../../cluster/facts.ts';
import { sh, word } from '../../cluster/fragment.ts';
import { makesNewCluster } from '../shell/ownership.ts';
import type { Issue } from './check.ts';

const isOfThis = (madeFor: string | undefined, cluster: ClusterFacts | null): boolean =>
  madeFor !== undefined && (cluster === null || cluster.systemIdentifier === madeFor);

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MB`;

/** Somebody else's PostgreSQL in the place: nothing of ours may touch it, and we need another one. */
const foreign = (facts: HostFacts, found: string): Issue => ({
  found: `${facts.newData} ${found} that pgaf-upgrade has not made for this cluster`,
  remedy: `give the new cluster another place: ${isNode(facts) ? `nodes.${facts.alias}` : 'monitor'}.newData in the cluster file; nothing of the upgrade touches what is there`,
  command: sh`ls -la ${facts.newData}`.text,
});

/** What the online method has made of the copy: a cluster with databases and our marker. Whether it is good is for its own steps to tell. */
export const isPrepared = (there: NewDirectory): boolean =>
  there.kind === 'cluster' && there.databases > 0 && there.madeFor !== undefined;

/**
 * The directory that the new cluster is made in: absent, empty, or a fresh cluster with the old one's settings that was made for
 * this cluster. On a secondary none is made; but it is where the primary's would be, should the roles change.
 */
export const newDirectory = (
  { facts, inspection }: { facts: HostFacts; inspection: CheckInspection },
  newMajor: number | null,
  cluster: ClusterFacts | null,
): Issue | null => {
  const { newDirectory: there } = inspection;
  const { newData } = facts;
  const remove = {
    remedy: 'inspect it, and remove it if it is left over',
    command: sh`rm -r ${newData}`.text,
  };
  if (there.kind === 'absent') return null;
  if (there.kind === 'cluster' && !isOfThis(there.madeFor, cluster))
    return foreign(
      facts,
      `${there.running ? 'is a running' : 'is a'} PostgreSQL ${there.major}${there.databases > 0 ? ` with ${there.databases} databases of its own` : ''}`,
    );
  if (!makesNewCluster(facts)) return null;
  if (isOnline(cluster) && isNode(facts) && isPrepared(there)) return null;
  if (there.kind === 'not-a-cluster')
    return there.entries === 0
      ? null
      : { found: `${newData} holds ${there.entries} entries but no cluster`, ...remove };
  if (there.running)
    return {
      found: `a server runs in ${newData}`,
      remedy: 'stop it: pg_upgrade needs the new cluster stopped',
      command: sh`${word`${facts.newBindir}/pg_ctl`} -D ${newData} stop`.text,
    };
  if (there.major !== newMajor)
    return { found: `${newData} is PostgreSQL ${there.major}, not ${newMajor ?? '?'}`, ...remove };
  if (there.databases > 0)
    return { found: `${newData} is a cluster with ${there.databases} databases of its own`, ...remove };
  const differs: string[] = [];
  if (there.control !== null) {
    const checksums = there.control.checksumVersion !== 0;
    if (checksums !== facts.initdb.checksums)
      differs.push(
        `data checksums are ${checksums ? 'on' : 'off'}, in the old cluster ${facts.initdb.checksums ? 'on' : 'off'}`,
      );
    if (there.control.walSegmentSize !== facts.initdb.walSegmentBytes)
      differs.push(
        `WAL segments have ${megabytes(there.control.walSegmentSize)}, in the old cluster ${megabytes(facts.initdb.walSegmentBytes)}`,
      );
    if (inspection.control !== null && there.control.blockSize !== inspection.control.blockSize)
      differs.push(
        `blocks have ${there.control.blockSize} bytes, in the old cluster ${inspection.control.blockSize}`,
      );
  }
  return differs.length === 0
    ? null
    : {
        found: `${newData}: ${differs.join('; ')}`,
        remedy: 'remove it; check --prepare or the window’s first steps make it right',
        command: sh`rm -r ${newData}`.text,
      };
};
