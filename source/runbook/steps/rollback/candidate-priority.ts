import { type ClusterFacts, type NodeFacts, nodenameOf } from '../../../cluster/facts.ts';
import { quoted, sh } from '../../../cluster/fragment.ts';
import { hostIn, nodeIn } from '../../../cluster/observations.ts';
import { sqlLiteral } from '../../../cluster/quote.ts';
import { everyNodeSettled, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepsOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { undoText } from '../../language/undo.ts';
import { psql, script } from '../../shell/shell.ts';

/** A node that is left out is registered when it is back, with the first node as it was registered itself. */
const everyNodeIsRegistered = (facts: ClusterFacts): Condition => ({
  text: 'every node is registered again',
  holds: (world) => {
    const missing = facts.nodes.filter(
      // Its host is asked first: one that does not answer is what this waits for.
      ({ alias }) => hostIn(world, alias) === null || nodeIn(world, alias) === null,
    );
    return verdictOf(missing.length === 0, `${missing.map(({ alias }) => alias).join(', ')} is not`);
  },
});

/** V. The first node's priority as it was, once others are there. It is the primary: nothing that it has applied depends on its own. */
export const restoreCandidatePriority =
  (writer: NodeFacts): StepsOf =>
  (facts, phase) => {
    if (writer.priority > 0) return [];
    const { monitor } = facts;
    const restored: Condition = {
      text: `the candidate priority of ${writer.alias} is ${writer.priority}`,
      holds: (world) => {
        const row = nodeIn(world, writer.alias);
        return verdictOf(
          row?.priority === writer.priority,
          row === null ? 'the monitor does not know it' : `it is ${row.priority}`,
        );
      },
    };
    return [
      makeStep(facts, {
        id: 'priority',
        phase,
        host: monitor,
        as: 'postgres',
        title: 'Restore candidate priority',
        reason: 'As it was before the window; the first node of a group could not be registered with it.',
        guide: null,
        danger: 'changes',
        script: script(
          sh`${psql(monitor, monitor.newBindir, monitor.database)} -c ${quoted(
            `update pgautofailover.node set candidatepriority = ${writer.priority} where formationid = ${sqlLiteral(facts.formation)} and nodename = ${sqlLiteral(nodenameOf(writer))}`,
          )}`,
        ),
        probe: (world) => {
          const verdict = restored.holds(world);
          return verdict.holds ? done(`it is ${writer.priority}`) : pending(verdict.found);
        },
        before: [everyNodeSettled, everyNodeIsRegistered(facts)],
        after: [restored],
        undo: undoText(`pg_autoctl set node candidate-priority on ${writer.alias}`),
      }),
    ];
  };
