import type { Clients } from '../../cluster/clients.ts';
import type { MonitorNode } from '../../cluster/monitor-state.ts';
import type { Problem } from '../../cluster/result.ts';
import type { ToDo } from '../../cluster/to-do.ts';
import type { FeedSnapshot } from '../../monitor/feed.ts';
import type { Answer, LineState, Question } from '../../remote/host.ts';
import type {
  Danger,
  GuideReference,
  HostAlias,
  Loss,
  PhaseId,
  Probe,
  StepId,
} from '../../runbook/language/step.ts';
import type { Undo } from '../../runbook/language/undo.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { FailedMoment } from '../../runbook/steps/custom-failed.ts';
import type { DryRun } from '../../runbook/timing/dry-run.ts';
import type { Reading } from '../../runbook/timing/reading.ts';
import type { NameAsked } from '../../runbook/verdict/name-asked.ts';
import type { DatabaseLag } from '../../runbook/verdict/online-standing.ts';
import type { RollbackVerdict } from '../../runbook/verdict/verdict.ts';
import type { WritePause } from '../journal/downtimes.ts';
import type { ApprovalAsked } from './approval-view.ts';
import type { DeadlineView } from './deadline-view.ts';

/** One host as the screen shows it. */
export interface HostView {
  readonly alias: HostAlias;
  /** `other`: of another formation on the same monitor. */
  readonly role: 'monitor' | 'primary' | 'secondary' | 'other';
  /** user@host:port as connected. */
  readonly address: string;
  readonly line: LineState;
  /** Milliseconds since the epoch of the last byte from this host; null before the first. */
  readonly lastByteAt: number | null;
}

/** Why a step stands still. Everything that the operator needs to decide. */
export interface StepFailure {
  readonly problem: Problem;
  /** null: the command did not run, or its end is unknown. */
  readonly exitCode: number | null;
  readonly lastLines: readonly string[];
  /** Files on the host that hold the cause, with their last lines, fetched. */
  readonly causes: readonly { readonly path: string; readonly lines: readonly string[] }[];
  /** Conditions that do not hold: the sentence and what was found. */
  readonly unmet: readonly { readonly says: string; readonly found: string }[];
  /** What the servers say of the step now. */
  readonly probe: Probe | null;
  /** It cannot be repeated: what leads on is the rollback. */
  readonly onlyBack?: boolean;
  /** It stands still because this host gives no answer, and `others` neither. `waits`: everything else is done, or waits for them too. */
  readonly silent?: {
    readonly host: HostAlias;
    readonly others?: readonly HostAlias[];
    readonly waits: boolean;
  };
}

/** What a host does while a step prints nothing. */
export interface Quiet {
  /** Milliseconds since the epoch of the last byte. */
  readonly since: number;
  /** When it was looked. */
  readonly at: number;
  readonly found: readonly string[];
}

export type StepStatus =
  /** Not its turn yet. */
  | { readonly kind: 'waiting' }
  /** Enter runs it. */
  | { readonly kind: 'next' }
  | {
      readonly kind: 'running';
      readonly since: number;
      /** It has printed nothing for longer than such a step does. */
      readonly quiet?: Quiet;
      /** The operator has ended it: what it started is being ended. */
      readonly ending?: true;
    }
  /** The command has ended; the servers do not show it yet. */
  | { readonly kind: 'settling'; readonly since: number; readonly waitingFor: string }
  /** `found`: the servers showed it done before it was run here. */
  | { readonly kind: 'done'; readonly tookMs: number | null; readonly by: 'run' | 'found' | 'hand' }
  | { readonly kind: 'failed'; readonly failure: StepFailure }
  | { readonly kind: 'skipped'; readonly reason: string };

