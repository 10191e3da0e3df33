import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { decodeJson } from './look/lines.ts';

const entrySchema = z.object({ at: z.string(), verdict: z.string() });

/** What an earlier console wrote last about the way back. */
export interface JournalVerdict {
  readonly at: string;
  readonly says: string;
}

const lastIn = (text: string): JournalVerdict | null => {
  for (const line of text.trimEnd().split('\n').toReversed()) {
    // A torn last line is no entry.
    const entry = entrySchema.safeParse(decodeJson(line));
    if (entry.success) return { at: entry.data.at, says: entry.data.verdict };
  }
  return null;
};

/** The last verdict in the newest journal under a cluster's directory; null where there is none that can be read. */
export const lastJournalVerdict = (directory: string): JournalVerdict | null => {
  try {
    for (const run of readdirSync(directory).sort().toReversed()) {
      const found = lastIn(readFileSync(join(directory, run, 'journal.ndjson'), 'utf8'));
      if (found !== null) return found;
    }
    return null;
  } catch {
    // No journal is no news: the verdict is made from the disks alone.
    return null;
  }
};

/** Counters go on while the application writes: two verdicts that differ in them alone agree. */
const plain = (says: string): string => says.replace(/ \(up to \d+ transactions\)/, '');

/** A sentence where the journal and the disks disagree; the disks are believed. Null: they agree, or there is no journal. */
export const disagreement = (journal: JournalVerdict | null, disks: string): string | null =>
  journal === null || plain(journal.says) === plain(disks)
    ? null
    : `The journal of ${journal.at.slice(0, 16).replace('T', ' ')} UTC said “${journal.says}”; the disks now say “${disks}”. The disks count.`;
