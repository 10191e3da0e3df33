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

/**
 * The state file as phase A has saved it. Behind a switchover on the new version the present one says that the primary is a secondary: its pg_autoctl
 * “does not know how to reach state wait_primary from secondary”, and starts no server. Source: pg_auto_failover, fsm.c; seen with 2.0.
 */
export const patchStateFileBack =
  (host: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'state-file',
      phase,
      host,
      as: 'postgres',
      title: 'Restore the state file',
      reason:
        'The node is the one it was before, with its id, its name and the role that it had, whatever a switchover on the new version has made of it since. The identifier is written into the present file where no copy of it was saved.',
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
