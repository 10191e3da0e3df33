import type { FlagName, Given } from './flags.ts';

/** A command, as the help shows it and as it is started. What it needs is loaded when it is started. */
export interface Subcommand {
  readonly name: string;
  /** What may stand behind its name; null: nothing. */
  readonly argument: string | null;
  /** Several of them may stand there. */
  readonly many?: true;
  /** There are two of them. */
  readonly takesTwo?: true;
  readonly says: string;
  /** What else its own help says, in lines. */
  readonly more: readonly string[];
  readonly flags: readonly FlagName[];
  /** What `--format` takes here; the first is the default. */
  readonly formats?: readonly string[];
  /** Gives the exit code. */
  readonly start: (given: Given) => Promise<number>;
}
