import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { configSchema } from '../cluster/config/schema.ts';
import { type Config, parseConfig } from '../cluster/config.ts';
import { fail, messageOf, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { endError, windowEndSchema } from '../cluster/window-end.ts';
import { calledAs } from './called-as.ts';

const underHome = (path: string): string => (path.startsWith('~/') ? `${homedir()}${path.slice(1)}` : path);

/** `~/` in the paths of this machine, expanded at the edge. */
const expanded = (config: Config): Config => {
  const expand = <Settings extends { identityFile?: string; configFile?: string; knownHostsFile?: string }>(
    settings: Settings,
  ): Settings => ({
    ...settings,
    ...(settings.identityFile === undefined ? {} : { identityFile: underHome(settings.identityFile) }),
    ...(settings.configFile === undefined ? {} : { configFile: underHome(settings.configFile) }),
    ...(settings.knownHostsFile === undefined ? {} : { knownHostsFile: underHome(settings.knownHostsFile) }),
  });
  const host = <Settings extends { ssh?: { identityFile?: string } }>(settings: Settings): Settings =>
    settings.ssh === undefined ? settings : { ...settings, ssh: expand(settings.ssh) };
  return {
    ...config,
    ssh: expand(config.ssh),
    monitor: host(config.monitor),
    nodes: Object.fromEntries(Object.entries(config.nodes).map(([name, settings]) => [name, host(settings)])),
    formations: Object.fromEntries(
      Object.entries(config.formations).map(([name, said]) => [
        name,
        {
          ...said,
          nodes: Object.fromEntries(Object.entries(said.nodes).map(([node, its]) => [node, host(its)])),
        },
      ]),
    ),
  };
};

const isAbsent = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';

/** The cluster file with what the command line says instead of it. Errors: it is no end of a window. */
export const withWindowEnd = (config: Config, end: string | undefined): Result<Config> => {
  if (end === undefined) return ok(config);
  const parsed = windowEndSchema.safeParse(end);
  return parsed.success
    ? ok({ ...config, window: { ...config.window, end: parsed.data } })
    : fail(problem(`\`--end ${end}\` ${endError}.`, 'Give it so, or leave it out.'));
};

/** {@link withWindowEnd}, and the change that the window belongs to. Errors: one of them is none. */
export const withOptions = (
  config: Config,
  end: string | undefined,
  ticket: string | undefined,
): Result<Config> => {
  const ended = withWindowEnd(config, end);
  if (!ended.ok || ticket === undefined) return ended;
  const parsed = configSchema.shape.ticket.unwrap().safeParse(ticket);
  return parsed.success
    ? ok({ ...ended.value, ticket: parsed.data })
    : fail(
        problem('`--ticket` must be text of at most 63 characters.', 'Name the change: `--ticket CHG0123`.'),
      );
};

/**
 * Reads and checks a cluster file, for the command of this name. Errors: it cannot be read, or what is wrong in it, line
 * by line.
 */
export const readConfig = (file: string, command = 'run'): Result<Config, readonly Problem[]> => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const called = calledAs();
    const named = `Name the one you mean: \`${called} ${command} FILE\`.`;
    if (isAbsent(thrown))
      return fail([
        problem(
          `There is no cluster file ${file}.`,
          `${named} Or make one: \`${called} init ssh://USER@MONITOR\`.`,
        ),
      ]);
    return fail([problem(`The cluster file ${file} cannot be read.`, named, messageOf(thrown))]);
  }
  const config = parseConfig(text, file);
  return config.ok ? ok(expanded(config.value)) : config;
};
