import { type ClusterFacts, secondariesOf } from '../../cluster/facts.ts';
import { type Fragment, hereDocument, sh, word } from '../../cluster/fragment.ts';
import { below, type Path, type RelativePath } from '../../cluster/words.ts';

/** The note that a person finds who looks for a rollback by hand. */
const noteName: RelativePath = word`DO-NOT-START.txt`;

/** Takes pg_control away, under any of its names, and leaves a note: no server starts on this directory, whoever tries. */
const lockAway = (directory: Path, names: Fragment, note: Fragment): Fragment => sh`
  for name in ${names}; do
    if [ -e ${directory}/global/$name ]; then mv ${directory}/global/$name ${directory}/global/pg_control.do-not-start; fi
  done
  ${hereDocument(sh`cat > ${directory}/${noteName}`, 'NOTE', note)}
  sync -- ${directory}/${noteName} ${directory}/global ${directory} || sync
`;

/**
 * A linked old directory shares its files with the new cluster: once that has run, the old server would start without
 * an error and lose tables after a few writes. So its pg_control, which pg_upgrade has renamed to pg_control.old, moves
 * to a name that no instruction mentions, and a note says why. Source: PostgreSQL, pg_upgrade, “Reverting to old cluster”; the
 * loss seen with 15.20 and 17.12 on the lab (fixtures/lab).
 */
export const disarmLines = (facts: ClusterFacts, directory: Path): Fragment =>
  lockAway(
    directory,
    sh`pg_control pg_control.old`,
    sh`
      Do not start PostgreSQL ${facts.oldMajor} on this directory.
      Its files are shared by hard links with a PostgreSQL ${facts.newMajor} cluster.
      Once that has been started, ${facts.oldMajor} would start here without an error and lose data after a few writes.
      ${secondariesOf(facts).length === 0 ? sh`There is no secondary: a rollback is only possible from a backup.` : sh`A rollback uses the fallback copy of a secondary: pgaf-upgrade rollback.`}
    `,
  );

/** The other side of the same links: an abandoned new cluster whose files the old one uses again. */
export const disarmAbandonedLines = (facts: ClusterFacts, directory: Path): Fragment =>
  lockAway(
    directory,
    sh`pg_control`,
    sh`
      Do not start PostgreSQL ${facts.newMajor} on this directory.
      Its files are shared by hard links with the PostgreSQL ${facts.oldMajor} cluster that runs again.
      ${facts.newMajor} would change them under it. The directory may be removed: pgaf-upgrade cleanup.
    `,
  );

/** Takes the disarming back; only where the new cluster has provably never been started. */
export const rearmLines = (data: Path): Fragment => {
  const global: Path = word`${data}/global`;
  const control: Path = word`${global}/pg_control`;
  return sh`
    for name in pg_control.old pg_control.do-not-start; do
      if [ ! -e ${control} ] && [ -e ${global}/$name ]; then mv ${global}/$name ${control}; fi
    done
    rm -f ${below(data, noteName)}
    sync -- ${global} ${data} || sync
  `;
};
