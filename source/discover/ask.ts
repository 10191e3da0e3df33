import type { Config, HostSettings } from '../cluster/config.ts';
import { quoted, sh } from '../cluster/fragment.ts';
import type { MonitorState } from '../cluster/monitor-state.ts';
import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { sqlProgram } from '../cluster/superuser-sql.ts';
import { misfit } from '../cluster/words.ts';
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
        'Set become.postgres in the cluster file to the user that pg_autoctl runs as. The console becomes the same user on every host: a cluster whose hosts have different ones it does not upgrade.',
      );
};

/** What runs on a host, as it says itself. Read-only. */
export const inspectHost = async (
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
  const output = await host.run(script.text, { as: config.become.postgres, timeoutMs: 60_000 });
  if (!output.ok) return output;
  if (output.value.code !== 0)
    return fail(
      problem(
        `${host.alias}: looking around as ${config.become.postgres} failed (exit ${output.value.code}).`,
        `Check on the host: \`sudo -n -u ${config.become.postgres} true\`.`,
        output.value.stderr.trim().slice(0, 400),
      ),
    );
  const found = parseFound(host.alias, output.value.stdout);
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
        'Check the host, and the user in become.postgres.',
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
    return host.run(script.text, { as: config.become.postgres, timeoutMs: 30_000 });
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
      `Run there as ${config.become.postgres}: \`${instance.oldBindir}/pg_autoctl show state --pgdata ${instance.pgdata}\`.`,
      output.value.stderr.trim().slice(0, 400),
    ),
  );
};
