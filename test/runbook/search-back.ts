import { type ClusterFacts, hostsOf, nodesOf, primaryOf } from '../../source/cluster/facts.ts';
import { groupsOf, primariesOf } from '../../source/cluster/formation.ts';
import { isDataDirectory, type Observations } from '../../source/cluster/observations.ts';
import { waiting } from '../../source/engine/run/absence.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackRoute } from '../../source/runbook/verdict/route.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { type Model, shutdownCheckpoint } from './model.ts';
import { runBack } from './rollback-model.ts';
import { modelAfter } from './worlds.ts';

/**
 * The machine search in a rollback: a window is left behind every step and rolled back by a console that goes on without the nodes
 * that do not answer, as `--yes` does. A host goes away from a step on, and comes back as it was (its cable) or restarted (its power);
 * at the end everybody is there, and the rollback is started again until it has come to its end.
 */

export interface Vanishing {
  readonly alias: string;
  /** Behind so many steps of the rollback; 0: it is away when it begins. */
  readonly from: number;
  /** For so many steps; while the monitor's host is away nothing goes on. */
  readonly length: number;
  readonly how: 'cable' | 'power';
}

const describeVanishing = ({ alias, from, length, how }: Vanishing): string =>
  `${alias} is away (${how}) behind ${from} steps of the rollback, for ${length}`;

/** What a window has come to when it is turned back. */
interface Left {
  readonly model: Model;
  /** Applications could write on the new version. */
  readonly opened: boolean;
  /** The new version's first start. */
  readonly started: boolean;
}

const leftBehind = (facts: ClusterFacts, last: string | null): Left => {
  const steps = upgradeRunbook(facts);
  const ran = steps.slice(0, steps.findIndex((step) => step.id === last) + 1);
  const model = modelAfter(facts, last);
  for (const { alias } of nodesOf(facts)) {
    const host = model.host(alias);
    for (const key of ['data', 'backupData'] as const) {
      const directory = host[key];
      if (isDataDirectory(directory) && directory.control?.checkpoint === shutdownCheckpoint)
        host[key] = { ...directory, control: { ...directory.control, redo: shutdownCheckpoint } };
    }
  }
  return {
    model,
    opened: ran.some((step) => step.writes === 'resume'),
    started: ran.some((step) => step.id.endsWith('.private-start')),
  };
};

/** A power cut: nothing runs, what lay in /run is gone, and what starts at boot comes back. */
const loseThePower = (model: Model, alias: string): (() => void) => {
  const host = model.host(alias);
  const before = structuredClone({ ...host });
  host.server = null;
  host.pgAutoctl = 'stopped';
  for (const key of ['data', 'newData', 'backupData'] as const) {
    const directory = host[key];
    if (isDataDirectory(directory)) host[key] = { ...directory, running: false };
  }
  if (host.unit !== null) host.unit = { ...host.unit, active: false, held: false, dropIns: [] };
  model.publish();
  return () => {
    if (host.unit?.enabled !== true || before.pgAutoctl !== 'runs') return;
    Object.assign(host, before);
    if (host.unit !== null) host.unit = { ...host.unit, dropIns: [] };
    model.publish();
  };
};

/** Harm while the rollback is under way; null: none. */
const harmIn = (left: Left, facts: ClusterFacts, world: Observations): string | null => {
  for (const group of groupsOf(facts)) {
    const harm = harmInGroup(left, group);
    if (harm !== null) return harm;
  }
  return rollbackRoute(facts, world).kind === 'backup' ? 'only a backup is left' : null;
};

const harmInGroup = ({ model, started }: Left, facts: ClusterFacts): string | null => {
  const writers = facts.nodes.filter(({ alias }) => {
    const { server } = model.host(alias);
    return (
      server?.version.startsWith(`${facts.oldMajor}.`) === true &&
      !server.inRecovery &&
      server.listenAddresses !== ''
    );
  });
  if (writers.length > 1) return `${writers.map((node) => node.alias).join(' and ')} both take writes`;
  const primary = primaryOf(facts);
  const { data } = model.host(primary.alias);
  if (
    facts.mode === 'link' &&
    started &&
    isDataDirectory(data) &&
    data.major === facts.oldMajor &&
    data.hasHardLinks &&
    data.running
  )
    return `${facts.oldMajor} runs on files that ${facts.newMajor} has changed`;
  for (const node of writers) {
    const host = model.host(node.alias);
    if (host.pgCtl === `${node.newBindir}/pg_ctl` && host.pgAutoctl === 'runs')
      return `${node.alias}: ${facts.oldMajor} serves, and its next start would be ${facts.newMajor}’s`;
  }
  return null;
};

/** What is not as it was, once everybody is there and nothing is left to do; null: all is. */
const unlikeBefore = ({ model }: Left, facts: ClusterFacts): string | null => {
  const { nodes, numberSyncStandbys, serverVersion } = model.monitor;
  if (!serverVersion.startsWith(`${facts.oldMajor}.`)) return `the monitor is ${serverVersion}`;
  if (numberSyncStandbys !== facts.numberSyncStandbys) return `number_sync_standbys is ${numberSyncStandbys}`;
  for (const node of nodesOf(facts)) {
    const { server, pgAutoctl, unit, pgCtl } = model.host(node.alias);
    const row = nodes.find((one) => one.name === node.alias);
    if (server?.version.startsWith(`${facts.oldMajor}.`) !== true || pgAutoctl !== 'runs')
      return `${node.alias} runs ${server?.version ?? 'nothing'}`;
    if (row === undefined || row.reported !== row.assigned || row.priority !== node.priority)
      return `${node.alias} is ${row === undefined ? 'not registered' : `${row.reported} → ${row.assigned}, priority ${row.priority}`}`;
    if (pgCtl !== `${node.oldBindir}/pg_ctl`) return `${node.alias}: pg_ctl is ${pgCtl ?? 'unknown'}`;
    if (unit !== null && (unit.dropIns.length > 0 || !unit.enabled))
      return `${node.alias} does not start at boot, or has our drop-in`;
  }
  return groupsOf(facts).every(
    ({ group }) =>
      nodes.filter(
        (row) => row.group === group && ['primary', 'wait_primary', 'single'].includes(row.reported),
      ).length === 1,
  )
    ? null
    : 'there is not one primary';
};

