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

/** Facilities that are no system service's. Source: RFC 5424, 6.2.1; syslog(3). */
const facilities = [
  'user',
  'daemon',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

/** A command of the operator's machine, its syslog, or both, and what they hear of. */
export const notifySchema = z
  .strictObject({
    command: shellText.exactOptional(),
    syslog: z.enum(facilities, { error: `must be one of ${facilities.join(', ')}` }).exactOptional(),
    on: z
      .array(z.enum(notifyEvents, { error: `must be one of ${notifyEvents.join(', ')}` }), { error })
      .default(['waits', 'failure', 'writes-down', 'writes-up', 'window-end', 'stopped', 'finished', 'left']),
  })
  .refine(({ command, syslog }) => command !== undefined || syslog !== undefined, {
    error: 'needs `command`, or `syslog`, or both',
  });
export type NotifySettings = z.infer<typeof notifySchema>;
