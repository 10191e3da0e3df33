import { z } from 'zod';
import * as words from './words.ts';

/**
 * Steps that the cluster file adds to the window: what the company does around an upgrade (a pooler that is paused, a smoke test, a
 * silence). They count as the file has them at the time, and never come from the record, which the hosts' users can write.
 */

/** Where in the window a custom step stands, in the order of time: the upgrade's, then the rollback's; `failed` is none of both, it may be at any time. */
export const customPlaces = [
  'before-stop',
  'stopping',
  'stopped',
  'before-open',
  'opened',
  'secondary-back',
  'finished',
  'before-rollback',
  'rolled-back',
  'failed',
] as const;
export type CustomPlace = (typeof customPlaces)[number];

/** Who else may run one. */
export const stepUsers = ['root'] as const;

/** The operator's own machine, as a place where a step runs. */
export const consolePlace = 'console';

/** When one at `failed` runs. */
export const failedMoments = ['shown', 'left'] as const;

/** Seconds that a custom step may take, unless the file says otherwise. */
const usualLimit = 600;

const seconds = (least: number, error: string) =>
  z.int({ error }).min(least, { error }).max(86_400, { error });
const limit = 'must be whole seconds, 1 to 86400';

export const customStepSchema = z.strictObject({
  at: z.enum(customPlaces, { error: `must be one of ${customPlaces.join(', ')}` }),
  /** What the checklist and the card call it; absent: its name. */
  title: words.label.exactOptional(),
  /** Why, in one sentence, for the card. */
  why: words.label.exactOptional(),
  /** `primary`, `monitor`, a node's name, `console` (the operator's machine), or one of `hosts` in the file. */
  on: words.label.prefault('primary'),
  /** `root`; absent: the user that PostgreSQL runs as, and outside the cluster the login. */
  as: z.enum(stepUsers, { error: 'must be root, or left out' }).exactOptional(),
  run: words.shellText,
  /** Exits 0 where it is done: asked before it is run, and behind it. */
  done: words.shellText.exactOptional(),
  /** What a rollback runs once the application can write again, where the step has begun. */
  undo: words.shellText.exactOptional(),
  /** Of one at `failed`: as soon as the failure is shown, or once the run is left with it; absent: left. */
  when: z.enum(failedMoments, { error: 'must be shown or left' }).exactOptional(),
  /** Seconds after which it is ended, and has failed. */
  timeout: seconds(1, limit).default(usualLimit),
  /** Seconds that it is expected to take, for the estimates, until it has run once. */
  expect: seconds(0, 'must be whole seconds, 0 to 86400').exactOptional(),
});

/** `took`: seconds of its last run, as this machine keeps them. */
export const namedStepSchema = customStepSchema.extend({
  name: words.stepName,
  took: z.number().nonnegative().exactOptional(),
});
export type CustomStep = z.infer<typeof namedStepSchema>;

/** Seconds that it is expected to take: what it took last goes before what the file says. */
export const expectedOfCustom = ({ took, expect }: CustomStep): number => took ?? expect ?? 1;

/** By their names, in the order of the file. */
export const customStepsSchema = z
  .record(words.stepName, customStepSchema)
  .transform((steps): readonly CustomStep[] =>
    Object.entries(steps).map(([name, step]) => ({ ...step, name: words.stepName.parse(name) })),
  );
