import type { ClusterFacts, HostFacts, NodeFacts } from '../../cluster/facts.ts';
import { hostsOf, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import {
  hostIn,
  isDataDirectory,
  isLeftOut,
  isSkipped,
  monitorIn,
  type Observations,
} from '../../cluster/observations.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import type { Alias } from '../../cluster/words.ts';
import {
  acceptsWrites,
  everyNodeSettled,
  nodeSettled,
  onHost,
  streaming,
  unlessLeftOut,
  verdictOf,
} from '../conditions.ts';
import { isMarked } from '../evidence.ts';
import { otherFormationsWork } from '../formations.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { inParallel } from '../parallel.ts';
import { rootScript } from '../root-verbs.ts';
import { mark, psql, script } from '../shell.ts';
import type { Condition, PhaseId, Step } from '../step.ts';
import { setSyncStandbys, syncStandbysAre } from './fence.ts';
import { dropInFile } from './service.ts';

/** Restored while too many standbys are left out, the number would have every write wait for one of them. */
export const enoughStandbys = (facts: ClusterFacts, writer: NodeFacts): Condition => ({
  text: 'enough standbys of the quorum are there, so that no write has to wait for one that does not answer',
  holds: (world) => {
    if (monitorIn(world) === null) return { holds: false, found: 'the monitor’s database does not answer' };
    const quorum = facts.nodes.filter((node) => node !== writer && node.quorum);
    const away = quorum.filter((node) => hostIn(world, node.alias) === null);
    return verdictOf(
      away.length === 0 || quorum.length - away.length >= facts.numberSyncStandbys,
      `${away.map((node) => node.alias).join(', ')} does not answer`,
    );
  },
});

const syncStepId = 'I.monitor.sync-standbys';

const syncStep = (facts: ClusterFacts): Step[] =>
  facts.numberSyncStandbys === 0
    ? []
    : [
        makeStep(facts, {
          id: 'sync-standbys',
          phase: 'I',
          host: facts.monitor,
          as: 'postgres',
          title: `number_sync_standbys 0 → ${facts.numberSyncStandbys}`,
          reason: 'The durability that the cluster had before the window.',
          guide: null,
          deviation: 'The guide never set it to 0, and writes hung.',
          danger: 'changes',
          script: setSyncStandbys(facts, facts.numberSyncStandbys, primaryOf(facts)),
          probe: (world) => {
            const found = monitorIn(world)?.numberSyncStandbys;
            return found === facts.numberSyncStandbys
              ? done(`it is ${found}`)
              : pending(`it is ${found ?? 'unknown'}`);
          },
          before: [everyNodeSettled, enoughStandbys(facts, primaryOf(facts))],
          after: [syncStandbysAre(facts.numberSyncStandbys), everyNodeSettled],
          settleSeconds: 60,
          undo: `set_formation_number_sync_standbys(${sqlLiteral(facts.formation)}, 0)`,
        }),
      ];

/** The unit as it was before the window: enabled if it was, and without our drop-in. */
export const unguardStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId, major: number): Step[] => {
  const { service } = host;
  if (service.kind === 'none') return [];
  const { unit } = service;
  return [
    makeStep(facts, {
      id: 'unguard',
      phase,
      host,
      as: 'root',
      title: service.enabled ? 'Enable the unit, remove the drop-in' : 'Remove the drop-in',
      reason: service.enabled
        ? `A reboot shall bring ${major} back.`
        : 'The unit was not enabled before, and is not now.',
      guide: null,
      danger: 'changes',
      script: rootScript(facts, host, ...(service.enabled ? (['enable'] as const) : []), 'unguard'),
      probe: (world) => {
        const seen = hostIn(world, host.alias)?.unit;
        if (seen == null) return pending('not seen');
        const clean = !seen.dropIns.includes(dropInFile(unit));
        if (clean && seen.enabled === service.enabled) return done('as before the window');
        return clean ? half('no drop-in, but not enabled') : pending('guarded still');
      },
      after: [
        onHost(host.alias, `${unit} ${service.enabled ? 'starts' : 'does not start'} at boot`, (seen) =>
          verdictOf(seen.unit?.enabled === service.enabled, 'it is otherwise'),
        ),
        onHost(host.alias, 'no drop-in of ours is left', (seen) =>
          verdictOf(seen.unit?.dropIns.includes(dropInFile(unit)) === false, 'it is there'),
        ),
      ],
      undo: 'nothing to undo here',
    }),
  ];
};

