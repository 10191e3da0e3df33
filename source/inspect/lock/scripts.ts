import { answerFunctions } from '../../cluster/answer.ts';
import { type Fragment, fixed, lines, sh } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import type { Approval, Holder, RunFile } from './parse.ts';
import script from './script.sh' with { type: 'text' };

interface Values {
  readonly token?: string;
  readonly holder?: Holder;
  readonly run?: RunFile;
  readonly instead?: string | null;
  readonly approvals?: readonly Approval[];
}

/** The functions of script.sh beside this file, and a call of one. */
const lockScript = (
  work: Path,
  { token, holder, run, instead, approvals = [] }: Values,
  call: Fragment,
): Fragment =>
  lines(
    answerFunctions,
    fixed(script, {
      work,
      token: token ?? '',
      holder: holder === undefined ? '' : JSON.stringify(holder),
      run: run === undefined ? '' : JSON.stringify(run),
      instead: instead ?? '',
      approvals: approvals.map((one) => JSON.stringify(one)).join('\n'),
    }),
    call,
    sh``,
  );

/** Read-only: who holds the lock, since when nothing was heard of them, and which run was begun. */
export const readStandingScript = (workDir: Path): Fragment => lockScript(workDir, {}, sh`standing`);

/**
 * Takes the lock and writes which run this is, then reports as {@link readStandingScript}: whose token stands there now
 * says whether it was taken. `instead` is the token of a lock to take over; the free lock needs none.
 */
export const takeLockScript = (
  workDir: Path,
  holder: Holder,
  run: RunFile,
  instead: string | null,
): Fragment => lockScript(workDir, { token: holder.token, holder, run, instead }, sh`take`);

/** A sign of life, if the lock is still this token's; then the report. */
export const beatScript = (workDir: Path, token: string): Fragment =>
  lockScript(workDir, { token }, sh`beat`);

/** Changes what is written about the run, if the lock is still this token's. */
export const writeRunScript = (workDir: Path, token: string, run: RunFile): Fragment =>
  lockScript(workDir, { token, run }, sh`write_run`);

/** Writes down that a second person approves these steps; then the report. */
export const approveScript = (workDir: Path, approvals: readonly Approval[]): Fragment =>
  lockScript(workDir, { approvals }, sh`approve`);

/** Gives the lock back, if it is still this token's. */
export const releaseScript = (workDir: Path, token: string): Fragment =>
  lockScript(workDir, { token }, sh`release`);
