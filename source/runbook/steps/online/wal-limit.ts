import { keepWalMegabytes, sizeMegabytes } from '../../../cluster/config/keep-wal.ts';
import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, quoted, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import { acceptsWrites, isMajor, onHost, verdictOf } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf, StepsOf } from '../../language/outline.ts';
import { ready } from '../../language/step.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { keepFunction, wholeLines } from '../../shell/self-checks.ts';
import { script } from '../../shell/shell.ts';
import { askServer } from './databases.ts';
import { onlineHolds, onlineIn, onlineOn } from './evidence.ts';
import { onlineDirectory } from './names.ts';

/**
 * `upgrade.keepWal`: how much WAL the servers keep for who follows, before they give up its slot, and with it the preparation or the lossless rollback, instead of filling the disk. It is
 * max_slot_wal_keep_size, set by ALTER SYSTEM on the primary before its slots are made: the old version has it while the new one follows, the new version takes it over with the
 * whole configuration at the cut-over, and the old one has it still where it is isolated, for the slots of its secondaries. What stood in postgresql.auto.conf before is noted on the
 * primary's host. A secondary gets it with its base backup, and is rid of it at once. Source: PostgreSQL, max_slot_wal_keep_size; sql-altersystem.
 */

const noted = (host: NodeFacts): Path => word`${onlineDirectory(host)}/keep-wal`;

const wasSql = quoted(
  "select 'was=' || coalesce((select setting from pg_file_settings where name = 'max_slot_wal_keep_size' and sourcefile ~ 'postgresql[.]auto[.]conf$' order by seqno desc limit 1), '')",
);

/** Lines that give back what stood there: `$was`, as ALTER SYSTEM takes it; empty: nothing. */
const backLines = (host: NodeFacts): Fragment => sh`
  case $was in *[!-+.0-9A-Za-z\ ]*) echo "this is no size: $was" >&2; exit 1 ;; esac
  if [ -z "$was" ]; then ${askServer(host, 'postgres', 'serving')} -qc 'alter system reset max_slot_wal_keep_size' </dev/null
  else
    ${hereDocument(sh`${askServer(host, 'postgres', 'serving')} -q -v was="$was"`, 'END-OF-SQL', "alter system set max_slot_wal_keep_size = :'was';")}
  fi
  ${askServer(host, 'postgres', 'serving')} -Atqc 'select pg_reload_conf()' </dev/null >/dev/null
`;

const isBounded = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean =>
  facts.keepWal !== null && onlineOn(node, world)?.server?.keepMb === keepWalMegabytes(facts.keepWal);

/** J. Before the slots are made. None where the cluster file sets no limit. */
export const boundWal: StepsOf = (facts, phase) => {
  const { keepWal } = facts;
  if (keepWal === null) return [];
  const primary = primaryOf(facts);
  return [
    makeStep(facts, {
      id: 'wal-limit',
      phase,
      host: primary,
      as: 'postgres',
      title: `Bound the WAL that is kept: ${keepWal}`,
      reason: `A slot that would make the server keep more than ${keepWal} is given up, before the disk is full: the preparation is void then, and behind the cut-over the lossless rollback is lost; status tells how far it is until then. It holds for the slots of secondaries, too. What was set before comes back with call-off, rollback and cleanup.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        umask 077
        ${keepFunction}
        mkdir -p ${onlineDirectory(primary)}
        if [ ! -s ${noted(primary)} ]; then
          ${wholeLines(sh`${noted(primary)}.new`, sh`${askServer(primary, 'postgres', 'serving')} -Atc ${wasSql}`)}
          keep ${noted(primary)}.new; mv ${noted(primary)}.new ${noted(primary)}; keep ${noted(primary)}
        fi
        ${askServer(primary, 'postgres', 'serving')} -qc ${quoted(`alter system set max_slot_wal_keep_size = '${keepWal}'`)}
        ${askServer(primary, 'postgres', 'serving')} -Atqc 'select pg_reload_conf()' >/dev/null
      `),
      probe: (world) => {
        const seen = onlineIn(facts, world);
        if (seen === null || seen.server === null) return pending('not seen');
        if (!isBounded(facts, primary, world)) return pending(`it is not ${keepWal}`);
        return seen.keepWalWas === undefined
          ? half('what was set before is not noted')
          : done(`it is ${keepWal}`);
      },
      before: [acceptsWritesOnOld(facts, primary)],
      after: [
        onlineHolds(primary, `max_slot_wal_keep_size is ${keepWal}`, (_, world) =>
          verdictOf(isBounded(facts, primary, world), 'it is not'),
        ),
      ],
      settleSeconds: 10,
      undo: undoText('pgaf-upgrade call-off sets it back'),
    }),
  ];
};

