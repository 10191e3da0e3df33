import { type ClusterFacts, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../cluster/observations.ts';
import { autoctlIsStopped, onHost, verdictOf } from '../language/conditions.ts';
import { newSystemIdentifier } from '../language/evidence.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { type Probe, ready, type Script } from '../language/step.ts';
import { undoneBy } from '../language/undo.ts';
import { keepFunction } from '../shell/self-checks.ts';
import { script } from '../shell/shell.ts';
import { identifierLines } from '../shell/state-file-identifier.ts';

/**
 * What brings the new system identifier into a node's state file. Only the identifier is written; node id, name, priority
 * and quorum survive. Source: pg_auto_failover, src/bin/pg_autoctl/state.h, KeeperStateData ("do not change the order of
 * fields"), and https://github.com/hapostgres/pg_auto_failover/issues/506.
 */
export const stateFileParts = (facts: ClusterFacts, host: NodeFacts) => ({
  deviation:
    'The guide registers the node again: with the state file there that is fatal, with it gone the name is taken. One field is written instead, so the node keeps its id, name, priority and quorum.',
  /** `first`: lines that come before it. */
  script: (world: Observations, first: Fragment | false = false): Script => {
    const identifier = newSystemIdentifier(facts, primaryOf(facts), world);
    if (identifier === null)
      return { kind: 'unresolved', needs: 'the new system identifier, which initdb chooses' };
    const lines = identifierLines(host, facts.systemIdentifier, identifier, word`pg${facts.oldMajor}`);
    return ready(
      script(sh`
      ${keepFunction}
      ${first}
      ${lines}
    `),
    );
  },
  probe: (world: Observations): Probe => {
    const identifier = newSystemIdentifier(facts, primaryOf(facts), world);
    const found = hostIn(world, host.alias)?.stateIdentifier ?? null;
    if (identifier !== null && found === identifier) return done(`it is ${identifier}`);
    if (found !== null && found !== facts.systemIdentifier)
      return half(`it is ${found}, neither the old nor the new one`);
    return pending(`it is ${found ?? 'unknown'}`);
  },
  after: [
    onHost(host.alias, 'the state file has the new system identifier', (seen, world) =>
      verdictOf(
        seen.stateIdentifier !== null &&
          seen.stateIdentifier === newSystemIdentifier(facts, primaryOf(facts), world),
        `it is ${seen.stateIdentifier ?? 'unknown'}`,
      ),
    ),
  ],
  undo: undoneBy(sh`mv ${word`${host.stateFile}.pg${facts.oldMajor}`} ${host.stateFile}`),
});

/** A secondary's state file; the primary's is part of its hand-over. */
export const patchStateFile =
  (host: NodeFacts): StepOf =>
  (facts, phase) => {
    const { script: text, ...parts } = stateFileParts(facts, host);
    return makeStep(facts, {
      ...parts,
      id: 'state-file',
      phase,
      host,
      as: 'postgres',
      title: 'Write identifier to state file',
      reason:
        'Otherwise pg_autoctl logs “Unknown PostgreSQL system identifier” every second and never heals.',
      guide: 'Step 12',
      danger: 'changes',
      script: (world) => text(world),
      before: [autoctlIsStopped(host)],
    });
  };
