import { z } from 'zod';
import * as words from './words.ts';

/**
 * Steps that the cluster file adds to the window: what the company does around an upgrade (a pooler that is paused, a smoke test, a
 * silence). They count as the file has them at the time, and never come from the record, which the hosts' users can write.
 */

/** Where in the window a custom step stands, in the order of time: the upgrade's, then the rollback's. */
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
] as const;
export type CustomPlace = (typeof customPlaces)[number];

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
  /** `primary`, `monitor`, or a node's name. */
  on: words.label.prefault('primary'),
  run: words.shellText,
  /** Exits 0 where it is done: asked before it is run, and behind it. */
  done: words.shellText.exactOptional(),
  /** What a rollback runs once the application can write again, where the step has begun. */
  undo: words.shellText.exactOptional(),
  /** Seconds after which it is ended, and has failed. */
  timeout: seconds(1, limit).default(usualLimit),
  /** Seconds that it is expected to take, for the estimates. */
  expect: seconds(0, 'must be whole seconds, 0 to 86400').default(1),
});

export const namedStepSchema = customStepSchema.extend({ name: words.stepName });
export type CustomStep = z.infer<typeof namedStepSchema>;

/** By their names, in the order of the file. */
export const customStepsSchema = z
  .record(words.stepName, customStepSchema)
  .transform((steps): readonly CustomStep[] =>
    Object.entries(steps).map(([name, step]) => ({ ...step, name: words.stepName.parse(name) })),
  );
