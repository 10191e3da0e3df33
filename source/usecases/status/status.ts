import type { RehearsalLeft } from '../../cluster/checks/evidence.ts';
import type { Config } from '../../cluster/config.ts';
import { type ClusterFacts, clusterFactsSchema, isOnline, nodesOf } from '../../cluster/facts.ts';
import { primariesOf } from '../../cluster/formation.ts';
import type { MonitorNode } from '../../cluster/monitor-state.ts';
import { monitorIn, type Observations } from '../../cluster/observations.ts';
import { present } from '../../cluster/present.ts';
import { ok, type Problem, problem, type Result } from '../../cluster/result.ts';
import type { ToDo } from '../../cluster/to-do.ts';
import { discover } from '../../discover/discover.ts';
import { addressOf, type OpenHost } from '../../discover/reach.ts';
import { downtimesIn, pausesIn, stepsIn, type WritePause } from '../../engine/journal/downtimes.ts';
import { ofKind, type Recorded } from '../../engine/journal/entry.ts';
import { heardIn } from '../../engine/journal/heard.ts';
import { happened } from '../../engine/journal/history.ts';
import { keptDryRun } from '../../engine/journal/kept-rehearsal.ts';
import { findHere, type HereRun, heardBefore, newestRunOf } from '../../engine/journal/of-cluster.ts';
import { Observer } from '../../engine/observe/observer.ts';
import { keptJobs } from '../../engine/run/unfinished-jobs.ts';
import { basisIn } from '../../engine/view/step-estimates.ts';
import { deadAfterSeconds, holderName, type Standing } from '../../inspect/lock/parse.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { windowHasBegun } from '../../runbook/language/evidence.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import { prepareRunbook } from '../../runbook/online.ts';
import { type Direction, runbookFor } from '../../runbook/runbooks.ts';
import { type ExpectedDowntime, expectedDowntime } from '../../runbook/timing/estimates.ts';
import { upgradeRunbook } from '../../runbook/upgrade.ts';
import { leftBy } from '../../runbook/verdict/left-to-do.ts';
import { monitorAbsence } from '../../runbook/verdict/monitor-absence.ts';
import { type OnlineStanding, onlineStanding } from '../../runbook/verdict/online-standing.ts';
import { type RollbackVerdict, rollbackVerdict } from '../../runbook/verdict/verdict.ts';
import { type Writes, writesNow } from '../../runbook/verdict/writes.ts';
import { survey } from '../check/survey.ts';
import { readStanding, rehearsalsLeft } from '../rehearsal-left.ts';
import { downtimeOf, type StatusDowntime } from './downtime.ts';
import { type HostStatus, hostStatus } from './host-status.ts';
import { markDone } from './mark-done.ts';
import { paceFrom } from './pace.ts';
import { type KnownRun, type RunbookState, runbookState } from './runbook-state.ts';
import { type StatusWindowEnd, statusWindowEnd } from './window-end.ts';

export type UpgradeState =
  | 'not-begun'
  | 'under-way'
  | 'rolling-back'
  | 'cleaning-up'
  | 'finished'
  | 'unknown';

