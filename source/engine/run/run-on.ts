import type { Observations } from '../../cluster/observations.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import { nameAskedFor } from '../../runbook/verdict/name-asked.ts';
import type { Checklist } from '../view/checklist.ts';
import { nextStop } from '../view/next-stop.ts';
import type { ViewStore } from '../view/view-store.ts';
import type { Decision } from './decisions.ts';
import type { OwnedSession } from './session.ts';

const whatAsks = {
  downtime: 'it begins the downtime',
  irreversible: 'it cannot be undone',
  'downtime-irreversible': 'it begins the downtime and cannot be undone',
  opening: 'applications write again with it',
  pause: 'applications cannot write for some seconds in it',
} as const;

const warningsIn = (steps: readonly Step[], world: Observations): readonly string[] =>
  steps.flatMap((step) => step.notes(world).map((note) => `${step.host}: ${note}`));

export interface RunOnParts {
  readonly store: ViewStore;
  readonly checklist: Checklist;
  /** user@machine, for the journal. */
  readonly operator: string;
}

/**
 * Running on to the next stop: one typed confirmation goes from step to step until a step wants its own name typed, something
 * fails, a warning comes that nobody has seen, the operator ends it, or everything is done. What stops `--yes` stops it too.
 */
export class RunOn {
  readonly #parts: RunOnParts;
  #on = false;
  #ending = false;
  /** Warnings that stood on a card, or in the reason of a stop. */
  readonly #seen = new Set<string>();
  /** Run without a card: what they have noticed nobody has seen, unless a stop has said it. */
  #ran: readonly Step[] = [];
  /** What was typed for a step that leads on to the one behind it. Null: the last decision was about another. */
  #leads: { readonly by: StepId; readonly typed: string | null } | null = null;

  constructor(parts: RunOnParts) {
    this.#parts = parts;
  }

  /** Nothing new is begun: the operator has ended it, and what runs comes to its end. */
  get ending(): boolean {
    return this.#ending;
  }

  /** From this step on, and what runs beside it: confirmed with its host's name. */
  begin(run: OwnedSession, step: Step, group: readonly Step[], typed: string): void {
    const { store, checklist, operator } = this.#parts;
    // What the dialog has promised.
    const until = nextStop(store.view, step.id)?.id ?? null;
    checklist.note(run, { kind: 'run-on', step: step.id, typed, operator, until });
    this.#on = true;
    this.#ending = false;
    this.#ran = [...this.#ran, ...group];
    store.set({ runsOn: { ending: false } });
  }

  /** The operator wants to be asked again: behind the step that runs now. Whether there was anything to end. */
  askEnd(): boolean {
    if (!this.#on) return false;
    this.#ending = true;
    this.#parts.store.set({ runsOn: { ending: true } });
    return true;
  }

  /** The card of these steps was shown, and decided about: their warnings are known. */
  shown(run: OwnedSession, step: Step, steps: readonly Step[], decision: Decision): void {
    this.#leads = step.leadsOn && decision.kind === 'run' ? { by: step.id, typed: decision.typed } : null;
    for (const warning of warningsIn(steps, run.observer.world)) this.#seen.add(warning);
  }

  /** This step follows at once, since it was confirmed with the one before it, which is done; null: it is asked for. */
  led(step: Step): Decision | null {
    const { checklist } = this.#parts;
    const before = checklist.steps[checklist.steps.findIndex(({ id }) => id === step.id) - 1];
    const leads = this.#leads;
    this.#leads = null;
    if (leads === null || before?.id !== leads.by || checklist.statusOf(leads.by)?.kind !== 'done')
      return null;
    if (step.leadsOn) this.#leads = { by: step.id, typed: leads.typed };
    return { kind: 'run', typed: leads.typed, until: 'step' };
  }

  /** What runs without being asked for, of these steps, which are next; null: they are asked for, what ran on ends here, and why is said. */
  decides(run: OwnedSession, step: Step, steps: readonly Step[]): Decision | null {
    if (!this.#on) return null;
    const why = this.#whyNot(run, steps);
    if (why !== null) {
      this.end(run, steps[0]?.id ?? null, why.says, why.ofSeveral);
      return null;
    }
    this.#ran = [...this.#ran, ...steps];
    return step.optional
      ? { kind: 'skip', reason: '' }
      : { kind: 'run', typed: null, until: steps.length === 1 ? 'step' : 'group' };
  }

  /** Ends before this step; null: with the run. */
  end(run: OwnedSession, before: StepId | null, why: string, ofSeveral = false): void {
    if (!this.#on) return;
    this.#on = false;
    this.#ending = false;
    if (before === null) this.#ran = [];
    const { store, checklist } = this.#parts;
    checklist.note(run, { kind: 'run-on-ended', before, why });
    store.set({ runsOn: null });
    // It is read later, too, when another step waits.
    const number = store.view.steps.findIndex(({ id }) => id === before) + 1;
    if (before !== null) store.notice(`Ran on to step ${number}: ${why}.`, ofSeveral ? { ofSeveral } : {});
  }

  #whyNot(
    run: OwnedSession,
    steps: readonly Step[],
  ): { readonly says: string; readonly ofSeveral?: boolean } | null {
    if (this.#ending) return { says: 'you have ended it' };
    const { world } = run.observer;
    const asks = steps.map((step) => nameAskedFor(step, world, this.#parts.checklist.direction));
    const asked = asks.find((one) => one !== null);
    if (asked !== undefined && asked !== null)
      return { says: `it asks for a name of its own, because ${whatAsks[asked]}` };
    const noticed = warningsIn([...this.#ran, ...steps], world);
    const unseen = noticed.filter((warning) => !this.#seen.has(warning));
    const [first] = unseen;
    if (first === undefined) return null;
    for (const warning of unseen) this.#seen.add(warning);
    this.#ran = [];
    return unseen.length === 1
      ? { says: `there is a warning: ${first}` }
      : { says: `there are ${unseen.length} warnings, the first: ${first}`, ofSeveral: true };
  }
}
