import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, known, word } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import type { PrivateRole } from '../../shell/private-units.ts';
import { onlineDirectory } from './names.ts';

/** Which two servers change places, and what is kept where meanwhile (changing-places.ts). */

export interface Side {
  readonly role: PrivateRole;
  readonly major: number;
  readonly bindir: Path;
  /** Where it lies while it does not serve. */
  readonly aside: Path;
}

export interface ChangeOfPlaces {
  readonly primary: NodeFacts;
  readonly leaves: Side;
  readonly comes: Side;
  /** How the subscriptions of the one that comes are called, up to the database's oid. */
  readonly follows: 'pgaf_up_' | 'pgaf_back_';
  /** Of these markers one proves it, and one rehearses that. */
  readonly what: 'cut-over' | 'way-back';
  /** Slots by which the other one follows from here on; null: it does not. */
  readonly turns: 'pgaf_back_' | null;
  /** What is done where there are large objects, which nothing carries. */
  readonly objects: 'refuse' | 'leave';
  /** It gets the configuration of the one that leaves, as it is now. */
  readonly carries: boolean;
  /** Where pg_controldata of the one that leaves is kept, as it was shut down, and of the one that comes, as it begins to serve. */
  readonly stopped: Path;
  readonly begins: Path;
  /** Is there from the stop of a cut back on, until that is undone: it tells which of both was begun where nobody lies in the place. */
  readonly goesBack: Path;
  /** What pg_autoctl must know of the one that comes, as lines of a function. */
  readonly settle: Fragment;
  /** Where its configuration and its state are kept as they were for the one that leaves, on their own file systems. */
  readonly keptConfiguration: Path;
  readonly keptState: Path;
}

/** The files of SQL that a change of places has, in our own directory. */
export const sqlNames = ['leave', 'arrive', 'turn', 'schema'] as const;
export type PlacesSql = (typeof sqlNames)[number];
export const sqlFile = (primary: NodeFacts, name: PlacesSql): Path =>
  word`${onlineDirectory(primary)}/${known<PlacesSql>(name)}.sql`;

export const primaryPlaces = (facts: ClusterFacts): { readonly old: Side; readonly new: Side } => {
  const primary = primaryOf(facts);
  return {
    old: { role: 'old', major: facts.oldMajor, bindir: primary.oldBindir, aside: primary.backupData },
    new: { role: 'new', major: facts.newMajor, bindir: primary.newBindir, aside: primary.newData },
  };
};
