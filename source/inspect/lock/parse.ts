import { z } from 'zod';
import { runName } from '../../cluster/words.ts';
import { directions } from '../../runbook/runbooks.ts';
import { decodeJson, decodeText, readFacts } from '../lines.ts';

/** Who holds the lock, as it stands in its file on the monitor's host. */
export const holderSchema = z.object({
  /** user@machine */
  operator: z.string(),
  /** ISO 8601, by the holder's clock. */
  since: z.string(),
  token: z.string(),
  /** The process on the holder's machine; says something only to a console there. */
  pid: z.number().int(),
});
export type Holder = z.infer<typeof holderSchema>;

/** The run that was begun on this cluster, as it stands on the monitor's host. */
export const runFileSchema = z.object({
  id: runName,
  operator: z.string(),
  began: z.string(),
  direction: z.enum(directions),
  finished: z.string().nullable(),
  /** The change that it belongs to. */
  ticket: z.string().optional(),
  /** Its last downtime, by the clock of the console that has seen it; `until` null: it is not over. Left out where it cannot be read: it is told, and nothing rests on it. */
  downtime: z
    .object({ from: z.iso.datetime(), until: z.iso.datetime().nullable() })
    .optional()
    .catch(undefined),
});
export type RunFile = z.infer<typeof runFileSchema>;

/** What a second person has approved: a line of the file `approvals` on the monitor's host. */
export const approvalSchema = z.object({
  run: z.string(),
  step: z.string(),
  title: z.string(),
  /** user@machine, and the login that the host was reached by. */
  by: z.string(),
  login: z.string(),
  /** ISO 8601, by the clock of that machine. */
  at: z.string(),
  /** What a rollback meant then, as it was shown. */
  verdict: z.string(),
  /** SHA-256 of the script that was shown. */
  digest: z.string(),
});
export type Approval = z.infer<typeof approvalSchema>;

/** A holder without a sign of life for so many seconds is taken for dead. A heartbeat comes every five. */
export const deadAfterSeconds = 30;

export type LockStanding =
  | { readonly kind: 'free' }
  /** `holder` is null where the lock's file cannot be read: somebody made or damaged it by hand. */
  | {
      readonly kind: 'held';
      readonly holder: Holder | null;
      readonly token: string;
      /** Seconds since the last sign of life, by the host's own clock. */
      readonly silentSeconds: number;
    };

export interface Standing {
  readonly lock: LockStanding;
  readonly run: RunFile | null;
  /** Of this run and earlier ones, oldest first. */
  readonly approvals: readonly Approval[];
}

/** What the scripts of {@link ./scripts.ts} print about lock and run; null where they ended early. */
export const parseStanding = (output: string): Standing | null => {
  const facts = readFacts(output);
  if (facts.get('end') !== 'yes') return null;
  const run = runFileSchema.safeParse(decodeJson(decodeText(facts.get('run'))));
  const approvals = (decodeText(facts.get('approvals')) ?? '').split('\n').flatMap((line) => {
    const approval = approvalSchema.safeParse(decodeJson(line));
    return approval.success ? [approval.data] : [];
  });
  const token = facts.get('token');
  if (token === undefined) return { lock: { kind: 'free' }, run: run.success ? run.data : null, approvals };
  const holder = holderSchema.safeParse(decodeJson(decodeText(facts.get('holder'))));
  return {
    lock: {
      kind: 'held',
      holder: holder.success && holder.data.token === token ? holder.data : null,
      token,
      silentSeconds: Math.max(0, Number(facts.get('silent')) || 0),
    },
    run: run.success ? run.data : null,
    approvals,
  };
};

/** `tess@bastion`, or what can be said where nobody can be named. */
export const holderName = (lock: Extract<LockStanding, { kind: 'held' }>): string =>
  lock.holder?.operator ?? 'somebody unknown';
