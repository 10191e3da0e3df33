import type { ClusterFacts } from '../cluster/facts.ts';
import type { World } from '../cluster/world.ts';
import { rollbackRunbook } from '../runbook/rollback/rollback.ts';
import { type Route, rollbackRoute } from '../runbook/rollback/route.ts';
import { dangerNow, type Step } from '../runbook/step.ts';
import { rollbackVerdict } from '../runbook/verdict.ts';
import type { RollbackPreview, StepStatus, StepView } from './controller.ts';

/** A step as the screen shows it, with the script that the world allows now. */
export const viewOf = (step: Step, world: World, status: StepStatus): StepView => {
  const script = step.script(world);
  return {
    id: step.id,
    phase: step.phase,
    host: step.host,
    as: step.as,
    title: step.title,
    reason: step.reason,
    guide: step.guide,
    danger: dangerNow(step, world),
    undo: step.undo,
    givesUp: step.givesUp(world),
    optional: step.optional,
    script: script.kind === 'ready' ? script.text : null,
    scriptNeeds: script.kind === 'ready' ? null : script.needs,
    before: step.before.map((condition) => condition.says),
    after: step.after.map((condition) => condition.says),
    status,
  };
};

const why = (facts: ClusterFacts, route: Route): string => {
  switch (route.kind) {
    case 'unknown':
      return route.why;
    case 'nothing':
      return `Every node runs PostgreSQL ${facts.oldMajor} as before the window.`;
    case 'backup':
      return `PostgreSQL ${facts.newMajor} has run on the primary’s files, and no secondary holds a whole image of ${facts.oldMajor} any more.`;
    case 'own':
      return route.linked
        ? `The files are shared by links, and the fingerprint on the disk proves that ${facts.newMajor} has never been started on them.`
        : `The primary’s own ${facts.oldMajor} directory is whole and shares no file with ${facts.newMajor}.`;
    case 'image':
      return `${facts.newMajor} has run on files that it shares with the primary’s old directory, so that must never start again. ${route.node.alias} was stopped at the primary’s last checkpoint: its directory is the cluster as it was. It becomes the primary; node ids are new.`;
  }
};

/** Seconds that steps of these kinds took on the lab; a base backup is counted by what it takes at least. */
const seconds: readonly (readonly [RegExp, number])[] = [
  [/\.stop$/, 4],
  [/\.start$/, 6],
  [/\.(join|create|promote|drop-nodes)$/, 5],
  [/./, 1],
];

const estimate = (steps: readonly Step[]): number =>
  steps.reduce((sum, step) => sum + (seconds.find(([kind]) => kind.test(step.id))?.[1] ?? 1), 0);

/** What going back would be, from this look at the hosts. */
export const previewOf = (facts: ClusterFacts, world: World): RollbackPreview => {
  const { steps } = rollbackRunbook(facts, world);
  const ahead = steps.filter((step) => step.probe(world).state !== 'done');
  return {
    verdict: rollbackVerdict(facts, world),
    why: why(facts, rollbackRoute(facts, world)),
    steps: ahead.map((step) => viewOf(step, world, { kind: 'waiting' })),
    estimateSeconds: estimate(ahead),
  };
};
