import type { EngineController } from '../engine/view/controller.ts';

/** Leaves the engine, and says what is noticed meanwhile, a line each: custom steps at `failed` run then. `why`: the signal that it is left by. */
export const closeTelling = async (
  controller: EngineController,
  write: (text: string) => void,
  why?: string,
): Promise<void> => {
  let last = controller.view.notices.at(-1);
  const forget = controller.onChange(({ notices }) => {
    const fresh = notices.slice(last === undefined ? 0 : notices.lastIndexOf(last) + 1);
    last = fresh.at(-1) ?? last;
    for (const { text } of fresh) write(`* ${text}\n`);
  });
  await controller.close(why);
  forget();
};
