import type { Case } from './case.ts';
import { cleanupCases } from './cleanup.ts';
import { jobCases } from './jobs.ts';
import { linkCases } from './links.ts';
import { rollbackCases } from './rollback.ts';
import { spaceCases } from './spaces.ts';
import { upgradeCases } from './upgrade.ts';

export const cases: readonly Case[] = [
  ...upgradeCases,
  ...linkCases,
  ...spaceCases,
  ...rollbackCases,
  ...cleanupCases,
  ...jobCases,
];
