import { isLeftOut } from '../../cluster/observations.ts';
import { parallelGroup, tracksOf } from '../../runbook/language/parallel.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import { nameAskedFor } from '../../runbook/verdict/name-asked.ts';
import { probed } from '../observe/judge.ts';
import { waiting } from '../run/absence.ts';
import type { OwnedSession } from '../run/session.ts';
import type { Checklist } from '../view/checklist.ts';
import type { StepFailure, StepStatus } from '../view/controller.ts';

const isOpen = (status: StepStatus | null): boolean => status?.kind !== 'done' && status?.kind !== 'skipped';

/**
 * What may run together with a step: the open steps of its stage, as lanes. What wants a name typed is confirmed alone, and
 * whatever stands behind it in its lane waits for it.
 */
export const tracksBeside = (
  run: OwnedSession,
  checklist: Checklist,
  step: Step,
): readonly (readonly Step[])[] => {
  const { world } = run.observer;
  const all = parallelGroup(checklist.steps, step).filter((one) => isOpen(checklist.statusOf(one.id)));
  const waits = waiting(all, world);
  const open = all.filter((one) => !waits.has(one));
  return tracksOf(open).flatMap((track) => {
    const stop = track.findIndex((one) => nameAskedFor(one, world, checklist.direction) !== null);
    const until = stop < 0 ? track : track.slice(0, stop);
    return until.length === 0 ? [] : [until];
  });
};

/** The steps of lanes, in the order of the runbook; null where nothing runs beside the step. */
export const groupOf = (run: OwnedSession, checklist: Checklist, step: Step): readonly StepId[] | null => {
  const tracks = tracksBeside(run, checklist, step);
  if (tracks.length < 2 || !tracks.some((track) => track.includes(step))) return null;
  const ids = new Set(tracks.flat().map((one) => one.id));
  return checklist.steps.filter((one) => ids.has(one.id)).map((one) => one.id);
};

/** What holds up its own host only: others go on beside it. */
const isItsOwn = (failure: StepFailure, step: Step): boolean => failure.silent?.host === step.host;

/**
 * Runs lanes side by side, each step by step. A failure lets the others finish the step that they are at, then everything
 * stands; that a lane's own host gives no answer ends that lane alone. Gives what has failed. `over`: nobody waits
 * for the end any more; `held`: nothing new is begun.
 */
export const runTracks = async (
  run: OwnedSession,
  checklist: Checklist,
  tracks: readonly (readonly Step[])[],
  work: (step: Step) => Promise<StepFailure | null>,
  over: () => boolean,
  held: () => boolean,
): Promise<ReadonlyMap<StepId, StepFailure>> => {
  const failures = new Map<StepId, StepFailure>();
  let stands = false;
  const alreadyDone = async (step: Step): Promise<boolean> => {
    if (step.probe(run.observer.world).state !== 'done') return false;
    // What an older look shows as done may have been undone since.
    await run.observer.freshen(probed(step), step.host);
    return step.probe(run.observer.world).state === 'done';
  };
  const go = async (track: readonly Step[]): Promise<void> => {
    for (const step of track) {
      if (stands || over() || held()) return;
      if (await alreadyDone(step)) {
        checklist.finish(run, step, 'found', null);
        continue;
      }
      // What the other lanes have done meanwhile may have made it one: it is asked for alone.
      if (nameAskedFor(step, run.observer.world, checklist.direction) !== null) return;
      const failure = await work(step);
      if (failure === null) continue;
      if (isLeftOut(run.observer.world, step.host)) return checklist.show(run, step, { kind: 'waiting' });
      failures.set(step.id, failure);
      if (!isItsOwn(failure, step)) stands = true;
      checklist.show(run, step, over() ? { kind: 'waiting' } : { kind: 'failed', failure });
      return;
    }
  };
  const ends = new Map<string, Promise<void>>();
  for (const track of tracks) {
    // Lanes stand in the order of the runbook: those that this one waits for have been begun.
    const before = (track[0]?.parallel?.after ?? []).map((name) => ends.get(name));
    const end = before.length === 0 ? go(track) : Promise.all(before).then(() => go(track));
    ends.set(track[0]?.parallel?.track ?? '', end);
  }
  await Promise.all(ends.values());
  return failures;
};
