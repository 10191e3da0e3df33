import type { Evidence, HostEvidence } from '../../cluster/checks/evidence.ts';

export type Severity = 'blocker' | 'warning';
export type Scope =
  | 'every host'
  | 'every node'
  | 'primary and monitor'
  | 'primary'
  | 'secondaries'
  | 'monitor'
  | 'cluster';

/** One thing that was found. */
export interface Finding {
  readonly check: string;
  readonly severity: Severity;
  /** Null: about the cluster as a whole. */
  readonly host: string | null;
  readonly found: string;
  readonly why: string;
  readonly remedy: string;
  /** What to type, where there is one. */
  readonly command: string | null;
}

/** What a check says about one host: something found, or that it could not be inspected. Nothing: all is well. */
export type CheckAnswer =
  | {
      readonly kind: 'found';
      readonly host: string | null;
      readonly found: string;
      readonly remedy: string;
      readonly command?: string;
      /** Where this finding matters for another reason than the check's own. */
      readonly why?: string;
    }
  | { readonly kind: 'unknown'; readonly host: string | null; readonly because: string };

/** A check is data: what is inspected, where, why it matters, and a pure judgment of what the hosts said. */
export interface Check {
  /** Stable: scripts and cluster files name it. */
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly scope: Scope;
  readonly why: string;
  /** Page, file, issue or observation that it rests on. */
  readonly source: string;
  readonly judge: (evidence: Evidence) => readonly CheckAnswer[];
}

/** What is found on one host, without its name. */
export interface Issue {
  readonly found: string;
  readonly remedy: string;
  readonly command?: string;
  readonly why?: string;
}
export type See<Seen> = (host: HostEvidence, evidence: Evidence) => Seen | string;

const inScope = (scope: Scope, host: HostEvidence): boolean => {
  switch (scope) {
    case 'every host':
    case 'cluster':
      return true;
    case 'every node':
      return host.role !== 'monitor';
    case 'primary and monitor':
      return host.role !== 'secondary';
    case 'primary':
      return host.role === 'primary';
    case 'secondaries':
      return host.role === 'secondary';
    case 'monitor':
      return host.role === 'monitor';
  }
};

/**
 * Judges each host of the scope. `see` picks what the judgment needs, or says in a sentence why it is not there:
 * then the answer is unknown, never "all is well".
 */
export const onEach =
  <Seen extends object>(
    scope: Scope,
    see: See<Seen>,
    judge: (seen: Seen, host: HostEvidence, evidence: Evidence) => Issue | null | readonly Issue[],
  ): Check['judge'] =>
  (evidence) =>
    evidence.hosts
      .filter((host) => inScope(scope, host))
      .flatMap((host): readonly CheckAnswer[] => {
        const seen = see(host, evidence);
        if (typeof seen === 'string') return [{ kind: 'unknown', host: host.alias, because: seen }];
        const issues = judge(seen, host, evidence);
        const all = issues === null ? [] : 'found' in issues ? [issues] : issues;
        return all.map((issue) => ({ kind: 'found', host: host.alias, ...issue }));
      });
