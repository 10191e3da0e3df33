import { progressSentence } from '../console/rows/progress.ts';
import type { EngineView, StepProgress } from '../engine/view/controller.ts';
import type { StepId } from '../runbook/language/step.ts';

/** A line for each tenth of the way, but not more often, and one in between when the way is long. In milliseconds. */
const leastMs = 5_000;
const mostMs = 60_000;

const tenth = ({ done, total }: StepProgress): number =>
  total === null || total <= 0 ? 0 : Math.floor((done * 10) / total);

/** How far running steps are, in lines at a rate that a log can bear. Gives the lines that are due. */
export const progressNews = (now: () => number): ((view: EngineView) => readonly string[]) => {
  const said = new Map<StepId, { readonly at: number; readonly tenth: number }>();
  return (view) => {
    const lines: string[] = [];
    for (const [id, progress] of Object.entries(view.progress)) {
      const step = view.steps.find((one) => one.id === id);
      if (step === undefined || (step.status.kind !== 'running' && step.status.kind !== 'settling')) continue;
      const last = said.get(id) ?? { at: step.status.since, tenth: 0 };
      const since = now() - last.at;
      if (since < leastMs || (tenth(progress) === last.tenth && since < mostMs)) continue;
      said.set(id, { at: now(), tenth: tenth(progress) });
      lines.push(`* ${step.host}: ${progressSentence(progress, step.status.since, now())}`);
    }
    return lines;
  };
};
