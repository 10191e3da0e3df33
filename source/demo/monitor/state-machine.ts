import { fail, ok, type Result } from '../../cluster/result.ts';
import { Deliberation } from './deliberation.ts';
import { elect } from './election.ts';
import {
  failoverInProgress,
  type GoalDecision,
  inPrimaryState,
  isHealthy,
  type Member,
  type NodeGroup,
  named,
  primaryOrDemoted,
  settledIn,
  unhealthy,
} from './group.ts';
import { proceedForPrimary } from './primary-rules.ts';
import { standbyRules } from './standby-rules.ts';

/** With several standbys an unhealthy primary steps down first, and the standbys elect. */
const stepDown = (it: Deliberation, primary: Member | null): void => {
  if (primary === null) return;
  const candidates = it
    .others(primary)
    .filter((node) => settledIn(node, 'secondary') && node.priority > 0 && isHealthy(node));
  if (inPrimaryState(primary) && !settledIn(primary, 'wait_primary') && candidates.length > 0)
    it.assign(primary, 'draining', ' after it became unhealthy.');
  else if (settledIn(primary, 'prepare_maintenance'))
    it.assign(primary, 'maintenance', ' after it converged to prepare_maintenance.');
};

const alone = (it: Deliberation, active: Member): boolean => {
  if (active.goal === 'single') return true;
  if (active.priority > 0) return it.assign(active, 'single', ' as there is no other node.');
  const why = ` as there is no other node and candidate priority is ${active.priority}.`;
  return it.assign(active, 'report_lsn', why);
};

const proceed = (it: Deliberation, active: Member): Result<boolean, string> => {
  const { formation, group } = it.group;
  if (settledIn(active, 'dropped')) {
    it.remove(active, `Removing ${named(active)} from formation "${formation}" and group ${group}`);
    return ok(true);
  }
  if (active.goal === 'dropped' || settledIn(active, 'maintenance')) return ok(true);
  if (it.members.length === 1 && !settledIn(active, 'single')) return ok(alone(it, active));
  if (inPrimaryState(active)) return ok(proceedForPrimary(it, active));
  const primary = primaryOrDemoted(it.members);
  if (primary === null && !failoverInProgress(it.members))
    return fail(
      `ProceedGroupState couldn't find the primary node in formation "${formation}", group ${group}`,
    );
  if (it.members.length > 2 && unhealthy(primary)) {
    stepDown(it, primary);
    if (elect(it, it.now(active), primary === null ? null : it.now(primary))) return ok(true);
    if (settledIn(it.now(active), 'report_lsn')) return ok(false);
  }
  const latest = primary === null ? null : it.now(primary);
  return ok(standbyRules.some((rule) => rule(it, it.now(active), latest)));
};

/**
 * What the monitor decides when this node has reported: pg_auto_failover's state machine, as far as an upgrade and both
 * rollbacks meet it. Pure. Errors: no primary to be found, in the monitor's words.
 * Source: pg_auto_failover, docs/failover-state-machine.rst; 2.2, src/monitor/group_state_machine.c.
 */
export const decide = (group: NodeGroup, activeId: number): Result<readonly GoalDecision[], string> => {
  const it = new Deliberation(group);
  const active = group.members.find((node) => node.id === activeId);
  if (active === undefined) return fail(`couldn't find node with nodeid ${activeId}`);
  const proceeded = proceed(it, active);
  return proceeded.ok ? ok(it.decisions) : proceeded;
};
