import { laterWords } from '../../cluster/to-do.ts';
import type { Entry, EntryOf, Recorded } from '../../engine/journal/entry.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { StepNames } from './steps.ts';
import type { Attempt, Happening, Story, Verdict } from './story.ts';

type Open = { -readonly [Key in keyof Attempt]: Attempt[Key] };

/** Reads a journal from its first line to its last. */
class Reader {
  readonly attempts: Open[] = [];
  readonly happenings: Happening[] = [];
  readonly verdicts: Verdict[] = [];
  readonly inventories: Story['inventories'][number][] = [];
  toDo: Story['toDo'] = [];
  readonly approvals: Story['approvals'][number][] = [];
  ticket: string | null = null;
  /** As the last console was told. */
  windowEnd: number | null = null;
  readonly over = new Set<string>();
  readonly skipped = new Set<string>();
  /** By the step that noticed it; null: the cluster as a whole. A step that was done again tells anew. */
  readonly #notes = new Map<string | null, readonly string[]>();
  direction: Direction = 'upgrade';
  readonly #names: StepNames;
  #operator = 'unknown';
  #unattended = false;

  constructor(names: StepNames) {
    this.#names = names;
  }

  /** Each once for its host. */
  get warnings(): Story['warnings'] {
    const all = [...this.#notes].flatMap(([step, notes]) =>
      notes.map((text) => ({ host: step === null ? null : this.#names.of(step).host, text })),
    );
    const left = new Set(this.toDo.map(laterWords));
    return [
      ...new Map(
        all.filter(({ text }) => !left.has(text)).map((one) => [JSON.stringify([one.host, one.text]), one]),
      ).values(),
    ];
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
        this.ticket = entry.ticket ?? this.ticket;
        this.#operator = entry.operator;
        this.#unattended = entry.unattended ?? false;
        break;
      case 'facts':
      case 'runbook':
        return;
      case 'approved':
        this.approvals.push({ at, entry });
        return;
      case 'window-end':
        this.windowEnd = Date.parse(entry.end);
        return;
      case 'inventory':
        this.inventories.push({ at, entry });
        return;
      case 'confirmed':
        this.#confirm(at, entry);
        if (entry.clusterNotes !== undefined) this.#notes.set(null, entry.clusterNotes);
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
        this.skipped.delete(entry.step);
        this.#notes.set(entry.step, entry.notes ?? []);
        if (entry.toDo !== undefined) this.toDo = entry.toDo;
        this.#say(at, entry.step, entry.verdict);
        const open = this.#open(entry.step);
        const own = open !== undefined && open.end === null;
        if (own) open.end = { kind: 'done', at };
        if (own || entry.by === 'found') return;
        break;
      }
      case 'skipped':
        this.over.add(entry.step);
        this.skipped.add(entry.step);
        break;
      case 'turned':
        // What the other way has done, this one has undone or will find.
        if (entry.direction !== this.direction) {
          this.over.clear();
          this.skipped.clear();
        }
        this.direction = entry.direction;
        this.#say(at, null, entry.verdict);
        break;
    }
    this.happenings.push({ at, operator: this.#operator, entry });
  }

  #confirm(at: number, entry: EntryOf<'confirmed'>): void {
    this.over.delete(entry.step);
    this.skipped.delete(entry.step);
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
  const {
    windowEnd,
    approvals,
    ticket,
    attempts,
    happenings,
    verdicts,
    warnings,
    toDo,
    inventories,
    over,
    skipped,
    direction,
  } = reader;
  return {
    attempts,
    happenings,
    verdicts,
    warnings,
    toDo,
    windowEnd,
    approvals,
    ticket,
    inventories,
    over,
    skipped,
    direction,
    began: times[0] ?? null,
    last: times.at(-1) ?? null,
    unknown,
  };
};
