import { type HostFacts, isNode } from '../../cluster/facts.ts';
import { sh, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import { onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker, isUpgraded } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { carryLines, readConfigurationLines } from '../shell/configuration.ts';
import { mark, script } from '../shell/shell.ts';

export const validateConfiguration =
  (host: HostFacts): StepOf =>
  (facts, phase) => {
    const scratch: Path = word`${host.workDir}/configuration`;
    return makeStep(facts, {
      id: 'configuration',
      phase,
      host,
      as: 'postgres',
      title: `Validate configuration with ${facts.newMajor}`,
      reason: `A setting that ${facts.newMajor} does not know keeps the server from starting: better found now than after the swap.`,
      guide: isNode(host) ? 'Step 5' : 'Step 8',
      deviation:
        'The guide carries SSL files only and trusts pg_upgrade with the rest; pg_upgrade carries nothing.',
      danger: 'reads',
      script: script(sh`
        umask 077
        rm -rf ${scratch}; mkdir -p ${scratch}
        ${carryLines(host, host.data, scratch)}
        ${readConfigurationLines(host, host.newData, scratch)}
        rm -rf ${scratch}
        ${mark(host, 'configuration')}
      `),
      probe: (world) =>
        hasMarker(host, 'configuration', world) || isUpgraded(facts, host, world)
          ? done(`${facts.newMajor} has read it`)
          : pending('not read yet'),
      after: [
        onHost(host.alias, `${facts.newMajor} accepts ${host.alias}’s configuration`, (seen) =>
          verdictOf(seen.markers.includes('configuration'), 'it did not finish'),
        ),
      ],
      undo: nothingToUndo,
    });
  };
