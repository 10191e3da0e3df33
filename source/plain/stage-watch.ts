import type { EngineController, EngineView } from '../engine/view/controller.ts';

/** Waits until the engine waits for somebody, or is at an end. */
export const untilDue = (
  controller: EngineController,
  onView: (view: EngineView) => void,
  /** Whether a console that only watches has something to be asked. */
  asks: (view: EngineView) => boolean = () => false,
): Promise<EngineView> =>
  new Promise((resolve) => {
    const due = (view: EngineView) =>
      view.stage.kind === 'watching'
        ? asks(view)
        : view.stage.kind !== 'connecting' && view.stage.kind !== 'running';
    if (due(controller.view)) return resolve(controller.view);
    const stop = controller.onChange((view) => {
      onView(view);
      if (!due(view)) return;
      stop();
      resolve(view);
    });
  });

/** Waits until the engine's stage is another one than this. */
export const untilMoved = (controller: EngineController, from: EngineView['stage']): Promise<void> =>
  new Promise((resolve) => {
    if (controller.view.stage !== from) return resolve();
    const stop = controller.onChange((view) => {
      if (view.stage === from) return;
      stop();
      resolve();
    });
  });
