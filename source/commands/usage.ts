import { type FlagName, flagNames, flags, type Given, isGiven } from './flags.ts';
import { type Command, commands } from './table.ts';

const usage = ({ name, argument }: Command): string =>
  `pgaf-upgrade ${name}${argument === null ? '' : ` ${argument}`}`;
const takers = (flag: FlagName): string =>
  commands
    .filter((command) => command.flags.includes(flag))
    .map(({ name }) => name)
    .join(', ');

const table = (rows: readonly (readonly [string, readonly string[]])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows
    .flatMap(([left, lines]) => lines.map((line, at) => `${(at === 0 ? left : '').padEnd(width)}${line}`))
    .map((line) => `    ${line}`)
    .join('\n');
};

/** Says with which commands an option goes, where that is not plain from its words. */
const explained = (name: FlagName): readonly string[] => {
  const [first, ...more] = flags[name].says;
  const with_ = takers(name);
  return /^\w+: /.test(first) || with_.split(', ').length > 2
    ? flags[name].says
    : [`${with_}: ${first}`, ...more];
};

/** What `--help` prints. */
export const help = (): string => `
  Walks you through a major PostgreSQL upgrade of a pg_auto_failover cluster, one confirmed step at a time.

  Usage
${table(commands.map((command) => [usage(command), [command.says]]))}

  Options
${table([
  ...flagNames.map((name) => [flags[name].shown, explained(name)] as const),
  ['--version', ['print the version']],
  ['--help', ['print this']],
])}

  The cluster file needs little; everything else is read from the servers and shown:

    monitor: { host: monitor.example.com }
    ssh: { user: dba }
    target: { bindir: /opt/vmware/postgres/17/bin }

  Nothing on a server changes before you have confirmed the exact command.
  Exit codes: 0 finished, 1 left or failed on the way, 2 could not start (nothing was changed), 128 + n ended by
  signal n (130 SIGINT, 143 SIGTERM, 129 SIGHUP). Whatever ends the console, what runs on a host goes on there.
  Of check: 0 ready, 1 blocked, 2 could not look.
`;

/** The command that is meant, or what is wrong with what was given. */
export const chosen = (
  name: string,
  rest: readonly string[],
  given: Given,
): { readonly command: Command } | { readonly wrong: string } => {
  const command = commands.find((one) => one.name === name);
  if (command === undefined) return { wrong: `there is no command “${name}”` };
  const tooMuch = command.argument === null ? [given.named, ...rest] : rest;
  const words = tooMuch.filter((word) => word !== undefined);
  if (words.length > 0) return { wrong: `${usage(command)}: ${words.join(' ')} is too much` };
  const stray = flagNames.find((flag) => isGiven(given, flag) && !command.flags.includes(flag));
  if (stray !== undefined) return { wrong: `--${stray} goes with ${takers(stray)}` };
  const { format } = given;
  if (format !== undefined && command.formats?.includes(format) !== true)
    return { wrong: `${name} has no format “${format}”: ${command.formats?.join(', ') ?? 'none'}` };
  return { command };
};
