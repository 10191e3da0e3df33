import { type ClusterFacts, type HostFacts, hostsOf, isNode, primaryOf } from '../../cluster/facts.ts';
import { hereDocument, joined, known, sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory } from '../../cluster/observations.ts';
import { sqlProgram } from '../../cluster/superuser-sql.ts';
import { minorsArePaired, parsePostgresVersion } from '../../cluster/version.ts';
import type { Path } from '../../cluster/words.ts';
import { dataIsOld, describe, isMajor, onHost, placeIsFree, verdictOf } from '../conditions.ts';
import { isMarked, isUpgraded, staleSave } from '../evidence.ts';
import { factsId } from '../facts-id.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { isKin, isOurs, makingOf, oursLine, ownershipFunctions } from '../ownership.ts';
import { inParallel } from '../parallel.ts';
import { keepFunction } from '../proofs.ts';
import { mark, privateSocket, script, upgradeDir } from '../shell.ts';
import type { Condition, Step } from '../step.ts';
import { placesStep } from '../tablespaces/places.ts';
import { checksStep } from './checks.ts';
import { carryLines, readConfigurationLines } from './configuration.ts';
import { newClusterLines } from './initdb.ts';
import { upgradeCommand, upgradeLogs } from './pg-upgrade.ts';

/** Copies of what pg_autoctl knows and of the unit, and the record of how the cluster was. Nothing of the cluster changes. */
const saveStep = (facts: ClusterFacts, host: HostFacts): Step => {
  // Readable, because the card of this step is where the operator sees what was discovered.
  // What is accepted is no fact of the cluster: it counts as the cluster file has it at the time.
  const { accept: _accept, ...lasting } = facts;
  const record = JSON.stringify(lasting, null, 1);
  const saved: Path = word`${host.workDir}/saved`;
  const marker = word`save-${factsId(facts)}`;
  return makeStep(facts, {
    id: 'save',
    phase: 'A',
    host,
    as: 'postgres',
    title: isNode(host)
      ? 'Save pg_autoctl’s files and the unit'
      : 'Save the record, the monitor’s database, pg_autoctl’s files and the unit',
    reason:
      'Everything that the upgrade will edit is copied first. The record in the script is what was read from the servers: look it through; what is wrong in it can be overridden in the cluster file.',
    guide: null,
    deviation: 'The guide saves nothing; a rollback needs all of this.',
    danger: 'changes',
    script: script(
      sh`umask 077`,
      ...ownershipFunctions(facts),
      sh`mkdir -p ${saved} ${word`${host.workDir}/done`} ${upgradeDir(host)}`,
      ...keepFunction,
      sh`cd ${saved}; touch . # its time tells how old it is`,
      sh`cp -p ${host.configFile} pg_autoctl.cfg`,
      isNode(host) && sh`cp -p ${host.stateFile} pg_autoctl.state`,
      host.service.kind === 'systemd' && sh`cp -p ${host.service.fragment} ${host.service.unit}`,
      !isNode(host) &&
        sh`${sqlProgram('pg_dump', host.newBindir, host.database)} -h ${host.socketDirectory} -p ${host.port} -U ${host.superuser} -Fc -f monitor.dump`,
      hereDocument(sh`cat > ${word`${host.workDir}/record.json.new`}`, 'RECORD', record),
      sh`keep ${word`${host.workDir}/record.json.new`}`,
      sh`mv ${word`${host.workDir}/record.json.new`} ${word`${host.workDir}/record.json`}`,
      sh`keep ${word`${host.workDir}/record.json`} *`,
      sh`# what an earlier window left must not speak for this one; what a try of this one left must stay`,
      sh`rm -f ${word`${host.workDir}/done`}/*`,
      sh`[ "$(cat ${word`${upgradeDir(host)}/tried`} 2>/dev/null || true)" = ${factsId(facts)} ] || rm -f ${joined(
        (
          ['pg_upgrade/tried', 'fingerprint', 'fingerprint-old', 'stopped', 'handed-over', 'noted'] as const
        ).map((name) => sh`${word`${host.workDir}/${known(name)}`}`),
        ' ',
      )}`,
      mark(host, marker),
      sh`ls -l`,
    ),
    probe: (world) => {
      if (isUpgraded(facts, host, world)) return done('copies are in place');
      if (!isMarked(host, marker, world)) return pending('nothing saved yet');
      const stale = staleSave(facts, host, world);
      return stale === null ? done('copies are in place') : half(stale);
    },
    before: [
      dataIsOld(facts, host),
      onHost(host.alias, 'pg_autoctl’s configuration is the old version’s still', (seen) =>
        verdictOf(seen.pgCtl !== `${host.newBindir}/pg_ctl`, `it names ${seen.pgCtl ?? 'nothing'}`),
      ),
    ],
    after: [
      onHost(host.alias, `the copies are in ${saved}`, (seen) =>
        verdictOf(seen.markers.includes(marker), 'they are not'),
      ),
      onHost(host.alias, 'they are what is there now', (_, world) => {
        const stale = staleSave(facts, host, world);
        return verdictOf(stale === null, stale ?? '');
      }),
    ],
    undo: sh`rm -r ${host.workDir}`.text,
  });
};

