import type { Entry, EntryOf, Recorded } from '../../engine/journal/entry.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { NamedStep, StepNames } from './steps.ts';

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
    | 'quiet'
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
  readonly inventories: readonly { readonly at: number; readonly entry: EntryOf<'inventory'> }[];
  /** Steps that are over, by whichever way. */
  readonly over: ReadonlySet<string>;
  readonly direction: Direction;
  readonly began: number | null;
  readonly last: number | null;
  /** Lines that this version does not understand. */
  readonly unknown: number;
}

type Open = { -readonly [Key in keyof Attempt]: Attempt[Key] };

/** Reads a journal from its first line to its last. */
class Reader {
  readonly attempts: Open[] = [];
  readonly happenings: Happening[] = [];
  readonly verdicts: Verdict[] = [];
  readonly inventories: Story['inventories'][number][] = [];
  readonly over = new Set<string>();
  direction: Direction = 'upgrade';
  readonly #names: StepNames;
  #operator = 'unknown';
  #unattended = false;

  constructor(names: StepNames) {
    this.#names = names;
  }

  #open(step: string): Open | undefined {
    return this.attempts.findLast((one) => one.step.id === step);
  }

  #say(at: number, after: string | null, says: string): void {
    if (says === '' || this.verdicts.at(-1)?.says === says) return;
    this.verdicts.push({ at, after: after === null ? null : this.#names.of(after), says });
  }

  read(at: number, entry: Entry): void {
    switch (entry.kind) {
      case 'run':
      case 'resumed':
        this.#operator = entry.operator;
        this.#unattended = entry.unattended ?? false;
        break;
      case 'facts':
      case 'runbook':
        return;
      case 'inventory':
        this.inventories.push({ at, entry });
        return;
      case 'confirmed':
        this.#confirm(at, entry);
        return;
      case 'ended': {
        const open = this.#open(entry.step);
        if (open !== undefined) {
          open.command = { at, exitCode: entry.exitCode };
          open.output = { from: entry.outputFrom, to: entry.outputTo };
        }
        return;
      }
      case 'failed': {
        const open = this.#open(entry.step);
        if (open !== undefined && open.end?.kind !== 'done')
          open.end = { kind: 'failed', at, what: entry.what, unmet: entry.unmet };
        return;
      }
      case 'cancelled': {
        const open = this.#open(entry.step);
        if (open !== undefined) open.cancelled = { at, typed: entry.typed };
        return;
      }
      case 'done': {
        this.over.add(entry.step);
        this.#say(at, entry.step, entry.verdict);
        const open = this.#open(entry.step);
        const own = open !== undefined && open.end === null;
        if (own) open.end = { kind: 'done', at };
        if (own || entry.by === 'found') return;
        break;
      }
      case 'skipped':
        this.over.add(entry.step);
        break;
      case 'turned':
        // What the other way has done, this one has undone or will find.
        if (entry.direction !== this.direction) this.over.clear();
        this.direction = entry.direction;
        this.#say(at, null, entry.verdict);
        break;
    }
    this.happenings.push({ at, operator: this.#operator, entry });
  }

  #confirm(at: number, entry: EntryOf<'confirmed'>): void {
    this.over.delete(entry.step);
    this.attempts.push({
      step: this.#names.of(entry.step),
      at,
      operator: this.#operator,
      unattended: this.#unattended,
      typed: entry.typed,
      as: entry.as,
      script: entry.script,
      expectedMs: entry.expectedMs ?? null,
      output: { from: entry.outputFrom ?? 0, to: null },
      command: null,
      end: null,
      cancelled: null,
    });
  }
}

export const storyOf = (records: readonly Recorded[], names: StepNames): Story => {
  const reader = new Reader(names);
  const times: number[] = [];
  let unknown = 0;
  for (const record of records) {
    const at = 'at' in record ? Date.parse(record.at) : Number.NaN;
    if (!('entry' in record) || Number.isNaN(at)) {
      unknown += 1;
      continue;
    }
    times.push(at);
    reader.read(at, record.entry);
  }
  const { attempts, happenings, verdicts, inventories, over, direction } = reader;
  return {
    attempts,
    happenings,
    verdicts,
    inventories,
    over,
    direction,
    began: times[0] ?? null,
    last: times.at(-1) ?? null,
    unknown,
  };
};
