import type { Approval } from '../../inspect/lock/parse.ts';

/** The approval of a step by a second person, as this screen has it. */
export interface ApprovalAsked {
  readonly step: string;
  /** Null: nobody has yet. */
  readonly given: Approval | null;
  /** Why what is there does not count, in a sentence; null: there is nothing, or it counts. */
  readonly why: string | null;
}

/** Whether a step on this screen waits for a second person. */
export const awaitsApproval = (
  { approval }: { readonly approval?: ApprovalAsked | undefined },
  step: string,
): boolean => approval?.step === step && approval.given === null;
