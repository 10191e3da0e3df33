import type { CheckLook, HostEvidence, ServerEvidence } from '../../cluster/checks/evidence.ts';
import type { Section, Sections } from '../../cluster/checks/sections.ts';
import type { HostFacts } from '../../cluster/facts.ts';

/** What a judgment needs to see of a host, or the sentence why it is not to be seen. */

export const reached = (host: HostEvidence): HostEvidence | string =>
  host.reach.kind === 'reached' ? host : 'the host was not reached';

const whyNoLook = (host: HostEvidence): string =>
  host.reach.kind === 'reached' ? 'the host could not be inspected' : 'the host was not reached';

export interface Seen {
  readonly facts: HostFacts;
  readonly look: CheckLook;
}

export const looked = (host: HostEvidence): Seen | string =>
  host.look === null || host.facts === null ? whyNoLook(host) : { facts: host.facts, look: host.look };

export const served = (host: HostEvidence): (Seen & { readonly server: ServerEvidence }) | string => {
  const seen = looked(host);
  if (typeof seen === 'string') return seen;
  return seen.look.server === null ? 'its server did not answer' : { ...seen, server: seen.look.server };
};

export interface Rehearsed {
  readonly facts: HostFacts;
  readonly sections: Sections;
}

export const rehearsed = (host: HostEvidence): Rehearsed | string => {
  if (host.facts === null) return whyNoLook(host);
  if (host.rehearsal !== null) return { facts: host.facts, sections: host.rehearsal };
  return host.rehearsalTrouble?.what ?? 'the dry run was not made';
};

/** One section of the rehearsal, which an earlier one may have kept from being reached. */
export const section =
  (name: string) =>
  (host: HostEvidence): (Rehearsed & { readonly section: Section }) | string => {
    const seen = rehearsed(host);
    if (typeof seen === 'string') return seen;
    const found = seen.sections.get(name);
    return found === undefined ? `the dry run did not reach “${name}”` : { ...seen, section: found };
  };
