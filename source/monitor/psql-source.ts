import { sh } from '../cluster/fragment.ts';
import type { MonitorState } from '../cluster/monitor-state.ts';
import { fail, problem, type Result } from '../cluster/result.ts';
import { sqlProgram } from '../cluster/superuser-sql.ts';
import type { RemoteHost } from '../remote/host.ts';
import { type FeedOptions, readTimeoutMs } from './options.ts';
import { monitorQuery, parseMonitorState } from './query.ts';

/** One reading through psql as postgres: the way that works whatever pg_hba.conf says. Errors: no line, psql failed. */
export const readByPsql = async (host: RemoteHost, options: FeedOptions): Promise<Result<MonitorState>> => {
  const { formation, database, port, bindir, postgresUser } = options;
  const psql = sqlProgram('psql', bindir, database, { settings: { statement_timeout: readTimeoutMs } });
  const script = sh`PGCONNECT_TIMEOUT=3 PGCLIENTENCODING=UTF8 PGAPPNAME=pgaf-upgrade ${psql} -XqAtw -v ON_ERROR_STOP=1 -p ${port}`;
  const output = await host.run(script.text, {
    as: postgresUser,
    timeoutMs: readTimeoutMs * 2,
    stdin: `${monitorQuery(formation)};\n`,
  });
  if (!output.ok) return output;
  const { code, stdout, stderr } = output.value;
  if (code === 0) return parseMonitorState(stdout, formation);
  return fail(
    problem(
      `The monitor's database on ${host.alias} does not answer (port ${port}).`,
      `Is it running? On ${host.alias}: \`systemctl status pgautofailover\`, or read its log.`,
      stderr.trim() || `psql ended with code ${code}`,
    ),
  );
};
