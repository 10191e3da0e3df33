import type { ToDo } from '../../cluster/to-do.ts';
import type { EntryOf } from '../../engine/journal/entry.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { NamedStep } from './steps.ts';

/** One try at a step: from its confirmation to what became of it. Times are milliseconds since the epoch. */
export interface Attempt {
  readonly step: NamedStep;
  readonly at: number;
  readonly operator: string;
  readonly unattended: boolean;
  readonly typed: string | null;
  readonly as: string;
  readonly script: string;
  readonly expectedMs: number | null;
  /** Bytes of the step's output file. */
  readonly output: { readonly from: number; readonly to: number | null };
  /** The command; null while it runs, or where its end was never seen. */
  readonly command: { readonly at: number; readonly exitCode: number | null } | null;
  readonly end:
    | { readonly kind: 'done'; readonly at: number }
    | {
        readonly kind: 'failed';
        readonly at: number;
        readonly what: string;
        readonly unmet: readonly string[];
      }
    | null;
  readonly cancelled: { readonly at: number; readonly typed: string } | null;
}

/** What happened aside from commands. */
export interface Happening {
  readonly at: number;
  readonly operator: string;
  readonly entry: EntryOf<
    | 'run'
    | 'resumed'
    | 'attached'
    | 'done'
    | 'skipped'
    | 'on-failure'
    | 'without'
    | 'writes-down'
    | 'writes-up'
    | 'quiet'
    | 'run-on'
    | 'run-on-ended'
    | 'terminate-clients'
    | 'clients-terminated'
    | 'answered'
    | 'lock'
    | 'left'
    | 'turned'
    | 'finished'
    | 'torn'
  >;
}

export interface Verdict {
  readonly at: number;
  /** After this step; null: when a direction was taken. */
  readonly after: NamedStep | null;
  readonly says: string;
}

export interface Story {
  readonly attempts: readonly Attempt[];
  readonly happenings: readonly Happening[];
  /** Each change of what going back would have meant. */
  readonly verdicts: readonly Verdict[];
  /** What was noticed and stands against nothing, as the checks of the window told it last; host null: the cluster as a whole. */
  readonly warnings: readonly { readonly host: string | null; readonly text: string }[];
  /** What steps of the upgrade have left undone, as the journal told it last. */
  readonly toDo: readonly ToDo[];
  /** What a second person has approved, when the operator confirmed it. */
  readonly approvals: readonly { readonly at: number; readonly entry: EntryOf<'approved'> }[];
  /** The change that the run belongs to, as the last console was told; null: nobody has said. */
  readonly ticket: string | null;
  /** When the window was to end; null: nobody had said. */
  readonly windowEnd: number | null;
  readonly inventories: readonly { readonly at: number; readonly entry: EntryOf<'inventory'> }[];
  /** Steps that are over, by whichever way. */
  readonly over: ReadonlySet<string>;
  /** Those of them that were skipped. */
  readonly skipped: ReadonlySet<string>;
  readonly direction: Direction;
  readonly began: number | null;
  readonly last: number | null;
  /** Lines that this version does not understand. */
  readonly unknown: number;
}

/** Who began the run at another console, of which this journal knows what the servers show alone; null: it was begun here. */
export const begunElsewhere = ({ happenings }: Story): EntryOf<'resumed'> | null => {
  for (const { entry } of happenings) if (entry.kind === 'resumed' && entry.known === 'host') return entry;
  return null;
};
