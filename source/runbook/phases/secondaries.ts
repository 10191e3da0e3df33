import { posix } from 'node:path';
import {
  type ClusterFacts,
  linkedOf,
  type NodeFacts,
  primaryOf,
  secondariesOf,
  takesLinks,
} from '../../cluster/facts.ts';
import { quoted, sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, nodeIn, type Observations } from '../../cluster/observations.ts';
import { parentOf } from '../../cluster/words.ts';
import {
  acceptsWrites,
  allStopped,
  autoctlRuns,
  backupIsThere,
  describe,
  isMajor,
  nodeSettled,
  onHost,
  pointsToNew,
  streaming,
  verdictOf,
} from '../conditions.ts';
import { isMovedAside, newSystemIdentifier } from '../evidence.ts';
import { isFallbackCopy } from '../fallback-copies.ts';
import { backupGauge } from '../gauge.ts';
import { linkForgetStep } from '../hard-link/let-in.ts';
import { canJoin, nothingCopied, ownFilesStep } from '../hard-link/rebuild.ts';
import { streamStep } from '../hard-link/stream.ts';
import { askLiveness, livenessFunction } from '../liveness.ts';
import { autoctlProbe, done, half, makeStep, pending } from '../make-step.ts';
import { oursLine, ownershipFunctions, stagingBegunLines } from '../ownership.ts';
import { inParallel } from '../parallel.ts';
import { controlFunctions, idleFunction, keepFunction, sameFileSystemFunction } from '../proofs.ts';
import { rollbackRoute } from '../rollback/route.ts';
import { psql, script } from '../shell.ts';
import type { Condition, Step, StepId } from '../step.ts';
import { partsHaveFollowed, tablespacesAreFree } from '../tablespaces/conditions.ts';
import { dropPartsWhere, followFunction, oldGoesAside, partsBegunLines } from '../tablespaces/move.ts';
import { pgCtlStep, stateFileStep, unitStep } from './autoctl-files.ts';
import { unguardStep } from './restore.ts';
import { disableMaintenanceScript, serviceLogs, serviceUser, startScript } from './service.ts';

/**
 * The last image that could run where it stands, when nothing else leads back without loss: worth the host's name.
 * Null in clone and copy mode, where the old primary's own directory is whole.
 */
const lastFallbackCopy = (facts: ClusterFacts, node: NodeFacts, world: Observations): string | null => {
  const inPlace = secondariesOf(facts).filter(
    (one) => isFallbackCopy(facts, one, world) && !isMovedAside(facts, one, world),
  );
  if (inPlace.length !== 1 || inPlace[0] !== node || rollbackRoute(facts, world).kind !== 'fallback-copy')
    return null;
  return lastFallbackCopyWords(facts, node);
};

const lastFallbackCopyWords = (facts: ClusterFacts, node: NodeFacts): string =>
  `${node.alias} holds the last image of PostgreSQL ${facts.oldMajor} that can start where it stands. From here on a way back first has to move a ${posix.basename(node.backupData)} back into its place; it stays whole until it is removed, then only a backup is left.`;

/** Which step will give up the last image that stands in its place, if all goes in order; for a plan. Null: none. */
export const lastCopyAhead = (
  facts: ClusterFacts,
): { readonly step: StepId; readonly says: string } | null => {
  const last = copiedOf(facts).at(-1);
  return last === undefined || facts.mode !== 'link'
    ? null
    : { step: asideStep(facts, last, 'H').id, says: lastFallbackCopyWords(facts, last) };
};

/**
 * A base backup that was killed leaves its part in a tablespace, and the next one refuses it; none is under way while
 * pg_autoctl is stopped. As postgres, whose files they are: root removes nothing where postgres can change what is meant.
 */
