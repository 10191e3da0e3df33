import type { ClusterFacts, NodeFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';

/** The note that a person finds who looks for a way back by hand. */
export const noteFile = (node: NodeFacts): string => `${node.backupData}/DO-NOT-START.txt`;

/**
 * A linked old directory shares its files with the new cluster: once that has run, the old server would start without
 * an error and lose tables after a few writes. So its pg_control, which pg_upgrade has renamed to pg_control.old, moves
 * to a name that no instruction mentions, and a note says why. Source: field guide, section 3.
 */
export const disarmLines = (facts: ClusterFacts, node: NodeFacts): string[] => {
  const global = `${node.backupData}/global`;
  return [
    `if [ -e ${sh(`${global}/pg_control.old`)} ]; then mv ${sh(`${global}/pg_control.old`)} ${sh(`${global}/pg_control.do-not-start`)}; fi`,
    `cat > ${sh(noteFile(node))} <<'NOTE'`,
    `Do not start PostgreSQL ${facts.oldMajor} on this directory.`,
    `Its files are shared by hard links with the PostgreSQL ${facts.newMajor} cluster in ${node.data}, which has been started.`,
    `${facts.oldMajor} would start without an error and lose data after a few writes.`,
    'The way back is the image of a secondary: pgaf-upgrade rollback.',
    'NOTE',
  ];
};

/** Takes the disarming back; only where the new cluster has provably never been started. */
export const rearmLines = (node: NodeFacts, data: string): string[] => [
  `for name in pg_control.old pg_control.do-not-start; do`,
  `  if [ ! -e ${sh(`${data}/global/pg_control`)} ] && [ -e ${sh(`${data}/global`)}/$name ]; then mv ${sh(`${data}/global`)}/$name ${sh(`${data}/global/pg_control`)}; fi`,
  'done',
  `rm -f ${sh(`${data}/${noteFile(node).split('/').at(-1) ?? ''}`)}`,
];
