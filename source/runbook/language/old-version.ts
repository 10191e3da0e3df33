import type { ClusterFacts, HostFacts, NodeFacts } from '../../cluster/facts.ts';
import { isDataDirectory, monitorIn } from '../../cluster/observations.ts';
import { describe, no, onHost, verdictOf } from './conditions.ts';
import type { Condition } from './step.ts';

export const monitorIsOld = (facts: ClusterFacts): Condition => ({
  text: `the monitor’s database answers on ${facts.oldMajor}`,
  holds: (world) => {
    const version = monitorIn(world)?.serverVersion;
    return verdictOf(
      version?.startsWith(`${facts.oldMajor}.`) ?? false,
      version === undefined ? 'it does not answer' : `it is ${version}`,
    );
  },
});

export const dataIsBack = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(host.alias, `${host.data} is PostgreSQL ${facts.oldMajor}, its own`, (seen) =>
    verdictOf(
      isDataDirectory(seen.data) &&
        seen.data.major === facts.oldMajor &&
        !seen.data.controlRenamed &&
        seen.data.control !== null,
      `it ${describe(seen.data)}`,
    ),
  );

export const acceptsWritesOnOld = (facts: ClusterFacts, node: NodeFacts): Condition =>
  onHost(node.alias, `${node.alias} accepts writes on ${facts.oldMajor}, on port ${node.port}`, (seen) => {
    if (seen.server === null) return no('the server does not answer');
    if (!seen.server.version.startsWith(`${facts.oldMajor}.`))
      return no(`the server is ${seen.server.version}`);
    if (seen.server.listenAddresses === '') return no('it listens on its local socket only');
    return verdictOf(!seen.server.inRecovery && !seen.server.readOnly, 'it is read-only');
  });
