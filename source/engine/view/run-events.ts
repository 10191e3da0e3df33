import { z } from 'zod';
import { directions } from '../../runbook/runbooks.ts';
import type { EngineView, StepView } from './controller.ts';
import { deadlineStates, rollBackBy } from './deadline-view.ts';

/**
 * What happens in a run, for programs that watch it (`--events`): made of two views, one behind the other, so that it says what the
 * screen says. Version 1: fields may be added, none is changed or taken away.
 */

const stepSchema = z.object({
  id: z.string(),
  /** From 1, in the runbook of its direction. */
  number: z.number().int(),
  host: z.string(),
  title: z.string(),
});

const happeningSchema = z.discriminatedUnion('event', [
  /** The cluster is known: what is upgraded, from which version to which. */
  z.object({ event: z.literal('begins'), from: z.string(), to: z.string() }),
  /** Nothing goes on until a person decides; `asks`: why the host's name is typed, null: a key is enough. */
  z.object({
    event: z.literal('waits'),
    step: stepSchema,
    asks: z.enum(['downtime', 'irreversible', 'downtime-irreversible', 'opening', 'pause']).nullable(),
  }),
  /** A second person is to approve the step (`by` null), or has. */
  z.object({ event: z.literal('approval'), step: stepSchema, by: z.string().nullable() }),
  z.object({ event: z.literal('step-begins'), step: stepSchema }),
  /** `seconds`: how long its command took, null: none was run here. `why`: of a failure, or of a step that was skipped. */
  z.object({
    event: z.literal('step-ends'),
    step: stepSchema,
    result: z.enum(['done', 'failed', 'skipped']),
    seconds: z.number().nullable(),
    why: z.string().nullable(),
  }),
  /** `since`: ISO 8601; null: since when is not known here. */
  z.object({ event: z.literal('writes-down'), since: z.string().nullable() }),
  z.object({ event: z.literal('writes-up'), seconds: z.number().nullable() }),
  /** What a rollback would cost from now on. */
  z.object({
    event: z.literal('verdict'),
    verdict: z.enum([
      'unknown',
      'nothing-to-undo',
      'safe',
      'safe-through',
      'loses-new-writes',
      'lossless',
      'backup-only',
    ]),
    says: z.string(),
  }),
  /** The end of the window, ISO 8601, and until when a rollback can be over before it; null: there is none to take, or nothing to undo. */
  z.object({
    event: z.literal('window-end'),
    state: z.enum(deadlineStates),
    end: z.string(),
    rollBackBy: z.string().nullable(),
    secondsAhead: z.number(),
  }),
  /** It could not start: nothing was changed. */
  z.object({ event: z.literal('stopped'), what: z.string(), remedy: z.string() }),
  z.object({ event: z.literal('finished'), says: z.string() }),
  /** The console has ended; what runs on a host goes on there. */
  z.object({ event: z.literal('left'), says: z.string() }),
]);

const lineFields = {
  version: z.literal(1),
  /** ISO 8601, UTC. */
  at: z.string(),
  cluster: z.string(),
  direction: z.enum(directions),
  /** The change that the run belongs to; absent: none was named. */
  ticket: z.string().optional(),
};

/** One line of the file. */
export const runEventSchema = z.intersection(z.object(lineFields), happeningSchema);
export type RunHappening = z.infer<typeof happeningSchema>;
export type RunEvent = z.infer<typeof runEventSchema>;

const named = (view: EngineView, step: StepView): z.infer<typeof stepSchema> => ({
  id: step.id,
  number: view.steps.indexOf(step) + 1,
  host: step.host,
  title: step.title,
});

const isWorking = (step: StepView | undefined): boolean =>
  step?.status.kind === 'running' || step?.status.kind === 'settling';

