import { posix } from 'node:path';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';

/** The note that a person finds who looks for a way back by hand. */
const noteName = 'DO-NOT-START.txt';

/** Takes pg_control away, under any of its names, and leaves a note: no server starts on this directory, whoever tries. */
const lockAway = (directory: string, names: readonly string[], note: readonly string[]): string[] => [
  `for name in ${names.join(' ')}; do`,
  `  if [ -e ${directory}/global/$name ]; then mv ${directory}/global/$name ${directory}/global/pg_control.do-not-start; fi`,
  'done',
  `cat > ${directory}/${noteName} <<'NOTE'`,
  ...note,
  'NOTE',
  `sync -- ${directory}/${noteName} ${directory}/global ${directory} || sync`,
];

/**
 * A linked old directory shares its files with the new cluster: once that has run, the old server would start without
 * an error and lose tables after a few writes. So its pg_control, which pg_upgrade has renamed to pg_control.old, moves
 * to a name that no instruction mentions, and a note says why. Source: field guide, section 3.
 */
export const disarmLines = (facts: ClusterFacts, directory: string): string[] =>
  lockAway(
    directory,
    ['pg_control', 'pg_control.old'],
    [
      `Do not start PostgreSQL ${facts.oldMajor} on this directory.`,
      `Its files are shared by hard links with a PostgreSQL ${facts.newMajor} cluster, which has been started.`,
      `${facts.oldMajor} would start without an error and lose data after a few writes.`,
      'The way back is the image of a secondary: pgaf-upgrade rollback.',
    ],
  );

/** The other side of the same links: an abandoned new cluster whose files the old one uses again. */
export const disarmAbandonedLines = (facts: ClusterFacts, directory: string): string[] =>
  lockAway(
    directory,
    ['pg_control'],
    [
      `Do not start PostgreSQL ${facts.newMajor} on this directory.`,
      `Its files are shared by hard links with the PostgreSQL ${facts.oldMajor} cluster that runs again.`,
      `${facts.newMajor} would change them under it. The directory may be removed: pgaf-upgrade cleanup.`,
    ],
  );

/** Takes the disarming back; only where the new cluster has provably never been started. */
export const rearmLines = (data: string): string[] => [
  `for name in pg_control.old pg_control.do-not-start; do`,
  `  if [ ! -e ${sh(`${data}/global/pg_control`)} ] && [ -e ${sh(`${data}/global`)}/$name ]; then mv ${sh(`${data}/global`)}/$name ${sh(`${data}/global/pg_control`)}; fi`,
  'done',
  `rm -f ${sh(posix.join(data, noteName))}`,
  `sync -- ${sh(`${data}/global`)} ${sh(data)} || sync`,
];
