import type { Fragment, ScriptText } from '../../cluster/fragment.ts';
import type { Observations } from '../../cluster/observations.ts';
import type { Gauge } from './gauge.ts';
import type { Undo } from './undo.ts';

/** `primary`, `monitor` … the alias of a host: `monitor`, or the node's name on the monitor. */
export type HostAlias = string;
export type StepId = string;

/** The phases of an upgrade, in order. Source: docs/runbook.md. */
export const phases = [
  { id: 'A', title: 'Prepare', says: 'application online' },
  { id: 'B', title: 'Suspend failover', says: 'secondaries into maintenance' },
  { id: 'C', title: 'Stop', says: 'monitor upgraded, then all servers stop' },
  { id: 'D', title: 'Upgrade', says: 'pg_upgrade, swap; the monitor starts' },
  { id: 'E', title: 'Verify', says: 'primary verified offline' },
  { id: 'F', title: 'Monitor', says: 'group has the new system identifier' },
  { id: 'G', title: 'Resume service', says: 'application online again' },
  { id: 'H', title: 'Secondaries', says: 'rebuilt from the primary' },
  { id: 'I', title: 'Restore', says: 'settings restored, final verification' },
  // The rollback has its own phases, made from where the cluster stands.
  { id: 'R', title: 'Rollback: stop', says: 'nothing of the new version runs' },
  { id: 'S', title: 'Rollback: monitor', says: 'the monitor on the old version' },
  { id: 'T', title: 'Rollback: primary', says: 'writes on the old version' },
  { id: 'U', title: 'Rollback: secondaries', says: 'streaming again' },
  { id: 'V', title: 'Rollback: restore', says: 'settings restored, final verification' },
  { id: 'W', title: 'Clean up', says: 'the old clusters, days later' },
  // Days before, on a copy that is removed.
  { id: 'P', title: 'Rehearse: copy', says: 'a base backup, a server of its own' },
  { id: 'Y', title: 'Rehearse: upgrade', says: 'the window’s scripts on the copy' },
  { id: 'Z', title: 'Rehearse: end', says: 'the copy is removed' },
  // The preparation of the online method, days before the window, and its end without one.
  { id: 'M', title: 'Set wal_level', says: 'a secondary becomes the primary' },
  { id: 'J', title: 'Publish', says: 'application online, schema frozen' },
  { id: 'K', title: 'Copy', says: 'application online, WAL kept' },
  { id: 'L', title: 'Follow', says: 'the new version follows' },
  { id: 'N', title: 'Cut over', says: 'the new version serves' },
  { id: 'O', title: 'Follow back', says: 'the old version follows' },
  { id: 'Q', title: 'Cut back', says: 'the old version serves, with all that was written' },
  { id: 'X', title: 'Call off', says: 'as before the preparation' },
] as const;
export type PhaseId = (typeof phases)[number]['id'];

/** The phases that there are, as the steps come: by the online method not in the order of their letters. */
export const phasesOf = (steps: readonly { readonly phase: PhaseId }[]): readonly (typeof phases)[number][] =>
  [...new Set(steps.map(({ phase }) => phase))].flatMap((id) => phases.filter((one) => one.id === id));

/** What a step may do. It decides how it is confirmed: a point of no return wants the host's name typed. */
export type Danger = 'reads' | 'changes' | 'point-of-no-return';

/**
 * A moment of the window that somebody else goes by: `monitor-stops` and `monitor-starts`, between them nobody answers
 * there, as planned; `verified`, the new version runs on the local socket only and holds what it should; `writer-starts`, a rollback has
 * pg_autoctl take the writes again.
 */
export type Milestone = 'monitor-stops' | 'monitor-starts' | 'verified' | 'writer-starts';

/**
 * What cannot be had again once a step has run. `writes`: what the application has written on the new version;
 * `last-copy`: the last fallback copy of the old cluster; `abandoned`: a new cluster that a rollback has left, with the only
 * copy of what was written on it. For each of these a run without a person needs a word of its own beside the cluster's
 * name.
 */
export interface Loss {
  readonly kind: 'writes' | 'last-copy' | 'abandoned';
  /** A whole sentence, or a phrase that goes behind “Gives up:”. */
  readonly text: string;
}