const initdbStep = (facts: ClusterFacts, host: HostFacts): Step =>
  makeStep(facts, {
    id: 'initdb',
    phase: 'A',
    host,
    as: 'postgres',
    title: `Create the new ${facts.newMajor} directory`,
    reason: `pg_upgrade fills an empty cluster; made now, while ${facts.oldMajor} still serves, it costs no downtime.`,
    guide: isNode(host) ? 'Step 4' : 'Step 7',
    deviation:
      'Encoding, locale, checksums and WAL segment size are those of the old cluster, not the guide’s en_US.UTF-8; and it is done before anything stops.',
    danger: 'changes',
    script: script(
      ...ownershipFunctions(facts),
      sh`new=${host.newData}`,
      sh`# without pg_control it is what is left of one that was being removed`,
      sh`if kin "$new" && [ ! -e "$new/global/pg_control" ]; then rm -rf ${makingOf(facts, host)}; mv -T "$new" ${makingOf(facts, host)}; fi`,
      sh`if kin "$new"; then # made by a check that was asked to keep it, or by an earlier run for this cluster`,
      sh`  [ ! -e "$new/postmaster.pid" ] || { echo "$new/postmaster.pid is there: a server ran in it, or runs" >&2; exit 1; }`,
      sh`  own "$new"; echo "$new was made for this cluster: taken over"; exit 0`,
      sh`fi`,
      sh`if [ -L "$new" ] || { [ -e "$new" ] && [ -n "$(ls -A "$new")" ]; }; then echo "$new is there and is not of this upgrade: give the new cluster another place (newData in the cluster file), or move it away" >&2; exit 1; fi`,
      ...newClusterLines(facts, host),
    ),
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
    undo: sh`rm -r ${host.newData}`.text,
  });

/** pg_upgrade --check does not see it: 15.20 to 17.11 passes, and fails mid-way. */
const minorsFit = (host: HostFacts): Condition =>
  onHost(
    host.alias,
    `the target ${host.newVersion} was released no earlier than ${host.oldVersion}: an older one passes --check and fails mid-way`,
    () => {
      const [old, next] = [parsePostgresVersion(host.oldVersion), parsePostgresVersion(host.newVersion)];
      if (old === null || next === null) return verdictOf(false, 'a version cannot be read');
      const pairing = minorsArePaired(old, next);
      return pairing.kind === 'target-older'
        ? verdictOf(
            false,
            `${host.newVersion} is older; install ${pairing.lowest} or later in ${host.newBindir}`,
          )
        : verdictOf(true, '');
    },
  );

