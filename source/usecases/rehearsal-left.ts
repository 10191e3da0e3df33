import type { RehearsalLeft } from '../cluster/checks/evidence.ts';
import { type ClusterFacts, userOn } from '../cluster/facts.ts';
import { RunLock } from '../engine/run/run-lock.ts';
import { deadAfterSeconds, type Standing } from '../inspect/lock/parse.ts';
import { parseRehearsalLeft, rehearsalLeftScript } from '../inspect/rehearsal/left.ts';
import type { RemoteHost } from '../remote/host.ts';

const timeoutMs = 30_000;

/** What the monitor's host knows of the run; null: it does not answer. */
export const readStanding = async (
  facts: ClusterFacts,
  monitor: RemoteHost | undefined,
): Promise<Standing | null> => {
  if (monitor === undefined) return null;
  const { workDir } = facts.monitor;
  const as = userOn(facts, 'monitor');
  const standing = await new RunLock({ host: monitor, workDir, as, operator: '' }).read();
  return standing.ok ? standing.value : null;
};

/** Somebody is at a rehearsal now. */
const isAtWork = ({ lock, run }: Standing): boolean =>
  lock.kind === 'held' &&
  lock.silentSeconds <= deadAfterSeconds &&
  run?.direction === 'rehearse' &&
  run.finished === null;

/**
 * What rehearsals have left on the hosts: one that was killed, or left for good. None while somebody is at one, or where nobody can tell whether;
 * that is asked only where something is there.
 */
export const rehearsalsLeft = async (
  facts: ClusterFacts,
  hosts: ReadonlyMap<string, RemoteHost>,
): Promise<readonly RehearsalLeft[]> => {
  const seen = await Promise.all(
    facts.nodes.map(async (node) => {
      const output = await hosts.get(node.alias)?.run(rehearsalLeftScript(facts, node).text, {
        as: userOn(facts, node.alias),
        timeoutMs,
      });
      // A host that does not answer is told by whatever else is asked there.
      return output?.ok === true ? parseRehearsalLeft(node, output.value.stdout) : null;
    }),
  );
  const left = seen.flatMap((one) => one ?? []);
  if (left.length === 0) return [];
  const standing = await readStanding(facts, hosts.get(facts.monitor.alias));
  return standing === null || isAtWork(standing) ? [] : left;
};
