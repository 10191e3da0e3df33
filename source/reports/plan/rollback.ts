import { type ClusterFacts, isOnline, secondariesOf } from '../../cluster/facts.ts';
import type { PhaseId } from '../../runbook/language/step.ts';
import type { RollbackVerdict } from '../../runbook/verdict/verdict.ts';

export interface RollbackForetold {
  readonly kind: Exclude<RollbackVerdict['kind'], 'unknown'>;
  readonly says: string;
}

/**
 * What a rollback will mean once a phase is over, foretold: during the run the verdict is read from the disks
 * (runbook/verdict.ts), and a test holds these words to it.
 */
export const rollbackAfter = (facts: ClusterFacts, phase: PhaseId): RollbackForetold =>
  isOnline(facts) ? onlineRollbackAfter(facts, phase) : ordinaryRollbackAfter(facts, phase);

const onlineRollbackAfter = ({ oldMajor, newMajor }: ClusterFacts, phase: PhaseId): RollbackForetold => {
  switch (phase) {
    case 'A':
      return {
        kind: 'nothing-to-undo',
        says: `nothing to undo: ${oldMajor} serves, and ${newMajor} follows; it is called off with pgaf-upgrade call-off`,
      };
    case 'B':
    case 'D':
      return {
        kind: 'safe',
        says: `safe, no data loss: ${oldMajor} serves on, the monitor gets its old directory again, and ${newMajor} follows on`,
      };
    case 'N':
      return {
        kind: 'loses-new-writes',
        says: `for a moment: possible, but what ${newMajor} writes is not on ${oldMajor} until the next step, which follows at once`,
      };
    default:
      return {
        kind: 'lossless',
        says: `lossless, as long as ${oldMajor} follows (until the clean-up, and without a failover): it takes its place again with all that ${newMajor} wrote`,
      };
  }
};

const ordinaryRollbackAfter = (facts: ClusterFacts, phase: PhaseId): RollbackForetold => {
  const { oldMajor, newMajor, mode } = facts;
  const linked = mode === 'link';
  const copies = secondariesOf(facts)
    .filter((node) => node.rebuild === 'base-backup')
    .map((node) => node.alias);
  switch (phase) {
    case 'A':
      return {
        kind: 'nothing-to-undo',
        says: `nothing to undo: the running cluster is as it was; what was made beside it can stay or be removed`,
      };
    case 'B':
      return {
        kind: 'safe',
        says: `safe, no data loss: the primary works on as it was${copies.length === 0 ? '' : ', the secondaries leave maintenance'}`,
      };
    case 'C':
      return {
        kind: 'safe',
        says: `safe, no data loss: the primary starts again on ${oldMajor} in place, and the monitor, which is upgraded by then, on its old directory`,
      };
    case 'D':
      return {
        kind: 'safe',
        says: linked
          ? `safe, no data loss, as long as ${newMajor} has never been started on the primary: its old directory is started again, and the monitor’s too`
          : 'safe, no data loss: the old directories of primary and monitor are untouched',
      };
    case 'E':
    case 'F':
      if (!linked)
        return {
          kind: 'safe',
          says: 'safe, no data loss: the old directories of primary and monitor are untouched',
        };
      return copies.length === 0
        ? { kind: 'backup-only', says: 'only from a backup: no secondary keeps a fallback copy' }
        : {
            kind: 'safe-through',
            says: `safe through the fallback copy of ${copies.join(' or ')}, no data loss: it becomes the primary, node ids are new, the former primary is copied anew`,
          };
    default:
      if (linked && copies.length === 0)
        return { kind: 'backup-only', says: 'only from a backup: no secondary keeps a fallback copy' };
      return {
        kind: 'loses-new-writes',
        says: `possible, but what the application has written on ${newMajor} is lost${linked ? ' (through a secondary’s fallback copy)' : ''}; after the clean-up only from a backup`,
      };
  }
};
