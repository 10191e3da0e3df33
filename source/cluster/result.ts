import { redactText } from './parse/redact.ts';

/**
 * What went wrong, said to the operator: one sentence that names the thing, and what to do about it.
 * Problems are values; they travel in a Result and are shown, never thrown past a room's door.
 */
export interface Problem {
  /** One sentence that names the host, file or setting concerned. */
  readonly what: string;
  /** What the operator can do; a command where there is one. */
  readonly remedy: string;
  /** The underlying message, when another program or library said it. */
  readonly cause?: string;
}

export type Result<Value, Failure = Problem> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

export const ok = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({
  ok: true,
  value,
});

export const fail = <Failure>(error: Failure): { readonly ok: false; readonly error: Failure } => ({
  ok: false,
  error,
});

/** A problem whose texts may quote what a server, a program or a library has said: their secrets are taken out. */
export const problem = (what: string, remedy: string, cause?: string): Problem =>
  cause === undefined
    ? { what: redactText(what), remedy }
    : { what: redactText(what), remedy, cause: redactText(cause) };

/** The text of anything that was thrown, for a Problem's cause. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
