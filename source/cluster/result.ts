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

const ended = (text: string): string => (/[.?!…]$/.test(text) ? text : `${text}.`);

/**
 * A problem, in whole sentences: both texts end as such. They may quote what a server, a program or a library has said: their secrets
 * are taken out. A command at the end of a text stands in backticks, so that it can be copied without the full stop.
 */
export const problem = (what: string, remedy: string, cause?: string): Problem => {
  const said = { what: ended(redactText(what)), remedy: ended(remedy) };
  return cause === undefined ? said : { ...said, cause: redactText(cause) };
};

/** The one form of a problem in running text: what is true, what to do; the cause behind it where it is asked for. */
export const formatProblem = (
  { what, remedy, cause }: Problem,
  causes: 'with cause' | 'short' = 'short',
): string =>
  causes === 'short' || cause === undefined ? `${what} ${remedy}` : `${what} ${remedy} (${cause})`;

/** The text of anything that was thrown, for a Problem's cause. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
