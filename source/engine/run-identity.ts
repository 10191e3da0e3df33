import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import type { Direction } from '../runbook/runbooks.ts';
import { ofKind, type Recorded } from './journal/entry.ts';
import { clusterDirectory, readEarlier } from './journal.ts';
import type { RunFile } from './lock/standing.ts';

/** Which run this is: a new one, or one that was begun before, here or by another console. */
export interface Identity {
  readonly id: string;
  readonly began: string;
  readonly by: string;
  /** null: new. `here`: this machine has a journal of it; `host`: only the monitor's host knows of it. */
  readonly known: 'here' | 'host' | null;
  /** The direction that it was going last; null for a new one, or where nobody wrote it down. */
  readonly direction: Direction | null;
}

/** A name for a run that sorts by time and is no other's. */
const newId = (): string =>
  `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`;

/** Something was run, and the end was not reached since. */
const isUnfinished = (records: readonly Recorded[]): boolean => {
  const last = records.findLast(
    (record) => 'entry' in record && (record.entry.kind === 'confirmed' || record.entry.kind === 'finished'),
  );
  return last !== undefined && 'entry' in last && last.entry.kind === 'confirmed';
};

/** The newest run on this machine that was begun and not finished. */
const unfinishedHere = (home: string, cluster: string, operator: string): Identity | null => {
  const parent = clusterDirectory(home, cluster);
  if (!existsSync(parent)) return null;
  const [newest] = readdirSync(parent).sort().reverse();
  if (newest === undefined) return null;
  const records = readEarlier(home, cluster, newest);
  if (!isUnfinished(records)) return null;
  const [first] = records;
  return {
    id: newest,
    began: first !== undefined && 'at' in first ? first.at : '',
    by: ofKind(records, 'run')[0]?.operator ?? operator,
    known: 'here',
    direction: ofKind(records, 'turned').at(-1)?.direction ?? null,
  };
};

/**
 * The run to go on with: the unfinished one that the monitor's host knows, else the newest unfinished one of this
 * machine, else a new one. The host comes first, because another machine may have gone on meanwhile. Errors: the state
 * home cannot be read.
 */
export const identify = (
  home: string,
  cluster: string,
  operator: string,
  onHost: RunFile | null,
): Result<Identity> => {
  try {
    return ok(identityOf(home, cluster, operator, onHost));
  } catch (thrown) {
    return fail(
      problem(
        `the journal cannot be kept in ${clusterDirectory(home, cluster)}`,
        'make it readable for you, or set XDG_STATE_HOME to another directory',
        messageOf(thrown),
      ),
    );
  }
};
const identityOf = (home: string, cluster: string, operator: string, onHost: RunFile | null): Identity => {
  if (onHost !== null && onHost.finished === null) {
    const here = readEarlier(home, cluster, onHost.id).length > 0;
    return {
      id: onHost.id,
      began: onHost.began,
      by: onHost.operator,
      known: here ? 'here' : 'host',
      direction: onHost.direction,
    };
  }
  const here = unfinishedHere(home, cluster, operator);
  if (here !== null && here.id !== onHost?.id) return here;
  return { id: newId(), began: new Date().toISOString(), by: operator, known: null, direction: null };
};
