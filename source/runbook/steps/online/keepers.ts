import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { hostIn, monitorIn, nodeIn, type Observations } from '../../../cluster/observations.ts';
import { acceptsWrites, nodeSettled, verdictOf } from '../../language/conditions.ts';
import { isSwapped } from '../../language/evidence.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { rootScript } from '../../shell/root-verbs.ts';
import { serviceLogs } from '../../shell/service.ts';

/** Seconds; a report is due every second, and one whose pg_autoctl is of another version than the monitor sends none. */
const freshSeconds = 4;

const monitorHas = (facts: ClusterFacts, to: 'new' | 'old', world: Observations): boolean =>
  monitorIn(world)?.serverVersion.startsWith(`${to === 'new' ? facts.newMajor : facts.oldMajor}.`) ?? false;

const writesGoOn = (facts: ClusterFacts, node: NodeFacts): Condition => {
  const [old, now] = [acceptsWritesOnOld(facts, node), acceptsWrites(facts, node)];
  return {
    text: `${node.alias} accepts writes, on port ${node.port}`,
    holds: (world) => (now.holds(world).holds ? now.holds(world) : old.holds(world)),
  };
};

/**
 * A node’s pg_autoctl becomes that of the monitor’s version, and its PostgreSQL runs on: either version of pg_autoctl keeps either version of PostgreSQL. Before the cut-over, so that
 * this is an affair of the primary’s host alone; behind a cut back likewise. Source: docs/development/online.md, “Nothing may wait for the monitor”.
 */
export const exchangeKeeper =
  (node: NodeFacts, to: 'new' | 'old'): StepOf =>
  (facts, phase) => {
    const primary = node.role === 'primary';
    const wanted = to === 'new' ? node.newAutoctl : node.oldAutoctl;
    const edits =
      node.oldAutoctl === node.newAutoctl ? [] : ([to === 'new' ? 'unit-new' : 'unit-old'] as const);
    return makeStep(facts, {
      id: 'keeper',
      phase,
      host: node,
      as: 'root',
      title: `Switch to the ${to} pg_autoctl`,
      reason: `It has to be of the monitor’s version to be heard, and whatever starts a server from here on is it. PostgreSQL on ${node.alias} stays as it is, and up.`,
      guide: null,
      danger: 'changes',
      script: rootScript(facts, node, ...edits, 'keeper'),
      probe: (world) => {
        // a secondary that is stopped for its rebuild reports nothing, and had it before
        if (to === 'new' && isSwapped(facts, primaryOf(facts), world))
          return done('it was the new one before the cut-over');
        const seen = hostIn(world, node.alias);
        const program = seen?.unit?.program;
        // behind its stop nobody but the cut-over starts it again, and its host may have lost its power
        if (to === 'new' && primary && program === wanted && seen?.pgAutoctl === 'stopped')
          return done('its unit starts it, and the cut-over, which stops it, goes on');
        if (!monitorHas(facts, to, world)) return pending('the monitor does not answer on that version yet');
        if (program !== wanted) return pending(`its unit starts ${program ?? 'nothing'}`);
        const age = nodeIn(world, node.alias)?.reportAge;
        return age !== undefined && age <= freshSeconds
          ? done('it reports to the monitor')
          : pending(age === undefined ? 'not seen' : `its last report is ${Math.round(age)} s old`);
      },
      before: [
        {
          text: `the monitor answers on ${to === 'new' ? facts.newMajor : facts.oldMajor}`,
          holds: (world) => verdictOf(monitorHas(facts, to, world), 'it does not'),
        },
      ],
      after: [
        nodeSettled(node.alias, primary ? ['wait_primary', 'primary', 'single'] : ['maintenance']),
        ...(primary ? [writesGoOn(facts, node)] : []),
      ],
      settleSeconds: 60,
      failureLogs: serviceLogs(facts, node),
      undo:
        to === 'new'
          ? undoText('a rollback gives it the old pg_autoctl again, behind the monitor’s start')
          : nothingToUndo,
    });
  };
