import type { EngineController, EngineView, StepView } from '../engine/view/controller.ts';
import type { Loss } from '../runbook/language/step.ts';
import { nameWords } from '../wording/danger.ts';
import type { Prompt } from './prompt.ts';

/** What cannot be had again, and a run without a person gives up only where it was told so by name. */
export type Forfeit = Loss['kind'];

const words: Readonly<Record<Forfeit, string>> = {
  writes: '--yes-lose-writes',
  'last-copy': '--yes-remove-last-copy',
  abandoned: '--yes-remove-abandoned',
};

export interface TalkOptions {
  readonly write: (text: string) => void;
  /** Absent: nobody can be asked. */
  readonly prompt?: Prompt;
  /** The cluster's name: confirms every step by itself, typed names included. */
  readonly yes?: string;
  /** What `yes` may give up as well; default: nothing. */
  readonly forfeits?: ReadonlySet<Forfeit>;
}

/** What everything that is said and asked in plain lines needs. */
export interface Talk {
  readonly controller: EngineController;
  readonly yes: string | null;
  readonly forfeits: ReadonlySet<Forfeit>;
  readonly write: (lines: readonly string[]) => void;
  /** Null: there is nobody to ask, or no more input. */
  readonly ask: (question: string) => Promise<string | null>;
  /** Whether the engine refused; then its reason was said. */
  readonly refusal: (outcome: { readonly accepted: true } | { readonly refused: string }) => boolean;
}

export const talkWith = (controller: EngineController, options: TalkOptions): Talk => {
  const { prompt, yes } = options;
  const write = (lines: readonly string[]) => {
    if (lines.length > 0) options.write(lines.map((line) => `${line}\n`).join(''));
  };
  return {
    controller,
    yes: yes ?? null,
    forfeits: options.forfeits ?? new Set(),
    write,
    ask: async (question) => (prompt === undefined ? null : prompt(question)),
    refusal: (outcome) => {
      if ('refused' in outcome) write([`Refused: ${outcome.refused}`]);
      return 'refused' in outcome;
    },
  };
};

/** Whether a run without a person must stop here, because it was not told that this may be given up; then that is said. */
export const isHeldBack = ({ yes, forfeits, write }: Talk, givesUp: Loss | null): boolean => {
  if (yes === null || givesUp === null || forfeits.has(givesUp.kind)) return false;
  write([
    `Not run: it gives up ${givesUp.text}. --yes ${yes} does not cover that.`,
    `  Do: add ${words[givesUp.kind]}, if that is what you want; or run it without --yes and type the host's name.`,
  ]);
  return true;
};

/**
 * What is typed for a step: the host's name where it begins the downtime, cannot be undone, or lets applications write; and to run on
 * from any step. Null: it was not, and nothing may run.
 */
export const typedFor = async (
  { yes, ask, write }: Talk,
  view: EngineView,
  step: StepView,
  runsOn = false,
): Promise<{ readonly typed?: string } | null> => {
  const words = nameWords(view, step);
  if (words === null && !runsOn) return {};
  if (yes !== null) return { typed: step.host };
  if (words !== null) write([`${words.title}. ${words.afterwards}`, `Rollback then: ${words.rollback}`]);
  const typed = await ask(`Type the name of the host (${step.host}) to go on: `);
  if (typed?.trim() === step.host) return { typed: step.host };
  write(['That is not the name of the host: nothing was run.']);
  return null;
};

/** Switches to the rollback, or from it to the upgrade. Where there is nothing to roll back that is said, and it stays. */
export const turned = async ({ controller, refusal, write }: Talk): Promise<boolean> => {
  if (controller.view.direction === 'rollback') return !refusal(controller.turn('upgrade'));
  const preview = await controller.previewRollback();
  if (preview !== null && preview.steps.length === 0) {
    write([`There is no rollback to show: ${preview.verdict.says}.`]);
    return false;
  }
  return !refusal(controller.turn('rollback'));
};

/** Whether the step was skipped. */
export const passedOver = async (
  { controller, ask, write, refusal }: Talk,
  step: StepView,
): Promise<boolean> => {
  const reason = (await ask(step.optional ? 'Reason (may be empty): ' : 'Reason: '))?.trim() ?? '';
  if (reason !== '' || step.optional) return !refusal(controller.skip(step.id, reason));
  write(['A reason is needed.']);
  return false;
};
