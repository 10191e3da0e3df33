import type { EngineController, EngineView, LockView, StepView } from '../engine/controller.ts';
import type { StepId } from '../runbook/step.ts';
import { stepOf } from '../store/selectors.ts';
import { togetherNow, togetherWords } from '../ui/rows/together.ts';
import { answerQuestion } from './answer-question.ts';
import { describeFailure, describeStep, describeWayBack } from './describe.ts';
import { finalLines } from './final.ts';
import { plainNews } from './news.ts';
import { followOutput } from './output-lines.ts';
import type { Prompt } from './prompt.ts';
import { untilDue, untilMoved } from './stage-watch.ts';

export interface PlainOptions {
  readonly write: (text: string) => void;
  /** Absent: nobody can be asked. */
  readonly prompt?: Prompt;
  /** The cluster's name: confirms every step by itself, typed names included. */
  readonly yes?: string;
}

/** 0 finished, 1 a step failed or was left, 2 could not start. */
export type PlainExit = 0 | 1 | 2;

const isYes = (answer: string | null): boolean => /^y(es)?$/i.test(answer?.trim() ?? '');

/** The same engine in plain lines: no terminal, a script, a screen reader. */
export const runPlain = async (controller: EngineController, options: PlainOptions): Promise<PlainExit> => {
  const { prompt, yes } = options;
  const write = (lines: readonly string[]) => {
    if (lines.length > 0) options.write(lines.map((line) => `${line}\n`).join(''));
  };
  const outputs = followOutput(controller, options.write);
  let doing = '';
  let noticed = 0;
  const running = new Set<StepId>();
  let wayBackSaid = false;
  const news = (view: EngineView) => {
    if (view.stage.kind === 'running')
      for (const id of [view.stage.step, ...(view.stage.beside ?? [])]) running.add(id);
    if (view.stage.kind === 'connecting' && view.stage.doing !== doing) {
      doing = view.stage.doing;
      write([doing]);
    }
    const fresh = view.notices.filter(({ at }) => at > noticed);
    noticed = Math.max(noticed, ...fresh.map(({ at }) => at));
    write(fresh.map(({ text }) => `* ${text}`));
    write(moreNews(view));
  };
  const moreNews = plainNews();
  const ask = async (question: string): Promise<string | null> =>
    prompt === undefined ? null : prompt(question);
  const refusal = (outcome: object & { refused?: string }): boolean => {
    if (outcome.refused !== undefined) write([`Refused: ${outcome.refused}`]);
    return outcome.refused !== undefined;
  };

  const typedFor = async (step: StepView): Promise<{ typed?: string } | null> => {
    if (step.danger !== 'point-of-no-return') return {};
    if (yes !== undefined) return { typed: step.host };
    const typed = await ask(`Point of no return. Type the name of the host (${step.host}) to go on: `);
    if (typed?.trim() === step.host) return { typed: step.host };
    write(['That is not the name of the host: nothing was run.']);
    return null;
  };

  /** Once for each turn onto the way back: what it is, before its first step is asked for. */
  const sayWayBack = async (view: EngineView): Promise<void> => {
    const said = wayBackSaid;
    wayBackSaid = view.direction === 'rollback';
    if (said || !wayBackSaid) return;
    const preview = await controller.previewRollback();
    if (preview !== null) write(describeWayBack(preview));
  };

  /** Turns onto the way back, or from it to the upgrade. */
  const turned = (view: EngineView): boolean =>
    !refusal(controller.turn(view.direction === 'rollback' ? 'upgrade' : 'rollback'));

  /** Whether the step was started; false leaves. */
  const confirmed = async (view: EngineView, step: StepView): Promise<boolean> => {
    const together = yes !== undefined && step.optional ? null : togetherNow(view);
    for (const id of together ?? [step.id]) {
      const one = stepOf(view, id);
      if (one !== null) write(describeStep(view, one));
    }
    const words = together === null ? '' : togetherWords(view, together);
    if (together !== null) write(['', `At the same time: ${words}.`]);
    let how: 'alone' | 'together' = together === null ? 'alone' : 'together';
    // A rehearsal is for somebody who watches it.
    if (yes !== undefined && step.optional) {
      write(['Optional: passed over.']);
      return !refusal(controller.skip(step.id, ''));
    }
    for (;;) {
      if (yes === undefined) {
        const answer = await ask(
          together === null
            ? `Run this step on ${step.host}? [y/N/skip/back/quit] `
            : `Run ${words} together? [y/N/one/skip/back/quit] `,
        );
        how = together === null || /^o(ne)?$/i.test(answer?.trim() ?? '') ? 'alone' : 'together';
        if (answer === null || /^q(uit)?$/i.test(answer.trim())) return false;
        if (/^b(ack)?$/i.test(answer.trim())) {
          if (turned(view)) return true;
          continue;
        }
        if (/^s(kip)?$/i.test(answer.trim())) {
          const reason = (await ask(step.optional ? 'Reason (may be empty): ' : 'Reason: '))?.trim() ?? '';
          if (reason === '' && !step.optional) write(['A reason is needed.']);
          else if (!refusal(controller.skip(step.id, reason))) return true;
          continue;
        }
        if (!isYes(answer) && !(together !== null && how === 'alone')) {
          write([
            `Not run. y runs ${together === null ? 'it' : 'them, one only the first'}, skip passes over it, back ${view.direction === 'rollback' ? 'goes on with the upgrade' : 'shows the way back'}, quit leaves.`,
          ]);
          continue;
        }
      }
      const typed = await typedFor(step);
      if (typed === null) continue;
      if (!refusal(controller.confirm(step.id, typed.typed, how))) return true;
      // The lock went to another console while the question stood there: there is nothing to answer any more.
      if (controller.view.stage.kind === 'watching') return true;
      if (yes !== undefined) return false;
    }
  };

  /** Whether the run goes on after a failure. */
  const recovered = async (view: EngineView, step: StepView): Promise<boolean> => {
    if (view.stage.kind !== 'failed') return true;
    write(describeFailure(view, step, view.stage.failure));
    if (yes !== undefined) return false;
    for (;;) {
      const answer = (await ask('Now: [retry/skip/probe/back/quit] '))?.trim().toLowerCase() ?? 'quit';
      if (answer === 'quit' || answer === 'q') return false;
      if (answer === 'back' || answer === 'b') {
        if (turned(view)) return true;
      } else if (answer === 'retry' || answer === 'r') {
        const typed = await typedFor(step);
        if (typed !== null && !refusal(controller.retry(step.id, typed.typed))) return true;
      } else if (answer === 'skip' || answer === 's') {
        const reason = (await ask('Reason: '))?.trim() ?? '';
        if (reason === '' && !step.optional) write(['A reason is needed.']);
        else if (!refusal(controller.skip(step.id, reason))) return true;
      } else if (answer === 'probe' || answer === 'p') {
        if (!refusal(controller.probeAgain(step.id))) return true;
      }
    }
  };

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
          `It cannot start, nothing was changed: ${stage.problem.what}`,
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
        await sayWayBack(view);
        return (stage.kind === 'confirm' ? await confirmed(view, step) : await recovered(view, step))
          ? null
          : 1;
      }
      default:
        return null;
    }
  };

  // While a question stands there, too: a line that is lost, or a lock, is not to be heard of only afterwards.
  const forget = controller.onChange(news);
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
        write(finalLines(controller.view));
        return exit;
      }
      await untilMoved(controller, view.stage);
    }
  } finally {
    forget();
    outputs.stop();
  }
};
