/**
 * The published procedure that is automated here: "Guide: Step 4" on a card or a page is a step of it. Named in full
 * once on each help page, plan and description, not at every step.
 */
export const publishedGuide = {
  name: 'Broadcom KB 440339, “pg_auto_failover: VMware Tanzu for PostgreSQL 15 to 17 In-Place Upgrade Guide”',
  url: 'https://knowledge.broadcom.com/external/article/440339',
} as const;

/** Before its name. */
export const guideIs = '“Guide” at a step names the step of the published procedure that it stands for:';

/** What the word "guide" stands for, in one sentence. */
export const guideSentence = `${guideIs} ${publishedGuide.name}, ${publishedGuide.url}`;
