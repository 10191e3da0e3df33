import { posix } from 'node:path';
import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { hostIn, isCluster, type World } from '../../cluster/world.ts';
import { about, allStopped, describe, isMajor, when } from '../conditions.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { rearmLines } from '../phases/disarm.ts';
import { inBin, script } from '../shell.ts';
import type { PhaseId, Step } from '../step.ts';

/** Where an abandoned new cluster is kept; a number follows where the name is taken. */
export const abandonedName = (facts: ClusterFacts, host: HostFacts): string =>
  `${host.data}_pg${facts.newMajor}_abandoned`;

/** Shell functions: what lies in a directory, and moving one aside under a name that is free. */
const functions = (facts: ClusterFacts, host: HostFacts): string[] => [
  `version() { cat "$1/PG_VERSION" 2>/dev/null || true; }`,
  'abandon() {',
  `  to=${sh(abandonedName(facts, host))}; n=1`,
  `  while [ -e "$to" ]; do n=$((n + 1)); to=${sh(abandonedName(facts, host))}_$n; done`,
  '  mv "$1" "$to"; echo "kept aside: $to"',
  '}',
];

/** The new directory that was made and never came to its swap: removed while it is empty, kept aside otherwise. */
const leftoverLines = (facts: ClusterFacts, host: HostFacts): string[] => [
  `if [ "$(version ${sh(host.newData)})" = ${facts.newMajor} ]; then`,
  `  if ls ${sh(`${host.newData}/base`)} | awk '$1 >= 16384 { found = 1 } END { exit found }'; then rm -rf ${sh(host.newData)}; echo "removed the empty ${host.newData}"`,
  `  else abandon ${sh(host.newData)}; fi`,
  `  rmdir ${sh(posix.dirname(host.newData))} 2>/dev/null || true`,
  'fi',
];

/** Linked files may be given back only while the new cluster has never run: asked of the disk once more, right here. */
const neverStartedLines = (facts: ClusterFacts, host: HostFacts): string[] => [
  `for new in ${sh(host.data)} ${sh(host.newData)}; do`,
  `  [ "$(version "$new")" = ${facts.newMajor} ] && [ -e ${sh(`${host.workDir}/fingerprint`)} ] || continue`,
  `  ${sh(inBin(host.newBindir, 'pg_controldata'))} -D "$new" | cmp -s - ${sh(`${host.workDir}/fingerprint`)} || { echo ${sh(
    `PostgreSQL ${facts.newMajor} has been started on these files: ${facts.oldMajor} must never run on them again`,
  )} >&2; exit 1; }`,
  'done',
];

/** The old cluster back in its place; the new one is kept aside. */
export const directoriesStep = (
  facts: ClusterFacts,
  host: HostFacts,
  phase: PhaseId,
  linked: boolean,
): Step =>
  makeStep(facts, {
    id: 'directories',
    phase,
    host,
    as: 'postgres',
    title: `${posix.basename(host.backupData)} → data`,
    reason: `The old cluster takes its place again; the abandoned ${facts.newMajor} directory is kept aside.`,
    guide: null,
    danger: 'changes',
    script: script(
      ...functions(facts, host),
      ...(linked ? neverStartedLines(facts, host) : []),
      `if [ "$(version ${sh(host.backupData)})" = ${facts.oldMajor} ]; then`,
      `  if [ -e ${sh(host.data)} ]; then`,
      `    [ "$(version ${sh(host.data)})" = ${facts.newMajor} ] || { echo ${sh(`${host.data} is not PostgreSQL ${facts.newMajor}: look at it first`)} >&2; exit 1; }`,
      `    abandon ${sh(host.data)}`,
      '  fi',
      `  mv ${sh(host.backupData)} ${sh(host.data)}`,
      'fi',
      ...(linked && isNode(host) ? rearmLines(host, host.data) : []),
      ...leftoverLines(facts, host),
      `[ "$(version ${sh(host.data)})" = ${facts.oldMajor} ] && [ -e ${sh(`${host.data}/global/pg_control`)} ]`,
      `echo ${sh(`${host.data} is PostgreSQL ${facts.oldMajor}`)}`,
    ),
    probe: (world) => directoriesProbe(facts, host, world),
    before: [allStopped(host)],
    after: [
      about(host.alias, `${host.data} is PostgreSQL ${facts.oldMajor}`, (seen) =>
        when(
          isMajor(seen.data, facts.oldMajor) &&
            isCluster(seen.data) &&
            seen.data.control !== null &&
            !seen.data.linked,
          describe(seen.data),
        ),
      ),
    ],
    undo: `the ${facts.newMajor} directory is kept as ${abandonedName(facts, host)}`,
  });

const directoriesProbe = (facts: ClusterFacts, host: HostFacts, world: World) => {
  const seen = hostIn(world, host.alias);
  if (seen === null) return pending('not seen');
  const back =
    isCluster(seen.data) &&
    seen.data.major === facts.oldMajor &&
    !seen.data.linked &&
    seen.data.control !== null;
  if (!back)
    return seen.data.kind === 'absent'
      ? half(`${host.data} is not there`)
      : pending(`${host.data} ${describe(seen.data)}`);
  const leftover = isMajor(seen.newData, facts.newMajor);
  if (leftover && !(isCluster(seen.data) && seen.data.running)) return half(`${host.newData} is left over`);
  return done(`${host.data} is PostgreSQL ${facts.oldMajor}`);
};

/** On a node whose old directory is no way back: the new one goes aside, and a base backup fills the place. */
export const emptyStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step =>
  makeStep(facts, {
    id: 'directories',
    phase,
    host,
    as: 'postgres',
    title: `data → ${posix.basename(abandonedName(facts, host))}`,
    reason: `Its old directory cannot be used (${facts.newMajor} has changed its files, or it is gone); a base backup comes in its place.`,
    guide: null,
    danger: 'changes',
    script: script(
      ...functions(facts, host),
      `if [ "$(version ${sh(host.data)})" = ${facts.newMajor} ]; then abandon ${sh(host.data)}; fi`,
      ...leftoverLines(facts, host),
      `[ ! -e ${sh(host.data)} ] || [ "$(version ${sh(host.data)})" = ${facts.oldMajor} ]`,
    ),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (seen === null) return pending('not seen');
      return isMajor(seen.data, facts.newMajor)
        ? pending(`${host.data} is PostgreSQL ${facts.newMajor}`)
        : done(`${host.data} ${describe(seen.data)}`);
    },
    before: [allStopped(host)],
    after: [
      about(host.alias, `${host.data} is free`, (seen) =>
        when(!isMajor(seen.data, facts.newMajor), describe(seen.data)),
      ),
    ],
    undo: `the ${facts.newMajor} directory is kept as ${abandonedName(facts, host)}`,
  });
