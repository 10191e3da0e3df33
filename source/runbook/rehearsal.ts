import type { ClusterFacts } from '../cluster/facts.ts';
import type { Observations } from '../cluster/observations.ts';
import { phase, procedure } from './language/outline.ts';
import type { Step } from './language/step.ts';
import { checkpoint } from './steps/checkpoint.ts';
import { firstStart } from './steps/first-start.ts';
import { collectFullStatistics } from './steps/full-statistics.ts';
import { createNewDirectory } from './steps/initdb.ts';
import { collectMinimalStatistics } from './steps/minimal-statistics.ts';
import { pgUpgrade } from './steps/pg-upgrade.ts';
import { checkWithPgUpgrade } from './steps/pg-upgrade-check.ts';
import { checkRelations } from './steps/rehearsal/amcheck.ts';
import { takeBackup } from './steps/rehearsal/base-backup.ts';
import { isolatedOnly } from './steps/rehearsal/isolated-only.ts';
import { onCopy } from './steps/rehearsal/on-copy.ts';
import { startCopy, stopCopy } from './steps/rehearsal/own-server.ts';
import { rehearsalOn } from './steps/rehearsal/places.ts';
import { removeCopy } from './steps/rehearsal/removal.ts';
import { makeRoom } from './steps/rehearsal/room.ts';
import { swapDirectories } from './steps/swap-directories.ts';
import { validateConfiguration } from './steps/validate-configuration.ts';
import { verifyDatabases } from './steps/verify-databases.ts';

/**
 * Days before the window: its own scripts on a copy of the cluster, on one host, beside the servers that serve, of which it only reads. Nothing is left of
 * it but its times. What stands in phase Y are the window's steps from upgrade.ts, in their order; docs/rehearse.md.
 */
export const rehearsalRunbook = (facts: ClusterFacts, world: Observations): readonly Step[] => {
  const { rehearsal: asked } = world;
  const rehearsal = asked === undefined ? null : rehearsalOn(facts, asked.on);
  if (asked === undefined || rehearsal === null) return [];
  const { copy } = rehearsal;
  const remove = phase('Z', 'Rehearse: end', [onCopy(rehearsal, [removeCopy(rehearsal)])]);
  if (asked.only === 'remove') return procedure(facts, [remove]);
  return procedure(facts, [
    phase('P', 'Rehearse: copy', [
      onCopy(rehearsal, [makeRoom(rehearsal), takeBackup(rehearsal, asked.rate), startCopy(rehearsal)]),
    ]),
    phase('Y', 'Rehearse: upgrade', [
      onCopy(rehearsal, [
        createNewDirectory(copy),
        checkWithPgUpgrade(copy),
        validateConfiguration(copy),
        checkpoint,
        stopCopy(rehearsal), // the downtime would begin
        pgUpgrade(copy),
        swapDirectories(copy),
        firstStart,
        verifyDatabases,
        collectMinimalStatistics, // and would end soon
        isolatedOnly(rehearsal, collectFullStatistics),
        checkRelations(rehearsal),
      ]),
    ]),
    remove,
  ]);
};
