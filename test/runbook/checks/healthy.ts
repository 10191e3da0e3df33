import type {
  CheckInspection,
  Evidence,
  HostEvidence,
  ServerEvidence,
} from '../../../source/cluster/checks/evidence.ts';
import { parseSections, type Sections } from '../../../source/cluster/checks/sections.ts';
import { type ClusterFacts, type HostFacts, hostsOf, isNode } from '../../../source/cluster/facts.ts';
import { labCluster } from '../clusters.ts';
import { Model } from '../model.ts';
import { healthyInspection, healthyLog } from './healthy-host.ts';

/** What a cluster that nothing stands against says; each test changes one thing of it. */

export const healthyHost = (facts: HostFacts): HostEvidence => ({
  alias: facts.alias,
  role: isNode(facts) ? facts.role : 'monitor',
  reach: { kind: 'reached' },
  root: null,
  missingPrograms: [],
  silentServer: null,
  facts,
  unclear: null,
  inspection: healthyInspection(facts),
  dryRun: parseSections(healthyLog(facts)),
  dryRunTrouble: null,
});

export const healthy = (facts: ClusterFacts = labCluster()): Evidence => ({
  facts,
  oldMajor: facts.oldMajor,
  newMajor: facts.newMajor,
  state: new Model(facts).host('monitor').monitor,
  hosts: hostsOf(facts).map(healthyHost),
});

type Change<Value> = (value: Value) => Partial<Value>;

export const withHost = (
  alias: string,
  change: Change<HostEvidence>,
  from: Evidence = healthy(),
): Evidence => ({
  ...from,
  hosts: from.hosts.map((host) => (host.alias === alias ? { ...host, ...change(host) } : host)),
});

export const withInspection = (alias: string, change: Change<CheckInspection>, from?: Evidence): Evidence =>
  withHost(
    alias,
    ({ inspection }) => ({
      inspection: inspection === null ? null : { ...inspection, ...change(inspection) },
    }),
    from,
  );

export const withServer = (alias: string, change: Change<ServerEvidence>, from?: Evidence): Evidence =>
  withInspection(
    alias,
    ({ server: it }) => ({ server: it === null ? null : { ...it, ...change(it) } }),
    from,
  );

/** The dry run with one section ended otherwise, and everything after it kept from happening. */
export const failedAt = (log: string, name: string, ...lines: readonly string[]): Sections => {
  const at = log.indexOf(`== ${name}: `);
  if (at < 0) throw new Error(`no section ${name}`);
  return parseSections(
    `${log.slice(0, at)}${lines.map((line) => `   ${line}\n`).join('')}== ${name}: exit 1, 50 ms\n   == end: exit 0, 1 ms\n== end: exit 0, 1 ms\n`,
  );
};
