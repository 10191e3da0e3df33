import { createHash } from 'node:crypto';
import type { HostFacts } from '../../cluster/facts.ts';
import { word } from '../../cluster/fragment.ts';
import { baseOf, below, type Path, parentOf, plainName } from '../../cluster/words.ts';

/** A dry run gives a lock of the running server's up after this time, and so holds up nobody behind it. */
export const dryRunSettings = { lock_timeout: '5s' };

/** Everything that a dry run makes lies in this directory, beside the data directory, on its file system. */
export const throwawayOf = (host: HostFacts): Path =>
  below(parentOf(host.data), `pgaf-upgrade-check.${baseOf(host.data)}`);

/** A socket's path has 107 bytes at most; where the throwaway's is too long for that, a directory in /tmp stands in. */
export const socketOf = (host: HostFacts): Path => {
  const beside = below(throwawayOf(host), 's');
  return Buffer.byteLength(beside) <= 85 && /^[A-Za-z0-9_/.+-]+$/.test(beside)
    ? beside
    : word`/tmp/pgaf-upgrade-check.${plainName(createHash('sha256').update(host.data).digest('hex').slice(0, 12))}`;
};
