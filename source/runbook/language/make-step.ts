import { type ClusterFacts, type HostFacts, hostsOf, userOn } from '../../cluster/facts.ts';
import type { Fragment } from '../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../cluster/observations.ts';
import { rootUser } from '../shell/root-verbs.ts';
import { autoctlRuns } from './conditions.ts';
import type { Gauge } from './gauge.ts';
import {
  type Condition,
  type Danger,
  type GuideReference,
  type Milestone,
  type PhaseId,
  type Probe,
  ready,
  type Script,
  type Step,
} from './step.ts';
import type { Undo } from './undo.ts';

/** Postgres reads it unless root must. */
export interface FailureLogParts {
  readonly title: string;
  readonly script: Fragment;
  readonly as?: 'root';
}

/** What a step must say of itself; the rest has defaults that a careful step can override. */
export interface StepParts {
  readonly id: string;
  readonly phase: PhaseId;
  readonly host: Pick<HostFacts, 'alias'>;
  readonly as: 'postgres' | 'root';
  readonly title: string;
  readonly reason: string;
  readonly guide: string | null;
  readonly deviation?: string;
  readonly danger: Danger;
  readonly script: Fragment | ((world: Observations) => Script);
  readonly probe: (world: Observations) => Probe;
  readonly before?: readonly Condition[];
  readonly after?: readonly Condition[];
  readonly settleSeconds?: number;
  readonly quietSeconds?: number;
  readonly expectedSeconds?: number;
  readonly undo: Undo;
  readonly optional?: boolean;
  readonly failureLogs?: readonly FailureLogParts[];
  readonly writes?: Step['writes'];
  readonly leadsOn?: boolean;
  readonly fades?: true;
  readonly milestone?: Milestone;
  readonly forfeits?: Step['forfeits'];
  readonly interrupted?: Step['interrupted'];
  readonly notes?: Step['notes'];
  readonly gauge?: Gauge;
}

/** Completes a step. Every host is inspected by default: hosts are asked side by side, so it costs one round trip. */
export const makeStep = (facts: ClusterFacts, parts: StepParts): Step => {
  const { script } = parts;
  const guide: GuideReference =
    parts.deviation === undefined ? { step: parts.guide } : { step: parts.guide, deviation: parts.deviation };
  return {
    id: `${parts.phase}.${parts.host.alias}.${parts.id}`,
    phase: parts.phase,
    host: parts.host.alias,
    as: parts.as === 'root' ? rootUser(facts) : userOn(facts, parts.host.alias),
    title: parts.title,
    reason: parts.reason,
    guide,
    danger: parts.danger,
    script: typeof script === 'function' ? script : () => ready(script),
    inspects: hostsOf(facts).map((host) => host.alias),
    probe: parts.probe,
    before: parts.before ?? [],
    after: parts.after ?? [],
    settleSeconds: parts.settleSeconds ?? 30,
    quietSeconds: parts.quietSeconds ?? 60,
    expectedSeconds: parts.expectedSeconds ?? null,
    undo: parts.undo,
    optional: parts.optional ?? false,
    failureLogs: (parts.failureLogs ?? []).map(({ as, title, script }) => ({
      title,
      script,
      as: as === 'root' ? rootUser(facts) : userOn(facts, parts.host.alias),
    })),
    writes: parts.writes ?? 'unchanged',
    leadsOn: parts.leadsOn ?? false,
    ...(parts.fades && { fades: parts.fades }),
    milestone: parts.milestone ?? null,
    forfeits: parts.forfeits ?? (() => null),
    interrupted: parts.interrupted ?? (() => null),
    notes: parts.notes ?? (() => []),
    clusterNotes: () => null,
    gauge: parts.gauge ?? null,
    parallel: null,
  };
};

export const pending = (says: string): Probe => ({ state: 'pending', says });
export const done = (says: string): Probe => ({ state: 'done', says });
export const half = (says: string): Probe => ({ state: 'half', says });

/** Of a step that only starts pg_autoctl. */
export const autoctlProbe = (host: HostFacts, world: Observations): Probe => {
  const seen = hostIn(world, host.alias);
  if (seen === null) return pending('not seen');
  const verdict = autoctlRuns(seen);
  return verdict.holds ? done('it runs') : pending(verdict.found);
};
