import type { Config, HostSettings } from '../cluster/config.ts';
import { quoted, sh } from '../cluster/fragment.ts';
import type { MonitorState } from '../cluster/monitor-state.ts';
import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { sqlProgram } from '../cluster/superuser-sql.ts';
import { misfit, type OsUser, osUser } from '../cluster/words.ts';
import {
  type Found,
  type Instance,
  instanceWords,
  parseFound,
  type ReadInstance,
} from '../inspect/discovery/parse.ts';
import { discoverScript } from '../inspect/discovery/script.ts';
import { formationsQuery, monitorQuery, noSuchFormation, parseMonitorState } from '../monitor/query.ts';
import type { RemoteHost } from '../remote/host.ts';

/** Why a host has a pg_autoctl and none was found: another user's, or files in another place. Null: neither is seen. */
export const runsElsewhere = (alias: string, { instances, keepers, user }: Found): Problem | null => {
  if (instances.length > 0 || keepers.length === 0) return null;
  const moved = keepers.find((one) => one.user === user && one.configHome !== '');
  if (moved !== undefined)
    return problem(
      `${alias}: pg_autoctl has its files in ${moved.configHome}, where its service sets XDG_CONFIG_HOME; the console looks in the home of ${user}.`,
      'It upgrades no such node: move pg_autoctl’s files to ~/.config/pg_autoctl and ~/.local/share/pg_autoctl, and take the variables out of the unit.',
    );
  const users = [...new Set(keepers.map((one) => one.user))];
  return users.includes(user)
    ? null
    : problem(
        `${alias}: pg_autoctl runs there as ${users.join(' and ')}, and nothing of pg_auto_failover belongs to ${user}.`,
        `Set ${alias === 'monitor' ? 'monitor.postgres' : `nodes.${alias}.postgres`} in the cluster file to the user that pg_autoctl runs as there; become.postgres, if it is the same on every host.`,
      );
};

/** Whose pg_autoctl a host has, where nothing of it is the user's who has looked; null: nobody's else, or several users'. */
const otherUserOf = ({ instances, keepers, user }: Found): OsUser | null => {
  const users = [...new Set(keepers.map((one) => one.user))];
  const [other] = users;
  if (instances.length > 0 || users.length !== 1 || other === user || other === 'root') return null;
  return osUser.safeParse(other).data ?? null;
};

const inspectAs = async (
  user: OsUser,
  host: RemoteHost,
  config: Config,
  settings: HostSettings | undefined,
): Promise<Result<Found>> => {
  const script = discoverScript(settings?.newBindir ?? config.target.bindir, {
    pgdata: settings?.pgdata,
    unit: settings?.unit,
    oldBindir: settings?.oldBindir,
    port: settings?.port,
  });
  const output = await host.run(script.text, { as: user, timeoutMs: 60_000 });
  if (!output.ok) return output;
  if (output.value.code !== 0)
    return fail(
      problem(
        `${host.alias}: looking around as ${user} failed (exit ${output.value.code}).`,
        `Check on the host: \`sudo -n -u ${user} true\`.`,
        output.value.stderr.trim().slice(0, 400),
      ),
    );
  return parseFound(host.alias, output.value.stdout);
};

/**
 * What runs on a host, as it says itself. Read-only. Where the cluster file names no user for the host and all pg_autoctl there is one
 * other user's, that user is asked.
 */
export const inspectHost = async (
  host: RemoteHost,
  config: Config,
  settings: HostSettings | undefined,
): Promise<Result<Found>> => {
  const first = await inspectAs(settings?.postgres ?? config.become.postgres, host, config, settings);
  if (!first.ok) return first;
  const other = settings?.postgres === undefined ? otherUserOf(first.value) : null;
  const found = other === null ? first : await inspectAs(other, host, config, settings);
  if (!found.ok) return found;
  const elsewhere = runsElsewhere(host.alias, found.value);
  return elsewhere === null ? found : fail(elsewhere);
};

/** The one instance that fits; the operator names it where there are several. */
export const theOne = (
  alias: string,
  what: string,
  all: readonly ReadInstance[],
  fits: (instance: ReadInstance) => boolean,
): Result<Instance> => {
  const fitting = all.filter(fits);
  const [first, second] = fitting;
  if (first === undefined)
    return fail(
      problem(
        `${alias}: no ${what} of pg_auto_failover found (${all.length === 0 ? 'no pg_autoctl.cfg' : `found: ${all.map((one) => one.pgdata).join(', ')}`}).`,
        'Check the host, and the user in become.postgres, or the host’s own (postgres, under monitor or nodes).',
      ),
    );
  if (second !== undefined)
    return fail(
      problem(
        `${alias}: several fit: ${fitting.map((one) => one.pgdata).join(', ')}.`,
        alias === 'monitor' ? 'Set monitor.pgdata.' : `Set nodes.${alias}.pgdata.`,
      ),
    );
  const words = instanceWords.safeParse(first);
  if (words.success) return ok({ ...first, ...words.data });
  const remedy =
    'Nothing was run with it. Look at pg_autoctl.cfg and the unit there; what is found wrong can be set in the cluster file.';
  return fail(misfit(words.error, first, alias, remedy));
};

/** What the monitor's database says of the formation. Read-only. */
export const askMonitor = async (
  host: RemoteHost,
  config: Config,
  instance: Instance,
): Promise<Result<MonitorState>> => {
  const ask = (sql: string) => {
    const script = sh`export LC_ALL=C; ${sqlProgram('psql', instance.oldBindir, instance.database)} -XAtq -h ${instance.socketDirectory} -p ${instance.port} -c ${quoted(sql)}`;
    return host.run(script.text, { as: instance.user, timeoutMs: 30_000 });
  };
  const output = await ask(monitorQuery(config.formation));
  if (!output.ok) return output;
  if (output.value.code === 0 && output.value.stdout.trim() === '') {
    const names = await ask(formationsQuery);
    const known = names.ok && names.value.code === 0 ? names.value.stdout.trim() : '';
    return fail(noSuchFormation(config.formation, known));
  }
  if (output.value.code === 0) return parseMonitorState(output.value.stdout, config.formation);
  return fail(
    problem(
      'The monitor’s database does not answer.',
      `Run there as ${instance.user}: \`${instance.oldBindir}/pg_autoctl show state --pgdata ${instance.pgdata}\`.`,
      output.value.stderr.trim().slice(0, 400),
    ),
  );
};