const sameNodes = (facts: ClusterFacts): Condition => ({
  text: 'every node has the id, name, priority and quorum that it had',
  holds: (world) => {
    const rows = monitorIn(world)?.nodes;
    if (rows === undefined) return { holds: false, found: 'the monitor’s database does not answer' };
    const other = facts.nodes.find(
      (node) =>
        !rows.some(
          (row) =>
            row.id === node.nodeId &&
            row.name === node.alias &&
            row.priority === node.priority &&
            row.quorum === node.quorum,
        ),
    );
    return verdictOf(
      other === undefined && rows.length === facts.nodes.length,
      other === undefined ? `there are ${rows.length} nodes` : `${other.alias} differs`,
    );
  },
});

const oneIdentifier = (facts: ClusterFacts): Condition => ({
  text: 'one system identifier on the monitor, in every state file and every pg_control',
  holds: (world) => {
    const found = new Set<string>();
    for (const row of monitorIn(world)?.nodes ?? []) found.add(row.systemIdentifier);
    for (const node of facts.nodes) {
      if (isLeftOut(world, node.alias)) continue;
      const seen = hostIn(world, node.alias);
      found.add(seen?.stateIdentifier ?? 'none');
      found.add(
        (seen !== null && isDataDirectory(seen.data) ? seen.data.control?.systemIdentifier : null) ?? 'none',
      );
    }
    return verdictOf(found.size === 1 && !found.has('none'), [...found].join(', '));
  },
});

export const newEverywhere = (facts: ClusterFacts): Condition => ({
  text: `PostgreSQL ${facts.newMajor} runs on every host`,
  holds: (world) => {
    const other = hostsOf(facts).find(
      (host) =>
        !isLeftOut(world, host.alias) &&
        !hostIn(world, host.alias)?.server?.version.startsWith(`${facts.newMajor}.`),
    );
    return verdictOf(
      other === undefined,
      other === undefined
        ? ''
        : `${other.alias}: ${hostIn(world, other.alias)?.server?.version ?? 'no answer'}`,
    );
  },
});

/** The number is restored later, when a standby that is left out is back. */
export const waitsForStandbys = (facts: ClusterFacts, writer: NodeFacts, world: Observations): boolean =>
  monitorIn(world) !== null && !enoughStandbys(facts, writer).holds(world).holds;

/** With every other node left out the primary goes on alone; registered anew it is the only one of its group. */
export const primarySettled = (primary: NodeFacts, others: readonly NodeFacts[]): Condition => {
  const alone = nodeSettled(primary.alias, ['primary', 'wait_primary', 'single']);
  const usual = nodeSettled(primary.alias, others.length === 0 ? ['single'] : ['primary']);
  return {
    text: usual.text,
    holds: (world) =>
      (others.length > 0 && others.every((node) => isLeftOut(world, node.alias)) ? alone : usual).holds(
        world,
      ),
  };
};

const finalConditions = (facts: ClusterFacts): readonly Condition[] => {
  const primary = primaryOf(facts);
  return [
    newEverywhere(facts),
    everyNodeSettled,
    primarySettled(primary, secondariesOf(facts)),
    ...secondariesOf(facts).flatMap((node) =>
      [nodeSettled(node.alias, ['secondary']), streaming(primary, node)].map((one) =>
        unlessLeftOut(node.alias, one),
      ),
    ),
    sameNodes(facts),
    oneIdentifier(facts),
    {
      ...syncStandbysAre(facts.numberSyncStandbys),
      holds: (world) =>
        isSkipped(world, syncStepId) || waitsForStandbys(facts, primary, world)
          ? { holds: true }
          : syncStandbysAre(facts.numberSyncStandbys).holds(world),
    },
    acceptsWrites(facts, primary),
    ...otherFormationsWork(facts),
  ];
};

