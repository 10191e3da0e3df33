import type { Case } from './case.ts';
import { cleanupCases } from './cleanup.ts';
import { jobCases } from './jobs.ts';
import { linkCases } from './links.ts';
import { onlineCases } from './online.ts';
import { rollbackCases } from './rollback.ts';
import { spaceCases } from './spaces.ts';
import { upgradeCases } from './upgrade.ts';
import { walCases } from './wal.ts';

/** Each of the cluster's tablespaces makes twice the states: these take as long as half of all the others. */
export const hasTablespaces = ({ facts }: Case): boolean =>
  facts?.nodes.some(({ tablespaces }) => tablespaces.length > 0) === true;

export const cases: readonly Case[] = [
  ...upgradeCases,
  ...linkCases,
  ...spaceCases,
  ...rollbackCases,
  ...cleanupCases,
  ...jobCases,
  ...walCases,
  ...onlineCases,
];