export interface StepView {
  readonly id: StepId;
  readonly phase: PhaseId;
  readonly host: HostAlias;
  readonly as: string;
  readonly title: string;
  readonly reason: string;
  readonly guide: GuideReference;
  readonly danger: Danger;
  /** Why the host's name is typed before it runs; null: a key is enough. */
  readonly asksName: NameAsked | null;
  /** The step behind it is confirmed with it. */
  readonly leadsOn: boolean;
  /** The servers show it as done already, whoever did it: it is not asked for when its turn comes. */
  readonly shownDone: boolean;
  readonly undo: Undo;
  /** What running it now gives up; null: nothing beyond what `undo` says. */
  readonly givesUp: Loss | null;
  /** What was noticed and stands against nothing: a check's warnings. */
  readonly notes: readonly string[];
  /** How long it should take, from what was measured on these hosts; null: not known. */
  readonly expectedMs: number | null;
  /** For so much of it, in milliseconds, writes cannot be made; absent: they are not paused by it, or nothing was measured. */
  readonly expectedPauseMs?: number;
  /** The steps that must be over right before this one: of its own track, of those that it stands after, or of all before. */
  readonly waitsFor: readonly StepId[];
  readonly optional: boolean;
  /** The exact text that runs; null while an earlier step must run first, then `scriptNeeds` says what is missing. */
  readonly script: string | null;
  readonly scriptNeeds: string | null;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly status: StepStatus;
}

/** The application's writes: stopped since, and for how long in the end. Milliseconds since the epoch. */
export type Downtime =
  /** Nobody has seen yet, or can see now, whether the application can write. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not-started' }
  /** `since` null: since when is not known here. `seen`: the servers show it, and no journal on this machine has its beginning. */
  | { readonly kind: 'down'; readonly since: number | null; readonly seen?: true }
  | { readonly kind: 'over'; readonly since: number | null; readonly until: number };

/** A directory that a run has left on a host. */
export interface KeptDirectory {
  readonly host: HostAlias;
  readonly path: string;
  /** Null: it could not be measured. */
  readonly bytes: number | null;
  /** It shares its files with the directory in use: they take their room once. */
  readonly linked: boolean;
}

/** What is to be known at the end of a run, beside where it stands. Absent: nothing, or not known. */
export interface RunLeaves {
  readonly kept?: readonly KeptDirectory[];
  /** What a rollback has given up: “what 17 wrote since 02:14 UTC (up to 55 transactions) is lost”. */
  readonly lost?: string;
  /** How many extensions of databases have another version than before the stop. */
  readonly extensionsUpdated?: number;
}

/** What the console waits for. */
export type Stage =
  | { readonly kind: 'connecting'; readonly doing: string }
  /** The operator must answer before anything goes on. */
  | { readonly kind: 'question'; readonly question: Question }
  /** It cannot start: nothing was changed. */
  | { readonly kind: 'stopped'; readonly problem: Problem }
  /** `together`: all steps that would run with it, in lanes, itself included; absent where it is alone. */
  | { readonly kind: 'confirm'; readonly step: StepId; readonly together?: readonly StepId[] }
  /** `beside`: what runs at the same time. */
  | { readonly kind: 'running'; readonly step: StepId; readonly beside?: readonly StepId[] }
  | { readonly kind: 'failed'; readonly step: StepId; readonly failure: StepFailure }
  /** `at`: when it ended, milliseconds since the epoch. */
  | ({ readonly kind: 'finished'; readonly says: string; readonly at?: number } & RunLeaves)
  /** Read-only: somebody else holds the lock. `step` is the one that they are at. */
  | { readonly kind: 'watching'; readonly step: StepId | null; readonly lock: LockView };

/** Who holds the lock, as the screen shows it. */
export interface LockView {
  /** user@machine; empty where nobody can be named. */
  readonly holder: string;
  /** ISO 8601; empty where it is not known. */
  readonly since: string;
  /** Milliseconds since the epoch of their last sign of life. */
  readonly aliveAt: number;
  /** No sign of life for so long that it may be taken over. */
  readonly dead: boolean;
}

export type { Direction };

/** What going back would be now, before it is begun. */
export interface RollbackPreview {
  readonly verdict: RollbackVerdict;
  /** Why this way and no other, in a sentence or two. */
  readonly why: string;
  /** The steps still to do, in order; empty where there is no rollback or nothing to undo. */
  readonly steps: readonly StepView[];
  /** Where an earlier console's journal says otherwise than the disks, in a sentence. */
  readonly journalSays: string | null;
  /** The base backups among the steps: bytes to copy, seconds at their maximum rate; null where the size could not be told. */
  readonly copies: readonly {
    readonly host: HostAlias;
    readonly bytes: number | null;
    readonly seconds: number | null;
  }[];
  /** Rough, from what such steps take, base backups included where their size is known. */
  readonly estimateSeconds: number;
  /** Steps of the rollback that the servers show as done already; they are in its list and not in `steps`. */
  readonly doneAlready?: number;
}

