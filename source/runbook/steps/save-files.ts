import { type ClusterFacts, type HostFacts, isNode, isOnline } from '../../cluster/facts.ts';
import { type Fragment, hereDocument, known, lines, sh, spaced, word } from '../../cluster/fragment.ts';
import { sqlProgram } from '../../cluster/superuser-sql.ts';
import type { Path } from '../../cluster/words.ts';
import { dataIsOld, onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker, isUpgraded, staleSave } from '../language/evidence.ts';
import { factsId } from '../language/facts-id.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { undoneBy } from '../language/undo.ts';
import { ownershipFunctions } from '../shell/ownership.ts';
import { keptUnitFile, unitFiles } from '../shell/root-verbs.ts';
import { keepFunction } from '../shell/self-checks.ts';
import { mark, script, upgradeDir } from '../shell/shell.ts';

/** The unit's file and its drop-ins that name pg_autoctl, each by its name in `saved`. */
const unitCopies = (service: Extract<HostFacts['service'], { kind: 'systemd' }>): Fragment =>
  lines(...unitFiles(service).map((file) => sh`cp -p ${file} ${keptUnitFile(service.unit, file)}`));

/**
 * Copies of what pg_autoctl knows and of the unit, and the record of how the cluster was. Nothing of the cluster changes. `cluster`: whose record, where the
 * host’s group is not all of it.
 */
export const saveFiles =
  (host: HostFacts, cluster?: ClusterFacts): StepOf =>
  (facts, phase) => {
    // Readable, because the card of this step is where the operator sees what was discovered.
    // What is accepted, and the custom steps, are no facts of the cluster: they count as the cluster file has them at the time.
    const { accept: _accept, custom: _custom, outside: _outside, ...lasting } = cluster ?? facts;
    const record = JSON.stringify(lasting, null, 1);
    const saved: Path = word`${host.workDir}/saved`;
    const doneDir: Path = word`${host.workDir}/done`;
    const recordFile: Path = word`${host.workDir}/record.json`;
    const newRecord: Path = word`${recordFile}.new`;
    const left = (
      ['pg_upgrade/tried', 'fingerprint', 'fingerprint-old', 'stopped', 'handed-over', 'noted'] as const
    )
      // of the online method it is the preparation's, and stands
      .filter((name) => !(isOnline(facts) && isNode(host) && name === 'fingerprint'))
      .map((name): Path => word`${host.workDir}/${known(name)}`);
    const marker = word`save-${factsId(facts)}`;
    return makeStep(facts, {
      id: 'save',
      phase,
      host,
      as: 'postgres',
      title: isNode(host) ? 'Save pg_autoctl’s files and unit' : 'Save record, database and files',
      reason:
        'Everything that the upgrade will edit is copied first. The record in the script is what was read from the servers: look it through; what is wrong in it can be overridden in the cluster file.',
      guide: null,
      deviation: 'The guide saves nothing; a rollback needs all of this.',
      danger: 'changes',
      script: script(sh`
        umask 077
        ${ownershipFunctions(facts)}
        mkdir -p ${saved} ${doneDir} ${upgradeDir(host)}
        ${keepFunction}
        cd ${saved}; touch . # its time tells how old it is
        cp -p ${host.configFile} pg_autoctl.cfg
        ${isNode(host) && sh`cp -p ${host.stateFile} pg_autoctl.state`}
        ${host.service.kind === 'systemd' && unitCopies(host.service)}
        ${!isNode(host) && sh`${sqlProgram('pg_dump', host.newBindir, host.database)} -h ${host.socketDirectory} -p ${host.port} -U ${host.superuser} -Fc -f monitor.dump`}
        ${hereDocument(sh`cat > ${newRecord}`, 'RECORD', record)}
        keep ${newRecord}
        mv ${newRecord} ${recordFile}
        keep ${recordFile} *
        # what an earlier window left must not speak for this one; what a try of this one left must stay
        ${isOnline(facts) ? sh`for one in ${doneDir}/*; do case $one in */follower-statistics) ;; *) rm -f "$one" ;; esac; done` : sh`rm -f ${doneDir}/*`}
        [ "$(cat ${word`${upgradeDir(host)}/tried`} 2>/dev/null || true)" = ${factsId(facts)} ] || rm -f ${spaced(left)}
        ${mark(host, marker)}
        ls -l
      `),
      probe: (world) => {
        if (isUpgraded(facts, host, world)) return done('copies are in place');
        if (!hasMarker(host, marker, world)) return pending('nothing saved yet');
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
      undo: undoneBy(sh`rm -r ${isOnline(facts) ? saved : host.workDir}`), // beside it lies what was prepared
    });
  };
