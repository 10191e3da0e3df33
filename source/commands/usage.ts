import { nearestKey } from '../cluster/config/nearest.ts';
import { type FlagName, flagNames, flags, type Given, isGiven, optionOf } from './flags.ts';
import type { Subcommand } from './subcommand.ts';
import { subcommands } from './table.ts';

const usage = ({ name, argument }: Subcommand): string =>
  `pgaf-upgrade ${name}${argument === null ? '' : ` ${argument}`}`;
const takers = (flag: FlagName): string =>
  subcommands
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
${table(subcommands.map((command) => [usage(command), [command.says]]))}

  Options
${table([
  ...flagNames.map((name) => [flags[name].shown, explained(name)] as const),
  ['-V, --version', ['print the version']],
  ['-h, --help', ['print this; behind a command, the help of that command']],
])}

  The cluster file needs little; everything else is read from the servers and shown:

    monitor: { host: monitor.example.com }
    ssh: { user: dba }
    target: { bindir: /opt/vmware/postgres/17/bin }

  Nothing on a server changes before you have confirmed the exact command.
  Exit codes: 0 finished, 1 left or failed on the way, 2 could not start (nothing was changed), 128 + n ended by
  signal n (130 SIGINT, 143 SIGTERM, 129 SIGHUP). Whatever ends the console, what runs on a host goes on there.
  Of check: 0 ready, 1 blocked, 2 could not be decided.
`;

/** What `COMMAND --help` and `help COMMAND` print. */
export const helpOf = (command: Subcommand): string => `
  ${usage(command)}

  ${command.says}

  Options
${table([
  ...command.flags.map((name) => [flags[name].shown, flags[name].says] as const),
  ['-h, --help', ['print this']],
])}
${command.formats === undefined ? '' : `\n  Formats here: ${command.formats.join(', ')}.\n`}
${command.more.map((line) => `  ${line}\n`).join('')}`;

const didYouMean = (wrong: string, right: readonly string[]): string => {
  const near = nearestKey(wrong, right);
  return near === null ? '' : `; did you mean ${near}?`;
};

const noCommand = (name: string): string => {
  const names = [...subcommands.map((one) => one.name), 'help', 'version'];
  const near = didYouMean(name, names);
  return `there is no command “${name}”${near === '' ? `: ${names.join(', ')}` : near}`;
};

/** Help or the version that was asked for, wherever the word stands; then nothing is run. Null: neither was. */
export const askedFor = (
  argv: readonly string[],
): { readonly help: Subcommand | null } | 'version' | { readonly wrong: string } | null => {
  const end = argv.indexOf('--');
  const given = end < 0 ? argv : argv.slice(0, end);
  const [first, second] = given.filter((word) => !word.startsWith('-'));
  const asksHelp = given.some((word) => word === '--help' || word === '-h');
  const named = first === 'help' ? second : first;
  if (asksHelp || first === 'help') {
    if (named === undefined || named === 'help') return { help: null };
    const command = subcommands.find(({ name }) => name === named);
    return command === undefined ? { wrong: noCommand(named) } : { help: command };
  }
  return first === 'version' || given.some((word) => word === '--version' || word === '-V')
    ? 'version'
    : null;
};

/** `--events -` is read like `--events=-`: a lone dash would be taken for an argument. */
export const withDashes = (argv: readonly string[]): readonly string[] =>
  argv.flatMap((word, at) =>
    word === '-' && argv[at - 1] === '--events'
      ? []
      : word === '--events' && argv[at + 1] === '-'
        ? ['--events=-']
        : [word],
  );

/** What is wrong with the options as they were typed; null: nothing. */
export const wrongOption = (argv: readonly string[]): string | null => {
  const known = [...flagNames.map(optionOf), '--help', '--version'];
  const valued = new Set(flagNames.filter((name) => flags[name].type === 'string').map(optionOf));
  const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  for (const [at, word] of words.entries()) {
    if (!word.startsWith('-') || word === '-') continue;
    const [option = '', value] = word.split(/=(.*)/s);
    const next = words[at + 1];
    if (!known.includes(option)) {
      const near = didYouMean(
        option.replace(/^-+/, ''),
        known.map((one) => one.slice(2)),
      );
      return `there is no option ${option}${near.replace('mean ', 'mean --')}`;
    }
    if (valued.has(option) && (value ?? (next?.startsWith('-') ? '' : next) ?? '') === '')
      return `${option} needs a value: ${flagNames.map((name) => flags[name].shown).find((shown) => shown.split(' ')[0] === option) ?? option}`;
    if (!valued.has(option) && value !== undefined) return `${option} takes no value`;
  }
  return null;
};

/** The command that is meant, or what is wrong with what was given. */
export const chosen = (
  name: string,
  rest: readonly string[],
  given: Given,
): { readonly command: Subcommand } | { readonly wrong: string } => {
  const command = subcommands.find((one) => one.name === name);
  if (command === undefined) return { wrong: noCommand(name) };
  const tooMuch =
    command.argument === null
      ? [given.named, ...rest]
      : command.many === true
        ? []
        : rest.slice(command.takesTwo === true ? 1 : 0);
  const words = tooMuch.filter((word) => word !== undefined);
  if (words.length > 0) return { wrong: `${usage(command)}: ${words.join(' ')} is one argument too many` };
  const stray = flagNames.find((flag) => isGiven(given, flag) && !command.flags.includes(flag));
  if (stray !== undefined) return { wrong: `${optionOf(stray)} goes with ${takers(stray)}` };
  if (given.yes === undefined) {
    const word = flagNames.find((flag) => /^yes./.test(flag) && isGiven(given, flag));
    if (word !== undefined) return { wrong: `${optionOf(word)} goes beside --yes NAME` };
  }
  const { format } = given;
  if (format !== undefined && command.formats?.includes(format) !== true)
    return { wrong: `${name} has no format “${format}”: ${command.formats?.join(', ') ?? 'none'}` };
  return { command };
};