/** How far a running step is, as its own tools or its server tell. Milliseconds since the epoch, and milliseconds. */
export interface StepProgress extends Omit<Reading, 'through'> {
  readonly at: number;
  /** Of the unit, a second, over the last while; null: not known, or it would mean nothing. */
  readonly rate: number | null;
  /** Still to go at `at`; null: nothing tells. */
  readonly leftMs: number | null;
}

/**
 * Who is connected to the server that the step on the card stops. `terminated`: how many sessions the operator has ended there; null:
 * none was asked for.
 */
export type ClientsView = { readonly step: StepId; readonly terminated: number | null } & (
  | { readonly kind: 'reading' }
  | { readonly kind: 'seen'; readonly clients: Clients }
  | { readonly kind: 'unknown'; readonly why: string }
);

/** The step that starts the monitor again, as the operator counts and calls it. */
export interface PlannedDown {
  readonly number: number;
  readonly title: string;
}

/** What the cluster file has run for a failure (custom steps at `failed`). */
export interface BehindFailure {
  readonly failure: StepFailure;
  readonly steps: readonly {
    readonly name: string;
    readonly title: string;
    readonly host: HostAlias;
    readonly as: string;
    readonly when: FailedMoment;
    /** `waits`: its moment has not come. `exitCode` null: how it ended is not known. */
    readonly state:
      | { readonly kind: 'waits' | 'runs' }
      | { readonly kind: 'ended'; readonly exitCode: number | null };
  }[];
}

export interface Notice {
  readonly at: number;
  readonly text: string;
  /** It tells the first of several warnings: the others are worth a look. */
  readonly ofSeveral?: boolean;
  /** It tells how this step is while it waits; once that is over the footer has no more use for it. */
  readonly whileWaits?: StepId;
}

/** Everything that the screen shows, but for the output. Immutable: a new one for every change. */
/** What follows, as the last look has it. */
export interface Follows {
  /** In a line, from the whole to what must be there. */
  readonly lag: readonly string[];
  readonly databases: readonly DatabaseLag[];
  /** It falls behind, or catches up, in words; null: it keeps up, or there was one look. */
  readonly trend: string | null;
  readonly falls: boolean;
  /** When that was, in milliseconds since the epoch; null: not known. */
  readonly at: number | null;
}

export interface EngineView {
  /** What must be said of this cluster wherever it is shown: DEMO. */
  readonly banner?: string;
  /** The cluster is gone with the console, and its journal too: a demo that is not kept. */
  readonly fleeting?: true;
  /** What to type to start this program as it was started, where that is not `pgaf-upgrade`. */
  readonly called?: string;
  readonly cluster: {
    readonly name: string;
    /** `15.20`; empty until discovered. */
    readonly from: string;
    readonly to: string;
    readonly mode: 'link' | 'clone' | 'copy';
  };
  readonly stage: Stage;
  /** Which runbook the steps are of. */
  readonly direction: Direction;
  /** When the window began, in milliseconds since the epoch; null before the cluster is known. */
  readonly begunAt: number | null;
  readonly phase: PhaseId | null;
  readonly hosts: readonly HostView[];
  readonly steps: readonly StepView[];
  /** Of those steps that run now and tell. */
  readonly progress: Readonly<Record<StepId, StepProgress>>;
  readonly verdict: RollbackVerdict;
  /** Of the online method: how far behind the version that follows is; absent: none follows. */
  readonly follows?: Follows | undefined;
  readonly downtime: Downtime;
  /** What downtimes before `downtime` have cost in this run, in milliseconds: of the upgrade, say, before its rollback. */
  readonly earlierDowntimeMs?: number;
  /** Switchovers of this run: writes paused somewhere within each. Beside `downtime`, which is one time from a stop to an opening. */
  readonly pauses: readonly WritePause[];
  /** How long the writes should be down in all, in milliseconds, as it was told before they stopped; null: nothing was measured. */
  readonly expectedDowntimeMs: number | null;
  /** Whether a second person has approved the step that is due; absent: nobody is to. */
  readonly approval?: ApprovalAsked | undefined;
  /** The change that the run belongs to. */
  readonly ticket?: string;
  /** The end of the window, and what it leaves time for; absent: nobody has said when it ends. */
  readonly deadline?: DeadlineView;
  /** Whose dry run that, and each step's `expectedMs`, rests on; null: none. */
  readonly dryRun: DryRun | null;
  readonly monitor: {
    readonly feed: FeedSnapshot;
    /** It is stopped as planned; null while it should be up. */
    readonly plannedDown: PlannedDown | null;
    /** The nodes as they were before the window, for comparison. */
    readonly before: readonly MonitorNode[];
  };
  /** While the card of a step that stops a server applications write on waits; else null. */
  readonly clients: ClientsView | null;
  /** It runs on to the next stop without asking; `ending`: only what runs now comes to its end. Null: each step is asked for. */
  readonly runsOn: { readonly ending: boolean } | null;
  /** Where a run that was begun before stood when it was left, in lines; null for a new one. */
  readonly resumed: readonly string[] | null;
  /** Where the journal and the outputs of this run are kept. */
  readonly runDirectory: string | null;
  /** Warnings of the cluster as a whole, as they were told last; those of a host are its steps' `notes`. */
  readonly clusterWarnings?: readonly string[];
  /** What steps of the upgrade have left undone, so that nothing held up the opening, as the primary’s host has it. Absent: nothing. */
  readonly toDo?: readonly ToDo[];
  /** Of the failure that was shown last. Absent: nothing has failed yet, or the cluster file has no such step. */
  readonly behindFailure?: BehindFailure;
  /** Short notices, oldest first, bounded: what happened aside from steps. */
  readonly notices: readonly Notice[];
}

