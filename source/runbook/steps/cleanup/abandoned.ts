import { posix } from 'node:path';
import type { HostFacts } from '../../../cluster/facts.ts';
import { sh } from '../../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../../cluster/observations.ts';
import { everyNodeSettled, onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepsOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { script } from '../../shell/shell.ts';
import { healthy, somethingIsLive } from './conditions.ts';
import { abandonedOn, proofLines, removeLines, sizeLines } from './removal.ts';

/** What a rollback left aside. */
export const removeAbandoned =
  (host: HostFacts, world: Observations): StepsOf =>
  (facts, phase) =>
    abandonedOn(host, world).map((one) =>
      makeStep(facts, {
        id: `remove-${posix.basename(one.path).replaceAll(/[^A-Za-z0-9_.-]/g, '_')}`,
        phase,
        host,
        as: 'postgres',
        title: `Remove ${posix.basename(one.path)}`,
        reason:
          one.major === facts.newMajor
            ? `A rollback left it: what ${facts.newMajor} wrote before is in it and nowhere else.`
            : 'A rollback left it: it shares files with another abandoned directory and cannot be used.',
        guide: null,
        danger: 'point-of-no-return',
        forfeits: () =>
          one.major === facts.newMajor
            ? {
                kind: 'abandoned',
                text: `${one.path}: what the application wrote on PostgreSQL ${one.major} before the rollback is nowhere else`,
              }
            : null,
        script: script(sh`
          ${proofLines(facts, host, one, 'kin')}
          ${sizeLines(host, one)}
          ${removeLines(facts, host, one)}
        `),
        probe: (now) => {
          const seen = hostIn(now, host.alias);
          if (seen === null) return pending('not seen');
          return seen.abandoned.includes(one.path) ? pending('it is there') : done('it is removed');
        },
        before: [somethingIsLive(host), everyNodeSettled, healthy],
        after: [
          onHost(host.alias, `${one.path} is gone`, (seen) =>
            verdictOf(!seen.abandoned.includes(one.path), 'it is there'),
          ),
          somethingIsLive(host),
        ],
        quietSeconds: 300,
        undo: undoText('not possible: what is removed is gone'),
      }),
    );
