import type { Check } from './check.ts';
import { databaseChecks } from './databases.ts';
import { diskChecks } from './disks.ts';
import { dryRunChecks } from './dry-run.ts';
import { entryChecks } from './entries.ts';
import { formationChecks } from './formations.ts';
import { habitChecks } from './habits.ts';
import { hardLinkChecks } from './hard-links.ts';
import { onlineChecks } from './online.ts';
import { programChecks } from './programs.ts';
import { reachChecks } from './reach.ts';
import { rehearsalChecks } from './rehearsals.ts';
import { serviceChecks } from './services.ts';
import { settingChecks } from './settings.ts';
import { stateChecks } from './states.ts';
import { tablespaceChecks } from './tablespaces.ts';
import { versionChecks } from './versions.ts';

const all: readonly Check[] = [
  ...reachChecks,
  ...stateChecks,
  ...formationChecks,
  ...databaseChecks,
  ...programChecks,
  ...serviceChecks,
  ...diskChecks,
  ...entryChecks,
  ...tablespaceChecks,
  ...hardLinkChecks,
  ...dryRunChecks,
  ...settingChecks,
  ...habitChecks,
  ...rehearsalChecks,
  ...versionChecks,
  ...onlineChecks,
];

/** Every check: blockers first, each in the order in which a person would look. docs/checks.md is made from it. */
export const catalogue: readonly Check[] = [
  ...all.filter((check) => check.severity === 'blocker'),
  ...all.filter((check) => check.severity === 'warning'),
];
