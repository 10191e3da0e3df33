import { type HostFacts, isNode } from '../../cluster/facts.ts';
import { hostIn } from '../../cluster/observations.ts';
import { notServing, onHost, verdictOf } from '../language/conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepsOf } from '../language/outline.ts';
import { rootDirectory, rootScriptAfter } from '../shell/root-verbs.ts';
import { downLines } from '../shell/service.ts';

/** The unit's program, where it lies in a directory per version. Debian's one pg_autoctl for all needs no edit. */
export const pointUnitToNew =
  (host: HostFacts): StepsOf =>
  (facts, phase) => {
    const { service } = host;
    if (service.kind === 'none' || host.oldAutoctl === host.newAutoctl) return [];
    return [
      makeStep(facts, {
        id: 'unit',
        phase,
        host,
        as: 'root',
        title: `Point the unit at ${facts.newMajor}`,
        reason: 'The service must run the pg_autoctl that goes with the new version.',
        guide: isNode(host) ? 'Step 11' : 'Step 8',
        ...(isNode(host)
          ? {
              deviation: `The guide edits the monitor’s unit only: its steps 11 and 12 leave the nodes’ on ${facts.oldMajor}.`,
            }
          : {}),
        danger: 'changes',
        script: rootScriptAfter(facts, host, downLines(host), 'unit-new'),
        probe: (world) => {
          const unit = hostIn(world, host.alias)?.unit;
          if (unit == null) return pending('not seen');
          return unit.program === host.newAutoctl
            ? done(`it runs ${unit.program}`)
            : pending(`it runs ${unit.program}`);
        },
        before: [notServing(host)],
        after: [
          onHost(host.alias, `${service.unit} runs ${host.newAutoctl}`, (seen) =>
            verdictOf(seen.unit?.program === host.newAutoctl, `it runs ${seen.unit?.program ?? 'nothing'}`),
          ),
        ],
        undo: `restore the unit from ${rootDirectory}; systemctl daemon-reload`,
      }),
    ];
  };