const leftPartsStep = (facts: ClusterFacts, node: NodeFacts): Step[] =>
  node.tablespaces.length === 0
    ? []
    : [
        makeStep(facts, {
          id: 'left-parts',
          phase: 'H',
          host: node,
          as: 'postgres',
          title: 'Remove what a killed base backup left',
          reason:
            'A base backup that did not end leaves files in the tablespaces, and the next one refuses them.',
          guide: null,
          danger: 'changes',
          script: script(
            ...ownershipFunctions(facts),
            livenessFunction,
            askLiveness(node),
            sh`echo "pg_autoctl: $autoctl $keeper"`,
            ...dropPartsWhere(node, facts.newMajor, sh`[ ! -e ${node.data} ] && [ "$autoctl" = stopped ]`),
          ),
          probe: (world) => {
            const seen = hostIn(world, node.alias);
            if (seen === null) return pending('not seen');
            const left = seen.tablespaces.some(({ parts }) =>
              parts.some((part) => part.aside === '' && part.major === facts.newMajor),
            );
            return left && seen.data.kind === 'absent' && seen.pgAutoctl === 'stopped'
              ? pending('a part is there')
              : done('nothing is left of one');
          },
          undo: 'nothing to undo',
        }),
      ];

/** The secondaries that get a base backup. */
const copiedOf = (facts: ClusterFacts): readonly NodeFacts[] =>
  secondariesOf(facts).filter((node) => !takesLinks(node));

/** In H before a base backup, in D, beside pg_upgrade, before links are taken over. */
export const asideStep = (facts: ClusterFacts, node: NodeFacts, phase: 'D' | 'H'): Step =>
  makeStep(facts, {
    id: 'aside',
    phase,
    host: node,
    as: 'postgres',
    title: `${posix.basename(node.data)} → ${posix.basename(node.backupData)}`,
    reason:
      phase === 'H'
        ? `The PG ${facts.oldMajor} image stays whole beside the new data; pg_autoctl finds no directory and takes a base backup.`
        : 'Both directories have the names that they have on the primary: by them rsync finds which files belong together.',
    guide: 'Step 12',
    danger: 'changes',
    script: script(
      ...ownershipFunctions(facts),
      ...idleFunction,
      ...keepFunction,
      ...controlFunctions,
      ...(node.tablespaces.length === 0 ? sameFileSystemFunction : followFunction(node)),
      sh`if [ ! -e ${node.backupData} ]; then`,
      sh`  [ "$(cat ${word`${node.data}/PG_VERSION`})" = ${facts.oldMajor} ] || { echo ${word`${node.data} is not PostgreSQL ${facts.oldMajor}`} >&2; exit 1; }`,
      sh`  of_system ${node.oldBindir} ${node.data} ${facts.systemIdentifier}`,
      sh`  idle ${node.data}`,
      sh`  same_file_system ${node.data} ${parentOf(node.data)}`,
      ...oldGoesAside(facts, node).map((line) => sh`  ${line}`),
      sh`  own ${node.data} # before it gets a name that another's could have`,
      sh`  mv -T ${node.data} ${node.backupData}`,
      sh`  keep ${node.backupData}`,
      sh`fi`,
      oursLine(facts, node.backupData),
      sh`du -sh ${node.backupData}`,
      sh`[ ! -e ${node.data} ] || { echo ${word`${node.data} and ${node.backupData} are both there: look at both`} >&2; exit 1; }`,
    ),
    probe: (world) =>
      isMovedAside(facts, node, world)
        ? done(`${node.backupData} holds the image`)
        : pending(`${node.data} is the image still`),
    before: [
      allStopped(node),
      onHost(node.alias, `${node.data} is PostgreSQL ${facts.oldMajor}`, (seen) =>
        verdictOf(isMajor(seen.data, facts.oldMajor), `it ${describe(seen.data)}`),
      ),
    ],
    after: [backupIsThere(facts, node), ...partsHaveFollowed(node, 'backupData')],
    undo: sh`mv ${node.backupData} ${node.data}`.text,
    forfeits: (world) => {
      const says = lastFallbackCopy(facts, node, world);
      // It stays whole beside the new data, and can be moved back.
      return says === null ? null : { kind: 'other', text: says };
    },
  });

