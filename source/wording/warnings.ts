import { laterWords } from '../cluster/to-do.ts';
import type { EngineView, StepView } from '../engine/view/controller.ts';

/** Warnings of one host, from the step that noticed them first; without a step they are of the cluster as a whole. */
export interface Warned {
  readonly step: StepView | null;
  readonly notes: readonly string[];
}

/** Every warning of the run, each once for its host: two hosts that have the same trouble have two. */
export const warningsOf = ({ steps, clusterWarnings = [] }: EngineView): readonly Warned[] => {
  const said = new Set<string>();
  const isNew = (key: string): boolean => !said.has(key) && said.add(key).has(key);
  const ofCluster = [...new Set(clusterWarnings)];
  return [
    ...(ofCluster.length === 0 ? [] : [{ step: null, notes: ofCluster }]),
    ...steps.flatMap((step): readonly Warned[] => {
      const notes = step.notes.filter(
        (note) => !ofCluster.includes(note) && isNew(JSON.stringify([step.host, note])),
      );
      return notes.length === 0 ? [] : [{ step, notes }];
    }),
  ];
};

/** How many there are, without what a step has left to do: that is told by itself. */
export const warningCount = (view: EngineView): number => {
  const left = new Set((view.toDo ?? []).map(laterWords));
  return warningsOf(view).reduce((sum, { notes }) => sum + notes.filter((note) => !left.has(note)).length, 0);
};
