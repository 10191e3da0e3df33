import { stepNumber, stepOf } from '../console/state/selectors.ts';
import type { EngineView } from '../engine/view/controller.ts';
import type { StepId } from '../runbook/language/step.ts';

/** `40–43, 45`. */
const ranges = (numbers: readonly number[]): string => {
  const runs: { from: number; to: number }[] = [];
  for (const number of [...numbers].sort((one, other) => one - other)) {
    const last = runs.at(-1);
    if (last !== undefined && last.to === number - 1) last.to = number;
    else runs.push({ from: number, to: number });
  }
  return runs.map(({ from, to }) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
};

/** The steps that Enter would start together; null where it starts one. */
export const togetherNow = ({ stage }: EngineView): readonly StepId[] | null =>
  stage.kind === 'confirm' ? (stage.together ?? null) : null;

/** `steps 40–43 on monitor, node_2`; `counted`: `on 2 hosts`. */
export const stepsOnHosts = (
  view: EngineView,
  ids: readonly StepId[],
  naming: 'named' | 'counted' = 'named',
): string => {
  const hosts = new Set(ids.map((id) => stepOf(view, id)?.host ?? ''));
  return `steps ${ranges(ids.map((id) => stepNumber(view, id)))} on ${naming === 'named' ? [...hosts].join(', ') : `${hosts.size} hosts`}`;
};

/** `after 24, 25`: what of the same group must be over before; null where a step begins at once. */
export const afterWords = (view: EngineView, ids: readonly StepId[], id: StepId): string | null => {
  const before = (stepOf(view, id)?.waitsFor ?? []).filter((one) => ids.includes(one));
  return before.length === 0 ? null : `after ${ranges(before.map((one) => stepNumber(view, one)))}`;
};

/** Each of them in a line, in their order: `26 node_1  Swap directories, after 25`. */
export const togetherLines = (view: EngineView, ids: readonly StepId[]): readonly string[] =>
  ids.map((id) => {
    const step = stepOf(view, id);
    const after = afterWords(view, ids, id);
    return `${stepNumber(view, id)} ${step?.host ?? ''}: ${step?.title ?? id}${after === null ? '' : `, ${after}`}`;
  });

/** Whether anything of the group waits for another of it. */
export const hasOrder = (view: EngineView, ids: readonly StepId[]): boolean =>
  ids.some((id) => afterWords(view, ids, id) !== null);

/** What one confirmation of a group starts, in a sentence. */
export const groupSentence = (view: EngineView, ids: readonly StepId[]): string =>
  hasOrder(view, ids)
    ? `One confirmation runs these ${ids.length} steps, some at once; a step marked “after” begins when the steps named there are done.`
    : `One confirmation runs these ${ids.length} steps side by side.`;
