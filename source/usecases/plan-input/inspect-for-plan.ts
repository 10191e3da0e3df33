import type { Evidence } from '../../cluster/checks/evidence.ts';
import type { Config } from '../../cluster/config.ts';
import type { ClusterFacts } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { fail, ok, type Result } from '../../cluster/result.ts';
import { discover } from '../../discover/discover.ts';
import type { OpenHost } from '../../discover/reach.ts';
import { type KeptCheck, keptCheck } from '../../engine/journal/kept-check.ts';
import { keptDryRun } from '../../engine/journal/kept-rehearsal.ts';
import { withStepTimes } from '../../engine/journal/kept-steps.ts';
import { Observer } from '../../engine/observe/observer.ts';
import { whyNotByMethod } from '../../engine/run/method-refusal.ts';
import { evidenceIn } from '../../runbook/checks/in-world.ts';
import type { KeptDryRun } from '../../runbook/timing/dry-run.ts';
import { inspectForChecks } from '../inspect-for-checks.ts';

/** What the servers say for a plan. Nothing is kept open. */
export interface PlanInput {
  readonly facts: ClusterFacts;
  /** The facts are those of a run that has been begun. */
  readonly fromRecord: boolean;
  readonly world: Observations;
  /** Sizes as they are now. */
  readonly evidence: Evidence;
  /** What the last check of this machine found and measured; null: none was made. */
  readonly check: KeptCheck | null;
  /** What durations rest on: that check's dry run, and the last rehearsal. */
  readonly dryRun: KeptDryRun | null;
  /** Where each host is reached, by alias. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Connects, discovers and inspects every host; changes nothing. Errors: as discovery has them. */
export const inspectForPlan = async (
  config: Config,
  open: OpenHost,
  say: (doing: string) => void,
  stateHome: string,
): Promise<Result<PlanInput>> => {
  const found = await discover(config, open, say);
  if (!found.ok) return found;
  const { hosts, fromRecord } = found.value;
  const facts = withStepTimes(stateHome, found.value.facts);
  const refusal = whyNotByMethod(facts, 'upgrade');
  try {
    if (refusal !== null) return fail(refusal);
    say('inspecting every host');
    const world = await new Observer(facts, hosts, () => undefined).inspect();
    const known = evidenceIn(facts, world);
    // Sizes as they are now; what a dry run of the last day has measured stays.
    const inspected = await Promise.all(
      known.hosts.map((one) => {
        const host = hosts.get(one.alias);
        return host === undefined ? one : inspectForChecks(one, facts, host);
      }),
    );
    const addresses = new Map([...hosts].map(([alias, host]) => [alias, host.address.host]));
    return ok({
      facts,
      fromRecord,
      world,
      evidence: { ...known, hosts: inspected },
      check: keptCheck(stateHome, facts),
      dryRun: keptDryRun(stateHome, facts),
      addresses,
    });
  } finally {
    await Promise.all([...hosts.values()].map((host) => host.close()));
  }
};
