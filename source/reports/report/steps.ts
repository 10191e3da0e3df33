import { type ClusterFacts, clusterFactsSchema } from '../../cluster/facts.ts';
import type { JournaledStep, Recorded } from '../../engine/journal/entry.ts';
import { phases } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { upgradeRunbook } from '../../runbook/upgrade.ts';

/** A step as the report names it: with its number in the runbook of its direction, where that is known. */
export interface NamedStep extends JournaledStep {
  readonly number: number | null;
  readonly direction: Direction;
}

/** The facts as the last console read them; null in a journal that has none. */
export const factsIn = (records: readonly Recorded[]): ClusterFacts | null => {
  for (const record of records.toReversed()) {
    if (!('entry' in record) || record.entry.kind !== 'facts') continue;
    const facts = clusterFactsSchema.safeParse(record.entry.facts);
    if (facts.success) return facts.data;
  }
  return null;
};

const directionOf = (phase: string): Direction => {
  if (/[Q-V]/.test(phase)) return 'rollback';
  if (/[PYZ]/.test(phase)) return 'rehearse';
  if (/[J-M]/.test(phase)) return 'prepare';
  return phase === 'W' ? 'cleanup' : phase === 'X' ? 'call-off' : 'upgrade';
};

/** A step of which only the name is known: `R.node_1.stop`. */
const unnamed = (id: string): NamedStep => {
  const [letter = '', ...rest] = id.split('.');
  const phase = phases.find((one) => one.id === letter)?.id ?? 'A';
  return {
    id,
    phase,
    host: rest.slice(0, -1).join('.') || 'unknown',
    title: id,
    danger: 'changes',
    writes: 'unchanged',
    optional: false,
    number: null,
    direction: directionOf(phase),
  };
};

const numbered = (steps: readonly JournaledStep[], direction: Direction): readonly NamedStep[] =>
  steps.map((step, index) => ({ ...step, number: index + 1, direction }));

/**
 * What steps the journal's names mean. Runbooks stand in the journal. An older one has none: then titles are taken from
 * the upgrade as it is now, made from the facts, but neither numbers nor how many steps there were, because the order
 * may have been another; and of a rollback only the names are known.
 */
export class StepNames {
  readonly #steps = new Map<string, NamedStep>();
  readonly #runbooks = new Map<Direction, readonly NamedStep[]>();

  constructor(records: readonly Recorded[], facts: ClusterFacts | null) {
    if (facts !== null)
      for (const step of upgradeRunbook(facts))
        this.#steps.set(step.id, { ...step, number: null, direction: 'upgrade' });
    for (const record of records)
      if ('entry' in record && record.entry.kind === 'runbook')
        this.#learn(numbered(record.entry.steps, record.entry.direction), record.entry.direction);
  }

  /** A later runbook of the same direction counts: what it does not have keeps its name, and has no number in it. */
  #learn(steps: readonly NamedStep[], direction: Direction): void {
    for (const step of this.#runbooks.get(direction) ?? [])
      this.#steps.set(step.id, { ...step, number: null });
    this.#runbooks.set(direction, steps);
    for (const step of steps) this.#steps.set(step.id, step);
  }

  of(id: string): NamedStep {
    return this.#steps.get(id) ?? unnamed(id);
  }

  /** The steps of a direction, in order; empty where nobody knows them. */
  runbook(direction: Direction): readonly NamedStep[] {
    return this.#runbooks.get(direction) ?? [];
  }
}

export const stepLabel = (step: NamedStep): string =>
  `${step.number === null ? '' : `step ${step.number}, `}${step.host}: ${step.title}`;
