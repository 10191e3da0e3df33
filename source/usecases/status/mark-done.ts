import { type ClusterFacts, primaryOf, userOn } from '../../cluster/facts.ts';
import { hostIn } from '../../cluster/observations.ts';
import { fail, ok, problem, type Result } from '../../cluster/result.ts';
import { Observer } from '../../engine/observe/observer.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { forgetToDo } from '../../runbook/shell/to-do.ts';

const timeoutMs = 20_000;

/**
 * Takes what a DBA has done off the list of what the upgrade has left to do: the note on the primary's host goes, and with it every mention but the
 * report's. `number`: as `status` counts them, from 1. Errors: the primary does not answer, there is no such number, the note could not be removed.
 */
export const markDone = async (
  facts: ClusterFacts,
  hosts: ReadonlyMap<string, RemoteHost>,
  number: number,
): Promise<Result<null>> => {
  const primary = primaryOf(facts);
  const seen = hostIn(await new Observer(facts, hosts, () => undefined).inspect(), primary.alias);
  const remote = hosts.get(primary.alias);
  if (seen === null || remote === undefined)
    return fail(
      problem(`${primary.alias} does not answer, and the list is there.`, 'Repeat it when the host answers.'),
    );
  const list = seen.toDo ?? [];
  const one = list[number - 1];
  if (one === undefined)
    return fail(
      problem(
        list.length === 0
          ? 'Nothing is left to do.'
          : `There is no number ${number}: ${list.length} ${list.length === 1 ? 'is' : 'are'} left to do.`,
        'Take the number that `pgaf-upgrade status` shows.',
      ),
    );
  const removed = await remote.run(forgetToDo(primary, one).text, {
    as: userOn(facts, primary.alias),
    timeoutMs,
  });
  if (!removed.ok) return removed;
  return removed.value.code === 0
    ? ok(null)
    : fail(
        problem(
          `${primary.alias}: the note could not be removed.`,
          `Remove its line from a file in ${primary.workDir}/to-do.`,
          removed.value.stderr,
        ),
      );
};