const checkStep = (facts: ClusterFacts, host: HostFacts): Step =>
  makeStep(facts, {
    id: 'check',
    phase: 'A',
    host,
    as: 'postgres',
    title: 'pg_upgrade --check against the running server',
    reason: 'What pg_upgrade would refuse is found now, while it costs nothing.',
    guide: isNode(host) ? 'Step 4' : 'Step 7',
    deviation: `Run while ${facts.oldMajor} still serves, not after it was stopped: it reads only.`,
    danger: 'reads',
    script: script(
      sh`umask 077`,
      ...ownershipFunctions(facts),
      sh`# pg_upgrade starts the new server, with fsync off: somebody else’s is not given to it`,
      oursLine(facts, host.newData),
      sh`mkdir -p ${upgradeDir(host)} ${privateSocket(host)}`,
      sh`cd ${upgradeDir(host)}`,
      upgradeCommand(facts, host, true),
      mark(host, 'check'),
    ),
    probe: (world) =>
      isMarked(host, 'check', world) || isUpgraded(facts, host, world)
        ? done('it was checked')
        : pending('not checked yet'),
    after: [
      onHost(host.alias, `pg_upgrade finds ${host.alias} compatible`, (seen) =>
        verdictOf(seen.markers.includes('check'), 'it did not come to its end'),
      ),
    ],
    before: [
      minorsFit(host),
      onHost(host.alias, `${host.newData} is PostgreSQL ${facts.newMajor}, made by this run`, (seen) =>
        verdictOf(
          isMajor(seen.newData, facts.newMajor) && isOurs(facts, seen.newData),
          `it ${describe(seen.newData)}: run the step initdb first`,
        ),
      ),
    ],
    quietSeconds: 120,
    failureLogs: upgradeLogs(host),
    undo: 'nothing to undo: it reads only',
  });

const configurationStep = (facts: ClusterFacts, host: HostFacts): Step => {
  const scratch: Path = word`${host.workDir}/configuration`;
  return makeStep(facts, {
    id: 'configuration',
    phase: 'A',
    host,
    as: 'postgres',
    title: `Let ${facts.newMajor} read the configuration`,
    reason: `A setting that ${facts.newMajor} does not know keeps the server from starting: better found now than after the swap.`,
    guide: isNode(host) ? 'Step 5' : 'Step 8',
    deviation:
      'The guide carries SSL files only and trusts pg_upgrade with the rest; pg_upgrade carries nothing.',
    danger: 'reads',
    script: script(
      sh`umask 077`,
      sh`rm -rf ${scratch}; mkdir -p ${scratch}`,
      ...carryLines(host, host.data, scratch),
      ...readConfigurationLines(host, host.newData, scratch),
      sh`rm -rf ${scratch}`,
      mark(host, 'configuration'),
    ),
    probe: (world) =>
      isMarked(host, 'configuration', world) || isUpgraded(facts, host, world)
        ? done(`${facts.newMajor} has read it`)
        : pending('not read yet'),
    after: [
      onHost(host.alias, `${facts.newMajor} accepts ${host.alias}’s configuration`, (seen) =>
        verdictOf(seen.markers.includes('configuration'), 'it did not come to its end'),
      ),
    ],
    undo: 'nothing to undo: it works on a copy',
  });
};

/** A. Everything that can be made and proven while the old version still serves. */
export const prepareSteps = (facts: ClusterFacts): Step[] => {
  const upgraded: HostFacts[] = [primaryOf(facts), facts.monitor];
  return [
    ...hostsOf(facts).flatMap((host) =>
      inParallel('save', host.alias, [saveStep(facts, host), ...placesStep(facts, host)]),
    ),
    ...hostsOf(facts).flatMap((host) => inParallel('checks', host.alias, [checksStep(facts, host)])),
    ...upgraded.flatMap((host) =>
      inParallel('prepare', host.alias, [
        initdbStep(facts, host),
        checkStep(facts, host),
        configurationStep(facts, host),
      ]),
    ),
  ];
};
