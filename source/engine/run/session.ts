import type { Config } from '../../cluster/config.ts';
import { type ClusterFacts, primaryOf, userOn } from '../../cluster/facts.ts';
import { monitorIn } from '../../cluster/observations.ts';
import { present } from '../../cluster/present.ts';
import { fail, ok, type Problem, problem, type Result } from '../../cluster/result.ts';
import { type WindowEnd, windowEndOf } from '../../cluster/window-end.ts';
import type { RunName } from '../../cluster/words.ts';
import { connector } from '../../discover/connector.ts';
import { discover } from '../../discover/discover.ts';
import { helperTroubles } from '../../discover/helper.ts';
import type { MonitorFeed } from '../../monitor/feed.ts';
import { openFeed } from '../../monitor/open-feed.ts';
import type { Ask, Connect, RemoteHost } from '../../remote/host.ts';
import { factsId } from '../../runbook/language/facts-id.ts';
import type { KeptDryRun } from '../../runbook/timing/dry-run.ts';
import { rollbackVerdict } from '../../runbook/verdict/verdict.ts';
import { type Entry, Journal } from '../journal/journal.ts';
import { keptDryRun } from '../journal/kept-rehearsal.ts';
import { withStepTimes } from '../journal/kept-steps.ts';
import { disagreement, lastJournalVerdict } from '../journal/last-verdict.ts';
import { heardBefore } from '../journal/of-cluster.ts';
import { Observer } from '../observe/observer.ts';
import type { Identity } from './run-identity.ts';
import { RunLock } from './run-lock.ts';

/** What is known once every host is reached, before anything is begun or anybody is asked. */
export interface Session {
  readonly facts: ClusterFacts;
  /** The facts are an earlier run's record. */
  readonly fromRecord: boolean;
  readonly hosts: ReadonlyMap<string, RemoteHost>;
  readonly observer: Observer;
  readonly feed: MonitorFeed;
  readonly lock: RunLock;
  /** What the last `check` of this machine has measured; null: none was made. */
  readonly dryRun: KeptDryRun | null;
  /** Where an earlier console's journal said otherwise about the rollback than the disks say now. */
  readonly journalSays: string | null;
  /** When the window ends; null: nobody has said. */
  readonly windowEnd: WindowEnd | null;
}

/** What a run has once it may be gone on with here. */
export interface OwnedSession extends Session {
  readonly journal: Journal;
  readonly identity: Identity;
  /** The change that it belongs to. */
  readonly ticket?: string;
}

export interface SessionOptions {
  readonly config: Config;
  readonly connect: Connect;
  readonly stateHome: string;
  readonly operator: string;
  readonly ask: Ask;
  readonly say: (doing: string) => void;
  readonly heard: (alias: string) => void;
  readonly freshMs?: number;
}

/** Where a run is kept, and who goes on with it. */
export interface OperatorOptions {
  readonly stateHome: string;
  /** user@machine */
  readonly operator: string;
  /** `--yes` confirms every step: nobody sits at the keyboard. */
  readonly unattended?: boolean;
  /** What must be said of this cluster wherever it is shown. */
  readonly banner?: string;
  /** The change that it belongs to. */
  readonly ticket?: string;
}

/**
 * The facts under the name of the run that is gone on with or watched: the marks on the hosts carry it. What an earlier
 * run has recorded keeps that run's name, whoever goes back or cleans up.
 */
export const inNameOf = (session: Session, run: RunName): Session =>
  session.fromRecord ? session : { ...session, facts: { ...session.facts, run } };

/** Opens the journal of a run, new or known, and writes down who goes on with it. */
export const openRun = (
  session: Session,
  identity: Identity,
  { stateHome, operator, unattended = false, banner, ticket }: OperatorOptions,
): Result<OwnedSession> => {
  const { facts } = inNameOf(session, identity.id);
  const journal = Journal.open(stateHome, identity.cluster, identity.id);
  if (!journal.ok) return journal;
  const primary = primaryOf(facts);
  const run: Entry = {
    kind: 'run',
    cluster: facts.name,
    operator,
    from: primary.oldVersion,
    to: primary.newVersion,
    factsId: factsId(facts),
    ...(unattended ? { unattended } : {}),
    ...(ticket === undefined ? {} : { ticket }),
    ...(banner === undefined ? {} : { banner }),
  };
  const { known, began, by } = identity;
  const entries: readonly Entry[] = [
    ...(known === 'here' ? [] : [run]),
    ...(known === null
      ? []
      : [
          {
            kind: 'resumed',
            operator,
            began,
            by,
            known,
            ...(unattended ? { unattended } : {}),
            ...(ticket === undefined ? {} : { ticket }),
          } as const,
        ]),
    { kind: 'facts', facts },
    ...(session.windowEnd === null
      ? []
      : [{ kind: 'window-end', end: new Date(session.windowEnd.at).toISOString() } as const]),
  ];
  for (const entry of entries) {
    const written = journal.value.write(entry);
    if (!written.ok) {
      journal.value.close();
      return written;
    }
  }
  return ok({
    ...session,
    facts,
    journal: journal.value,
    identity,
    ...(ticket === undefined ? {} : { ticket }),
  });
};

/** Connects, discovers, opens the monitor's feed; writes nothing. Whatever fails, no connection is left open. */
export const openSession = async (preparation: SessionOptions): Promise<Result<Session>> => {
  const { config, connect, ask } = preparation;
  const found = await discover(config, connector(config, connect, ask, preparation.say), preparation.say);
  if (!found.ok) return found;
  const { hosts, fromRecord } = found.value;
  const facts = withStepTimes(preparation.stateHome, found.value.facts);
  const abandon = async (error: Problem) => {
    await Promise.all([...hosts.values()].map((host) => host.close()));
    return fail(error);
  };
  const helpers = await helperTroubles(facts, hosts);
  if (helpers !== null) return abandon(helpers);
  const monitor = hosts.get('monitor');
  if (monitor === undefined)
    return abandon(problem('The monitor is not connected.', 'Start the console again.'));
  const before = heardBefore(preparation.stateHome, facts);
  const observer = new Observer(facts, hosts, preparation.heard, preparation.freshMs, before);
  preparation.say('inspecting every host');
  const world = await observer.inspect();
  const verdict = rollbackVerdict(facts, world);
  // Whether it is stopped as planned follows from the steps; until then nobody is asked in its place.
  const feed = openFeed(
    monitor,
    {
      port: facts.monitor.port,
      formation: facts.formation,
      database: facts.monitor.database,
      postgresUser: userOn(facts, 'monitor'),
      bindir: facts.monitor.newBindir,
    },
    monitorIn(world) === null,
  );
  const earlier = lastJournalVerdict(preparation.stateHome, facts);
  const journalSays = disagreement(earlier, verdict.says);
  const lock = new RunLock({
    host: monitor,
    workDir: facts.monitor.workDir,
    as: userOn(facts, 'monitor'),
    operator: preparation.operator,
  });
  const dryRun = keptDryRun(preparation.stateHome, facts);
  const { end } = config.window;
  const windowEnd = end === undefined ? null : windowEndOf(end, present(), Date.parse(facts.readAt));
  return ok({ facts, fromRecord, hosts, observer, feed, lock, dryRun, journalSays, windowEnd });
};
