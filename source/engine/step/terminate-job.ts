import { lines } from '../../cluster/fragment.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { endJobScript } from '../../remote/job-processes.ts';
import type { Step } from '../../runbook/language/step.ts';
import { endRootLines } from '../../runbook/shell/root-hosts.ts';
import type { OwnedSession } from '../run/session.ts';

export interface Termination {
  /** Nothing of the job is left. */
  readonly clean: boolean;
  /** What the host said of it. */
  readonly said: readonly string[];
}

/** Ends everything that a step's job has started on its host, by a job of its own, and tells whether anything is left. */
export const terminateJob = async (
  run: OwnedSession,
  step: Step,
  host: RemoteHost,
  job: string,
): Promise<Termination> => {
  let said = '';
  const outcome = await host.job(
    {
      id: `${job}-end-${Date.now().toString(36)}`,
      as: step.as,
      script: lines(endRootLines(run.facts, step), endJobScript(job)).text,
    },
    {
      onBytes: (chunk) => {
        said += chunk.toString('utf8');
      },
    },
  );
  return { clean: outcome.kind === 'exited' && outcome.code === 0, said: said.trim().split('\n') };
};
