import { isDeepStrictEqual } from 'node:util';
import { primaryOf } from '../../cluster/facts.ts';
import { present } from '../../cluster/present.ts';
import type { Result } from '../../cluster/result.ts';
import { acceptsWrites } from '../../runbook/language/conditions.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { runbookFor } from '../../runbook/runbooks.ts';
import { type Order, orderOf } from '../../runbook/timing/schedule.ts';
import { leftBy } from '../../runbook/verdict/left-to-do.ts';
import { type MonitorAbsence, monitorAbsence } from '../../runbook/verdict/monitor-absence.ts';
import { OnlineLooks, onlineLook, trendWords } from '../../runbook/verdict/online-pace.ts';
import { lagWords, type OnlineStanding, onlineStanding } from '../../runbook/verdict/online-standing.ts';
import { rollbackVerdict } from '../../runbook/verdict/verdict.ts';
import { writesNow } from '../../runbook/verdict/writes.ts';
import { pausesIn, stepsIn } from '../journal/downtimes.ts';
import type { Entry } from '../journal/journal.ts';
import type { OwnedSession, Session } from '../run/session.ts';
import type { Downtime, EngineView, PlannedDown, StepFailure, StepStatus, StepView } from './controller.ts';
import { deadlineOf } from './deadline.ts';
import {
  type DeadlineState,
  deadlineNews,
  deadlineState,
  deadlineStates,
  lateSteps,
} from './deadline-view.ts';
import { downtimeSeen, downtimeShared } from './downtime.ts';
import { stepEstimates } from './step-estimates.ts';
import { type StepContext, viewOf } from './step-view.ts';
import type { ViewStore } from './view-store.ts';

const plannedDown = (absence: MonitorAbsence | null): PlannedDown | null =>
  absence === null ? null : { number: absence.number, title: absence.step.title };

const hasStopped = (downtime: Downtime): downtime is Extract<Downtime, { kind: 'down' | 'over' }> =>
  downtime.kind === 'down' || downtime.kind === 'over';

/** What was told is not left standing where nobody follows any more. */
const followsIn = (
  standing: OnlineStanding | null,
  at: number | null,
  before: EngineView['follows'],
): Pick<EngineView, 'follows'> => {
  const lag = standing === null ? [] : lagWords(standing);
  if (standing === null || lag.length === 0) return before === undefined ? {} : { follows: undefined };
  const { databases, pace } = standing;
  return {
    follows: { lag, databases, trend: trendWords(pace), falls: pace?.trend.kind === 'falls-behind', at },
  };
};

/** The steps that are shown: which runbook they are of, how each one stands, and what follows from the last look. */
export class Checklist {
  readonly #store: ViewStore;
  #steps: readonly Step[] = [];
  /** Steps that the servers showed as done when they ended: what is seen otherwise later was undone. */
  readonly #proven = new Set<StepId>();
  /** How long each step should take, in milliseconds, from what was measured on the hosts. */
  #expected: ReadonlyMap<StepId, number> = new Map();
  #pauses: ReadonlyMap<StepId, number> = new Map();
  /** What the rollback that is shown gives up, as the servers told last: with its last server stopped, the whole. */
  #lost: string | null = null;
  readonly #looks = new OnlineLooks();
  /** The most pressing that was told of the window's end. */
  #told: DeadlineState = 'ahead';
  /** What waits for what in the runbook that is shown. */
  #order: ReadonlyMap<StepId, Order> = new Map();

  constructor(store: ViewStore) {
    this.#store = store;
  }

