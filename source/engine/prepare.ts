import { randomBytes } from 'node:crypto';
import type { Config } from '../cluster/config.ts';
import { type ClusterFacts, hostsOf, isNode, primaryOf } from '../cluster/facts.ts';
import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import type { MonitorFeed } from '../monitor/feed.ts';
import { openFeed } from '../monitor/open-feed.ts';
import type { Ask, Connect, RemoteHost } from '../remote/host.ts';
import { factsId } from '../runbook/facts-id.ts';
import { rollbackVerdict } from '../runbook/verdict.ts';
import type { HostView } from './controller.ts';
import { discover } from './discover/discover.ts';
import { clusterDirectory, Journal } from './journal.ts';
import { disagreement, lastJournalVerdict } from './journal-verdict.ts';
import { Observer } from './observer.ts';

/** What a run has once the cluster is known. */
export interface Run {
  readonly facts: ClusterFacts;
  /** The facts are an earlier run's record. */
  readonly fromRecord: boolean;
  readonly hosts: ReadonlyMap<string, RemoteHost>;
  readonly observer: Observer;
  readonly journal: Journal;
  readonly feed: MonitorFeed;
  readonly id: string;
  /** Where an earlier console's journal said otherwise about the way back than the disks say now. */
  readonly journalSays: string | null;
}

export interface Preparation {
  readonly config: Config;
  readonly connect: Connect;
  readonly stateHome: string;
  readonly operator: string;
  readonly ask: Ask;
  readonly say: (doing: string) => void;
  readonly heard: (alias: string) => void;
  readonly freshMs?: number;
}

/** A name for this run that sorts by time and is no other's. */
const runId = (): string =>
  `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`;

const openJournal = (
  facts: ClusterFacts,
  id: string,
  { stateHome, operator }: Preparation,
): Result<Journal> => {
  const journal = Journal.open(stateHome, facts.name, id);
  if (!journal.ok) return journal;
  const primary = primaryOf(facts);
  const entries = [
    {
      kind: 'run' as const,
      cluster: facts.name,
      operator,
      from: primary.oldVersion,
      to: primary.newVersion,
      factsId: factsId(facts),
    },
    { kind: 'facts' as const, facts },
  ];
  for (const entry of entries) {
    const written = journal.value.write(entry);
    if (!written.ok) return written;
  }
  return journal;
};

/** Connects, discovers, opens the journal and the monitor's feed. Whatever fails, no connection is left open. */
export const prepare = async (preparation: Preparation): Promise<Result<Run>> => {
  const { config, connect, ask } = preparation;
  const options = {
    ask,
    become: config.become.method,
    ...(config.ssh.configFile === undefined ? {} : { sshConfigFile: config.ssh.configFile }),
    ...(config.ssh.knownHostsFile === undefined ? {} : { knownHostsFiles: [config.ssh.knownHostsFile] }),
    ...(config.ssh.agent ? {} : { agentSocket: null }),
  };
  const found = await discover(config, (address) => connect(address, options), preparation.say);
  if (!found.ok) return found;
  const { facts, hosts, fromRecord } = found.value;
  const abandon = async (error: Problem) => {
    await Promise.all([...hosts.values()].map((host) => host.close()));
    return fail(error);
  };
  const monitor = hosts.get('monitor');
  if (monitor === undefined) return abandon(problem('monitor: not connected', 'start again'));
  const id = runId();
  const earlier = lastJournalVerdict(clusterDirectory(preparation.stateHome, facts.name));
  const journal = openJournal(facts, id, preparation);
  if (!journal.ok) return abandon(journal.error);
  const feed = openFeed(monitor, {
    port: facts.monitor.port,
    formation: facts.formation,
    database: facts.monitor.database,
    postgresUser: facts.postgres,
    psql: `${facts.monitor.newBindir}/psql`,
  });
  const observer = new Observer(facts, hosts, preparation.heard, preparation.freshMs);
  preparation.say('looking at every host');
  const verdict = rollbackVerdict(facts, await observer.look());
  const journalSays = disagreement(earlier, verdict.says);
  return ok({ facts, fromRecord, hosts, observer, journal: journal.value, feed, id, journalSays });
};

/** The hosts as the screen shows them at first. */
export const hostViews = ({ facts, hosts }: Run): HostView[] =>
  hostsOf(facts).map((host) => ({
    alias: host.alias,
    role: isNode(host) ? host.role : 'monitor',
    address: hosts.get(host.alias)?.address.host ?? '',
    line: hosts.get(host.alias)?.line ?? 'closed',
    lastByteAt: Date.now(),
  }));
