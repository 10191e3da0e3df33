import {
  type ClusterFacts,
  type NodeFacts,
  nodenameOf,
  primaryOf,
  secondariesOf,
} from '../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import type { Observations } from '../../cluster/observations.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import { everyNodeSettled, nodeSettled } from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepsOf } from '../language/outline.ts';
import type { Condition, Step } from '../language/step.ts';
import { undoText } from '../language/undo.ts';
import { mark, psql, script } from '../shell/shell.ts';

export const performed = (facts: ClusterFacts, id: string, world: Observations): boolean =>
  hasMarker(facts.monitor, id, world);

/** The failover that the cluster is there for, for practice, and back; for those who want it. */
export const switchoverAndBack: StepsOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const [first] = secondariesOf(facts);
  if (first === undefined) return [];
  const { monitor } = facts;
  const promote = (to: NodeFacts): Fragment =>
    script(sh`
      ${psql(monitor, monitor.newBindir, monitor.database)} -Atc ${quoted(`select pgautofailover.perform_promotion(${sqlLiteral(facts.formation)}, ${sqlLiteral(nodenameOf(to))})`)}
      ${mark(monitor, word`promoted-${to.alias}`)}
    `);
  const step = (
    id: string,
    to: NodeFacts,
    from: NodeFacts,
    title: string,
    before: readonly Condition[],
  ): Step =>
    makeStep(facts, {
      id,
      phase,
      host: monitor,
      as: 'postgres',
      title,
      reason:
        'To know that a failover works on the new version, while you are watching. Writes pause for some seconds, and that is counted in the downtime.',
      guide: null,
      danger: 'changes',
      writes: 'pause',
      script: promote(to),
      probe: (world) =>
        performed(facts, `promoted-${to.alias}`, world)
          ? done('it was done')
          : pending('not done; it is optional'),
      before: [everyNodeSettled, ...before],
      after: [nodeSettled(to.alias, ['primary']), nodeSettled(from.alias, ['secondary']), everyNodeSettled],
      settleSeconds: 180,
      undo: undoText(`promote ${from.alias} again`),
      optional: true,
    });
  return [
    step('switchover', first, primary, 'Switch over to a secondary', [
      nodeSettled(primary.alias, ['primary']),
      nodeSettled(first.alias, ['secondary']),
    ]),
    step('switch-back', primary, first, 'Switch back to the primary', [
      nodeSettled(first.alias, ['primary']),
      nodeSettled(primary.alias, ['secondary']),
    ]),
  ];
};
