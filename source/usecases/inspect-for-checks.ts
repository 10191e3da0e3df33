import type { HostEvidence } from '../cluster/checks/evidence.ts';
import { type ClusterFacts, userOn } from '../cluster/facts.ts';
import { parseCheckInspection } from '../inspect/checks/parse.ts';
import type { RemoteHost } from '../remote/host.ts';
import { checkInspectionScript } from '../runbook/checks/inspection/script.ts';

const timeoutMs = 120_000;

/** The evidence of a host with what its inspection for the checks shows now; where that fails, with what is unclear. Changes nothing there. */
export const inspectForChecks = async (
  evidence: HostEvidence,
  facts: ClusterFacts,
  host: RemoteHost,
): Promise<HostEvidence> => {
  if (evidence.facts === null) return evidence;
  const script = checkInspectionScript(facts, evidence.facts).text;
  const output = await host.run(script, { as: userOn(facts, evidence.alias), timeoutMs });
  const inspection = output.ok ? parseCheckInspection(evidence.alias, output.value.stdout) : output;
  return inspection.ok
    ? { ...evidence, inspection: inspection.value }
    : { ...evidence, unclear: inspection.error };
};
