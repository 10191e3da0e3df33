import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ApprovalKind } from '../../cluster/approval-kinds.ts';
import type { Config } from '../../cluster/config.ts';
import type { Approval } from '../../inspect/lock/parse.ts';
import type { StepId } from '../../runbook/language/step.ts';
import type { ApprovalAsked } from '../view/approval-view.ts';
import type { Checklist } from '../view/checklist.ts';
import type { Accepted, EngineView, Refusal, StepView } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import { accepted, refused, whyNot } from './refusals.ts';
import type { OwnedSession, Session } from './session.ts';

/**
 * A second person: where the cluster file wants it (`approve`), a step that cannot be undone, or opens, is run only when another login
 * has approved the very text that this console shows. It guards against a mistake of one person. Whoever may write as the user that
 * PostgreSQL runs as could forge it, as they could do anything else to the cluster.
 */

/** What stands for a step's text. */
export const digestOf = (script: string): string => createHash('sha256').update(script).digest('hex');

/** The name before the machine's: a colleague has another one. */
const personIn = (operator: string): string => operator.split('@')[0] ?? operator;

export const isSamePerson = (one: string, other: string): boolean => personIn(one) === personIn(other);

/** Whether a step of this view waits for a second person by `kinds`. A rollback waits for nobody. */
export const wantsApproval = (
  view: Pick<EngineView, 'direction'>,
  step: StepView,
  kinds: readonly ApprovalKind[],
): boolean =>
  view.direction === 'upgrade' &&
  step.asksName !== null &&
  // By the online method the opening is the end of the step in which writes pause.
  kinds.some((kind) => step.asksName === kind || (kind === 'opening' && step.asksName === 'pause')) &&
  step.status.kind !== 'done';

/** What is known of the approval of a step, as it stands on this screen. `operator`: who confirms it. */
export const approvalOf = (
  step: StepView,
  run: string | null,
  operator: string,
  all: readonly Approval[],
): ApprovalAsked => {
  const its = all.filter((one) => one.run === run && one.step === step.id);
  const digest = step.script === null ? null : digestOf(step.script);
  const given = its.findLast((one) => one.digest === digest && !isSamePerson(one.by, operator)) ?? null;
  const [other] = its.toReversed();
  const why =
    given !== null || other === undefined
      ? null
      : isSamePerson(other.by, operator)
        ? `The approval by ${other.by} is of the operator’s own login and does not count: another person is to approve, from a login of their own.`
        : `${other.by} has approved another text of this step than is shown here: it is to be approved anew, with the same cluster file.`;
  return { step: step.id, given, why };
};

/** Why this console cannot approve a step; null: it can. `holder`: who holds the lock. */
export const whyNoApproval = (
  view: Pick<EngineView, 'direction' | 'steps'>,
  step: StepView,
  holder: string,
  operator: string,
): string | null => {
  if (holder !== '' && isSamePerson(holder, operator))
    return `${operator} is the operator’s own login (${holder} holds the lock): another person approves, from a login of their own`;
  if (view.direction !== 'upgrade') return 'a rollback waits for nobody’s approval';
  if (step.status.kind === 'done') return 'it is done already';
  if (step.asksName !== 'irreversible' && step.asksName !== 'opening')
    return 'only what cannot be undone, and the opening, are approved';
  if (step.script === null)
    return `its script is not known yet: ${step.scriptNeeds ?? 'an earlier step must run first'}`;
  return null;
};

/** What is written down on the monitor's host. */
export const approvalBy = (
  step: StepView,
  run: string,
  operator: string,
  login: string,
  verdict: string,
): Approval => ({
  run,
  step: step.id,
  title: step.title,
  by: operator,
  login,
  at: new Date().toISOString(),
  verdict,
  digest: digestOf(step.script ?? ''),
});

const loginOf = ({ hosts }: Session): string => hosts.get('monitor')?.address.user ?? '';

export interface ApprovalOptions {
  readonly config: Pick<Config, 'approve'>;
  /** user@machine */
  readonly operator: string;
}

/** Approvals as a console asks for them, hears of them, and gives them. */
export class Approvals {
  readonly #store: ViewStore;
  readonly #options: ApprovalOptions;

  constructor(store: ViewStore, options: ApprovalOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Whether the step that is due waits for a second person, by what the screen shows of it. */
  show(session: Session | null, owned: OwnedSession | null): void {
    const { stage, steps, approval } = this.#store.view;
    const { config, operator } = this.#options;
    const id = stage.kind === 'confirm' || stage.kind === 'failed' ? stage.step : null;
    const step = steps.find((one) => one.id === id);
    const asked =
      step !== undefined && wantsApproval(this.#store.view, step, config.approve)
        ? approvalOf(step, owned?.identity.id ?? null, operator, session?.lock.approvals ?? [])
        : undefined;
    if (isDeepStrictEqual(asked, approval)) return;
    this.#store.set({ approval: asked });
    if (asked?.given != null && approval?.given == null)
      this.#store.notice(`${asked.given.by} has approved “${asked.given.title}”.`);
    else if (asked?.why != null && asked.why !== approval?.why) this.#store.notice(asked.why);
  }

  /** Why the step is not run yet; null: nobody is waited for. */
  waits(id: StepId): string | null {
    const { approval, called = 'pgaf-upgrade' } = this.#store.view;
    if (approval?.step !== id || approval.given !== null) return null;
    return (
      approval.why ??
      `it waits for a second person, who approves it from a login of their own: A in a read-only console, or \`${called} approve FILE ${id}\``
    );
  }

  /** Both names, and what each saw, in the journal. */
  note(owned: OwnedSession, checklist: Checklist, id: StepId): void {
    const { approval, verdict: mine } = this.#store.view;
    if (approval?.step !== id || approval.given === null) return;
    const { step, title, by, login, at, verdict, digest } = approval.given;
    checklist.note(owned, {
      kind: 'approved',
      ...{ step, title, by, login, approvedAt: at, verdict, digest },
      operator: this.#options.operator,
      operatorVerdict: mine.says,
    });
  }

  /** As a second person: `typed` is the host's name. */
  approve(session: Session, id: StepId, typed: string): Accepted | Refusal {
    const { view } = this.#store;
    const { stage, steps, verdict } = view;
    if (stage.kind !== 'watching')
      return refused('a second person approves, from a read-only console of their own');
    const step = steps.find((one) => one.id === id);
    if (step === undefined) return whyNot(stage);
    const { operator } = this.#options;
    const why = whyNoApproval(view, step, stage.lock.holder, operator);
    if (why !== null) return refused(why);
    const { run } = session.lock;
    if (run === null) return refused('no run of this cluster is known there yet');
    if (typed !== step.host) return refused(`type ${step.host} to approve`);
    void session.lock
      .approve(approvalBy(step, run, operator, loginOf(session), verdict.says))
      .then((written) => {
        this.#store.notice(
          written.ok
            ? `You have approved “${step.title}” on ${step.host}: ${stage.lock.holder || 'the operator'} hears of it within some seconds.`
            : written.error.what,
        );
      });
    return accepted;
  }
}
