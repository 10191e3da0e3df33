import { z } from 'zod';

/** Of the last check: how it ended, and what it found. */
export const checkResultSchema = z.object({
  /** ISO 8601. */
  at: z.string(),
  outcome: z.enum(['ready', 'ready-with-warnings', 'blocked', 'unseen']),
  findings: z.array(
    z.object({
      check: z.string(),
      severity: z.enum(['blocker', 'warning']),
      host: z.string().nullable(),
      found: z.string(),
    }),
  ),
  /** Warnings that the cluster file accepts, by the checks' ids. */
  accepted: z.array(z.string()),
  passed: z.number().int(),
});
export type CheckResultKept = z.infer<typeof checkResultSchema>;
