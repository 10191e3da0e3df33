import { type ClusterFacts, hostsOf, primaryOf } from '../../cluster/facts.ts';
import { hostIn, type Observations } from '../../cluster/observations.ts';
import { sudoersPath } from '../../runbook/shell/root-helper.ts';
import { rootHosts } from '../../runbook/shell/root-hosts.ts';
import { helperPath } from '../../runbook/shell/root-verbs.ts';
import type { RollbackVerdict } from '../../runbook/verdict/verdict.ts';
import type { Checklist } from '../view/checklist.ts';
import type { OwnedSession } from './session.ts';

/** Directories that a rollback has left aside, host by host; '' where there are none. */
const oldDirectoriesKept = (facts: ClusterFacts, world: Observations): string => {
  const kept = hostsOf(facts).flatMap((host) =>
    (hostIn(world, host.alias)?.abandoned ?? []).map((path) => `${host.alias}:${path}`),
  );
  return kept.length === 0 ? '' : `; kept aside, until pgaf-upgrade cleanup: ${kept.join(', ')}`;
};

/** The helper and its rule were for this upgrade; the login cannot remove them. */
const helpersGo = (facts: ClusterFacts): string =>
  facts.root === 'sh'
    ? ''
    : `; remove the helpers too, as root: ${rootHosts(facts)
        .map((host) => `${host.alias}: rm ${helperPath(host)} ${sudoersPath(host)}`)
        .join(', ')}`;

/** What is true at the end of a runbook. */
export const completionMessage = (
  { facts, observer }: Pick<OwnedSession, 'facts' | 'observer'>,
  checklist: Pick<Checklist, 'direction' | 'steps' | 'statusOf'>,
  verdict: RollbackVerdict,
): string => {
  const { direction } = checklist;
  const { world } = observer;
  const steps = checklist.steps.length;
  // A step was run, or done by hand, and not all of them found done.
  const ran = checklist.steps.some((step) => {
    const status = checklist.statusOf(step.id);
    return status?.kind === 'done' && status.by !== 'found';
  });
  const primary = primaryOf(facts);
  const { leftOut = [] } = world;
  const every =
    leftOut.length === 0 ? 'every node' : `every node but ${leftOut.join(' and ')}, which does not answer,`;
  switch (direction) {
    case 'upgrade':
      return `${ran ? '' : 'nothing to do: '}${every} runs PostgreSQL ${primary.newVersion}`;
    case 'prepare':
      if (checklist.steps.every((step) => step.phase === 'M'))
        return 'wal_level is logical: pgaf-upgrade prepare again goes on from here, on the node that is the primary now';
      return `${ran ? '' : 'nothing to do: '}PostgreSQL ${primary.newVersion} follows ${primary.oldVersion} on ${primary.alias}; pgaf-upgrade status shows how far behind it is`;
    case 'call-off':
      return `the preparation is called off: ${primary.alias} is as it was before`;
    case 'cleanup':
      return `the old clusters are removed${helpersGo(facts)}`;
    case 'rehearse':
      return world.rehearsal?.only === 'remove'
        ? `nothing of a rehearsal is left on ${world.rehearsal.on}`
        : `the upgrade to ${primary.newVersion} was rehearsed on a copy on ${world.rehearsal?.on ?? ''}, which is removed; its times are what plan, run and status expect from now on`;
    case 'rollback':
      return steps > 0
        ? `${every} runs PostgreSQL ${primary.oldVersion} again${oldDirectoriesKept(facts, world)}`
        : `no step to take back: ${verdict.says}`;
  }
};