/** H. A base backup has brought the setting, and no slot of ours is on a secondary. */
export const unboundSecondary =
  (node: NodeFacts): StepsOf =>
  (facts, phase) => {
    const { keepWal } = facts;
    if (keepWal === null) return [];
    const was = (world: Observations): string | undefined => onlineIn(facts, world)?.keepWalWas;
    const isAsBefore = (world: Observations): boolean =>
      !isBounded(facts, node, world) || sizeMegabytes(was(world) ?? '') === keepWalMegabytes(keepWal);
    return [
      makeStep(facts, {
        id: 'wal-limit-gone',
        phase,
        host: node,
        as: 'postgres',
        title: 'Set back the bound of WAL on the secondary',
        reason: 'The base backup has brought it along; here nothing of the upgrade is kept.',
        guide: null,
        danger: 'changes',
        script: (world) => {
          const before = was(world);
          return before === undefined
            ? { kind: 'unresolved', needs: `what was set before, which ${primaryOf(facts).alias} has noted` }
            : ready(
                script(sh`
                  was=${quoted(before)}
                  ${backLines(node)}
                `),
              );
        },
        probe: (world) => {
          const seen = hostIn(world, node.alias);
          if (seen === null) return pending('not seen');
          if (!isMajor(seen.data, facts.newMajor) || onlineOn(node, world)?.server == null)
            return pending(`PostgreSQL ${facts.newMajor} does not run there`);
          return isAsBefore(world) ? done('it is not bounded for the upgrade') : pending(`it is ${keepWal}`);
        },
        before: [
          onHost(node.alias, `${node.alias} is PostgreSQL ${facts.newMajor}`, (seen) =>
            verdictOf(isMajor(seen.data, facts.newMajor), 'it is not'),
          ),
        ],
        after: [
          onlineHolds(node, 'max_slot_wal_keep_size is as it was', (_, world) =>
            verdictOf(isAsBefore(world), 'it is not'),
          ),
        ],
        settleSeconds: 10,
        undo: nothingToUndo,
      }),
    ];
  };

/** By the cluster file, or as its host has noted, whatever the cluster file says by now. */
export const mayBeBounded = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean =>
  (facts.keepWal !== null && node === primaryOf(facts)) || onlineOn(node, world)?.keepWalWas !== undefined;

/** Of whoever had the slots: with them the limit goes. */
export const unboundWal =
  (host: NodeFacts, serves: 'old' | 'new' | 'whoever' = 'whoever'): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'wal-limit-gone',
      phase,
      host,
      as: 'postgres',
      title: 'Set back the bound of WAL',
      reason: 'max_slot_wal_keep_size is what it was before the preparation.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        if [ -s ${noted(host)} ]; then
          was=$(sed -n 's/^was=//p' ${noted(host)})
          ${backLines(host)}
          rm -f ${noted(host)}
        fi
      `),
      probe: (world) => {
        const seen = onlineOn(host, world);
        if (seen === null || seen.server === null) return pending('not seen');
        return seen.keepWalWas === undefined
          ? done('nothing was changed')
          : pending('it is bounded for the upgrade');
      },
      before: serves === 'new' ? [acceptsWrites(facts, host)] : [],
      after: [
        onlineHolds(host, 'nothing is noted to be set back', ({ keepWalWas }) =>
          verdictOf(keepWalWas === undefined, 'it is'),
        ),
      ],
      undo: nothingToUndo,
    });
