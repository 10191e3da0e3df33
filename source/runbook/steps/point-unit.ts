import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { hostIn } from '../../cluster/observations.ts';
import { notServing, onHost, verdictOf } from '../language/conditions.ts';
import { done, makeStep, pending, type StepParts } from '../language/make-step.ts';
import type { StepsOf } from '../language/outline.ts';
import type { PhaseId, Step } from '../language/step.ts';
import { undoText } from '../language/undo.ts';
import { rootDirectory, rootScriptAfter } from '../shell/root-verbs.ts';
import { downLines } from '../shell/service.ts';

/** The unit's program, where it lies in a directory per version. Debian's one pg_autoctl for all needs no edit. */
const pointUnit = (
  facts: ClusterFacts,
  host: HostFacts,
  phase: PhaseId,
  to: 'new' | 'old',
  parts: (unit: string) => Pick<StepParts, 'reason' | 'guide' | 'deviation' | 'undo'>,
): readonly Step[] => {
  const { service } = host;
  if (service.kind === 'none' || host.oldAutoctl === host.newAutoctl) return [];
  const wanted = to === 'new' ? host.newAutoctl : host.oldAutoctl;
  return [
    makeStep(facts, {
      id: 'unit',
      phase,
      host,
      as: 'root',
      title: `Point the unit at ${to === 'new' ? facts.newMajor : facts.oldMajor}`,
      danger: 'changes',
      script: rootScriptAfter(facts, host, downLines(host), to === 'new' ? 'unit-new' : 'unit-old'),
      probe: (world) => {
        const unit = hostIn(world, host.alias)?.unit;
        if (unit == null) return pending('not seen');
        return unit.program === wanted ? done(`it runs ${unit.program}`) : pending(`it runs ${unit.program}`);
      },
      before: [notServing(host)],
      after: [
        onHost(host.alias, `${service.unit} runs ${wanted}`, (seen) =>
          verdictOf(seen.unit?.program === wanted, `it runs ${seen.unit?.program ?? 'nothing'}`),
        ),
      ],
      ...parts(service.unit),
    }),
  ];
};

export const pointUnitToNew =
  (host: HostFacts): StepsOf =>
  (facts, phase) =>
    pointUnit(facts, host, phase, 'new', () => ({
      reason: 'The service must run the pg_autoctl that goes with the new version.',
      guide: isNode(host) ? 'Step 11' : 'Step 8',
      ...(isNode(host)
        ? {
            deviation: `The guide edits the monitor’s unit only: its steps 11 and 12 leave the nodes’ on ${facts.oldMajor}.`,
          }
        : {}),
      undo: undoText(`restore the unit from ${rootDirectory}; systemctl daemon-reload`),
    }));

export const pointUnitToOld =
  (host: HostFacts): StepsOf =>
  (facts, phase) =>
    pointUnit(facts, host, phase, 'old', (unit) => ({
      reason: 'The service runs the old version’s pg_autoctl again.',
      guide: null,
      undo: undoText(`edit /etc/systemd/system/${unit} again`),
    }));
