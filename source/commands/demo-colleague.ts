import { setTimeout } from 'node:timers/promises';
import type { RunHappening } from '../engine/view/run-events.ts';
import { approveFrom } from './approve.ts';
import { readConfig } from './read-config.ts';

/** So long a demo's colleague reads a card. */
const readsMs = 3_000;

export interface Colleague {
  readonly hear: (happening: RunHappening) => void;
  /** Ends what they are at. */
  readonly leave: () => Promise<void>;
}

/**
 * The second person of a demo's scenario: reads the card of the step that waits for one, and approves it as `pgaf-upgrade approve` does,
 * over connections of their own. The console hears of it from its servers, as of everybody's. `tell`: what they do, for the screen.
 */
export const colleagueOf = (
  colleague: string | undefined,
  { clusterFile, stateHome }: { readonly clusterFile: string; readonly stateHome: string },
  tell: (text: string) => void,
): Colleague => {
  const gone = new AbortController();
  let work: Promise<void> = Promise.resolve();
  const approves = async (name: string, step: string, number: number): Promise<void> => {
    const read = readConfig(clusterFile, 'approve');
    if (!read.ok) return;
    tell(`${name} reads the card of step ${number}, at another machine`);
    await setTimeout(readsMs, null, { signal: gone.signal });
    const given = await approveFrom(
      {
        operator: name,
        stateHome,
        ask: () => Promise.resolve({ kind: 'no' }),
        say: () => undefined,
        approves: () => Promise.resolve(!gone.signal.aborted),
      },
      read.value,
      step,
    );
    if (!given.ok) tell(`${name} could not approve it: ${given.error.what}`);
    else if (given.value.approved) tell(`${name} has approved step ${number}, from a login of their own`);
  };
  return {
    hear: (happening) => {
      if (colleague === undefined || happening.event !== 'approval' || happening.by !== null) return;
      const { id, number } = happening.step;
      work = work
        .then(() => approves(colleague, id, number))
        // Left meanwhile: nobody waits for an approval any more.
        .catch((thrown: unknown) => {
          if (!gone.signal.aborted) throw thrown;
        });
    },
    leave: async () => {
      gone.abort();
      await work;
    },
  };
};
