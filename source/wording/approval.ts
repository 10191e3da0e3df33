import { localTime } from '../cluster/times.ts';
import type { ApprovalAsked } from '../engine/view/approval-view.ts';

/** Of the approval by a second person, in a sentence for card and plain lines. */
export const approvalWords = ({ given, why }: ApprovalAsked): string =>
  given === null
    ? (why ?? 'waits for a second person, from a login of their own: it is not run before')
    : `by ${given.by} on ${localTime(given.at)}, who saw the same script and: ${given.verdict}`;
