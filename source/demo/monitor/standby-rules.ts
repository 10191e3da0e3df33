import type { Deliberation } from './deliberation.ts';
import { elect } from './election.ts';
import {
  inMaintenance,
  inPrimaryState,
  isHealthy,
  limits,
  type Member,
  named,
  settledIn,
  unhealthy,
  walWithin,
} from './group.ts';
import { proceedForPrimary } from './primary-rules.ts';

/** Says whether it applied, in which case nothing further is inspected. */
type Rule = (it: Deliberation, active: Member, primary: Member | null) => boolean;

const joins: readonly Rule[] = [
  (it, active, primary) =>
    settledIn(active, 'report_lsn') &&
    settledIn(primary, 'wait_primary', 'join_primary') &&
    isHealthy(primary) &&
    it.assign(
      active,
      'secondary',
      ` after ${named(primary)} converged to ${primary.reported} and has been marked healthy.`,
    ),
  (it, active, primary) =>
    settledIn(active, 'report_lsn') &&
    settledIn(primary, 'primary') &&
    isHealthy(primary) &&
    it.assign(active, 'secondary', ` after ${named(primary)} got selected as the failover candidate.`),
  (it, active) => settledIn(active, 'fast_forward') && it.assign(active, 'prepare_promotion', ''),
  (it, active, primary) => settledIn(active, 'report_lsn') && (elect(it, active, primary) || true),
  (it, active, primary) =>
    settledIn(active, 'wait_standby') &&
    settledIn(primary, 'wait_primary', 'join_primary') &&
    it.assign(active, 'catchingup', ` after ${named(primary)} converged to ${primary.reported}.`),
  (it, active, primary) =>
    settledIn(active, 'wait_standby') &&
    settledIn(primary, 'primary') &&
    (active.quorum
      ? it.assignAll(
          [
            [active, 'catchingup'],
            [primary, 'apply_settings'],
          ],
          `Setting goal state of ${named(active)} to catchingup and ${named(primary)} to ${primary.reported} to edit synchronous_standby_names.`,
        )
      : it.assign(active, 'catchingup', '.')),
  (it, active, primary) =>
    settledIn(active, 'catchingup') &&
    settledIn(primary, 'wait_primary', 'join_primary', 'primary') &&
    isHealthy(active) &&
    active.timeline === primary.timeline &&
    walWithin(active, primary) &&
    it.assign(active, 'secondary', ' after it caught up.'),
];

const maintenance: readonly Rule[] = [
  (it, active, primary) =>
    settledIn(active, 'wait_maintenance') &&
    settledIn(primary, 'wait_primary') &&
    it.assign(active, 'maintenance', ` after ${named(primary)} converged to wait_primary.`),
  (it, active, primary) =>
    settledIn(active, 'wait_maintenance') &&
    primary !== null &&
    primary.goal !== 'wait_primary' &&
    it.assign(active, 'maintenance', ` after ${named(primary)} got assigned ${primary.goal} as goal state.`),
];

const promotion: readonly Rule[] = [
  (it, active, primary) =>
    settledIn(active, 'secondary') &&
    inPrimaryState(primary) &&
    unhealthy(primary) &&
    isHealthy(active) &&
    active.priority > 0 &&
    walWithin(active, primary) &&
    it.assignAll(
      [
        [active, 'prepare_promotion'],
        [primary, 'draining'],
      ],
      `Setting goal state of ${named(primary)} to draining and ${named(active)} to prepare_promotion after ${named(primary)} became unhealthy.`,
    ),
  (it, active, primary) =>
    settledIn(active, 'prepare_promotion') &&
    settledIn(primary, 'prepare_maintenance') &&
    it.assign(active, 'stop_replication', ` after ${named(primary)} converged to prepare_maintenance.`),
  (it, active, primary) =>
    settledIn(active, 'prepare_promotion') &&
    primary !== null &&
    !inMaintenance(primary) &&
    it.assignAll(
      [
        [active, 'stop_replication'],
        [primary, 'demote_timeout'],
      ],
      `Setting goal state of ${named(primary)} to demote_timeout and ${named(active)} to stop_replication after ${named(active)} converged to prepare_promotion.`,
    ),
  (it, active, primary) =>
    settledIn(active, 'prepare_promotion') &&
    primary === null &&
    it.assign(active, 'wait_primary', ` after ${named(active)} converged to prepare_promotion.`),
  (it, active, primary) =>
    settledIn(active, 'stop_replication') &&
    settledIn(primary, 'prepare_maintenance') &&
    it.assignAll(
      [
        [active, 'wait_primary'],
        [primary, 'maintenance'],
      ],
      `Setting goal state of ${named(active)} to wait_primary and ${named(primary)} to maintenance.`,
    ),
  (it, active, primary) =>
    settledIn(active, 'stop_replication') &&
    primary !== null &&
    primary.goal === 'demote_timeout' &&
    (primary.reported === 'demote_timeout' || primary.inStateFor > limits.drainFor) &&
    it.assignAll(
      [
        [active, 'wait_primary'],
        [primary, 'demoted'],
      ],
      `Setting goal state of ${named(active)} to wait_primary and ${named(primary)} to demoted after the demote timeout expired.`,
    ),
];

const returns: readonly Rule[] = [
  (it, active, primary) =>
    settledIn(active, 'demoted') &&
    primary !== null &&
    isHealthy(primary) &&
    ['wait_primary', 'join_primary'].includes(primary.reported) &&
    primary.goal === 'primary' &&
    it.assign(
      active,
      'catchingup',
      ` after it converged to demotion and ${named(primary)} converged to primary.`,
    ),
  (it, active, primary) =>
    settledIn(active, 'demoted') &&
    isHealthy(primary) &&
    settledIn(primary, 'join_primary', 'wait_primary', 'primary') &&
    it.assign(
      active,
      'catchingup',
      ` after it converged to demotion and ${named(primary)} converged to ${primary.reported}.`,
    ),
  (it, active, primary) => {
    if (!settledIn(active, 'join_secondary') || primary?.reported !== 'wait_primary') return false;
    if (primary.goal !== 'wait_primary' && primary.goal !== 'primary') return false;
    it.assign(active, 'secondary', ` after ${named(primary)} converged to wait_primary.`);
    proceedForPrimary(it, it.now(primary));
    return true;
  },
  (it, active, primary) =>
    settledIn(active, 'join_secondary') &&
    settledIn(primary, 'primary') &&
    it.assign(active, 'secondary', ` after ${named(primary)} converged to primary.`),
];

/** What follows when a node reports that is no primary: the first that applies. Source: pg_auto_failover 2.2, group_state_machine.c. */
export const standbyRules: readonly Rule[] = [...joins, ...maintenance, ...promotion, ...returns];
