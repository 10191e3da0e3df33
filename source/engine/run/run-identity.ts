import { randomBytes } from 'node:crypto';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { fail, messageOf, ok, type Problem, problem, type Result } from '../../cluster/result.ts';
import { type RunName, runName } from '../../cluster/words.ts';
import type { RunFile } from '../../inspect/lock/parse.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { ofKind, type Recorded } from '../journal/entry.ts';
import { clusterDirectory } from '../journal/journal.ts';
import { findHere, newestRuns } from '../journal/of-cluster.ts';

/** Which run this is: a new one, or one that was begun before, here or by another console. */
export interface Identity {
  readonly id: RunName;
  /** The name under which this machine keeps it: that of the cluster, or the one that it had when the run was begun. */
  readonly cluster: string;
  readonly began: string;
  readonly by: string;
  /** null: new. `here`: this machine has a journal of it; `host`: only the monitor's host knows of it. */
  readonly known: 'here' | 'host' | null;
  /** The direction that it was going last; null for a new one, or where nobody wrote it down. */
  readonly direction: Direction | null;
}

/** A name for a run that sorts by time and is no other's. */
const newId = (): RunName =>
  runName.parse(
    `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`,
  );

/** Something was run, and the end was not reached since. */
const isUnfinished = (records: readonly Recorded[]): boolean => {
  const last = records.findLast(
    (record) => 'entry' in record && (record.entry.kind === 'confirmed' || record.entry.kind === 'finished'),
  );
  return last !== undefined && 'entry' in last && last.entry.kind === 'confirmed';
};

/** The newest run of this cluster on this machine, where it was begun and not finished. */
const unfinishedHere = (home: string, facts: ClusterFacts, operator: string): Identity | null => {
  const [newest] = newestRuns(home, facts);
  if (newest === undefined || !isUnfinished(newest.records)) return null;
  const { cluster, id, records } = newest;
  const [first] = records;
  return {
    id,
    cluster,
    began: first !== undefined && 'at' in first ? first.at : '',
    by: ofKind(records, 'run')[0]?.operator ?? operator,
    known: 'here',
    direction: ofKind(records, 'turned').at(-1)?.direction ?? null,
  };
};

/** A rehearsal is a run of its own: a window never goes on with it, nor it with a window. */
const areOneRun = (asked: Direction, direction: Direction | null): boolean =>
  (asked === 'rehearse') === (direction === 'rehearse');

const windowUnderWay = (facts: ClusterFacts, onHost: RunFile | null): Problem | null =>
  onHost === null || onHost.finished !== null || onHost.direction === 'rehearse'
    ? null
    : problem(
        `The ${onHost.direction} ${onHost.id} of ${facts.name} is not finished, and a rehearsal is for days before a window.`,
        'Bring it to its end first: `pgaf-upgrade status` shows how far it is.',
      );

/**
 * The run to go on with: the unfinished one that the monitor's host knows, else the newest unfinished one of this
 * machine, else a new one. The host comes first, because another machine may have gone on meanwhile. Errors: the state
 * home cannot be read.
 */
export const identify = (
  home: string,
  facts: ClusterFacts,
  operator: string,
  onHost: RunFile | null,
  asked: Direction = 'upgrade',
): Result<Identity> => {
  const underWay = asked === 'rehearse' ? windowUnderWay(facts, onHost) : null;
  if (underWay !== null) return fail(underWay);
  try {
    return ok(identityOf(home, facts, operator, onHost, asked));
  } catch (thrown) {
    return fail(
      problem(
        `The journal cannot be kept in ${clusterDirectory(home, facts.name)}.`,
        'Make it readable for you, or set XDG_STATE_HOME to another directory.',
        messageOf(thrown),
      ),
    );
  }
};
const identityOf = (
  home: string,
  facts: ClusterFacts,
  operator: string,
  onHost: RunFile | null,
  asked: Direction,
): Identity => {
  if (onHost !== null && onHost.finished === null && areOneRun(asked, onHost.direction)) {
    const here = findHere(home, facts, onHost.id);
    return {
      id: onHost.id,
      cluster: here?.cluster ?? facts.name,
      began: onHost.began,
      by: onHost.operator,
      known: here === null ? 'host' : 'here',
      direction: onHost.direction,
    };
  }
  const here = unfinishedHere(home, facts, operator);
  // One that is older than what the host has seen the end of was overtaken by it, here or on another machine.
  if (here !== null && areOneRun(asked, here.direction) && (onHost === null || here.id > onHost.id))
    return here;
  const began = new Date().toISOString();
  return { id: newId(), cluster: facts.name, began, by: operator, known: null, direction: null };
};
