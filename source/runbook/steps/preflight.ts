import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { hereDocument, sh, word } from '../../cluster/fragment.ts';
import type { Observations } from '../../cluster/observations.ts';
import type { Path } from '../../cluster/words.ts';
import { dryRunScript } from '../checks/dry-run-script.ts';
import { evidenceIn, judgmentOn } from '../checks/in-world.ts';
import { checkInspectionScript } from '../checks/inspection/script.ts';
import { no, onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker, isPastStop } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import { onceEach } from '../language/once-each.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { mark, script } from '../shell/shell.ts';
import { measurementsOf } from '../timing/measurements.ts';
import { choiceOfNode, rebuildChoices } from '../timing/rebuild-choice.ts';

/** Of each section the last lines are kept, with how it ended: what a judgment needs. */
const keepEnds = sh`awk '/^== / { for (i = n > 60 ? n - 60 : 0; i < n; i++) print kept[i]; print; n = 0; next } { kept[n++] = $0 }'`;

const nothingAgainst = (facts: ClusterFacts, host: HostFacts, withState: boolean) =>
  onHost(host.alias, `no blocker is found on ${host.alias}`, (_, world) => {
    const { findings, notSeen } = judgmentOn(facts, host, world, withState);
    const blockers = findings.filter((one) => one.severity === 'blocker');
    if (blockers.length > 0)
      return no(
        blockers
          .map(
            (one) =>
              `${one.check}${one.host === null || one.host === host.alias ? '' : ` (${one.host})`}: ${one.found}. Do: ${one.remedy}`,
          )
          .join(' | '),
      );
    return verdictOf(notSeen.length === 0, `not inspected: ${notSeen.slice(0, 3).join('; ')}`);
  });

/** Warnings of the last look, in words, for the card; those that are accepted by name only, as `check` tells them. */
const warnings = (facts: ClusterFacts, host: HostFacts) =>
  onceEach((world): readonly string[] => {
    const { findings, accepted } = judgmentOn(facts, host, world, false);
    const names = [...new Set(accepted.map((one) => one.check))];
    return [
      ...findings.filter((one) => one.severity === 'warning').map((one) => `${one.check}: ${one.found}`),
      ...(names.length === 0 ? [] : [`accepted in the cluster file: ${names.join(', ')}`]),
    ];
  });

/** What either way to rebuild a secondary costs, once it was inspected. */
const choice = (facts: ClusterFacts, host: HostFacts, world: Observations): readonly string[] =>
  isNode(host) && host.role === 'secondary' && hasMarker(host, 'checks', world)
    ? rebuildChoices(facts, measurementsOf(evidenceIn(facts, world)))
        .filter((one) => one.node === host.alias)
        .map(choiceOfNode)
    : [];

/**
 * The checks of `pgaf-upgrade check` on one host, by the same scripts: what they print is kept on the host, and judged
 * by the same judgments from the next look. A check is good for a day.
 */
export const preflight =
  (host: HostFacts): StepOf =>
  (facts, phase) => {
    const kept: Path = word`${host.workDir}/checks`;
    const [lookScript, newLook, look] = [word`${kept}/look.sh`, word`${kept}/look.new`, word`${kept}/look`];
    const [rehearse, newLog, log] = [word`${kept}/rehearse.sh`, word`${kept}/log.new`, word`${kept}/log`];
    const upgraded = !isNode(host) || host.role === 'primary';
    return makeStep(facts, {
      id: 'checks',
      phase,
      host,
      as: 'postgres',
      title: upgraded ? 'Run preflight checks and dry run' : 'Run preflight checks',
      reason: upgraded
        ? `Disk space, binaries, settings and slots are checked; in a throwaway cluster ${facts.newMajor} loads every library, reads the configuration and restores the whole schema.`
        : `Disk space, binaries and settings are checked; ${facts.newMajor} loads every library in a throwaway cluster: one that is missing here stops this node at night.`,
      guide: null,
      deviation: 'The guide checks the primary only, and after it has been stopped.',
      danger: 'reads',
      script: script(sh`
        umask 077
        mkdir -p ${kept} ${word`${host.workDir}/done`}
        ${hereDocument(sh`cat >${lookScript}`, 'END-OF-LOOK', checkInspectionScript(facts, host).text.trimEnd())}
        ${hereDocument(sh`cat >${rehearse}`, 'END-OF-REHEARSAL', dryRunScript(facts, host).text.trimEnd())}
        sh ${lookScript} >${newLook}
        mv ${newLook} ${look}
        echo "the host was inspected"
        rm -f ${newLog}
        { sh ${rehearse} || true; } | tee ${newLog}
        ${keepEnds} <${newLog} >${log}
        rm -f ${newLog} ${lookScript} ${rehearse}
        ${mark(host, 'checks')}
      `),
      probe: (world) =>
        (hasMarker(host, 'checks', world) && nothingAgainst(facts, host, false).holds(world).holds) ||
        isPastStop(facts, host, world)
          ? done('it was checked')
          : pending('not checked yet'),
      after: [nothingAgainst(facts, host, true)],
      notes: (world) => [...warnings(facts, host)(world), ...choice(facts, host, world)],
      settleSeconds: 5,
      quietSeconds: 300,
      undo: nothingToUndo,
    });
  };
