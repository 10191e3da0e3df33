import type { EngineController } from '../engine/view/controller.ts';
import type { StepId } from '../runbook/language/step.ts';
import { tame } from '../wording/text.ts';
import type { Typing } from './prompt.ts';

/**
 * Writes each finished line of every step once, behind the name of its host. While a question stands at the terminal
 * nothing is written: it would run away upwards. Behind the answer follows what came meanwhile.
 */
export const followOutput = (
  controller: EngineController,
  write: (text: string) => void,
  typing: Pick<Typing, 'asked' | 'onAnswered'> | null,
) => {
  const written = new Map<StepId, number>();
  /** Whether also the line that has no end yet is to be written. */
  const held = new Map<StepId, boolean>();
  const flush = (id: StepId, withUnfinished = false) => {
    if (typing?.asked() === true) {
      held.set(id, withUnfinished || held.get(id) === true);
      return;
    }
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
  const forget = [
    controller.onOutput((id) => flush(id)),
    typing?.onAnswered(() => {
      if (typing.asked()) return;
      const due = [...held];
      held.clear();
      for (const [id, withUnfinished] of due) flush(id, withUnfinished);
    }),
  ];
  const stop = () => {
    for (const one of forget) one?.();
  };
  return { flush, stop };
};