export interface GuideReference {
  /** The place in the published guide: `Step 4`, `Post-Upgrade Cleanup`; null where the guide has nothing. */
  readonly step: string | null;
  /** What is done differently here, and why; absent where the guide is followed. */
  readonly deviation?: string;
}

/** What the servers say about a step. Never remembered, always inspected. */
export type Probe =
  | { readonly state: 'pending'; readonly says: string }
  | { readonly state: 'done'; readonly says: string }
  | { readonly state: 'half'; readonly says: string };

/** One sentence that must hold before or after a step, and whether it does. */
export interface Condition {
  readonly text: string;
  readonly holds: (world: Observations) => ConditionJudgment;
}
export type ConditionJudgment = { readonly holds: true } | { readonly holds: false; readonly found: string };

/** The unit of the runbook: data, made from facts. Shown and run byte for byte. */
export interface Step {
  readonly id: StepId;
  readonly phase: PhaseId;
  /** Whose checklist it stands in. */
  readonly host: HostAlias;
  /** Operating system user that runs the script. */
  readonly as: string;
  readonly title: string;
  /** Why, in one sentence. */
  readonly reason: string;
  readonly guide: GuideReference;
  readonly danger: Danger;
  /** POSIX sh, `set -eu`. Made from what the servers say now; `unresolved` where an earlier step must run first. */
  readonly script: (world: Observations) => Script;
  /** Hosts that must be inspected to judge probe, before and after. */
  readonly inspects: readonly HostAlias[];
  readonly probe: (world: Observations) => Probe;
  readonly before: readonly Condition[];
  readonly after: readonly Condition[];
  /** How long `after` may take to become true once the script has ended, in seconds. */
  readonly settleSeconds: number;
  /** How long nothing may be printed before the screen says so, in seconds. */
  readonly quietSeconds: number;
  /** How long it is expected to take, in seconds, where the cluster file says so; null: as such steps usually do (timing/step-seconds.ts). */
  readonly expectedSeconds: number | null;
  readonly undo: Undo;
  /** May be skipped without a reason (a switchover for practice, say). */
  readonly optional: boolean;
  /** What is given up by running it now: then the host's name is asked for, whatever `danger` says. Null: nothing. */
  readonly forfeits: (world: Observations) => Loss | null;
  /** What to do where its host went down in the middle of it, by what the disks say; null: its probe and its conditions say enough. */
  readonly interrupted: (world: Observations) => string | null;
  /** What was noticed and stands against nothing (warnings of a check), from the last look. */
  readonly notes: (world: Observations) => readonly string[];
  /** Those of `notes` that are of the cluster, not of the step's host; null: this step does not tell them now. */
  readonly clusterNotes: (world: Observations) => readonly string[] | null;
  /** Where the cause of a failure is to be found on the host: read-only scripts, run when the step has failed. */
  readonly failureLogs: readonly FailureLog[];
  /** What the application feels: its writes stop with this step, come back with it, or pause somewhere within it. */
  readonly writes: 'stop' | 'resume' | 'pause' | 'unchanged';
  /** The step behind it is confirmed with it, and follows at once: between them the application waits already. */
  readonly leadsOn: boolean;
  /** What it brings about is good for a while only: one that has ended well, and is not shown as done any more, is asked for again. Absent: it lasts. */
  readonly fades?: true;
  /** The moment of the window that it is; null: none that anybody goes by. */
  readonly milestone: Milestone | null;
  /** Where it can be read how far the step is while it runs; null: nobody tells. */
  readonly gauge: Gauge | null;
  /** It may run beside the steps of other lanes of its stage, see stages.ts; null: alone. */
  readonly parallel: Track | null;
}

export interface Track {
  readonly group: string;
  readonly track: string;
  /** Lanes of the same stage that must have come to their end before this one begins. */
  readonly after: readonly string[];
}

/** How a step is confirmed now. */
export const dangerNow = (step: Step, world: Observations): Danger =>
  step.forfeits(world) === null ? step.danger : 'point-of-no-return';

export interface FailureLog {
  /** A file's path, or the command in short. */
  readonly title: string;
  /** Operating system user that reads it. */
  readonly as: string;
  readonly script: Fragment;
}

export type Script =
  | { readonly kind: 'ready'; readonly text: ScriptText }
  | { readonly kind: 'unresolved'; readonly needs: string };

export const ready = (fragment: Fragment): Script => ({ kind: 'ready', text: fragment.text });
