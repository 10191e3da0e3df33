import { hostname } from 'node:os';
import { userOn } from '../../cluster/facts.ts';
import type { LockStanding } from '../../inspect/lock/parse.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { pausesIn, stepsIn } from '../journal/downtimes.ts';
import { ofKind, type Recorded } from '../journal/entry.ts';
import { downtimeTold, standsAt } from '../journal/history.ts';
import { readEarlier } from '../journal/journal.ts';
import { skippedIn } from '../journal/skipped.ts';
import type { StepRunner } from '../step/step-runner.ts';
import type { Checklist } from '../view/checklist.ts';
import { downtimeShared } from '../view/downtime.ts';
import type { ViewStore } from '../view/view-store.ts';
import { noteShared } from './note-downtime.ts';
import type { Identity } from './run-identity.ts';
import type { OwnedSession } from './session.ts';
import { directionOf, type KeptJob, keptJobs, nextAttempts, unfinishedJobs } from './unfinished-jobs.ts';

/** A lock that this console may replace, and why. */
export interface Takeover {
  readonly token: string;
  /** `recovered`: it was this operator's own, of a console on this machine that is provably gone. */
  readonly event: 'recovered' | 'taken-over';
  /** What was typed; null for one's own. */
  readonly typed: string | null;
  readonly other: string;
}

const processLives = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it is there, and another user's.
    return !(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH');
  }
};

/**
 * A lock of one's own, left by a console that was killed: taken by this operator, from this machine (its token stands in
 * a journal here, and the machine has the holder's name), by a process that is gone. Nobody is to be asked then.
 */
export const whoseLock = (
  lock: LockStanding,
  identity: Identity,
  options: {
    readonly stateHome: string;
    readonly operator: string;
    readonly alive?: (pid: number) => boolean;
  },
): Takeover | null => {
  if (lock.kind !== 'held' || lock.holder === null || identity.known !== 'here') return null;
  const { operator, token, pid } = lock.holder;
  const sameMachine = operator.endsWith(`@${hostname()}`) || options.alive !== undefined;
  if (operator !== options.operator || !sameMachine || (options.alive ?? processLives)(pid)) return null;
  const records = readEarlier(options.stateHome, identity.cluster, identity.id);
  return ofKind(records, 'lock').some((entry) => entry.token === token)
    ? { token, event: 'recovered', typed: null, other: operator }
    : null;
};

export interface ResumeParts {
  readonly store: ViewStore;
  readonly checklist: Checklist;
  readonly runner: StepRunner;
}

export interface Resumed {
  readonly direction: Direction;
  /** Jobs whose end nobody here has seen. */
  readonly unseen: readonly { readonly step: Step; readonly job: KeptJob }[];
}

/** Steps that were skipped and not run since: the reason stands in the journal, so it is not asked for again. */
const restoreSkipped = (
  run: OwnedSession,
  { checklist }: ResumeParts,
  earlier: readonly Recorded[],
): void => {
  for (const step of checklist.steps) {
    if (step.probe(run.observer.world).state === 'done') continue;
    const skipped = skippedIn(earlier, step.id);
    if (skipped === null) continue;
    // Skipped because its host gave no answer: when it answers again, it is asked for again.
    if (skipped.absent && run.observer.silence(step.host) === null) continue;
    checklist.show(run, step, { kind: 'skipped', reason: skipped.reason });
  }
};

/** A command that runs and is none of this way's steps must end first: two at a time is what the lock is there against. */
const waitForStrays = async (
  run: OwnedSession,
  { store }: ResumeParts,
  strays: readonly KeptJob[],
): Promise<void> => {
  for (const job of strays) {
    store.set({
      stage: {
        kind: 'connecting',
        doing: `waiting for ${job.step} on ${job.host}, which an earlier console has started and which still runs`,
      },
    });
    await run.hosts
      .get(job.host)
      ?.job({ id: job.id, as: userOn(run.facts, job.host), script: null }, { onBytes: () => undefined });
  }
  if (strays.length > 0) await run.observer.inspect();
};

/** Shows the run as it stands: from the journal, the jobs that the hosts keep, and the last observation. */
export const resume = async (run: OwnedSession, asked: Direction, parts: ResumeParts): Promise<Resumed> => {
  const { store, checklist, runner } = parts;
  const { facts, identity, journal, hosts, observer } = run;
  const jobs = identity.known === null ? [] : await keptJobs(identity.id, hosts);
  runner.continueFrom(nextAttempts(jobs, journal.earlier));
  const running = jobs.filter((job) => job.state === 'running');
  const [first] = running;
  const direction = first === undefined ? asked : directionOf(first.step);
  if (direction !== asked)
    store.notice(
      `${first?.step ?? ''} is still running on ${first?.host ?? ''}: the ${direction} continues.`,
    );
  checklist.load(run, direction);
  const strays = running.filter((job) => checklist.find(job.step) === undefined);
  if (strays.length > 0) {
    await waitForStrays(run, parts, strays);
    checklist.load(run, direction);
  }
  if (identity.known !== null) {
    restoreSkipped(run, parts, journal.earlier);
    const journaledStep = stepsIn(journal.earlier);
    const { downtime, earlierMs, expected } = downtimeTold(facts, journal.earlier, journaledStep);
    noteShared(run, checklist);
    store.set({
      downtime: downtimeShared(downtime, run.lock.downtime),
      earlierDowntimeMs: earlierMs,
      pauses: pausesIn(journal.earlier, journaledStep),
      ...(expected === null
        ? {}
        : { expectedDowntimeMs: Math.round(expected.seconds * 1000), dryRun: expected.dryRun }),
      resumed: standsAt(identity, checklist.steps, journal.earlier),
    });
    checklist.refresh(run);
  }
  return { direction, unseen: unfinishedJobs(checklist.steps, observer.world, jobs, journal.earlier) };
};