const finalStep = (facts: ClusterFacts): Step =>
  makeStep(facts, {
    id: 'final',
    phase: 'I',
    host: facts.monitor,
    as: 'postgres',
    title: 'Final proof',
    reason: 'What the change ticket wants to see, asked of the servers.',
    guide: 'Step 13',
    danger: 'reads',
    script: script(
      sh`${facts.monitor.newAutoctl} show state --formation ${facts.formation} --pgdata ${facts.monitor.pgdata}`,
      mark(facts.monitor, 'final'),
    ),
    probe: (world) => {
      if (!isMarked(facts.monitor, 'final', world)) return pending('not proven yet');
      if (facts.nodes.some((node) => performed(facts, `promoted-${node.alias}`, world)))
        return done('it was proven before the switchover');
      return finalConditions(facts).every((one) => one.holds(world).holds)
        ? done('all of it holds')
        : pending('not proven yet');
    },
    after: finalConditions(facts),
    settleSeconds: 60,
    undo: 'nothing to undo: it reads only',
  });

const performed = (facts: ClusterFacts, id: string, world: Observations): boolean =>
  isMarked(facts.monitor, id, world);

/** A rehearsal of the failover that the cluster is there for, and back; for those who want it. */
const switchoverSteps = (facts: ClusterFacts): Step[] => {
  const primary = primaryOf(facts);
  const [first] = secondariesOf(facts);
  if (first === undefined) return [];
  const { monitor } = facts;
  const promote = (to: NodeName): Fragment =>
    script(
      sh`${psql(monitor, monitor.newBindir, monitor.database)} -Atc ${quoted(`select pgautofailover.perform_promotion(${sqlLiteral(facts.formation)}, ${sqlLiteral(to)})`)}`,
      mark(monitor, word`promoted-${to}`),
    );
  const step = (
    id: string,
    to: NodeName,
    from: NodeName,
    title: string,
    before: readonly Condition[],
  ): Step =>
    makeStep(facts, {
      id,
      phase: 'I',
      host: monitor,
      as: 'postgres',
      title,
      reason:
        'To know that a failover works on the new version, while you are watching. Writes pause for some seconds.',
      guide: null,
      danger: 'changes',
      script: promote(to),
      probe: (world) =>
        performed(facts, `promoted-${to}`, world) ? done('it was done') : pending('not done; it is optional'),
      before: [everyNodeSettled, ...before],
      after: [nodeSettled(to, ['primary']), nodeSettled(from, ['secondary']), everyNodeSettled],
      settleSeconds: 180,
      undo: `promote ${from} again`,
      optional: true,
    });
  return [
    step('switchover', first.alias, primary.alias, `Switchover to ${first.alias} (optional)`, [
      nodeSettled(primary.alias, ['primary']),
      nodeSettled(first.alias, ['secondary']),
    ]),
    step('switch-back', primary.alias, first.alias, `Switch back to ${primary.alias} (optional)`, [
      nodeSettled(first.alias, ['primary']),
      nodeSettled(primary.alias, ['secondary']),
    ]),
  ];
};
type NodeName = Alias;

/** I. As it was before the window, on the new version. */
export const restoreSteps = (facts: ClusterFacts): Step[] => [
  ...syncStep(facts),
  // Each secondary's was right behind its join.
  ...[facts.monitor, primaryOf(facts)].flatMap((host) =>
    inParallel('unguard', host.alias, unguardStep(facts, host, 'I', facts.newMajor)),
  ),
  finalStep(facts),
  ...switchoverSteps(facts),
];
