import { type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { sh } from '../../../cluster/fragment.ts';
import { monitorIn } from '../../../cluster/observations.ts';
import { allStopped, unlessLeftOut, verdictOf } from '../../language/conditions.ts';
import { hasMarker } from '../../language/evidence.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import { monitorIsOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { mark, script } from '../../shell/shell.ts';

/** The monitor forgets the group, the chosen node last. */
export const dropNodes =
  (chosen: NodeFacts, uncompared = false): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const { monitor } = facts;
    const order = [...facts.nodes.filter((node) => node !== chosen), chosen];
    return makeStep(facts, {
      id: 'drop-nodes',
      phase,
      host: monitor,
      as: 'postgres',
      title: 'Drop all nodes of the group',
      reason: `${chosen.alias} becomes the group’s first node again; with the absent primary registered it would wait for it for ever.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${order.map(
          (node) =>
            sh`${monitor.oldAutoctl} drop node --pgdata ${monitor.pgdata} --formation ${facts.formation} --hostname ${node.hostname} --pgport ${node.port} --force || echo "exit code $?: see what the monitor says"`,
        )}
        ${mark(monitor, 'rollback-dropped')}
      `),
      probe: (world) => {
        const rows = monitorIn(world)?.nodes;
        if (hasMarker(monitor, 'rollback-dropped', world)) return done('they were dropped');
        return pending(
          rows === undefined ? 'the monitor does not answer' : `${rows.length} nodes are registered`,
        );
      },
      before: [
        monitorIsOld(facts),
        ...facts.nodes.map((node) => unlessLeftOut(node.alias, allStopped(node))),
      ],
      after: [
        {
          text: 'no node of the group is registered',
          holds: (world) => {
            const rows = monitorIn(world)?.nodes;
            return verdictOf(
              rows?.length === 0,
              rows === undefined ? 'the monitor does not answer' : rows.map((row) => row.name).join(', '),
            );
          },
        },
      ],
      ...(uncompared
        ? {
            forfeits: () => ({
              kind: 'writes' as const,
              text: `${primary.alias} does not answer: what it holds and ${chosen.alias} does not is given up. Keep its host off, or off the network, until its own steps are pending`,
            }),
          }
        : {}),
      settleSeconds: 60,
      undo: undoText(`register the nodes again: pg_autoctl create postgres`),
    });
  };
