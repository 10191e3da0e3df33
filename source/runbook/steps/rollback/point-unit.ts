import type { HostFacts } from '../../../cluster/facts.ts';
import { hostIn } from '../../../cluster/observations.ts';
import { notServing, onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepsOf } from '../../language/outline.ts';
import { rootScriptAfter } from '../../shell/root-verbs.ts';
import { downLines } from '../../shell/service.ts';

/** The unit and pg_autoctl's state file, as they were for the old version. */

export const pointUnitToOld =
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
        title: `Point the unit at ${facts.oldMajor}`,
        reason: 'The service runs the old version’s pg_autoctl again.',
        guide: null,
        danger: 'changes',
        script: rootScriptAfter(facts, host, downLines(host), 'unit-old'),
        probe: (world) => {
          const unit = hostIn(world, host.alias)?.unit;
          if (unit == null) return pending('not seen');
          return unit.program === host.oldAutoctl
            ? done(`it runs ${unit.program}`)
            : pending(`it runs ${unit.program}`);
        },
        before: [notServing(host)],
        after: [
          onHost(host.alias, `${service.unit} runs ${host.oldAutoctl}`, (seen) =>
            verdictOf(seen.unit?.program === host.oldAutoctl, `it runs ${seen.unit?.program ?? 'nothing'}`),
          ),
        ],
        undo: `edit /etc/systemd/system/${service.unit} again`,
      }),
    ];
  };
