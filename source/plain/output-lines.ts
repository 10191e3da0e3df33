import type { EngineController } from '../engine/controller.ts';
import type { StepId } from '../runbook/step.ts';
import { tame } from '../ui/text.ts';

/** Writes each finished line of every step once, behind the name of its host. */
export const followOutput = (controller: EngineController, write: (text: string) => void) => {
  const written = new Map<StepId, number>();
  const flush = (id: StepId, withUnfinished = false) => {
    const output = controller.output(id);
    const host = controller.view.steps.find((step) => step.id === id)?.host ?? id;
    const seen = written.get(id) ?? output.firstLine;
    if (seen < output.firstLine)
      write(`${host}| … ${output.firstLine - seen} lines are only in ${output.file ?? 'the spool'}\n`);
    for (let at = Math.max(seen, output.firstLine); at < output.endLine; at += 1)
      write(`${host}| ${tame(output.line(at))}\n`);
    written.set(id, output.endLine);
    if (withUnfinished && output.unfinished !== '') write(`${host}| ${tame(output.unfinished)}\n`);
  };
  const stop = controller.onOutput((id) => flush(id));
  return { flush, stop };
};
