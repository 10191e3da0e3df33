import type { EngineView } from '../engine/view/controller.ts';
import { closingLines, downtimeWords, stepCounts } from '../wording/closing.ts';
import { farewell } from '../wording/farewell.ts';

/** What the lines above the closing ones say already. */
const saidBefore: readonly string[] = ['Result', 'Downtime', 'Steps', 'Rollback'];

/** The state at the end: where the run stands, the nodes, the rollback. */
export const finalLines = (view: EngineView): readonly string[] => {
  const nodes = view.monitor.feed.state?.nodes ?? [];
  const closing = closingLines(view).filter(([label]) => !saidBefore.includes(label));
  const { done, skipped, failed } = stepCounts(view);
  const downtime = downtimeWords(view);
  return [
    '',
    ...farewell(view).split('\n'),
    `Steps: ${done} done, ${skipped} skipped, ${failed} failed, of ${view.steps.length}`,
    ...(view.verdict.says === '' ? [] : [`Rollback: ${view.verdict.says}`]),
    ...(downtime === null ? [] : [`Downtime: ${downtime}`]),
    ...closing.map(
      ([, text], at) => `${closing.slice(0, at + 1).findLast(([label]) => label !== '')?.[0]}: ${text}`,
    ),
    ...nodes.map(
      (node) => `${node.name}: ${node.reported} (assigned ${node.assigned}), ${node.timeline}:${node.lsn}`,
    ),
  ];
};