const ofStep = (view: EngineView, step: StepView, before: StepView | undefined): readonly RunHappening[] => {
  const { status } = step;
  if (before?.status === status) return [];
  const its = named(view, step);
  const begins: readonly RunHappening[] =
    isWorking(step) && !isWorking(before) ? [{ event: 'step-begins', step: its }] : [];
  const ends = (result: 'done' | 'failed' | 'skipped', seconds: number | null, why: string | null) =>
    [{ event: 'step-ends', step: its, result, seconds, why }] as const;
  if (status.kind === before?.status.kind) return begins;
  switch (status.kind) {
    case 'done':
      // What the servers show as done when a console comes has happened before.
      return status.by !== 'found' || isWorking(before)
        ? ends('done', status.tookMs === null ? null : status.tookMs / 1000, null)
        : [];
    case 'failed':
      return ends('failed', null, status.failure.problem.what);
    case 'skipped':
      return before === undefined ? [] : ends('skipped', null, status.reason === '' ? null : status.reason);
    default:
      return begins;
  }
};

const ofStage = (before: EngineView | null, view: EngineView): readonly RunHappening[] => {
  const { stage } = view;
  if (before?.stage === stage) return [];
  switch (stage.kind) {
    case 'confirm': {
      const step = view.steps.find(({ id }) => id === stage.step);
      const again = before?.stage.kind === 'confirm' && before.stage.step === stage.step;
      return step === undefined || again
        ? []
        : [{ event: 'waits', step: named(view, step), asks: step.asksName }];
    }
    case 'stopped':
      return [{ event: 'stopped', what: stage.problem.what, remedy: stage.problem.remedy }];
    case 'finished':
      return before?.stage.kind === 'finished' ? [] : [{ event: 'finished', says: stage.says }];
    default:
      return [];
  }
};

const ofDowntime = (before: EngineView | null, { downtime }: EngineView): readonly RunHappening[] => {
  if (before?.downtime.kind === downtime.kind) return [];
  if (downtime.kind === 'down')
    return [
      {
        event: 'writes-down',
        since: downtime.since === null ? null : new Date(downtime.since).toISOString(),
      },
    ];
  // What was over when this console came is told by no one.
  return downtime.kind === 'over' && before?.downtime.kind === 'down'
    ? [
        {
          event: 'writes-up',
          seconds: downtime.since === null ? null : (downtime.until - downtime.since) / 1000,
        },
      ]
    : [];
};

const ofApproval = (before: EngineView | null, view: EngineView): readonly RunHappening[] => {
  const { approval } = view;
  const step = view.steps.find(({ id }) => id === approval?.step);
  if (approval === undefined || step === undefined) return [];
  const told = before?.approval?.step === approval.step ? before.approval : undefined;
  const by = approval.given?.by ?? null;
  return told !== undefined && (told.given?.by ?? null) === by
    ? []
    : [{ event: 'approval', step: named(view, step), by }];
};

const ofDeadline = (before: EngineView | null, { deadline }: EngineView): readonly RunHappening[] => {
  if (deadline === undefined || deadline.state === before?.deadline?.state) return [];
  const by = rollBackBy(deadline);
  return [
    {
      event: 'window-end',
      state: deadline.state,
      end: new Date(deadline.at).toISOString(),
      rollBackBy: by === null ? null : new Date(by).toISOString(),
      secondsAhead: Math.round(deadline.aheadSeconds),
    },
  ];
};

/** What has happened from one view to the next; `before` null: this is the first one. */
export const happeningsBetween = (before: EngineView | null, view: EngineView): readonly RunHappening[] => {
  const statuses = new Map(before?.steps.map((step) => [step.id, step]));
  const begins = view.cluster.to !== '' && (before === null || before.cluster.to === '');
  return [
    ...(begins ? [{ event: 'begins' as const, from: view.cluster.from, to: view.cluster.to }] : []),
    ...view.steps.flatMap((step) => ofStep(view, step, statuses.get(step.id))),
    ...ofDowntime(before, view),
    // Its numbers change with every transaction: what counts is what it amounts to.
    ...(before !== null && before.verdict.kind !== view.verdict.kind
      ? [{ event: 'verdict' as const, verdict: view.verdict.kind, says: view.verdict.says }]
      : []),
    ...ofApproval(before, view),
    ...ofDeadline(before, view),
    ...ofStage(before, view),
  ];
};
