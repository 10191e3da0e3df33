import type { HostFacts } from '../../../cluster/facts.ts';
import { hostIn, type Observations } from '../../../cluster/observations.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepsOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { rootScript, verbLines } from '../../shell/root-verbs.ts';

/**
 * Reads whether anybody at all has an old directory open. Only root sees the files of other users' processes, so it is
 * root that looks, and that is all that root does here: what is removed is removed by its owner, after the same proof of its own processes.
 */
export const verifyNotInUse =
  (host: HostFacts): StepsOf =>
  (facts, phase) => {
    if (!verbLines(facts, host).has('in-use')) return [];
    const anythingLeft = (now: Observations): boolean => {
      const seen = hostIn(now, host.alias);
      return seen === null || seen.backupData.kind !== 'absent' || seen.abandoned.length > 0;
    };
    return [
      makeStep(facts, {
        id: 'in-use',
        phase,
        host,
        as: 'root',
        title: 'Verify that nobody uses old data',
        reason:
          'A backup or a colleague’s shell may be in it; only root sees the files of every user’s processes.',
        guide: 'Post-Upgrade Cleanup',
        danger: 'reads',
        script: rootScript(facts, host, 'in-use'),
        probe: (now) =>
          anythingLeft(now) ? pending('it is asked each time') : done('nothing is left to be in use'),
        undo: nothingToUndo,
      }),
    ];
  };