const unmetOf = (conditions: Step['before'], world: Observations): readonly string[] =>
  conditions.flatMap((one) => {
    const verdict = one.holds(world);
    return verdict.holds ? [] : [`${one.text} (${verdict.found})`];
  });

/** The window is left behind a step (null: before the first), and rolled back; what came of it, null where all is well. */
export const walkBack = (
  facts: ClusterFacts,
  last: string | null,
  vanishing: Vanishing | null,
): string | null => {
  const left = leftBehind(facts, last);
  const { model } = left;
  const says = (what: string): string =>
    `${what}; left behind ${last ?? 'nothing'}${vanishing === null ? '' : `, ${describeVanishing(vanishing)}`}`;
  let ran = 0;
  let restart: (() => void) | null = null;
  const goAway = (): void => {
    if (vanishing === null || ran !== vanishing.from || restart !== null) return;
    restart = vanishing.how === 'power' ? loseThePower(model, vanishing.alias) : () => undefined;
    model.unreachable.add(vanishing.alias);
  };
  const comeBack = (): void => {
    if (model.unreachable.size === 0) return;
    model.unreachable.clear();
    restart?.();
  };
  goAway();
  for (let start = 0; start < 8; start += 1) {
    // Nothing starts without the monitor's host: it is waited for.
    if (model.unreachable.has('monitor')) comeBack();
    const leftOut = [...model.unreachable];
    const world = (): Observations => ({ ...model.world(), ...(leftOut.length === 0 ? {} : { leftOut }) });
    const { kind } = rollbackVerdict(facts, world());
    const begun = model.host('monitor').markers.some((one) => one.startsWith('rollback-through'));
    const told = (ran === 0 && !begun) || primariesOf(facts).some(({ alias }) => leftOut.includes(alias));
    if (left.opened && told && ['safe', 'safe-through', 'nothing-to-undo'].includes(kind))
      return says(`applications have written on ${facts.newMajor}, and the verdict is ${kind}`);
    const { route, steps } = rollbackRunbook(facts, world());
    if (steps.length === 0 && model.unreachable.size > 0) {
      comeBack();
      continue;
    }
    if (route.kind === 'nothing') return null;
    if (steps.length === 0) return says(`no way back: ${route.kind}`);
    const ranBefore = ran;
    const done = new Set<string>();
    let stuck: string | null = null;
    for (;;) {
      const now = world();
      const open = steps.filter((step) => !done.has(step.id));
      const waits = waiting(open, now);
      const next = open.find((step) => !waits.has(step));
      if (next === undefined) break;
      // Found done when its turn comes: what is undone before it is done again first.
      if (next.probe(now).state === 'done') {
        done.add(next.id);
        continue;
      }
      const unmet = unmetOf(next.before, now);
      if (unmet.length > 0) {
        stuck = `stuck at ${next.id}: ${unmet.join(', ')}`;
        break;
      }
      try {
        runBack(model, next);
      } catch (thrown) {
        stuck = `${next.id} cannot run: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
        break;
      }

      ran += 1;
      done.add(next.id);
      if (ran > 300) return says(`it goes round in circles, at ${next.id}`);
      const harm = harmIn(left, facts, world());
      if (harm !== null) return says(`${harm}, after ${next.id}`);
      const after = unmetOf(next.after, world());
      if (after.length > 0) {
        stuck = `${next.id} has run, and ${after.join(', ')}`;
        break;
      }
      goAway();
      if (model.unreachable.has('monitor')) break;
      for (const alias of model.unreachable) if (!leftOut.includes(alias)) leftOut.push(alias);
      if (vanishing !== null && model.unreachable.size > 0 && ran >= vanishing.from + vanishing.length) {
        comeBack();
        leftOut.length = 0;
      }
    }
    if (model.unreachable.size > 0) comeBack();
    else if (stuck !== null) {
      // Started again it asks first for what was undone: a host's guard, say, that a power cut has taken.
      if (ran === ranBefore) return says(stuck);
    } else {
      const other = unlikeBefore(left, facts);
      return other === null ? null : says(`at its end ${other}`);
    }
  }
  return says('it comes to no end');
};

/** Every vanishing of a host at one of these places. */
export const vanishings = (
  facts: ClusterFacts,
  froms: readonly number[],
  lengths: readonly number[],
): readonly Vanishing[] =>
  froms.flatMap((from) =>
    lengths.flatMap((length) =>
      hostsOf(facts).flatMap((host) =>
        (['cable', 'power'] as const).map((how) => ({ alias: host.alias, from, length, how })),
      ),
    ),
  );

/** The windows that can be turned back: left behind each of these steps of the upgrade, every `stride`th. */
export const leftAfter = (facts: ClusterFacts, stride = 1): readonly string[] =>
  upgradeRunbook(facts)
    .filter((step) => !step.optional && step.phase >= 'B' && !step.id.endsWith('.final'))
    .map((step) => step.id)
    .filter((_, index) => index % stride === 0);