export interface Status {
  readonly from: string | null;
  readonly to: string | null;
  readonly nodes: readonly MonitorNode[];
  readonly hosts: readonly HostStatus[];
  /** `rolling-back`, `cleaning-up`: that was begun and has not come to its end; then nothing of the upgrade is next. */
  readonly upgrade: RunbookState & { readonly state: UpgradeState };
  /** The rollback, while it is what the run does. */
  readonly rollbackRun: RunbookState | null;
  /** The clean-up, while it is what the run does. */
  readonly cleanupRun: RunbookState | null;
  readonly rollback: RollbackVerdict | null;
  /** Whether applications can write, as the servers show it. Null: the cluster could not be discovered. */
  readonly writes: Writes | null;
  /** The downtime of the run that is under way, or was the last; null: there was none, as far as anybody here knows. */
  readonly downtime: StatusDowntime | null;
  /** Switchovers of the run, by this machine's journal: writes paused somewhere within each. */
  readonly pauses: readonly WritePause[];
  /** What the downtime is expected to be, or was when its stop was confirmed; null: the run is a rollback, or over. */
  readonly expectedDowntime: ExpectedDowntime | null;
  /** The change that the run belongs to; null: none was named. */
  readonly ticket: string | null;
  /** The end of the window, and what it leaves time for; null: nobody has said when it ends, or nothing is under way or ahead. */
  readonly windowEnd: StatusWindowEnd | null;
  /** When the servers were inspected, ISO 8601, by the clock of this machine. */
  readonly seenAt: string;
  /** What steps of the upgrade have left undone, by the primary’s host; empty: nothing, or it does not answer. */
  readonly toDo: readonly ToDo[];
  /** Who holds the lock. Null: nobody, or it cannot be read. */
  readonly lock: HeldLock | null;
  /** The step that starts the monitor again, which is stopped as planned; null: it should be up. */
  readonly monitorStoppedUntil: Pick<Step, 'id' | 'title'> | null;
  /** Where the preparation of the online method stands; absent: another method, or the primary was not seen. */
  readonly online?: OnlineStanding;
  /** What rehearsals have left on the hosts; empty: nothing, somebody is at one, or nobody can tell. */
  readonly rehearsalsLeft: readonly RehearsalLeft[];
  /** Why the whole could not be seen. */
  readonly problem: Problem | null;
  /** The last things that happened, by this machine's journal; told where the monitor's host does not answer. */
  readonly journal: readonly string[];
}

/** `silentSeconds`: since the last sign of life, by the monitor's host's clock. */
export interface HeldLock {
  readonly holder: string;
  readonly since: string | null;
  readonly silentSeconds: number;
  readonly dead: boolean;
}

const neededOf = (facts: ClusterFacts): readonly string[] => [
  facts.monitor.alias,
  ...primariesOf(facts).map(({ alias }) => alias),
];

/** Where the upgrade stands, by what the servers say of each step, in the direction that the run goes. Pure. */
export const upgradeStatus = (
  facts: ClusterFacts,
  world: Observations,
  direction: Direction = 'upgrade',
  run: KnownRun = { records: [], open: false, running: new Set() },
): Status['upgrade'] => {
  // Before the window of the online method the preparation is the way to it, and never its end.
  if (isOnline(facts) && !windowHasBegun(facts, world) && direction !== 'rollback') {
    const far = runbookState(prepareRunbook(facts, world), world, neededOf(facts), run);
    return { ...far, state: far.done > 0 ? 'under-way' : 'not-begun' };
  }
  const at = runbookState(upgradeRunbook(facts, world), world, neededOf(facts), run);
  if (direction === 'rollback') return { ...at, state: 'rolling-back', next: null };
  if (direction === 'cleanup') return { ...at, state: 'cleaning-up', next: null };
  const begun = run.open || rollbackVerdict(facts, world).kind !== 'nothing-to-undo';
  return { ...at, state: at.next === null ? 'finished' : begun ? 'under-way' : 'not-begun' };
};

/** What the monitor's host knows of the run. */
const standingOf = async (facts: ClusterFacts, monitor: RemoteHost | undefined): Promise<Standing | null> => {
  const standing = await readStanding(facts, monitor);
  // A rehearsal is no window: the cluster is as it was, whatever is done on a copy.
  return standing?.run?.direction === 'rehearse' ? { ...standing, run: null } : standing;
};

/** The direction that the run goes; one that has come to its end goes none. */
const directionIn = (standing: Standing | null): Direction =>
  standing === null || standing.run === null || standing.run.finished !== null
    ? 'upgrade'
    : standing.run.direction;

const heldLock = (standing: Standing | null): HeldLock | null => {
  if (standing === null || standing.lock.kind !== 'held') return null;
  const { holder, silentSeconds } = standing.lock;
  return {
    holder: holderName(standing.lock),
    since: holder?.since ?? null,
    silentSeconds,
    dead: silentSeconds > deadAfterSeconds,
  };
};

/** Whose commands run now, by the jobs on the hosts; null: a living console may have some that this login cannot read. */
const runningSteps = async (
  run: string | null,
  lock: HeldLock | null,
  hosts: ReadonlyMap<string, RemoteHost>,
): Promise<ReadonlySet<StepId> | null> => {
  const jobs = run === null ? [] : await keptJobs(run, hosts);
  if (jobs.length === 0 && lock?.dead === false) return null;
  return new Set(jobs.filter(({ state }) => state === 'running').map(({ step }) => step));
};

