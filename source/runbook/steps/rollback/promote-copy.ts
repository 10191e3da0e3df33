import type { NodeFacts } from '../../../cluster/facts.ts';
import { sh, word } from '../../../cluster/fragment.ts';
import { hostIn, isDataDirectory } from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import { allStopped, onHost, verdictOf } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { dataIsBack } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import {
  ownHbaOptions,
  ownLogOptions,
  ownSocketLines,
  startLines,
  stopPrivateLines,
} from '../../shell/isolated-server.ts';
import { inBin, privateSocket, psql, script } from '../../shell/shell.ts';
import { isServed } from './serve.ts';

/** Promoted alone, and stopped again: with the server running, create postgres refuses to take it over. */
export const promoteFallbackCopy =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const socket = privateSocket(node);
    const log: Path = word`${node.workDir}/promote.log`;
    return makeStep(facts, {
      id: 'promote',
      phase,
      host: node,
      as: 'postgres',
      title: `Promote copy of ${facts.oldMajor}, local only`,
      reason: 'A primary’s directory is what pg_autoctl takes over as the first node of a group.',
      guide: null,
      danger: 'changes',
      failureLogs: [{ title: log, script: sh`tail -n 30 ${log}` }],
      script: script(sh`
        umask 077
        ${ownSocketLines(node)}
        if [ -e ${word`${node.data}/standby.signal`} ]; then
          ${startLines(node.oldBindir, node.data, log, sh`-c listen_addresses='' -c unix_socket_directories=${socket} -c archive_mode=off -c synchronous_standby_names='' ${ownLogOptions} ${ownHbaOptions(node)}`.text)}
          ${inBin(node.oldBindir, 'pg_ctl')} --pgdata ${node.data} --wait --timeout=3600 promote
          ${psql(node, node.oldBindir, 'postgres', { socket })} -qc checkpoint
        fi
        ${stopPrivateLines(node, node.oldBindir)}
      `),
      probe: (world) => {
        const seen = hostIn(world, node.alias);
        if (seen === null || !isDataDirectory(seen.data)) return pending('not seen');
        if (seen.data.standby) return pending('it is a standby');
        if (isServed(seen)) return done('promoted, and serving');
        return seen.data.running && seen.pgAutoctl !== 'runs'
          ? half('promoted, and running on its local socket only')
          : done('promoted');
      },
      before: [allStopped(node), dataIsBack(facts, node)],
      after: [
        allStopped(node),
        onHost(node.alias, `${node.data} is no standby any more`, (seen) =>
          verdictOf(
            isDataDirectory(seen.data) && !seen.data.standby && seen.data.control?.state === 'shut down',
            'it is',
          ),
        ),
      ],
      undo: undoText('none: its timeline diverges here; the other fallback copies are unchanged'),
    });
  };
