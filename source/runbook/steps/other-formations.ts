import { andWords } from '../../cluster/amounts.ts';
import type { ClusterFacts, OtherNode } from '../../cluster/facts.ts';
import { hostAndPort } from '../../cluster/host-and-port.ts';
import type { OtherRow } from '../../cluster/monitor-state.ts';
import { monitorIn, type Observations } from '../../cluster/observations.ts';
import { verdictOf } from '../language/conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepsOf } from '../language/outline.ts';
import { inParallel } from '../language/parallel.ts';
import type { Condition, PhaseId, Step } from '../language/step.ts';
import { nothingToUndo, undoText } from '../language/undo.ts';
import { otherRootHost } from '../shell/root-hosts.ts';
import { rootScript } from '../shell/root-verbs.ts';

/**
 * Other formations on the same monitor. A pg_autoctl speaks to a monitor of its own version only: behind the monitor's
 * start, on the way there and back, the pg_autoctl of their nodes is exchanged. Their PostgreSQL stays on its version, and up.
 */

const rowOf = (node: OtherNode, world: Observations): OtherRow | null =>
  monitorIn(world)?.others.find((row) => row.formation === node.formation && row.name === node.name) ?? null;

/**
 * A report is due every second. A keeper of another version sends none (pg_auto_failover, keeper.c, keeper_node_active); the
 * row still has its last one to the monitor as it was, which is a few seconds old where the monitor was quickly back.
 */
const freshSeconds = 10;

/** What keeps its pg_autoctl from being heard by the monitor. Null: nothing. */
const silence = (node: OtherNode, world: Observations): string | null => {
  const row = rowOf(node, world);
  if (row === null)
    return monitorIn(world) === null ? 'the monitor does not answer' : 'the monitor does not know it';
  if (!row.sinceStart) return 'it has not reported since the monitor started';
  return row.reportAge > freshSeconds ? `its last report is ${Math.round(row.reportAge)} s old` : null;
};

const trouble = (node: OtherNode, world: Observations): string | null => {
  const row = rowOf(node, world);
  const unheard = silence(node, world);
  if (row === null || unheard !== null) return unheard;
  if (row.reported !== row.assigned) return `it is ${row.reported}, assigned ${row.assigned}`;
  return row.health === 1 ? null : 'the monitor does not find its server healthy';
};

const works = (node: OtherNode): Condition => ({
  text: `${node.name} of formation ${node.formation} reports to the monitor, in the state that it is assigned, its server healthy`,
  holds: (world) => {
    const found = trouble(node, world);
    return verdictOf(found === null, found ?? '');
  },
});

/** For the final verification: every formation that was to be seen to has its failover. */
export const otherFormationsWork = (facts: ClusterFacts): readonly Condition[] => facts.others.map(works);

const keeperStep = (
  facts: ClusterFacts,
  node: OtherNode,
  phase: PhaseId,
  to: 'new' | 'old',
  before: readonly Condition[],
): Step => {
  const major = to === 'new' ? facts.newMajor : facts.oldMajor;
  const monitorHolds = (world: Observations): boolean =>
    monitorIn(world)?.serverVersion.startsWith(`${major}.`) ?? false;
  const edits =
    node.oldAutoctl === node.newAutoctl ? [] : ([to === 'new' ? 'unit-new' : 'unit-old'] as const);
  return makeStep(facts, {
    id: 'keeper',
    phase,
    host: node,
    as: 'root',
    title: `Switch to the ${to} pg_autoctl`,
    reason: `Formation ${node.formation} has this monitor too: until its pg_autoctl has the monitor’s version it has no failover, and a restart of it stops PostgreSQL. The server itself stays as it is, and up.`,
    guide: null,
    deviation:
      'The guide knows one formation; the others’ nodes are left with a pg_autoctl that the monitor refuses.',
    danger: 'changes',
    script: rootScript(facts, otherRootHost(node), ...edits, 'keeper'),
    probe: (world) => {
      if (!monitorHolds(world)) return pending(`the monitor does not answer on ${major} yet`);
      // A failover of that formation is its own affair: whoever is heard has the version.
      const found = silence(node, world);
      return found === null ? done('it reports to the monitor') : pending(found);
    },
    before: [
      {
        text: `the monitor answers on ${major}`,
        holds: (world) => verdictOf(monitorHolds(world), 'it does not'),
      },
      ...before,
    ],
    after: [works(node)],
    settleSeconds: 60,
    undo:
      to === 'new'
        ? undoText('a rollback gives it the old pg_autoctl again, behind the monitor’s start')
        : nothingToUndo,
  });
};

/** One beside the other; the node that takes the writes first. `before`: what must hold for each besides. */
export const exchangeOtherKeepers =
  (to: 'new' | 'old', before: readonly Condition[] = []): StepsOf =>
  (facts, phase) =>
    [...facts.others.filter((one) => one.primary), ...facts.others.filter((one) => !one.primary)].flatMap(
      (node) => inParallel(`formations-${to}`, node.alias, [keeperStep(facts, node, phase, to, before)]),
    );

/** What stands on the card of the monitor's stop and start where a formation is left to the operator. */
export const acceptedFormations = (facts: ClusterFacts, world: Observations): readonly string[] =>
  Object.entries(facts.formations).flatMap(([formation, way]) => {
    if (way !== 'accept') return [];
    const rows = monitorIn(world)?.others.filter((row) => row.formation === formation) ?? [];
    const names =
      rows.length === 0
        ? ''
        : ` (${andWords(rows.map((row) => `${row.name} ${hostAndPort(row.host, row.port)}`))})`;
    return [
      `Formation ${formation}${names} is on this monitor and left as it is, as the cluster file accepts: from the monitor’s start on it has no failover, and a restart of one of its nodes stops both its servers. At once after the window: put the new pg_autoctl into its units, then restart them, the secondary first; PostgreSQL stops with each restart.`,
    ];
  });
