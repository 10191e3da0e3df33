import type { CheckInspection, Place } from '../../cluster/checks/evidence.ts';
import { type HostFacts, isNode, takesLinks, type UpgradeMode } from '../../cluster/facts.ts';

const megabyte = 1024 * 1024;
/** initdb's 40 MB, WAL at its smallest (min_wal_size is 80 MB), logs. */
const base = 200 * megabyte;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** The bytes of all databases, without WAL. */
export const dataBytes = (inspection: CheckInspection): number =>
  sum(inspection.databases.map((one) => one.bytes));
export const catalogBytes = (inspection: CheckInspection): number =>
  sum(inspection.databases.map((one) => one.catalogBytes));

/** Of one tablespace on a file system of its own. */
export interface Elsewhere {
  readonly place: Place;
  readonly bytes: number;
}

/** Tablespaces that do not share the data's file system: they need their room there. */
export const tablespacesElsewhere = (inspection: CheckInspection): readonly Elsewhere[] =>
  inspection.tablespaces
    .filter(({ place }) => place.device !== inspection.parent.device)
    .map(({ place }) => ({
      place,
      bytes: inspection.server?.tablespaces.find((one) => one.location === place.path)?.bytes ?? 0,
    }));

const elsewhereBytes = (inspection: CheckInspection): number =>
  sum(tablespacesElsewhere(inspection).map((one) => one.bytes));

/** Whether every file is written anew, or gets a second name. */
export const copiesData = (facts: HostFacts, mode: UpgradeMode): boolean =>
  !takesLinks(facts) && !(isNode(facts) && facts.role === 'primary' && mode === 'link');

/** Of the WAL that is kept while the copy is made and follows: as much as there is now, at least a gigabyte. */
const keptWal = (inspection: CheckInspection): number => Math.max(1024 * megabyte, inspection.walBytes);

/** What is kept beside the old data once the copy is there. */
export const roomForWal = (inspection: CheckInspection): Room => ({
  bytes: keptWal(inspection),
  what: 'WAL that is kept until the new version has it',
});

/** What the online method writes beside the old data on the primary: a whole copy, the new catalogs, the WAL that waits for it. */
export const roomForCopy = (inspection: CheckInspection): Room => ({
  bytes:
    base +
    Math.ceil(1.05 * Math.max(0, dataBytes(inspection) - elsewhereBytes(inspection))) +
    2 * catalogBytes(inspection) +
    keptWal(inspection),
  what: 'a copy of the data, the new catalogs, and WAL that is kept meanwhile',
});

/** Of each other file system that a tablespace lies on: the copy’s parts, and new catalogs where a database lies there. */
export const roomsForCopyElsewhere = (
  inspection: CheckInspection,
): readonly { readonly place: Place; readonly room: Room }[] => {
  const all = tablespacesElsewhere(inspection);
  const first = all.filter(
    ({ place }, at) => all.findIndex((one) => one.place.device === place.device) === at,
  );
  return first.map(({ place }) => {
    const bytes = sum(all.filter((one) => one.place.device === place.device).map((one) => one.bytes));
    return {
      place,
      room: {
        bytes: Math.ceil(1.05 * bytes) + Math.min(bytes, 2 * catalogBytes(inspection)),
        what: 'a copy of what the tablespaces hold there',
      },
    };
  });
};

export interface Room {
  readonly bytes: number;
  readonly what: string;
}

/**
 * What the upgrade writes beside the old data: link the catalogs; clone, where blocks are shared only until they
 * change, and copy everything; a secondary and the monitor everything. Source: PostgreSQL, pg_upgrade, --link, --clone and
 * --copy; a base backup is a copy (pg_basebackup).
 */
export const roomNeeded = (facts: HostFacts, inspection: CheckInspection, mode: UpgradeMode): Room => {
  if (isNode(facts) && facts.role === 'primary' && mode === 'link')
    return { bytes: base + 2 * catalogBytes(inspection), what: 'the new catalogs' };
  if (takesLinks(facts))
    return { bytes: base + 2 * catalogBytes(inspection), what: 'the new catalogs beside the old data' };
  const everything = base + Math.ceil(1.05 * (dataBytes(inspection) - elsewhereBytes(inspection)));
  if (!isNode(facts)) return { bytes: everything, what: 'a copy of the monitor’s database' };
  return facts.role === 'primary'
    ? { bytes: everything, what: `pg_upgrade --${mode}` }
    : { bytes: everything, what: 'a whole base backup beside the old data' };
};