/** Output of one step: a bounded ring of clean lines, with its full text on disk. */
export interface OutputView {
  /** Index of the first line still held. */
  readonly firstLine: number;
  /** One past the last finished line. */
  readonly endLine: number;
  line(index: number): string;
  /** The unfinished last line, '' if none. */
  readonly unfinished: string;
  /** The spool file with everything; null before the first byte. */
  readonly file: string | null;
  readonly bytes: number;
  /** Nothing of it is only in the file. */
  readonly whole: boolean;
  /** All lines up to now, from the file where there is one; clean, in pieces, so that nothing waits for it. */
  text(): AsyncIterable<readonly string[]>;
}

export type Refusal = { readonly refused: string };
export type Accepted = { readonly accepted: true };

/** What the screen (or plain mode) may ask of the engine. Everything it refuses, it refuses with a reason. */
export interface EngineController {
  readonly view: EngineView;
  onChange(listener: (view: EngineView) => void): () => void;
  output(step: StepId): OutputView;
  /** Called whenever output grew; at most as often as the bytes arrive. */
  onOutput(listener: (step: StepId) => void): () => void;
  /**
   * Runs the step shown. `typed` is the host's name, where the step asks for it. `together` runs with it everything that
   * the stage names beside it; `to-stop` that too, and goes on to the next stop: it always wants the name.
   */
  confirm(step: StepId, typed?: string, how?: 'alone' | 'together' | 'to-stop'): Accepted | Refusal;
  /** What runs on to the next stop ends behind the steps that run now. */
  stopRunningOn(): Accepted | Refusal;
  /** After a failure: run it again. */
  retry(step: StepId, typed?: string): Accepted | Refusal;
  /** Pass over a step; a reason is needed unless it is optional. */
  skip(step: StepId, reason: string): Accepted | Refusal;
  /** The operator did it by hand: look at the servers and go on if they agree. */
  probeAgain(step: StepId): Accepted | Refusal;
  /** Ends the running step's command and everything that it started. `typed` is the host's name. */
  terminateStep(step: StepId, typed: string): Accepted | Refusal;
  /** Ends the sessions of all clients of the server that the step shown stops. `typed` is the host's name. */
  terminateClients(step: StepId, typed: string): Accepted | Refusal;
  /** Takes the lock over from a dead holder. `typed` is the holder's or the cluster's name. */
  takeOver(typed: string): Accepted | Refusal;
  /** As a second person, from a read-only console: approves the step. `typed` is the host's name. */
  approve(step: StepId, typed: string): Accepted | Refusal;
  answer(answer: Answer): void;
  /** Inspects every host and makes the rollback from what is there; changes nothing. Null before the cluster is known. */
  previewRollback(): Promise<RollbackPreview | null>;
  /** Puts the other runbook on the screen. Its steps are confirmed one by one like all others. */
  turn(direction: Direction): Accepted | Refusal;
  /** Leaves; running jobs go on on their hosts. `why` is for the journal: a signal's name, say. */
  close(why?: string): Promise<void>;
}

export type { RollbackVerdict };
