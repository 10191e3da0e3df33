import type { ClusterFacts, HostFacts, NodeFacts } from '../../cluster/facts.ts';
import { word } from '../../cluster/fragment.ts';
import { hostIn } from '../../cluster/observations.ts';
import { autoctlIsStopped, notServing, onHost, verdictOf } from '../conditions.ts';
import { done, makeStep, pending } from '../make-step.ts';
import { identifierLines } from '../phases/autoctl-files.ts';
import { downLines } from '../phases/service.ts';
import { keepFunction } from '../proofs.ts';
import { rootScriptAfter } from '../root-verbs.ts';
import { script } from '../shell.ts';
import type { PhaseId, Step } from '../step.ts';

/** The unit and pg_autoctl's state file, as they were for the old version. */

export const oldUnitStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step[] => {
  const { service } = host;
  if (service.kind === 'none' || host.oldAutoctl === host.newAutoctl) return [];
  return [
    makeStep(facts, {
      id: 'unit',
      phase,
      host,
      as: 'root',
      title: `${service.unit} → ${host.oldAutoctl}`,
      reason: 'The service runs the old version’s pg_autoctl again.',
      guide: null,
      danger: 'changes',
      script: rootScriptAfter(facts, host, downLines(host), 'unit-old'),
      probe: (world) => {
        const unit = hostIn(world, host.alias)?.unit;
        if (unit == null) return pending('not seen');
        return unit.program === host.oldAutoctl
          ? done(`it runs ${unit.program}`)
          : pending(`it runs ${unit.program}`);
      },
      before: [notServing(host)],
      after: [
        onHost(host.alias, `${service.unit} runs ${host.oldAutoctl}`, (seen) =>
          verdictOf(seen.unit?.program === host.oldAutoctl, `it runs ${seen.unit?.program ?? 'nothing'}`),
        ),
      ],
      undo: `edit /etc/systemd/system/${service.unit} again`,
    }),
  ];
};

/** The old identifier into the state file; node id, name and everything else stay. */
export const oldIdentifierStep = (facts: ClusterFacts, host: NodeFacts, phase: PhaseId): Step =>
  makeStep(facts, {
    id: 'state-file',
    phase,
    host,
    as: 'postgres',
    title: 'Write the old system identifier into pg_autoctl’s state file',
    reason: 'The node is the one it was before; its id, name, priority and quorum stay.',
    guide: null,
    danger: 'changes',
    script: script(
      ...keepFunction,
      ...identifierLines(host, null, facts.systemIdentifier, word`pg${facts.newMajor}`),
    ),
    probe: (world) => {
      const found = hostIn(world, host.alias)?.stateIdentifier ?? null;
      return found === facts.systemIdentifier
        ? done(`it is ${found}`)
        : pending(`it is ${found ?? 'unknown'}`);
    },
    before: [autoctlIsStopped(host)],
    after: [
      onHost(host.alias, 'the state file has the old system identifier', (seen) =>
        verdictOf(
          seen.stateIdentifier === facts.systemIdentifier,
          `it is ${seen.stateIdentifier ?? 'unknown'}`,
        ),
      ),
    ],
    undo: `mv ${host.stateFile}.pg${facts.newMajor} ${host.stateFile}`,
  });
