import { type ClusterFacts, type HostFacts, hostsOf, isOnline } from '../cluster/facts.ts';
import { allSecondariesOf, primariesOf } from '../cluster/formation.ts';
import type { Observations } from '../cluster/observations.ts';
import { each, only, phase, procedure } from './language/outline.ts';
import type { Step } from './language/step.ts';
import { acceptOnline } from './online-window.ts';
import { removeAbandoned } from './steps/cleanup/abandoned.ts';
import { allRemoved } from './steps/cleanup/conditions.ts';
import { findBackup } from './steps/cleanup/find-backup.ts';
import { verifyNotInUse } from './steps/cleanup/in-use.ts';
import { removeOldDirectory } from './steps/cleanup/old-directory.ts';
import { forgetCustomOutside } from './steps/custom.ts';
import { removeMarkers } from './steps/remove-markers.ts';
import { removeTablespaceDirectories } from './steps/tablespaces/directories.ts';

/**
 * Days later, host by host: the secondaries' fallback copies behind the primaries', and the monitor's old directory last, because a rollback
 * needs them; and the marker files behind all of them, the monitor's last, because the record there finds the rest of this if it is interrupted.
 */
export const cleanupRunbook = (facts: ClusterFacts, world: Observations): readonly Step[] => {
  const { monitor } = facts;
  const primaries = primariesOf(facts);
  const others = allSecondariesOf(facts);
  const hosts: readonly HostFacts[] = [monitor, ...primaries, ...others];
  return procedure(facts, [
    phase('W', 'Clean up', [
      ...only(isOnline(facts), acceptOnline(facts, world)),
      each(hosts, (host) => [verifyNotInUse(host)]),
      each(hosts, (host) => [removeAbandoned(host, world)]),
      each(primaries, () => [findBackup]),
      each<HostFacts>([...primaries, ...others, monitor], (host) => [removeOldDirectory(host, facts)]),
      each(hosts, (host) => [removeTablespaceDirectories(host)]),
      forgetCustomOutside,
      each<HostFacts>([...primaries, ...others, monitor], (host) => [
        removeMarkers(host, [allRemoved(facts)], hostsOf(facts)),
      ]),
    ]),
  ]);
};
