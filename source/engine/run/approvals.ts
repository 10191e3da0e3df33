import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ApprovalKind } from '../../cluster/approval-kinds.ts';
import type { Config } from '../../cluster/config.ts';
import type { Approval } from '../../inspect/lock/parse.ts';
import type { StepId } from '../../runbook/language/step.ts';
import type { ApprovalAsked } from '../view/approval-view.ts';
import { approvedWith } from '../view/approved-with.ts';
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

/** The name before the machine's: a colleague has another one. A directory's logins have it in capitals, too. */
const personIn = (operator: string): string => (operator.split('@')[0] ?? operator).trim().toLowerCase();

export const isSamePerson = (one: string, other: string): boolean => personIn(one) === personIn(other);

/** Which steps that are confirmed with this one wait for a second person by `kinds`. A rollback waits for nobody. */
const approvalsWanted = (
  view: Pick<EngineView, 'direction' | 'steps'>,
  step: StepView,
  kinds: readonly ApprovalKind[],
): readonly StepView[] =>
  view.direction === 'upgrade'
    ? approvedWith(view, step).filter(({ asksName }) =>
        kinds.some((kind) => asksName === kind || (kind === 'opening' && asksName === 'pause')),
      )
    : [];

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
  if (view.direction === 'rollback') return 'a rollback waits for nobody’s approval';
  if (view.direction !== 'upgrade')
    return 'what is approved are the steps of the window, and none is under way';
  if (step.status.kind === 'done') return 'it is done already';
  const together = approvedWith(view, step);
  if (together.length === 0) return 'only what cannot be undone, and the opening, are approved';
  const unknown = together.find(({ script }) => script === null);
  if (unknown !== undefined)
    return `${unknown.id === step.id ? 'its script' : `the script of “${unknown.title}”, which follows at once,`} is not known yet: ${unknown.scriptNeeds ?? 'an earlier step must run first'}`;
  return null;
};

/** What is written down on the monitor's host: for the step, and for each that its confirmation leads on to. */
export const approvalsBy = (
  view: Pick<EngineView, 'steps' | 'verdict'>,
  step: StepView,
  run: string,
  operator: string,
  login: string,
): readonly Approval[] =>
  approvedWith(view, step).map(({ id, title, script }) => ({
    run,
    step: id,
    title,
    by: operator,
    login,
    at: new Date().toISOString(),
    verdict: view.verdict.says,
    digest: digestOf(script ?? ''),
  }));

/** The step among those confirmed with this one whose text is, by now, not what was approved; null: none. `approved`: digests. */
export const otherThanApproved = (
  approved: ReadonlyMap<StepId, string>,
  id: StepId,
  textOf: (id: StepId) => string | null,
): StepId | null => {
  if (!approved.has(id)) return null;
  const changed = [...approved].find(([one, digest]) => {
    const text = textOf(one);
    return text === null || digestOf(text) !== digest;
  });
  return changed?.[0] ?? null;
};

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
  /** For the step that is due, and those that it leads on to. */
  #given: readonly Approval[] = [];
  /** By the digest of what was approved, and confirmed since. */
  #confirmed: ReadonlyMap<StepId, string> = new Map();

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
    const wanted = step === undefined ? [] : approvalsWanted(this.#store.view, step, config.approve);
    const run = owned?.identity.id ?? null;
    const each = wanted.map((one) => approvalOf(one, run, operator, session?.lock.approvals ?? []));
    const its = each.find(({ given }) => given === null) ?? each[0];
    const asked = step === undefined || its === undefined ? undefined : { ...its, step: step.id };
    this.#given = each.flatMap(({ given }) => given ?? []);
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
    this.#confirmed = new Map();
    if (approval?.step !== id || approval.given === null) return;
    this.#confirmed = new Map(this.#given.map(({ step, digest }) => [step, digest]));
    for (const { step, title, by, login, at, verdict, digest } of this.#given)
      checklist.note(owned, {
        kind: 'approved',
        ...{ step, title, by, login, approvedAt: at, verdict, digest },
        operator: this.#options.operator,
        operatorVerdict: mine.says,
      });
  }

  /** As {@link otherThanApproved}, of what was confirmed last. Asked for before the first of them runs. */
  readonly changed = (id: StepId, textOf: (id: StepId) => string | null): StepId | null =>
    otherThanApproved(this.#confirmed, id, textOf);

  /** As a second person: `typed` is the host's name. */
  approve(session: Session, id: StepId, typed: string): Accepted | Refusal {
    const { view } = this.#store;
    const { stage, steps } = view;
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
    void session.lock.approve(approvalsBy(view, step, run, operator, loginOf(session))).then((written) => {
      this.#store.notice(
        written.ok
          ? `You have approved “${step.title}” on ${step.host}: ${stage.lock.holder || 'the operator'} hears of it within some seconds.`
          : written.error.what,
      );
    });
    return accepted;
  }
}