const monitorStoppedUntil = (
  facts: ClusterFacts,
  world: Observations,
  direction: Direction,
): Status['monitorStoppedUntil'] => {
  const absence = monitorAbsence(facts, world, runbookFor(facts, world, direction), direction);
  return absence === null ? null : { id: absence.step.id, title: absence.step.title };
};

/** A rollback would go on without nodes that do not answer: what it would mean then. */
const withoutUnseen = (facts: ClusterFacts, world: Observations): Observations => ({
  ...world,
  leftOut: nodesOf(facts).flatMap(({ alias }) => (world.hosts[alias]?.kind === 'unseen' ? [alias] : [])),
});

/** The run as its journal on this machine has it, where the monitor's host does not answer. */
interface ByJournal {
  readonly run: HereRun;
  readonly direction: Direction;
  readonly open: boolean;
  readonly why: Problem;
}

/** What this machine's journal of a run says; nothing where there is none: the servers tell the rest. */
const recordsOf = (stateHome: string, facts: ClusterFacts, run: string | null): readonly Recorded[] => {
  try {
    return run === null ? [] : (findHere(stateHome, facts, run)?.records ?? []);
  } catch {
    return [];
  }
};

const fromFacts = async (
  facts: ClusterFacts,
  hosts: ReadonlyMap<string, RemoteHost>,
  stateHome: string,
  heard: ReadonlyMap<string, number>,
  end: string | null,
  journal: ByJournal | null = null,
): Promise<Status> => {
  const observer = new Observer(facts, hosts, () => undefined);
  const [world, standing, left] = await Promise.all([
    observer.inspect(),
    journal === null ? standingOf(facts, hosts.get('monitor')) : null,
    rehearsalsLeft(facts, hosts),
  ]);
  const direction = journal?.direction ?? directionIn(standing);
  const open = journal?.open ?? (standing?.run?.finished === null && direction === 'upgrade');
  const primary = facts.nodes.find((node) => node.role === 'primary');
  const records = journal?.run.records ?? recordsOf(stateHome, facts, standing?.run?.id ?? null);
  const told = downtimesIn(records, facts, stepsIn(records)).at(-1);
  const writes = writesNow(facts, world);
  const lock = heldLock(standing);
  const running = await runningSteps(standing?.run?.id ?? journal?.run.id ?? null, lock, hosts);
  const upgrade = upgradeStatus(facts, world, direction, { records, open, running });
  const goes = (way: Direction): RunbookState =>
    runbookState(runbookFor(facts, world, way), world, neededOf(facts), { records, open: true, running });
  const kept = keptDryRun(stateHome, facts);
  const basis = basisIn(facts, world, kept);
  const ahead = direction === 'upgrade' && upgrade.state !== 'finished' && !isOnline(facts);
  const online = onlineStanding(facts, world, await paceFrom(facts, observer, world));
  return {
    from: primary?.oldVersion ?? null,
    to: primary?.newVersion ?? null,
    nodes: monitorIn(world)?.nodes ?? [],
    hosts: hostStatus(facts, world, heard),
    upgrade,
    rollbackRun: direction === 'rollback' ? goes(direction) : null,
    cleanupRun: direction === 'cleanup' ? goes(direction) : null,
    rollback: rollbackVerdict(facts, withoutUnseen(facts, world)),
    writes,
    downtime: downtimeOf(writes, told, standing?.run?.downtime ?? null),
    pauses: pausesIn(records, stepsIn(records)),
    expectedDowntime: told?.expected ?? (ahead ? expectedDowntime(facts, basis) : null),
    ticket: standing?.run?.finished === null ? (standing.run.ticket ?? null) : null,
    windowEnd:
      direction === 'upgrade' && upgrade.state === 'finished'
        ? null
        : statusWindowEnd(end, facts, world, direction, kept, present()),
    seenAt: new Date().toISOString(),
    toDo: leftBy(direction, facts, world) ?? [],
    lock,
    monitorStoppedUntil: monitorStoppedUntil(facts, world, direction),
    rehearsalsLeft: left,
    journal: journal === null ? [] : happened(journal.run.records),
    problem: journal?.why ?? null,
    ...(online === null ? {} : { online }),
  };
};

