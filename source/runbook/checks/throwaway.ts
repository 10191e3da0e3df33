import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { HostFacts } from '../../cluster/facts.ts';

/** A rehearsal gives a lock of the running server's up after this time, and so holds up nobody behind it. */
export const rehearsalSettings = { lock_timeout: '5s' };

/** Everything that a rehearsal makes lies in this directory, beside the data directory, on its file system. */
export const throwawayOf = (host: HostFacts): string =>
  posix.join(posix.dirname(host.data), `pgaf-upgrade-check.${posix.basename(host.data)}`);

/** A socket's path has 107 bytes at most; where the throwaway's is too long for that, a directory in /tmp stands in. */
export const socketOf = (host: HostFacts): string => {
  const beside = posix.join(throwawayOf(host), 's');
  return Buffer.byteLength(beside) <= 85 && /^[A-Za-z0-9_/.+-]+$/.test(beside)
    ? beside
    : `/tmp/pgaf-upgrade-check.${createHash('sha256').update(host.data).digest('hex').slice(0, 12)}`;
};
