import type { ClusterFacts } from '../../cluster/facts.ts';
import { messageOf } from '../../cluster/result.ts';
import { localTime } from '../../cluster/times.ts';
import type { Recorded } from './entry.ts';
import { clusterDirectory } from './journal.ts';
import { newestRuns } from './of-cluster.ts';

/** What an earlier console wrote last about the rollback. */
export interface JournalVerdict {
  readonly at: string;
  readonly says: string;
}

const lastIn = (records: readonly Recorded[]): JournalVerdict | null => {
  for (const record of records.toReversed())
    if ('entry' in record && 'verdict' in record.entry) return { at: record.at, says: record.entry.verdict };
  return null;
};

/**
 * The last verdict in the newest journal of a cluster on this machine; null where there is none. A journal that cannot be
 * read is told of in words, because the disks are asked anyway.
 */
export const lastJournalVerdict = (home: string, facts: ClusterFacts): JournalVerdict | string | null => {
  try {
    for (const { records } of newestRuns(home, facts)) {
      const found = lastIn(records);
      if (found !== null) return found;
    }
    return null;
  } catch (thrown) {
    return `The journal in ${clusterDirectory(home, facts.name)} cannot be read (${messageOf(thrown)}). The disks count.`;
  }
};

/** Counters go on while the application writes: two verdicts that differ in them alone agree. */
const plain = (says: string): string => says.replace(/ \(up to \d+ transactions\)/, '');

/** A sentence where the journal and the disks disagree; the disks are believed. Null: they agree, or there is no journal. */
export const disagreement = (journal: JournalVerdict | string | null, disks: string): string | null => {
  if (journal === null || typeof journal === 'string') return journal;
  return plain(journal.says) === plain(disks)
    ? null
    : `The journal of ${localTime(journal.at)} said “${journal.says}”; the disks now say “${disks}”. The disks count.`;
};
