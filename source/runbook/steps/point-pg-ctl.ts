import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { hostIn } from '../../cluster/observations.ts';
import { notServing, onHost, verdictOf } from '../language/conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { PhaseId, Step } from '../language/step.ts';
import { undoText } from '../language/undo.ts';
import { downLines } from '../shell/service.ts';
import { inBin, script } from '../shell/shell.ts';

/** What pg_autoctl and systemd hold about a node, brought to the new version. */

/** `to`: the version whose programs pg_autoctl is to start. Run by the new pg_autoctl, which reads both. */
const pointPgCtl = (
  facts: ClusterFacts,
  host: HostFacts,
  phase: PhaseId,
  to: 'new' | 'old',
  guide: string | null,
): Step => {
  const [newPgCtl, oldPgCtl] = [inBin(host.newBindir, 'pg_ctl'), inBin(host.oldBindir, 'pg_ctl')];
  const [wanted, other] = to === 'new' ? [newPgCtl, oldPgCtl] : [oldPgCtl, newPgCtl];
  return makeStep(facts, {
    id: 'pg-ctl',
    phase,
    host,
    as: 'postgres',
    title: `Point pg_autoctl at ${to === 'new' ? facts.newMajor : facts.oldMajor}’s pg_ctl`,
    reason: 'pg_autoctl starts the server with the binaries that its configuration names.',
    guide,
    danger: 'changes',
    script: script(sh`
      ${downLines(host)}
      ${host.newAutoctl} config set postgresql.pg_ctl ${wanted} --pgdata ${host.pgdata}
    `),
    probe: (world) => {
      const found = hostIn(world, host.alias)?.pgCtl ?? null;
      return found === wanted
        ? done(`it is ${wanted}`)
        : pending(found === null ? 'not seen' : `it is ${found}`);
    },
    before: [notServing(host)],
    after: [
      onHost(host.alias, `postgresql.pg_ctl is ${wanted}`, (seen) =>
        verdictOf(seen.pgCtl === wanted, `it is ${seen.pgCtl ?? 'unknown'}`),
      ),
    ],
    undo: undoText(`pg_autoctl config set postgresql.pg_ctl ${other}`),
  });
};

export const pointPgCtlToNew =
  (host: HostFacts): StepOf =>
  (facts, phase) =>
    pointPgCtl(
      facts,
      host,
      phase,
      'new',
      !isNode(host) ? 'Step 8' : host.role === 'primary' ? 'Step 6' : 'Step 12',
    );

export const pointPgCtlToOld =
  (host: HostFacts): StepOf =>
  (facts, phase) =>
    pointPgCtl(facts, host, phase, 'old', null);
