import type { HostFacts } from '../../../cluster/facts.ts';
import { hostIn } from '../../../cluster/observations.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepsOf } from '../../language/outline.ts';
import { dropInFile } from '../../shell/service.ts';
import type { Route } from '../../verdict/route.ts';
import { guardParts } from '../service-guard.ts';
import { mayRun } from './still-running.ts';

/** What is half moved must not be started by a reboot, nor by anybody: the unit is enabled again with its start. */
export const holdService =
  (host: HostFacts, route: Route): StepsOf =>
  (facts, phase) => {
    const { service } = host;
    if (service.kind === 'none') return [];
    const { script, notAtBoot, undo } = guardParts(facts, host, service);
    return [
      makeStep(facts, {
        id: 'guard',
        phase,
        host,
        as: 'root',
        title: 'Disable autostart',
        reason:
          'Neither a host that restarts during the rollback nor somebody’s “systemctl start” may start a server on directories that are half moved.',
        guide: null,
        danger: 'changes',
        script,
        probe: (world) => {
          const seen = hostIn(world, host.alias);
          if (seen?.unit == null) return pending('not seen');
          if (mayRun(facts, host, seen, route, world))
            return done(`PostgreSQL ${facts.oldMajor} is in its place`);
          if (!seen.unit.dropIns.includes(dropInFile(service.unit))) return pending('anybody may start it');
          return seen.unit.enabled ? pending('it starts at boot') : done('it does not start at boot');
        },
        after: [notAtBoot],
        undo,
      }),
    ];
  };