/**
 * The monitor's host does not answer, and a journal of this machine knows the cluster: what it says, and what the nodes say now.
 * Nothing can be begun so. Null: there is no such journal.
 */
const withoutMonitor = async (
  config: Config,
  open: OpenHost,
  stateHome: string,
  why: Problem,
): Promise<Status | null> => {
  const run = newestRunOf(stateHome, config.name);
  const facts = clusterFactsSchema.safeParse(
    run === null ? null : ofKind(run.records, 'facts').at(-1)?.facts,
  );
  if (run === null || !facts.success) return null;
  const { formation, postgres, monitor, nodes } = facts.data;
  if (formation !== config.formation || postgres !== config.become.postgres) return null;
  const hosts = new Map<string, RemoteHost>();
  await Promise.all(
    [
      addressOf(config, monitor.alias, config.monitor.host, config.monitor),
      ...nodes.map(({ alias, hostname }) => addressOf(config, alias, hostname, config.nodes[alias])),
    ].map(async (address) => {
      const host = await open(address, { evenIfSilent: true });
      if (host.ok) hosts.set(address.alias, host.value);
    }),
  );
  const turned = ofKind(run.records, 'turned').at(-1)?.direction ?? 'upgrade';
  const over = ofKind(run.records, 'finished').length > 0;
  const seen = await fromFacts(
    facts.data,
    hosts,
    stateHome,
    heardIn(run.records),
    config.window.end ?? null,
    {
      run,
      direction: over ? 'upgrade' : turned,
      open: !over && turned === 'upgrade',
      why: problem(
        why.what,
        `${why.remedy} What is said here is from the journal of run ${run.id} on this machine, and from the nodes.`,
        why.cause,
      ),
    },
  );
  await Promise.all([...hosts.values()].map((host) => host.close()));
  return seen;
};

/** Where things stand, once. `done`: the number of what was left to do and is done, taken off the list first. Where the upgrade could not begin as the cluster is, what the monitor says is told with the reason. */
export const readStatus = async (
  config: Config,
  open: OpenHost,
  say: (doing: string) => void,
  stateHome: string,
  { done = null }: { readonly done?: number | null } = {},
): Promise<Result<Status>> => {
  const found = await discover(config, open, say);
  if (found.ok) {
    const { facts, hosts } = found.value;
    const removed = done === null ? null : await markDone(facts, hosts, done);
    if (removed !== null && !removed.ok) {
      await Promise.all([...hosts.values()].map((host) => host.close()));
      return removed;
    }
    const seen = await fromFacts(
      facts,
      hosts,
      stateHome,
      heardBefore(stateHome, facts),
      config.window.end ?? null,
    );
    await Promise.all([...hosts.values()].map((host) => host.close()));
    return ok(seen);
  }
  const surveyed = await survey(config, open, say);
  if (!surveyed.ok) {
    const known = await withoutMonitor(config, open, stateHome, found.error);
    return known === null ? { ok: false, error: found.error } : ok(known);
  }
  const { state, hosts, evidence } = surveyed.value;
  await Promise.all([...hosts.values()].map((host) => host.close()));
  return ok({
    from: state?.serverVersion.split(' ')[0] ?? null,
    to: null,
    nodes: state?.nodes ?? [],
    hosts: evidence.map((host) => ({
      alias: host.alias,
      version: host.facts?.oldVersion ?? null,
      running: host.facts !== null && host.silentServer === null,
      problem: host.reach.kind === 'reached' ? host.unclear : host.reach.problem,
      lastReport: null,
      lastHeard: null,
    })),
    upgrade: {
      state: 'unknown',
      done: 0,
      skipped: 0,
      total: 0,
      next: null,
      running: [],
      waitsFor: null,
      untold: [],
      onlyBack: null,
    },
    rollbackRun: null,
    cleanupRun: null,
    rollback: null,
    writes: null,
    downtime: null,
    pauses: [],
    expectedDowntime: null,
    ticket: null,
    windowEnd: null,
    seenAt: new Date().toISOString(),
    toDo: [],
    lock: null,
    monitorStoppedUntil: null,
    rehearsalsLeft: [],
    journal: [],
    problem: found.error,
  });
};
