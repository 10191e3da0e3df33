import type { Evidence, HostEvidence } from '../../cluster/checks/evidence.ts';
import { type ClusterFacts, type HostFacts, hostsOf, isNode } from '../../cluster/facts.ts';
import { hostIn, monitorIn, type Observations } from '../../cluster/observations.ts';
import { catalogue } from './catalogue.ts';
import type { Finding } from './check.ts';
import { judge } from './judge.ts';

const seenHost = (host: HostFacts, world: Observations): HostEvidence => {
  const checks = hostIn(world, host.alias)?.checks ?? null;
  return {
    alias: host.alias,
    role: isNode(host) ? host.role : 'monitor',
    reach: { kind: 'reached' },
    // The window's first step as root says it, before anything has stopped.
    root: null,
    missingPrograms: [],
    silentServer: null,
    facts: host,
    unclear: null,
    inspection: checks?.inspection ?? null,
    dryRun: checks?.dryRun ?? null,
    dryRunTrouble: null,
  };
};

/** What the checks of the window have left on the hosts, as evidence: from a look like any other, never remembered. */
export const evidenceIn = (
  facts: ClusterFacts,
  world: Observations,
  hosts: readonly HostFacts[] = hostsOf(facts),
  withState = true,
): Evidence => ({
  facts,
  oldMajor: facts.oldMajor,
  newMajor: facts.newMajor,
  state: withState ? monitorIn(world) : null,
  formations: facts.formations,
  hosts: hosts.map((host) => seenHost(host, world)),
});

/**
 * Warnings that no host's own check shows: they come of the monitor's state, or of all hosts together. In words, as `check` tells them;
 * as far as the evidence is there by now.
 */
export const clusterWarnings = (facts: ClusterFacts, world: Observations): readonly string[] => {
  const cluster = new Set(catalogue.filter((one) => one.scope === 'cluster').map((one) => one.id));
  const known = (one: Finding): string => `${one.check} ${one.host}`;
  const own = new Set(
    judge(evidenceIn(facts, world, hostsOf(facts), false), facts.accept)
      .findings.filter((one) => one.host !== null && !cluster.has(one.check))
      .map(known),
  );
  return judge(evidenceIn(facts, world), facts.accept)
    .findings.filter((one) => one.severity === 'warning' && !own.has(known(one)))
    .map(
      (one) => `${one.check}${one.host === null ? '' : ` (${one.host})`}: ${one.found}. Do: ${one.remedy}`,
    );
};

export interface HostJudgment {
  readonly findings: readonly Finding[];
  /** Warnings that the cluster file accepts by name: they do not count. */
  readonly accepted: readonly Finding[];
  /** What was not inspected and would block. */
  readonly notSeen: readonly string[];
}

/**
 * What stands against the upgrade on one host; `withState`: on the monitor, the states of the nodes too. Without, the
 * judgment rests on what the check has kept alone, and stays the same while the window moves the nodes on.
 */
export const judgmentOn = (
  facts: ClusterFacts,
  host: HostFacts,
  world: Observations,
  withState: boolean,
): HostJudgment => {
  const evidence = evidenceIn(facts, world, [host], withState && !isNode(host));
  const { findings, accepted, notSeen } = judge(evidence, facts.accept);
  return {
    findings,
    accepted,
    notSeen: notSeen
      .filter((one) => one.severity === 'blocker' && one.host !== null)
      .map((one) => `${one.check}: ${one.because}`),
  };
};
