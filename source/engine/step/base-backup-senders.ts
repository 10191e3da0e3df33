import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { type BackupSender, backupSendersSql, parseBackupSenders } from '../../cluster/parse/basebackup.ts';
import { sqlProgram } from '../../cluster/superuser-sql.ts';
import type { RemoteHost } from '../../remote/host.ts';

const timeoutMs = 8_000;

/** The newer psql: it talks to both servers, whichever of them is back. */
export const sendersScript = (host: HostFacts): Fragment => sh`set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3
${sqlProgram('psql', host.newBindir, 'postgres', { timeout: 5 })} -XAtq -h ${host.socketDirectory} -p ${host.port} -U ${host.superuser} -c ${quoted(backupSendersSql)} </dev/null 2>/dev/null
`;

/** The base backups that the server of this host sends now: one round trip. Null where it does not say. */
export const askSenders = async (
  facts: HostFacts,
  host: RemoteHost,
  postgres: string,
): Promise<readonly BackupSender[] | null> => {
  // A line that is gone is no place to wait at: the next question comes soon.
  if (host.line !== 'connected') return null;
  const output = await host.run(sendersScript(facts).text, { as: postgres, timeoutMs });
  return output.ok && output.value.code === 0 ? parseBackupSenders(output.value.stdout.trim()) : null;
};
