import type { CheckInspection, HostEvidence, ServerEvidence } from '../../cluster/checks/evidence.ts';
import type { Section, Sections } from '../../cluster/checks/sections.ts';
import type { HostFacts } from '../../cluster/facts.ts';

/** What a judgment needs to see of a host, or the sentence why it is not to be seen. */

export const reached = (host: HostEvidence): HostEvidence | string =>
  host.reach.kind === 'reached' ? host : 'the host was not reached';

const whyNotInspected = (host: HostEvidence): string =>
  host.reach.kind === 'reached' ? 'the host could not be inspected' : 'the host was not reached';

export interface Seen {
  readonly facts: HostFacts;
  readonly inspection: CheckInspection;
}

export const inspected = (host: HostEvidence): Seen | string =>
  host.inspection === null || host.facts === null
    ? whyNotInspected(host)
    : { facts: host.facts, inspection: host.inspection };

export const served = (host: HostEvidence): (Seen & { readonly server: ServerEvidence }) | string => {
  const seen = inspected(host);
  if (typeof seen === 'string') return seen;
  return seen.inspection.server === null
    ? 'its server did not answer'
    : { ...seen, server: seen.inspection.server };
};

export interface DryRunSeen {
  readonly facts: HostFacts;
  readonly sections: Sections;
}

export const dryRunOf = (host: HostEvidence): DryRunSeen | string => {
  if (host.facts === null) return whyNotInspected(host);
  if (host.dryRun !== null) return { facts: host.facts, sections: host.dryRun };
  return host.dryRunTrouble?.what ?? 'the dry run was not made';
};

/** One section of the dry run, which an earlier one may have kept from being reached. */
export const section =
  (name: string) =>
  (host: HostEvidence): (DryRunSeen & { readonly section: Section }) | string => {
    const seen = dryRunOf(host);
    if (typeof seen === 'string') return seen;
    const found = seen.sections.get(name);
    return found === undefined ? `the dry run did not reach “${name}”` : { ...seen, section: found };
  };