  #context(direction: Direction = this.direction): StepContext {
    return { direction, expected: this.#expected, pauses: this.#pauses, order: this.#order };
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  get direction(): Direction {
    return this.#store.view.direction;
  }

  get lost(): string | null {
    return this.#lost;
  }

  /** How long a step should take, in milliseconds; null where nothing was measured. */
  expectedOf(id: StepId): number | null {
    return this.#expected.get(id) ?? null;
  }

  find(id: StepId): Step | undefined {
    return this.#steps.find((step) => step.id === id);
  }

  statusOf(id: StepId): StepStatus | null {
    return this.#store.view.steps.find((step) => step.id === id)?.status ?? null;
  }

  /** Makes a runbook from the last observation and shows its steps. */
  load(session: Session, direction: Direction): void {
    const { world } = session.observer;
    if (direction !== 'rollback') this.#lost = null;
    this.#proven.clear();
    this.#steps = runbookFor(session.facts, world, direction);
    this.#order = orderOf(this.#steps);
    this.#store.set({
      direction,
      steps: this.#steps.map((step) => viewOf(step, world, { kind: 'waiting' }, this.#context(direction))),
    });
    this.refresh(session);
  }

  show(session: Session, step: Step, status: StepStatus): void {
    session.observer.markSkipped(step.id, status.kind === 'skipped');
    this.#store.set({
      steps: this.#store.view.steps.map((view) =>
        view.id === step.id ? viewOf(step, session.observer.world, status, this.#context()) : view,
      ),
    });
    if (step.milestone === 'monitor-stops' && status.kind === 'running') this.#holdFeed(session, true);
  }

  /** From the moment in which the monitor's stop is begun: what answers in its place is not the monitor. */
  #holdFeed(session: Session, absent: boolean): void {
    const stopping = this.#steps.some(
      (step) =>
        step.milestone === 'monitor-stops' &&
        ['running', 'settling'].includes(this.statusOf(step.id)?.kind ?? 'waiting'),
    );
    session.feed.hold(absent || stopping);
  }

  /** What follows from the last look: the verdict, the scripts that could not be made before, the monitor's absence. */
  refresh(session: Session): void {
    const { facts, observer } = session;
    const { world } = observer;
    const { view } = this.#store;
    const look = onlineLook(facts, world);
    const pace = this.#looks.see(look);
    const expected = stepEstimates(facts, world, view.direction, this.#steps, session.dryRun);
    this.#expected = expected.steps;
    this.#pauses = expected.pauses;
    const passed = (step: Step): boolean => this.statusOf(step.id)?.kind === 'done';
    // Behind the last step that tells them they stay as they were: what the window does to the nodes is no answer to them.
    const warned = this.#steps.map((step) => step.clusterNotes(world)).find((notes) => notes !== null);
    const verdict = rollbackVerdict(facts, world);
    if (verdict.kind === 'loses-new-writes' && view.direction === 'rollback') this.#lost = verdict.lost;
    const toDo = leftBy(view.direction, facts, world);
    const absence = monitorAbsence(facts, world, this.#steps, view.direction, passed);
    this.#holdFeed(session, absence !== null);
    const steps = this.#steps.map((step, index) =>
      viewOf(step, world, view.steps[index]?.status ?? { kind: 'waiting' }, this.#context()),
    );
    this.#store.set({
      // From the stop on it stays what was told before: that is what the downtime is compared with.
      ...(hasStopped(view.downtime)
        ? {}
        : { expectedDowntimeMs: expected.downtime, dryRun: expected.dryRun }),
      verdict,
      ...followsIn(onlineStanding(facts, world, pace), look?.at ?? null, view.follows),
      ...(warned === undefined ? {} : { clusterWarnings: warned }),
      ...(toDo === null || (toDo.length === 0 && view.toDo === undefined) ? {} : { toDo }),
      steps,
      monitor: { ...view.monitor, plannedDown: plannedDown(absence) },
    });
    this.#showDeadline(session, steps);
    const told = downtimeShared(view.downtime, session.lock.downtime);
    const downtime = downtimeSeen(told, writesNow(facts, world), present());
    if (downtime !== view.downtime) this.#store.set({ downtime });
    if (downtime.kind === 'down' && acceptsWrites(facts, primaryOf(facts)).holds(world).holds)
      this.#store.set({ downtime: { ...downtime, kind: 'over', until: present() } });
  }

  #showDeadline({ windowEnd, facts, observer, dryRun }: Session, views: readonly StepView[]): void {
    const { direction, deadline } = this.#store.view;
    // Of a window only: a clean-up or a rehearsal has no end that was agreed on.
    if (windowEnd === null || (direction !== 'upgrade' && direction !== 'rollback')) return;
    const ahead = this.#steps.filter((_, index) => {
      const view = views[index];
      return view !== undefined && !view.shownDone && !['done', 'skipped'].includes(view.status.kind);
    });
    const follows = deadlineOf(windowEnd, facts, observer.world, direction, ahead, dryRun);
    // That it is past was said when the console came.
    if (deadline === undefined && windowEnd.at <= present()) this.#told = 'over';
    const { state = 'ahead', late = new Set<StepId>() } = deadline ?? {};
    this.#store.set({ deadline: { ...follows, state, late } });
    this.tellDeadline(present());
  }

  /** How the window's end stands at this moment; what is more pressing than what was told is told, once. */
  tellDeadline(now: number): void {
    const { deadline, stage } = this.#store.view;
    if (deadline === undefined || stage.kind === 'finished' || stage.kind === 'stopped') return;
    const state = deadlineState(deadline, now);
    const late = lateSteps(this.#store.view, now);
    if (state !== deadline.state || !isDeepStrictEqual(late, deadline.late))
      this.#store.set({ deadline: { ...deadline, state, late } });
    if (deadlineStates.indexOf(state) <= deadlineStates.indexOf(this.#told)) return;
    this.#told = state;
    const news = deadlineNews(deadline, state, now);
    if (news !== null) this.#store.notice(news);
  }

  finish(run: OwnedSession, step: Step, by: 'run' | 'found' | 'hand', tookMs: number | null): void {
    const { downtime } = this.#store.view;
    // The journal's own moment: the report counts by it.
    const at = new Date();
    if (step.writes === 'resume' && (downtime.kind === 'down' || (downtime.kind === 'over' && by === 'run')))
      this.#store.set({ downtime: { ...downtime, kind: 'over', until: at.getTime() } });
    if (step.probe(run.observer.world).state === 'done') this.#proven.add(step.id);
    this.show(run, step, { kind: 'done', tookMs, by });
    this.refresh(run);
    const ofCluster = step.clusterNotes(run.observer.world) ?? [];
    const notes = step.notes(run.observer.world).filter((note) => !ofCluster.includes(note));
    if (by === 'run') for (const note of notes) this.#store.notice(`${step.host}: ${note}`);
    this.note(
      run,
      {
        kind: 'done',
        step: step.id,
        by,
        probe: step.probe(run.observer.world),
        verdict: this.#store.view.verdict.says,
        ...(notes.length === 0 ? {} : { notes: [...notes] }),
        ...(this.#store.view.toDo === undefined ? {} : { toDo: [...this.#store.view.toDo] }),
      },
      at,
    );
    this.#showPauses(run, step);
  }

  /** As the journal has them: what report and status count by. */
  #showPauses({ journal }: OwnedSession, step: Step): void {
    if (step.writes !== 'pause') return;
    const records = journal.records();
    this.#store.set({ pauses: pausesIn(records, stepsIn(records)) });
  }

  /** The first step of the same host, before this one, that was done and is not any more: the host was restarted, say. */
  undone({ observer }: Session, step: Step): Step | null {
    const before = this.#steps.slice(0, this.#steps.indexOf(step));
    const seen = observer.world.hosts[step.host]?.kind === 'seen';
    return (
      before.find(
        (one) =>
          seen &&
          one.host === step.host &&
          this.#proven.has(one.id) &&
          one.probe(observer.world).state !== 'done',
      ) ?? null
    );
  }

  /** A step that was done and is not any more is to be asked for again. */
  reopen(session: Session, step: Step): void {
    this.#proven.delete(step.id);
    this.show(session, step, { kind: 'waiting' });
  }

  fail(session: OwnedSession, step: Step, failure: StepFailure): void {
    this.show(session, step, { kind: 'failed', failure });
    this.#showPauses(session, step);
    this.#store.set({ stage: { kind: 'failed', step: step.id, failure } });
  }

  /** Writes an entry that nothing depends on; where that fails, the operator hears of it. */
  note(run: OwnedSession, entry: Entry, at = new Date()): Result<null> {
    const written = run.journal.write(entry, at);
    if (!written.ok) this.#store.notice(written.error.what);
    return written;
  }
}
