import { type ClusterFacts, primaryOf, userOn } from '../../cluster/facts.ts';
import { hostIn } from '../../cluster/observations.ts';
import { fail, ok, problem, type Result } from '../../cluster/result.ts';
import { Observer } from '../../engine/observe/observer.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { forgetToDo, notedOn } from '../../runbook/shell/to-do.ts';
import { noteHosts } from '../../runbook/verdict/left-to-do.ts';

const timeoutMs = 20_000;

/**
 * Takes what a DBA has done off the list of what the upgrade has left to do: the note on its host goes, and with it every mention but the
 * report's. `number`: as `status` counts them, from 1. Errors: the primary does not answer, there is no such number, the note could not be removed.
 */
export const markDone = async (
  facts: ClusterFacts,
  hosts: ReadonlyMap<string, RemoteHost>,
  number: number,
): Promise<Result<null>> => {
  const world = await new Observer(facts, hosts, () => undefined).inspect();
  const primary = primaryOf(facts);
  if (hostIn(world, primary.alias) === null)
    return fail(
      problem(`${primary.alias} does not answer, and the list is there.`, 'Repeat it when the host answers.'),
    );
  const list = noteHosts(facts).flatMap((host) => notedOn(host, world).map((one) => ({ host, one })));
  const chosen = list[number - 1];
  if (chosen === undefined)
    return fail(
      problem(
        list.length === 0
          ? 'Nothing is left to do.'
          : `There is no number ${number}: ${list.length} ${list.length === 1 ? 'is' : 'are'} left to do.`,
        'Take the number that `pgaf-upgrade status` shows.',
      ),
    );
  const { host, one } = chosen;
  const remote = hosts.get(host.alias);
  if (remote === undefined)
    return fail(problem(`${host.alias} does not answer.`, 'Repeat it when the host answers.'));
  const removed = await remote.run(forgetToDo(host, one).text, {
    as: userOn(facts, host.alias),
    timeoutMs,
  });
  if (!removed.ok) return removed;
  return removed.value.code === 0
    ? ok(null)
    : fail(
        problem(
          `${host.alias}: the note could not be removed.`,
          `Remove its line from a file in ${host.workDir}/to-do.`,
          removed.value.stderr,
        ),
      );
};
