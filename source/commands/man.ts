import { type FlagName, flagNames, flags } from './flags.ts';
import { print } from './say.ts';
import type { Subcommand } from './subcommand.ts';

/** The manual page, made of the table of commands. Source: man(7), groff_man(7). */

/** Text that no line of it is a request of roff's, and whose dashes can be copied. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1')
    .replaceAll(
      /[^\n -~]/gu,
      (one) => `\\[u${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );

const quotedRoff = (text: string): string => `"${roff(text).replaceAll('"', '\\(dq')}"`;

const option = (name: FlagName): readonly string[] => {
  const [word = '', value] = flags[name].shown.split(' ');
  return [
    '.TP',
    value === undefined ? `.B ${roff(word)}` : `.BI ${roff(word)} " ${roff(value)}"`,
    roff(flags[name].says.join(' ')),
  ];
};

const command = ({ name, argument, says, more, flags: its }: Subcommand): readonly string[] => [
  `.SS ${quotedRoff(`${name}${argument === null ? '' : ` ${argument}`}`)}`,
  roff(`${says}.`),
  ...more.flatMap((line) => ['.br', roff(line)]),
  ...(its.length === 0
    ? []
    : [
        '.br',
        `Options: ${its.map((flag) => `\\fB${roff(flags[flag].shown.split(' ')[0] ?? '')}\\fR`).join(', ')}.`,
      ]),
];

/** The whole page, for man(1). */
export const manPage = (commands: readonly Subcommand[], version: string): string =>
  `${[
    `.TH PGAF\\-UPGRADE 1 "" ${quotedRoff(`pgaf-upgrade ${version}`)} "User Commands"`,
    '.SH NAME',
    roff('pgaf-upgrade').concat(
      ' \\- a major PostgreSQL upgrade of a pg_auto_failover cluster, one confirmed step at a time',
    ),
    '.SH SYNOPSIS',
    ...commands.flatMap(({ name, argument }, at) => [
      ...(at === 0 ? [] : ['.br']),
      `.B pgaf\\-upgrade ${roff(name)}${argument === null ? '' : `\\fR ${roff(argument)}`}`,
    ]),
    '.SH DESCRIPTION',
    roff(
      'Walks a DBA through the upgrade over SSH. Every command is shown before it runs, each step is confirmed, and what a rollback would cost is always in view. Nothing on a server changes before that.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(command),
    '.SH OPTIONS',
    ...flagNames.flatMap(option),
    '.TP',
    '.BR \\-h ", " \\-\\-help',
    'print the help; behind a command, the help of that command',
    '.TP',
    '.BR \\-V ", " \\-\\-version',
    'print the version',
    '.SH "EXIT STATUS"',
    roff(
      '0 finished, 1 left or failed on the way, 2 could not start (nothing was changed), 128 + n ended by signal n. Of check: 0 ready, 1 blocked, 2 could not be decided.',
    ),
    '.SH FILES',
    '.TP',
    '.I cluster.yaml',
    roff('the cluster file; pgaf-upgrade docs config has every key'),
    '.TP',
    roff('.I ~/.local/state/pgaf-upgrade/').replace(/^\\&/, ''),
    roff('journals and outputs of runs; $XDG_STATE_HOME in place of ~/.local/state'),
    '.SH "SEE ALSO"',
    `\\fBpgaf\\-upgrade docs\\fR, ${roff('pg_upgrade(1), pg_autoctl(1)')}`,
  ].join('\n')}\n`;

/** `pgaf-upgrade man`: prints it. */
export const man = async (commands: readonly Subcommand[], version: string): Promise<number> => {
  print(manPage(commands, version));
  return 0;
};
