import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { judgeMinors, unknownMinors } from '../checks/minors.ts';
import { describe, isMajor, no, onHost, verdictOf, yes } from '../language/conditions.ts';
import { hasMarker, isUpgraded } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { Condition } from '../language/step.ts';
import { nothingToUndo } from '../language/undo.ts';
import { isOurs, oursLine, ownershipFunctions } from '../shell/ownership.ts';
import { patientCheck, patientlyFunction, upgradeLogs } from '../shell/pg-upgrade-command.ts';
import { mark, privateSocket, script, upgradeDir } from '../shell/shell.ts';

/** pg_upgrade --check does not see it: 15.20 to 17.11 passes, and fails mid-way. */
const minorsFit = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(
    host.alias,
    `the target ${host.newVersion} was released no earlier than ${host.oldVersion}: an older one passes --check and fails mid-way`,
    () => {
      const minors = judgeMinors(host);
      switch (minors.kind) {
        case 'paired':
          return yes;
        case 'target-older':
          return no(`${minors.found}; ${minors.remedy}`);
        case 'unknown':
          return verdictOf(facts.accept.includes(unknownMinors), `${minors.found}; ${minors.remedy}`);
      }
    },
  );

export const checkWithPgUpgrade =
  (host: HostFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'check',
      phase,
      host,
      as: 'postgres',
      title: 'Run pg_upgrade --check',
      reason: 'What pg_upgrade would refuse is found now, while it costs nothing.',
      guide: isNode(host) ? 'Step 4' : 'Step 7',
      deviation: `Run while ${facts.oldMajor} still serves, not after it was stopped: it reads only.`,
      danger: 'reads',
      script: script(sh`
        umask 077
        ${ownershipFunctions(facts)}
        # pg_upgrade starts the new server, with fsync off: somebody else’s is not given to it
        ${oursLine(facts, host.newData)}
        mkdir -p ${upgradeDir(host)} ${privateSocket(host)}
        cd ${upgradeDir(host)}
        ${patientlyFunction(host)}
        ${patientCheck(facts, host, sh`check.said`)}
        ${mark(host, 'check')}
      `),
      probe: (world) =>
        hasMarker(host, 'check', world) || isUpgraded(facts, host, world)
          ? done('it was checked')
          : pending('not checked yet'),
      after: [
        onHost(host.alias, `pg_upgrade finds ${host.alias} compatible`, (seen) =>
          verdictOf(seen.markers.includes('check'), 'it did not finish'),
        ),
      ],
      before: [
        minorsFit(facts, host),
        onHost(host.alias, `${host.newData} is PostgreSQL ${facts.newMajor}, made by this run`, (seen) =>
          verdictOf(
            isMajor(seen.newData, facts.newMajor) && isOurs(facts, seen.newData),
            `it ${describe(seen.newData)}: create the new directory first, in phase A`,
          ),
        ),
      ],
      quietSeconds: 120,
      failureLogs: upgradeLogs(host),
      undo: nothingToUndo,
    });
