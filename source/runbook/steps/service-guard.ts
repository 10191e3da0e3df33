import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { hostIn } from '../../cluster/observations.ts';
import { onHost, verdictOf } from '../language/conditions.ts';
import { isPastStop } from '../language/evidence.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepsOf } from '../language/outline.ts';
import { nothingToUndo, undoneBy } from '../language/undo.ts';
import { rootScript } from '../shell/root-verbs.ts';
import { dropInFile } from '../shell/service.ts';

/** The unit as it was before the window: enabled if it was, and without our drop-in. */
export const releaseService =
  (host: HostFacts, major: number): StepsOf =>
  (facts, phase) => {
    const { service } = host;
    if (service.kind === 'none') return [];
    const { unit } = service;
    return [
      makeStep(facts, {
        id: 'unguard',
        phase,
        host,
        as: 'root',
        title: service.enabled ? 'Enable autostart, remove drop-in' : 'Remove the drop-in',
        reason: service.enabled
          ? `So that a reboot starts ${major}.`
          : 'The unit was not enabled before, and is not now.',
        guide: null,
        danger: 'changes',
        script: rootScript(facts, host, ...(service.enabled ? (['enable'] as const) : []), 'unguard'),
        probe: (world) => {
          const seen = hostIn(world, host.alias)?.unit;
          if (seen == null) return pending('not seen');
          const clean = !seen.dropIns.includes(dropInFile(unit));
          if (clean && seen.enabled === service.enabled) return done('as before the window');
          return clean ? half('no drop-in, but not enabled') : pending('guarded still');
        },
        after: [
          onHost(host.alias, `${unit} ${service.enabled ? 'starts' : 'does not start'} at boot`, (seen) =>
            verdictOf(seen.unit?.enabled === service.enabled, 'it is otherwise'),
          ),
          onHost(host.alias, 'no drop-in of ours is left', (seen) =>
            verdictOf(seen.unit?.dropIns.includes(dropInFile(unit)) === false, 'it is there'),
          ),
        ],
        undo: nothingToUndo,
      }),
    ];
  };

/** Nobody but the console starts the unit, a reboot neither: what both directions do for it, show, and undo. */
export const guardParts = (
  facts: ClusterFacts,
  host: HostFacts,
  { unit, enabled }: Extract<HostFacts['service'], { kind: 'systemd' }>,
) => ({
  script: rootScript(facts, host, 'guard', ...(enabled ? (['disable'] as const) : [])),
  notAtBoot: onHost(host.alias, `${unit} does not start at boot`, (seen) =>
    verdictOf(seen.unit?.enabled === false, 'it is enabled'),
  ),
  undo: undoneBy(
    sh`rm ${dropInFile(unit)}; systemctl daemon-reload${enabled && sh`; systemctl enable ${unit}`}`,
  ),
});

export const guardService =
  (host: HostFacts): StepsOf =>
  (facts, phase) => {
    const { service } = host;
    if (service.kind === 'none') return [];
    const { unit } = service;
    const { script, notAtBoot, undo } = guardParts(facts, host, service);
    return [
      makeStep(facts, {
        id: 'guard',
        phase,
        host,
        as: 'root',
        title: 'Set KillMode, disable autostart',
        reason: `Without it systemd signals every process at once, walsenders too, and the secondaries miss the last transactions; disabled, a reboot does not start ${facts.oldMajor}. And once the console has stopped it, nobody else’s “systemctl start” does.`,
        guide: 'Step 2',
        deviation:
          'The guide stops the unit as it is: the standbys then miss the shutdown checkpoint and some transactions.',
        danger: 'changes',
        script,
        probe: (world) => {
          if (isPastStop(facts, host, world)) return done('the host was stopped already');
          const seen = hostIn(world, host.alias)?.unit;
          if (seen == null) return pending('not seen');
          const guarded = seen.killMode === 'mixed' && seen.dropIns.includes(dropInFile(unit));
          const disabled = !seen.enabled || !service.enabled;
          if (guarded && disabled) return done('KillMode=mixed and disabled');
          return guarded
            ? half('KillMode=mixed, but enabled')
            : pending(`KillMode=${seen.killMode}, no drop-in`);
        },
        after: [
          onHost(host.alias, `${unit} has KillMode=mixed`, (seen) =>
            verdictOf(seen.unit?.killMode === 'mixed', `it is ${seen.unit?.killMode ?? 'unknown'}`),
          ),
          notAtBoot,
        ],
        undo,
      }),
    ];
  };
