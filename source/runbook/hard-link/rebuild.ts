import { posix } from 'node:path';
import { type ClusterFacts, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { hostIn, isCluster, nodeIn, type World } from '../../cluster/world.ts';
import { about, acceptsWrites, allStopped, backupIsThere, describe, isMajor, when } from '../conditions.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { carryLines, readConfigurationLines } from '../phases/configuration.ts';
import { command, inBin, option, privateSocket, psql, script } from '../shell.ts';
import type { Condition, Step } from '../step.ts';
import { hasStreamed, isLeftToBackup, isLinked } from './evidence.ts';
import { linkDir } from './names.ts';

/**
 * Takes away what a transfer has made, where `condition` (of the shell) holds: only beside the old directory, whose files
 * have another name there, and never a directory of the old version.
 */
export const removeLinksLines = (facts: ClusterFacts, node: NodeFacts, condition: string): string[] => [
  `linked=${sh(node.data)}`,
  `if ${condition} && [ -e "$linked" ]; then`,
  `  [ "$(cat ${sh(`${node.backupData}/PG_VERSION`)})" = ${facts.oldMajor} ]`,
  `  if [ "$(cat "$linked/PG_VERSION" 2>/dev/null || true)" = ${facts.oldMajor} ]; then echo "$linked is PostgreSQL ${facts.oldMajor}: look at it first" >&2; exit 1; fi`,
  '  rm -rf "$linked"; echo "removed the links in $linked"',
  'fi',
];

/** H. What makes a standby of the linked directory, once the primary writes again. */

const isJoined = (facts: ClusterFacts, node: NodeFacts, world: World): boolean => {
  const row = nodeIn(world, node.alias);
  const data = hostIn(world, node.alias)?.data;
  return (
    row !== null &&
    row.reported === row.assigned &&
    ['secondary', 'primary', 'wait_primary'].includes(row.reported) &&
    data !== undefined &&
    isMajor(data, facts.newMajor)
  );
};

export const ownFilesStep = (facts: ClusterFacts, node: NodeFacts): Step =>
  makeStep(facts, {
    id: 'own-files',
    phase: 'H',
    host: node,
    as: 'postgres',
    title: 'Its own configuration, and standby.signal',
    reason:
      'The transfer has left out what each host has for itself: configuration, certificates, and how it reaches its primary. The key has served.',
    guide: null,
    danger: 'changes',
    script: script(
      `rm -rf ${sh(linkDir(node))}`,
      ...removeLinksLines(facts, node, `[ ! -e ${sh(`${node.workDir}/fingerprint`)} ]`),
      `if [ ! -e ${sh(node.data)} ]; then echo 'no links were made: a base backup follows'; exit 0; fi`,
      ...carryLines(node, node.backupData, node.data),
      `touch ${sh(`${node.data}/standby.signal`)}`,
      ...readConfigurationLines(node, node.data, node.data),
    ),
    probe: (world) => {
      const seen = hostIn(world, node.alias);
      if (seen === null) return pending('not seen');
      if (isJoined(facts, node, world)) return done('it has joined');
      if (isLeftToBackup(facts, node, world)) return done('a base backup follows');
      if (isCluster(seen.data) && seen.data.major === facts.newMajor)
        return seen.data.carried && seen.data.standby ? done('they are in place') : pending('not in place');
      return pending(`${node.data} ${describe(seen.data)}`);
    },
    before: [allStopped(node), backupIsThere(facts, node), acceptsWrites(facts, primaryOf(facts))],
    after: [
      about(node.alias, `${node.data} is a standby with its own configuration`, (seen, world) =>
        when(
          isLeftToBackup(facts, node, world) ||
            (isCluster(seen.data) && seen.data.carried && seen.data.standby),
          `it ${describe(seen.data)}`,
        ),
      ),
    ],
    undo: `rm -r ${sh(node.data)}: ${posix.basename(node.backupData)} is as it was`,
  });

/**
 * pg_upgrade's new cluster has wal_log_hints off in pg_control, whatever its configuration says; the primary writes the
 * change into WAL at its first start, and a standby knows it once it has replayed that. Without it pg_rewind refuses,
 * and pg_autoctl takes a base backup. Source: field guide, section 8; PostgreSQL, pg_rewind, and XLOG_PARAMETER_CHANGE.
 */
export const streamStep = (facts: ClusterFacts, node: NodeFacts): Step => {
  const primary = primaryOf(facts);
  const socket = privateSocket(node);
  const ask = (sql: string): string =>
    `"$(${psql(node, node.newBindir, 'postgres', socket)} -Atc ${sh(sql)})"`;
  const ctl = (...options: readonly string[]): string =>
    command(
      inBin(node.newBindir, 'pg_ctl'),
      option('--pgdata', node.data),
      '--wait --timeout=3600',
      ...options,
    );
  const wait = (condition: string, failure: string): string[] => [
    'tries=0',
    `until ${condition}; do`,
    `  tries=$((tries + 1)); [ $tries -le 18000 ] || { echo ${sh(failure)} >&2; exit 1; }`,
    `  [ $((tries % 50)) -ne 0 ] || ${psql(node, node.newBindir, 'postgres', socket)} -Atc ${sh("select 'replayed up to ' || pg_last_wal_replay_lsn()")}`,
    '  sleep 0.2',
    'done',
  ];
  return makeStep(facts, {
    id: 'stream',
    phase: 'H',
    host: node,
    as: 'postgres',
    title: `Start ${facts.newMajor} once as a standby, until it streams`,
    reason: `So that pg_control holds what pg_rewind asks for; otherwise pg_autoctl would take a base backup after all. This is ${facts.newMajor}’s first start here: ${facts.oldMajor} must not run on ${posix.basename(node.backupData)} any more.`,
    guide: null,
    danger: 'changes',
    causes: [
      {
        title: `${node.workDir}/private-start.log`,
        script: `tail -n 30 ${sh(`${node.workDir}/private-start.log`)}`,
      },
    ],
    script: script(
      `if [ ! -e ${sh(node.data)} ]; then echo 'a base backup follows'; exit 0; fi`,
      'umask 077',
      `mkdir -p ${sh(socket)}`,
      `if ! ${sh(inBin(node.newBindir, 'pg_ctl'))} --pgdata ${sh(node.data)} status >/dev/null; then`,
      `  ${ctl(
        option('--log', `${node.workDir}/private-start.log`),
        option('--options', `-c listen_addresses='' -c unix_socket_directories=${sh(socket)}`),
        'start',
      ).replaceAll('\n', '\n  ')}`,
      'fi',
      ...wait(
        `[ ${ask('select status from pg_stat_wal_receiver')} = streaming ]`,
        `it does not stream from ${primary.alias}`,
      ),
      `upto=${ask('select latest_end_lsn from pg_stat_wal_receiver')}`,
      ...wait(
        `[ "$(${psql(node, node.newBindir, 'postgres', socket)} -Atc "select pg_last_wal_replay_lsn() >= '$upto'::pg_lsn")" = t ]`,
        'it does not replay what it receives',
      ),
      `echo "streams, and has replayed up to $upto"`,
      ctl('--mode=fast', 'stop'),
      `${sh(inBin(node.newBindir, 'pg_controldata'))} -D ${sh(node.data)} | grep -E '^(Database cluster state|wal_log_hints|Data page checksum|Minimum recovery ending location)'`,
    ),
    probe: (world) => {
      const seen = hostIn(world, node.alias);
      if (seen === null) return pending('not seen');
      if (isJoined(facts, node, world)) return done('it has joined');
      if (isLeftToBackup(facts, node, world)) return done('a base backup follows');
      if (isCluster(seen.data) && seen.data.running && !seen.autoctl) return half('it runs privately');
      return hasStreamed(facts, node, world) ? done('it has streamed') : pending('it has never been started');
    },
    before: [
      about(node.alias, `pg_autoctl is stopped on ${node.alias}`, (seen) => when(!seen.autoctl, 'it runs')),
      acceptsWrites(facts, primary),
    ],
    after: [
      allStopped(node),
      about(node.alias, 'it has streamed, and pg_rewind will find what it asks for', (seen, world) =>
        when(
          isLeftToBackup(facts, node, world) || hasStreamed(facts, node, world),
          `${node.data} ${describe(seen.data)}`,
        ),
      ),
    ],
    settleSeconds: 60,
    quietSeconds: 60,
    undo: `stop it; from here ${posix.basename(node.backupData)} is no way back`,
  });
};

/** Before pg_autoctl may touch the directory: it is the new system's, and pg_rewind will accept it; or there is none. */
export const canJoin = (facts: ClusterFacts, node: NodeFacts): Condition => {
  const primary = primaryOf(facts);
  return about(
    node.alias,
    `${node.data} is a standby of ${primary.alias} that has streamed: no copy will be taken (or it is not there, and one will)`,
    (seen, world) => {
      if (seen.data.kind === 'absent') return when(true, '');
      const theirs = hostIn(world, primary.alias)?.data;
      const same =
        theirs !== undefined &&
        isCluster(theirs) &&
        isCluster(seen.data) &&
        theirs.control?.systemIdentifier === seen.data.control?.systemIdentifier;
      return when(same && hasStreamed(facts, node, world), `it ${describe(seen.data)}`);
    },
  );
};

/** After: what was linked is linked still, so nobody has copied it. */
export const nothingCopied = (facts: ClusterFacts, node: NodeFacts): Condition =>
  about(node.alias, `no base backup was taken: ${node.data} shares its files still`, (seen, world) => {
    if (!isLinked(facts, node, world) || !isMajor(seen.backupData, facts.oldMajor)) return when(true, '');
    return when(isCluster(seen.backupData) && seen.backupData.shared, 'its files are others now');
  });
