/** What may want the approval of a second person. */
export const approvalKinds = ['irreversible', 'opening'] as const;
export type ApprovalKind = (typeof approvalKinds)[number];
