import { numberOf, stepOf } from '../console/state/selectors.ts';
import type { EngineView } from '../engine/view/controller.ts';
import type { StepId } from '../runbook/step.ts';

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
export const togetherWords = (
  view: EngineView,
  ids: readonly StepId[],
  naming: 'named' | 'counted' = 'named',
): string => {
  const hosts = new Set(ids.map((id) => stepOf(view, id)?.host ?? ''));
  return `steps ${ranges(ids.map((id) => numberOf(view, id)))} on ${naming === 'named' ? [...hosts].join(', ') : `${hosts.size} hosts`}`;
};

/** Each of them in a line, for the card. */
export const togetherLines = (view: EngineView, ids: readonly StepId[]): readonly string[] =>
  ids.map((id) => {
    const step = stepOf(view, id);
    return `${numberOf(view, id)} ${step?.host ?? ''}: ${step?.title ?? id}`;
  });
