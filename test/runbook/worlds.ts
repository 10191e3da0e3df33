import type { ClusterFacts } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster } from './clusters.ts';
import { Model } from './model.ts';

/** Moments of a window, each named after what has just happened. */
const moments = {
  running: null,
  prepared: 'A.monitor.configuration',
  fenced: 'B.node_3.maintenance',
  'primary stopped': 'C.node_1.stop',
  'all stopped': 'C.node_3.stop',
  linked: 'D.node_1.pg-upgrade',
  swapped: 'D.node_1.swap',
  started: 'E.node_1.private-start',
  verified: 'E.node_1.hand-over',
  'monitor back': 'D.monitor.start',
  'primary back': 'G.node_1.start',
  'secondary aside': 'H.node_2.aside',
  'secondary rebuilt': 'H.node_2.join',
  'secondaries rebuilt': 'H.node_3.join',
  finished: 'I.monitor.final',
} as const;
export type Moment = keyof typeof moments;

/** A model that has run every step up to and including this one. */
export const modelAfter = (facts: ClusterFacts, last: string | null): Model => {
  const model = new Model(facts);
  if (last === null) return model;
  for (const step of upgradeRunbook(facts)) {
    model.run(step.id);
    if (step.id === last) return model;
  }
  throw new Error(`the runbook has no step ${last}`);
};

export const modelAt = (moment: Moment, facts: ClusterFacts = labCluster()): Model =>
  modelAfter(facts, moments[moment]);

/** The servers of the lab's cluster at a moment of its window. */
export const worldAt = (moment: Moment, facts: ClusterFacts = labCluster()): Observations =>
  modelAt(moment, facts).world();

export const stepOf = (steps: readonly Step[], id: string): Step => {
  const step = steps.find((one) => one.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return step;
};
