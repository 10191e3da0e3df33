import { type HostFacts, isNode } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory } from '../../cluster/observations.ts';
import { dataIsOld, describe, isMajor, onHost, placeIsFree, verdictOf } from '../language/conditions.ts';
import { isUpgraded } from '../language/evidence.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { undoneBy } from '../language/undo.ts';
import { newClusterLines } from '../shell/new-cluster.ts';
import { isKin, isOurs, makingOf, ownershipFunctions } from '../shell/ownership.ts';
import { script } from '../shell/shell.ts';

export const createNewDirectory =
  (host: HostFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'initdb',
      phase,
      host,
      as: 'postgres',
      title: `Create the new ${facts.newMajor} directory`,
      reason: `pg_upgrade fills an empty cluster; made now, while ${facts.oldMajor} still serves, it costs no downtime.`,
      guide: isNode(host) ? 'Step 4' : 'Step 7',
      deviation:
        'Encoding, locale, checksums and WAL segment size are those of the old cluster, not the guide’s en_US.UTF-8; and it is done before anything stops.',
      danger: 'changes',
      script: script(sh`
        ${ownershipFunctions(facts)}
        new=${host.newData}
        # without pg_control it is what is left of one that was being removed
        if kin "$new" && [ ! -e "$new/global/pg_control" ]; then rm -rf ${makingOf(facts, host)}; mv -T "$new" ${makingOf(facts, host)}; fi
        if kin "$new"; then # made by a check that was asked to keep it, or by an earlier run for this cluster
          [ ! -e "$new/postmaster.pid" ] || { echo "$new/postmaster.pid is there: a server ran in it, or runs" >&2; exit 1; }
          own "$new"; echo "$new was made for this cluster: taken over"; exit 0
        fi
        if [ -L "$new" ] || { [ -e "$new" ] && [ -n "$(ls -A "$new")" ]; }; then echo "$new is there and is not of this upgrade: give the new cluster another place (newData in the cluster file), or move it away" >&2; exit 1; fi
        ${newClusterLines(facts, host)}
      `),
      probe: (world) => {
        const seen = hostIn(world, host.alias);
        if (isUpgraded(facts, host, world)) return done(`${facts.newMajor} is there already`);
        if (seen === null || seen.newData.kind === 'absent') return pending(`${host.newData} is not there`);
        if (isOurs(facts, seen.newData))
          return isMajor(seen.newData, facts.newMajor) &&
            isDataDirectory(seen.newData) &&
            seen.newData.control !== null
            ? done(`${host.newData} is PostgreSQL ${facts.newMajor}`)
            : half(`${host.newData} ${describe(seen.newData)}`);
        if (isKin(facts, seen.newData)) return pending(`${host.newData} was made before, and is taken over`);
        return isDataDirectory(seen.newData) || seen.newData.entries > 0
          ? half(`${host.newData} ${describe(seen.newData)}, and is not of this upgrade`)
          : pending(`${host.newData} is empty`);
      },
      before: [dataIsOld(facts, host), placeIsFree(facts, host)],
      after: [
        onHost(host.alias, `${host.newData} is an empty PostgreSQL ${facts.newMajor}`, (seen) =>
          verdictOf(
            isMajor(seen.newData, facts.newMajor) && isOurs(facts, seen.newData),
            describe(seen.newData),
          ),
        ),
      ],
      undo: undoneBy(sh`rm -r ${host.newData}`),
    });
