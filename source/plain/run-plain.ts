import { stepOf } from '../console/state/selectors.ts';
import type { EngineController, EngineView, LockView } from '../engine/view/controller.ts';
import type { StepId } from '../runbook/language/step.ts';
import { afterFailure } from './after-failure.ts';
import { answerQuestion } from './answer-question.ts';
import { confirmStep } from './confirm-step.ts';
import { describeRollback } from './describe.ts';
import { offerEnd } from './end-step.ts';
import { finalLines } from './final.ts';
import { followOutput } from './output-lines.ts';
import type { Typing } from './prompt.ts';
import { sayNews } from './say-news.ts';
import { untilDue, untilMoved } from './stage-watch.ts';
import { isHeldBack, type TalkOptions, talkWith } from './talk.ts';

export interface PlainOptions extends TalkOptions {
  /** Where a person sits at a terminal: what they type without having been asked, and whether a question stands there. */
  readonly typing?: Typing;
}

/** 0 finished, 1 a step failed or was left, 2 could not start. */
export type PlainExit = 0 | 1 | 2;

/** The same engine in plain lines: no terminal, a script, a screen reader. */
export const runPlain = async (controller: EngineController, options: PlainOptions): Promise<PlainExit> => {
  const { prompt, typing, yes } = options;
  const talk = talkWith(controller, options);
  const { write, ask, refusal } = talk;
  const outputs = followOutput(controller, options.write, typing ?? null);
  const tell = sayNews(write, typing !== undefined);
  const running = new Set<StepId>();
  let rollbackSaid = false;
  const news = (view: EngineView) => {
    if (view.stage.kind === 'running')
      for (const id of [view.stage.step, ...(view.stage.beside ?? [])]) running.add(id);
    tell(view);
  };

  /** Once for each turn onto the rollback: what it is, before its first step is asked for. */
  const sayRollback = async (view: EngineView): Promise<void> => {
    const said = rollbackSaid;
    rollbackSaid = view.direction === 'rollback';
    if (said || !rollbackSaid) return;
    const preview = await controller.previewRollback();
    if (preview !== null) write(describeRollback(preview));
  };

  /** Before its first step: half of a rollback, with the monitor down, would be the worst of all. */
  const mayNotRollBack = ({ direction, verdict }: EngineView): boolean =>
    direction === 'rollback' &&
    verdict.kind === 'loses-new-writes' &&
    isHeldBack(talk, { kind: 'writes', text: `what was written on the new version (${verdict.says})` });

  /** Whether it goes on: the lock of a dead holder was taken over, or is watched further. */
  const tookOver = async (lock: LockView): Promise<boolean> => {
    const name = lock.holder || controller.view.cluster.name;
    const answer = (
      await ask(`${name} gives no sign of life. Type ${name} to take over, Enter to watch on, quit: `)
    )?.trim();
    if (answer === undefined || /^q(uit)?$/i.test(answer)) return false;
    if (answer !== '') refusal(controller.takeOver(answer));
    return true;
  };

  /** One thing that the engine waits for; an exit code ends the run. */
  const turn = async (view: EngineView): Promise<PlainExit | null> => {
    const { stage } = view;
    switch (stage.kind) {
      case 'stopped':
        write([
          `Cannot start, nothing was changed: ${stage.problem.what}`,
          `  Do: ${stage.problem.remedy}`,
          ...(stage.problem.cause === undefined ? [] : [`  Cause: ${stage.problem.cause}`]),
        ]);
        return 2;
      case 'watching':
        if (yes !== undefined) {
          write(['Another console holds the lock: nothing was run here.']);
          return 2;
        }
        return (await tookOver(stage.lock)) ? null : 1;
      case 'finished':
        return 0;
      case 'question':
        controller.answer(await answerQuestion(stage.question, options.write, prompt));
        return null;
      case 'confirm':
      case 'failed': {
        const step = stepOf(view, stage.step);
        if (step === null) return 1;
        await sayRollback(view);
        if (mayNotRollBack(view)) return 1;
        return (
          stage.kind === 'confirm'
            ? await confirmStep(talk, view, step)
            : await afterFailure(talk, view, step, stage.failure)
        )
          ? null
          : 1;
      }
      default:
        return null;
    }
  };

  // While a question stands there, too: a line that is lost, or a lock, is not to be heard of only afterwards.
  const forget = controller.onChange(news);
  const noEnd = typing === undefined ? null : offerEnd(talk, typing);
  try {
    if (yes !== undefined && yes !== controller.view.cluster.name) {
      write([
        `--yes names '${yes}', but this cluster is '${controller.view.cluster.name}': nothing was done.`,
      ]);
      return 2;
    }
    for (;;) {
      news(controller.view);
      // Without somebody to ask, a lock that is another's ends it; with somebody, a dead holder is asked about.
      const view = await untilDue(
        controller,
        () => undefined,
        ({ stage }) =>
          yes !== undefined || (stage.kind === 'watching' && stage.lock.dead && prompt !== undefined),
      );
      for (const id of running) outputs.flush(id, true);
      running.clear();
      const exit = await turn(view);
      if (exit !== null) {
        // What cannot start has said so, and there is nothing to add.
        if (controller.view.stage.kind !== 'stopped') write(finalLines(controller.view));
        return exit;
      }
      await untilMoved(controller, view.stage);
    }
  } finally {
    forget();
    noEnd?.();
    outputs.stop();
  }
};
