/**
 * Extensions of PostgreSQL's own that a major version does not have any more, by the first version without them. Source: PostgreSQL,
 * release notes of 10 to 17, “Migration” and “Additional Modules”.
 */
const removedIn: ReadonlyMap<string, number> = new Map([
  ['tsearch2', 10],
  ['chkpass', 11],
  ['timetravel', 12],
  ['plpythonu', 15],
  ['plpython2u', 15],
  ['hstore_plpythonu', 15],
  ['hstore_plpython2u', 15],
  ['jsonb_plpythonu', 15],
  ['jsonb_plpython2u', 15],
  ['ltree_plpythonu', 15],
  ['ltree_plpython2u', 15],
  ['adminpack', 17],
  ['old_snapshot', 17],
]);

/** No package brings it back: it is to be dropped, not to be installed. */
export const removedExtension = (name: string, newMajor: number | null): boolean =>
  newMajor !== null && (removedIn.get(name) ?? Number.POSITIVE_INFINITY) <= newMajor;
