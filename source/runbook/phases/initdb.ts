import { posix } from 'node:path';
import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { makingOf } from '../ownership.ts';
import { command, inBin, option } from '../shell.ts';

const megabyte = 1024 * 1024;

/**
 * initdb with the old cluster's own settings. The guide's `--locale=en_US.UTF-8` is right only where the old cluster
 * happens to have it; a target before 16 then fails in pg_upgrade, a later one takes the old locale by itself.
 * Source: PostgreSQL, initdb; `--no-data-checksums` came with 18, where checksums became the default.
 */
export const initdbCommand = (host: HostFacts, newMajor: number): string => {
  const { initdb } = host;
  const builtin = initdb.provider === 'b' && initdb.providerLocale !== null;
  return command(
    inBin(host.newBindir, 'initdb'),
    option('--pgdata', host.newData),
    option('--username', host.superuser),
    option('--encoding', initdb.encoding),
    option('--lc-collate', initdb.collate),
    option('--lc-ctype', initdb.ctype),
    initdb.provider === 'i' && option('--locale-provider', 'icu'),
    initdb.provider === 'i' &&
      initdb.providerLocale !== null &&
      option('--icu-locale', initdb.providerLocale),
    builtin && option('--locale-provider', 'builtin'),
    builtin && option('--builtin-locale', initdb.providerLocale ?? ''),
    initdb.checksums && '--data-checksums',
    !initdb.checksums && newMajor >= 18 && '--no-data-checksums',
    option('--wal-segsize', String(initdb.walSegmentBytes / megabyte)),
    initdb.groupAccess && '--allow-group-access',
    option('--auth', 'trust'),
  );
};

/**
 * A new cluster at its place, ours from its first file on: made under the run's own name and marked there, then renamed. What a
 * killed one has left has that name and no other. Shell, behind ownershipFunctions; each command rests on the one before.
 */
export const newClusterLines = (facts: ClusterFacts, host: HostFacts): readonly string[] => {
  const [making, place] = [makingOf(facts, host), host.newData];
  return [
    `mkdir -p ${sh(posix.dirname(place))}`,
    `rm -rf ${sh(making)}`,
    initdbCommand({ ...host, newData: making }, facts.newMajor),
    `own ${sh(making)}`,
    `if [ -e ${sh(place)} ]; then rmdir ${sh(place)}; fi`,
    `mv ${sh(making)} ${sh(place)}`,
    `sync ${sh(posix.dirname(place))}`,
  ];
};
