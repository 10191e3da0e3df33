/** What a figure must be to count as reached. */
export interface Target {
  readonly is: 'at least' | 'at most';
  readonly value: number;
}

export interface Figure {
  /** In words that stand alone: the table has nothing else. */
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: Target;
  /** What limits it, or how it was taken. */
  readonly note?: string;
}

export type Outcome =
  | { readonly kind: 'measured'; readonly figures: readonly Figure[] }
  | { readonly kind: 'not-measured'; readonly why: string };

export interface BenchOptions {
  /** How often each pair is taken; figures are medians of so many. */
  readonly runs: number;
  /** Minutes that the steady flood lasts. */
  readonly minutes: number;
  /** A directory of this bench's own, removed afterwards. */
  readonly directory: string;
  readonly say: (text: string) => void;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  /** Where five are too many. */
  readonly usualRuns?: number;
  run(options: BenchOptions): Promise<Outcome>;
}

export const measured = (...figures: readonly Figure[]): Outcome => ({ kind: 'measured', figures });
export const notMeasured = (why: string): Outcome => ({ kind: 'not-measured', why });

export const atMost = (value: number): Target => ({ is: 'at most', value });
export const atLeast = (value: number): Target => ({ is: 'at least', value });

/** Whether a figure is what it must be; null where nothing is asked of it. */
export const reached = ({ value, target }: Figure): boolean | null => {
  if (target === undefined) return null;
  return target.is === 'at least' ? value >= target.value : value <= target.value;
};
