import { ok, problem, type Result } from '../../cluster/result.ts';
import type { RunFile } from '../../inspect/lock/parse.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { Checklist } from '../view/checklist.ts';
import type { ViewStore } from '../view/view-store.ts';
import type { Decisions } from './decisions.ts';
import { heldBy } from './run-lock.ts';
import type { OwnedSession } from './session.ts';

/** How the run stands, for the file on the monitor's host. */
export const runFile = (
  run: OwnedSession,
  direction: Direction,
  finished: string | null = null,
): RunFile => ({
  id: run.identity.id,
  operator: run.identity.by,
  began: run.identity.began,
  direction,
  finished,
  ...(run.ticket === undefined ? {} : { ticket: run.ticket }),
  ...(run.lock.downtime === null || run.lock.run !== run.identity.id ? {} : { downtime: run.lock.downtime }),
});

/**
 * Before a step runs: the lock must be this console's, now. It is taken at the first confirmation. Where it is another's
 * the run is lost to this console, which becomes read-only. `instead` is the token of a lock that may be replaced.
 */
export const acquireLock = async (
  run: OwnedSession,
  direction: Direction,
  parts: { readonly store: ViewStore; readonly decisions: Decisions; readonly checklist: Checklist },
  instead: {
    readonly token: string;
    readonly event: 'recovered' | 'taken-over';
    readonly typed: string | null;
    readonly other: string;
  } | null = null,
): Promise<Result<null>> => {
  const had = run.lock.held;
  const standing = await run.lock.hold(runFile(run, direction), instead?.token ?? null);
  if (!standing.ok) return standing;
  const { lock } = standing.value;
  if (lock.kind === 'held' && lock.token === run.lock.token) {
    if (had) return ok(null);
    return parts.checklist.note(run, {
      kind: 'lock',
      event: instead?.event ?? 'taken',
      token: lock.token,
      other: instead?.other ?? null,
      typed: instead?.typed ?? null,
    });
  }
  parts.decisions.lost = true;
  const other = lock.kind === 'held' ? heldBy(lock) : 'nobody: it was removed';
  return {
    ok: false,
    error: problem(
      `The lock of this cluster is held by ${other}.`,
      'Nothing was run; watch, or take it over.',
    ),
  };
};
