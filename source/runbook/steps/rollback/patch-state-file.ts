import type { NodeFacts } from '../../../cluster/facts.ts';
import { sh, word } from '../../../cluster/fragment.ts';
import { hostIn } from '../../../cluster/observations.ts';
import { autoctlIsStopped, onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoneBy } from '../../language/undo.ts';
import { keepFunction } from '../../shell/self-checks.ts';
import { script } from '../../shell/shell.ts';
import { identifierLines } from '../../shell/state-file-identifier.ts';

/** The old identifier into the state file; node id, name and everything else stay. */
export const patchStateFileBack =
  (host: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'state-file',
      phase,
      host,
      as: 'postgres',
      title: 'Restore identifier in state file',
      reason: 'The node is the one it was before; its id, name, priority and quorum stay.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${keepFunction}
        ${identifierLines(host, null, facts.systemIdentifier, word`pg${facts.newMajor}`, word`${host.workDir}/saved/pg_autoctl.state`)}
      `),
      probe: (world) => {
        const found = hostIn(world, host.alias)?.stateIdentifier ?? null;
        return found === facts.systemIdentifier
          ? done(`it is ${found}`)
          : pending(`it is ${found ?? 'unknown'}`);
      },
      before: [autoctlIsStopped(host)],
      after: [
        onHost(host.alias, 'the state file has the old system identifier', (seen) =>
          verdictOf(
            seen.stateIdentifier === facts.systemIdentifier,
            `it is ${seen.stateIdentifier ?? 'unknown'}`,
          ),
        ),
      ],
      undo: undoneBy(sh`mv ${word`${host.stateFile}.pg${facts.newMajor}`} ${host.stateFile}`),
    });