const startStep = (facts: ClusterFacts, node: NodeFacts): Step =>
  makeStep(facts, {
    id: 'start',
    phase: 'H',
    host: node,
    as: serviceUser(node),
    failureLogs: serviceLogs(facts, node),
    title: 'Start pg_autoctl on the secondary',
    reason: takesLinks(node)
      ? 'It reports to the monitor and waits in maintenance, its server stopped.'
      : 'It reports to the monitor and waits in maintenance, with no data directory yet.',
    guide: 'Step 12',
    deviation:
      'The guide creates the node again; it would stay in maintenance for ever, and the name is taken.',
    danger: 'changes',
    script: startScript(facts, node, node.newAutoctl),
    probe: (world) => autoctlProbe(node, world),
    before: [
      backupIsThere(facts, node),
      onHost(node.alias, `${node.data} is not PostgreSQL ${facts.oldMajor} any more`, (seen) =>
        verdictOf(!isMajor(seen.data, facts.oldMajor), `it ${describe(seen.data)}: run the step aside first`),
      ),
      pointsToNew(node),
      onHost(node.alias, 'the state file of pg_autoctl has the new system identifier', (seen, world) =>
        verdictOf(
          seen.stateIdentifier !== null &&
            seen.stateIdentifier === newSystemIdentifier(facts, primaryOf(facts), world),
          `it is ${seen.stateIdentifier ?? 'unknown'}: run the step state-file first`,
        ),
      ),
      acceptsWrites(facts, primaryOf(facts)),
    ],
    after: [onHost(node.alias, 'pg_autoctl runs', autoctlRuns)],
    settleSeconds: 60,
    undo: sh`stop it; mv ${node.backupData} ${node.data}`.text,
  });

/**
 * pg_autoctl's base backup waits for a spread checkpoint: seen to take 270 s for 350 MB. One that has just been made
 * leaves it nothing to wait for.
 */
const checkpointStep = (facts: ClusterFacts, node: NodeFacts): Step => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: `checkpoint-for-${node.alias}`,
    phase: 'H',
    host: primary,
    as: 'postgres',
    title: `CHECKPOINT, before ${node.alias}’s base backup`,
    reason:
      'The base backup begins with a checkpoint that is spread over minutes; after this one it has little to do.',
    guide: 'Step 12',
    danger: 'changes',
    script: script(sh`${psql(primary, primary.newBindir, 'postgres')} -c ${quoted('checkpoint')}`),
    probe: (world) => {
      const row = nodeIn(world, node.alias);
      return row !== null && row.assigned !== 'maintenance'
        ? done('the base backup has begun')
        : pending('it is still ahead');
    },
    before: [acceptsWrites(facts, primary)],
    undo: 'nothing to undo',
  });
};

/** Once the order was given, pg_autoctl is at it or goes on with it after a restart: it is only waited for. */
const unlessOrdered = (node: NodeFacts, condition: Condition): Condition => ({
  text: condition.text,
  holds: (world) => {
    const row = nodeIn(world, node.alias);
    return row !== null && row.assigned !== 'maintenance' ? { holds: true } : condition.holds(world);
  },
});

