import type { HostMeasurements } from './measurements.ts';

/** How long a secondary takes to get the new version's data, either way. */

/** What is taken where nothing was measured: an ordinary machine; bytes a second. */
export const assumedDisk = 200 * 1024 ** 2;
const assumedLink = 125_000_000;

type Measured = HostMeasurements | undefined;

/** The slowest of both network cards and the disk that is written to, bytes a second. */
const pace = (primary: Measured, secondary: Measured): number =>
  Math.min(
    secondary?.linkBytesPerSecond ?? assumedLink,
    primary?.linkBytesPerSecond ?? assumedLink,
    secondary?.diskBytesPerSecond ?? assumedDisk,
  );

/** A base backup goes at the pace of the slowest of rate, network and disk; seconds. */
export const backupSeconds = (primary: Measured, secondary: Measured): number =>
  1.5 + (primary?.dataBytes ?? 0) / Math.min(secondary?.backupRate ?? assumedDisk, pace(primary, secondary));

/** initdb's own databases that nobody can connect to, and WAL; bytes. Measured on the lab: 57 MB were sent where the catalogs had 29. */
const besidesCatalogs = 30 * 1024 ** 2;
/** Of each relation: in the list, compared, linked. Measured on the lab: 12,000 files more took 0.6 s more. */
const secondsPerRelation = 0.000_05;

/** A transfer of links: the catalogs are sent, the rest is inspected; seconds. It does not grow with the tables' size. */
export const linkSeconds = (primary: Measured, secondary: Measured): number =>
  0.5 +
  ((primary?.catalogBytes ?? 0) + besidesCatalogs) / pace(primary, secondary) +
  (primary?.relations ?? 2_000) * secondsPerRelation;
