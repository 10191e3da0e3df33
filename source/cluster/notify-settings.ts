import { z } from 'zod';
import { shellText } from './words.ts';

/** What `notify` may name: the events of `--events`, and of the ends of steps those that failed. */
export const notifyEvents = [
  'begins',
  'waits',
  'approval',
  'step-begins',
  'step-ends',
  'failure',
  'writes-down',
  'writes-up',
  'verdict',
  'window-end',
  'stopped',
  'finished',
  'left',
] as const;

const error = `must be a list of ${notifyEvents.join(', ')}`;

/** A command of the operator's machine, and what it hears of. */
export const notifySchema = z.strictObject({
  command: shellText,
  on: z
    .array(z.enum(notifyEvents, { error: `must be one of ${notifyEvents.join(', ')}` }), { error })
    .default(['waits', 'failure', 'writes-down', 'writes-up', 'window-end', 'stopped', 'finished', 'left']),
});
export type NotifySettings = z.infer<typeof notifySchema>;
