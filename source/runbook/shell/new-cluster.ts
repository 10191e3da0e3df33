import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../cluster/fragment.ts';
import { parentOf } from '../../cluster/words.ts';
import { makingOf } from './ownership.ts';
import { command, inBin, option } from './shell.ts';

const megabyte = 1024 * 1024;

/**
 * initdb with the old cluster's own settings. The guide's `--locale=en_US.UTF-8` is right only where the old cluster
 * happens to have it; a target before 16 then fails in pg_upgrade, a later one takes the old locale by itself.
 * Source: PostgreSQL, initdb; `--no-data-checksums` came with 18, where checksums became the default.
 */
export const initdbCommand = (host: HostFacts, newMajor: number): Fragment => {
  const { initdb } = host;
  const builtin = initdb.provider === 'b' && initdb.providerLocale !== null;
  return command(
    inBin(host.newBindir, 'initdb'),
    option('--pgdata', host.newData),
    option('--username', host.superuser),
    option('--encoding', initdb.encoding),
    option('--lc-collate', initdb.collate),
    option('--lc-ctype', initdb.ctype),
    initdb.provider === 'i' && sh`--locale-provider=icu`,
    initdb.provider === 'i' &&
      initdb.providerLocale !== null &&
      option('--icu-locale', initdb.providerLocale),
    builtin && sh`--locale-provider=builtin`,
    builtin && option('--builtin-locale', initdb.providerLocale ?? word``),
    initdb.checksums && sh`--data-checksums`,
    !initdb.checksums && newMajor >= 18 && sh`--no-data-checksums`,
    sh`--wal-segsize=${initdb.walSegmentBytes / megabyte}`,
    initdb.groupAccess && sh`--allow-group-access`,
    sh`--auth=trust`,
  );
};

/**
 * A new cluster at its place, ours from its first file on: made under the run's own name and marked there, then renamed. What a
 * killed one has left has that name and no other. Shell, behind ownershipFunctions; each command rests on the one before.
 */
export const newClusterLines = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const [making, place] = [makingOf(facts, host), host.newData];
  return sh`
    mkdir -p ${parentOf(place)}
    rm -rf ${making}
    ${initdbCommand({ ...host, newData: making }, facts.newMajor)}
    own ${making}
    if [ -e ${place} ]; then rmdir ${place}; fi
    mv ${making} ${place}
    sync ${parentOf(place)}
  `;
};