const joinStep = (facts: ClusterFacts, node: NodeFacts): Step => {
  const primary = primaryOf(facts);
  const linked = takesLinks(node);
  return makeStep(facts, {
    id: 'join',
    phase: 'H',
    host: node,
    as: 'postgres',
    failureLogs: serviceLogs(facts, node),
    title: linked ? 'Disable maintenance: secondary' : 'Disable maintenance: base backup, then secondary',
    reason: linked
      ? `pg_autoctl asks pg_rewind, which finds nothing to do, and streams from ${primary.alias}; the node keeps its id.`
      : `pg_autoctl takes the base backup from ${primary.alias} by itself and keeps the node’s id.`,
    guide: 'Step 12',
    deviation: 'Nobody disables maintenance in the guide: the node stays in it.',
    danger: 'changes',
    script: disableMaintenanceScript(node, node.newAutoctl, [
      ...ownershipFunctions(facts),
      ...(node.tablespaces.length === 0 ? [] : [...keepFunction, ...partsBegunLines(node, facts.newMajor)]),
      ...stagingBegunLines(node),
    ]),
    probe: (world) => {
      const row = nodeIn(world, node.alias);
      const seen = hostIn(world, node.alias);
      // Primary: after a switchover it has long since joined.
      const joined = ['secondary', 'primary', 'wait_primary'];
      if (
        row !== null &&
        row.assigned !== 'maintenance' &&
        joined.includes(row.reported) &&
        seen !== null &&
        isMajor(seen.data, facts.newMajor)
      )
        return done(`it is ${row.reported}`);
      if (row === null || row.assigned === 'maintenance')
        return pending(row === null ? 'not seen' : 'in maintenance');
      return half(`${row.reported} → ${row.assigned}`);
    },
    before: [
      onHost(node.alias, 'pg_autoctl runs', autoctlRuns),
      ...[
        nodeSettled(node.alias, ['maintenance']),
        linked
          ? canJoin(facts, node)
          : onHost(node.alias, `${node.data} is not there: nothing can be overwritten`, (seen) =>
              verdictOf(!isDataDirectory(seen.data), `it ${describe(seen.data)}`),
            ),
        ...(linked ? [] : tablespacesAreFree(node)),
      ].map((one) => unlessOrdered(node, one)),
      backupIsThere(facts, node),
      acceptsWrites(facts, primary),
    ],
    after: [
      onHost(node.alias, `${node.data} is PostgreSQL ${facts.newMajor}, a standby`, (seen) =>
        verdictOf(
          isDataDirectory(seen.data) && seen.data.major === facts.newMajor && seen.data.standby,
          describe(seen.data),
        ),
      ),
      ...(linked ? [nothingCopied(facts, node)] : []),
      nodeSettled(node.alias, ['secondary']),
      streaming(primary, node),
      // Not for every node: another one's rebuild, beside it or behind it, is its own steps' business; I waits for all.
    ],
    settleSeconds: 24 * 3600,
    quietSeconds: 600,
    gauge: backupGauge(primary, node),
    undo: sh`enable maintenance, stop it; rm -r ${node.data}; mv ${node.backupData} ${node.data}`.text,
  });
};

/** H. Each secondary anew from the primary; its old image stays beside it. */
export const secondarySteps = (facts: ClusterFacts): Step[] => [
  // One after the other: the last one asks for the host's name.
  ...copiedOf(facts).map((node) => asideStep(facts, node, 'H')),
  ...(linkedOf(facts).length > 0
    ? inParallel('rebuild', `${primaryOf(facts).alias} keys`, [linkForgetStep(facts, 'H')])
    : []),
  ...secondariesOf(facts).flatMap((node) => inParallel('rebuild', node.alias, rebuildSteps(facts, node))),
];

const rebuildSteps = (facts: ClusterFacts, node: NodeFacts): Step[] => {
  const linked = takesLinks(node);
  return [
    ...(linked ? [ownFilesStep(facts, node)] : []),
    pgCtlStep(facts, node, 'H'),
    ...unitStep(facts, node, 'H'),
    stateFileStep(facts, node, 'H'),
    ...(linked ? [streamStep(facts, node)] : []),
    ...(linked ? [] : leftPartsStep(facts, node)),
    startStep(facts, node),
    ...(linked ? [] : [checkpointStep(facts, node)]),
    joinStep(facts, node),
    // A reboot hours later, while others are rebuilt still, brings it back.
    ...unguardStep(facts, node, 'H', facts.newMajor),
  ];
};
