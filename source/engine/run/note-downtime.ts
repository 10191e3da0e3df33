import type { Direction } from '../../runbook/runbooks.ts';
import { downtimesIn, stepsIn } from '../journal/downtimes.ts';
import type { Checklist } from '../view/checklist.ts';
import type { Downtime } from '../view/controller.ts';
import { runFile } from './acquire-lock.ts';
import type { OwnedSession } from './session.ts';

/** One downtime has one length, whoever has gone on with the run: the run's file on the monitor's host has it, and so has each journal. */

/** Lets the host know of the downtime as this console tells it, so that whoever goes on tells the same. Where it does not get there, theirs is by what the servers show. */
export const noteDowntime = async (
  run: OwnedSession,
  direction: Direction,
  downtime: Downtime,
): Promise<void> => {
  if ((downtime.kind !== 'down' && downtime.kind !== 'over') || downtime.since === null) return;
  const known = {
    from: new Date(downtime.since).toISOString(),
    until: downtime.kind === 'over' ? new Date(downtime.until).toISOString() : null,
  };
  const { lock } = run;
  if (lock.held && (lock.downtime?.from !== known.from || lock.downtime.until !== known.until))
    await lock.write({ ...runFile(run, direction), downtime: known });
};

/** A downtime that is over, and whose end this journal lacks: whoever went on meanwhile has seen it, and the report counts by it. */
export const noteShared = (run: OwnedSession, checklist: Checklist): void => {
  const { journal, facts, lock, identity } = run;
  const shared = lock.run === identity.id ? lock.downtime : null;
  if (shared === null || shared.until === null) return;
  const [from, until] = [Date.parse(shared.from), Date.parse(shared.until)];
  const own = downtimesIn(journal.earlier, facts, stepsIn(journal.earlier)).at(-1);
  if (own !== undefined && (own.from > until || (own.over !== null && own.over.at > from))) return;
  if (own?.over !== null) checklist.note(run, { kind: 'writes-down', since: shared.from });
  const step = checklist.steps.find(({ writes }) => writes === 'resume')?.id ?? '';
  checklist.note(run, { kind: 'writes-up', step, at: shared.until });
};

/** The writes were down already when this console came, and its journal has no beginning of that. */
export const noteFoundDown = (run: OwnedSession, checklist: Checklist, downtime: Downtime): void => {
  if (downtime.kind !== 'down' || downtime.seen !== true) return;
  const since = downtime.since === null ? null : new Date(downtime.since).toISOString();
  checklist.note(run, { kind: 'writes-down', since });
};
