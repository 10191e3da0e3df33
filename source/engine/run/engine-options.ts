import type { Config } from '../../cluster/config.ts';
import type { Connect } from '../../remote/host.ts';
import type { RehearsalWanted } from '../../runbook/verdict/rehearsal-asked.ts';
import type { Direction } from '../view/controller.ts';

/** What a console is started with. */
export interface EngineOptions {
  readonly config: Config;
  readonly connect: Connect;
  /** Where runs are kept: stateHome(). */
  readonly stateHome: string;
  /** Who is at the keyboard, for the journal and the lock: user@machine. */
  readonly operator: string;
  /** `--yes` confirms every step by itself; for the journal. */
  readonly unattended?: boolean;
  /** What must be said of this cluster wherever it is shown. */
  readonly banner?: string;
  /** The cluster is gone with the console. */
  readonly fleeting?: boolean;
  /** What to type to start this program: `node dist/cli.js` in a checkout. */
  readonly called?: string;
  /** Default upgrade. */
  readonly direction?: Direction;
  /** Of the direction `rehearse`: where, and how. */
  readonly rehearsal?: RehearsalWanted;
  /** How old a look may be to count before a step, in milliseconds; see Observer. */
  readonly freshMs?: number;
  /** Whether a process of this machine lives; for tests. */
  readonly alive?: (pid: number) => boolean;
}
