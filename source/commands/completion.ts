import { problem } from '../cluster/result.ts';
import { type FlagName, flags, optionOf } from './flags.ts';
import { print, sayProblems } from './say.ts';
import type { Subcommand } from './subcommand.ts';

/** What Tab completes in a shell: the commands, and behind a command its options; files otherwise. Made of the table of commands. */

/** Words that are no commands of the table. */
const others = [
  { name: 'help', says: 'the help; of a command, the help of that command' },
  { name: 'version', says: 'the version' },
] as const;

const wordsOf = (commands: readonly Subcommand[]): readonly string[] => [
  ...commands.map(({ name }) => name),
  ...others.map(({ name }) => name),
];

const optionsOf = (command: Subcommand): readonly string[] => [...command.flags.map(optionOf), '--help'];

/** In single quotes, for any of the three shells. The words are this program's own, and hold no backslash. */
const text = (words: string): string => `'${words.replaceAll("'", '’')}'`;

const bash = (
  commands: readonly Subcommand[],
): string => `# Completion of pgaf-upgrade for bash: source <(pgaf-upgrade completion bash)
_pgaf_upgrade() {
  local word command='' options='' at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ $word != -* ]]; then command=$word; break; fi
  done
  case $command in
    '') options=${text(wordsOf(commands).join(' '))} ;;
${commands.map((command) => `    ${command.name}) options=${text(optionsOf(command).join(' '))} ;;`).join('\n')}
    help) options=${text(commands.map(({ name }) => name).join(' '))} ;;
  esac
  word=\${COMP_WORDS[COMP_CWORD]}
  if [[ -z $command || $command == help || $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  fi
}
complete -o default -F _pgaf_upgrade pgaf-upgrade
`;

/** A bracket or a colon would end an explanation of zsh's. */
const explained = (name: FlagName): string => flags[name].says.join(' ').replaceAll(/[[\]:]/g, ' ');
const takesValue = (name: FlagName): boolean => flags[name].shown.includes(' ');

const zsh = (commands: readonly Subcommand[]): string => `#compdef pgaf-upgrade
# Completion of pgaf-upgrade for zsh: in a directory of $fpath, as _pgaf-upgrade
_pgaf_upgrade() {
  local -a commands
  commands=(
${[...commands, ...others].map(({ name, says }) => `    ${text(`${name}:${says}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${commands
  .map(
    (command) =>
      `    ${command.name}) _arguments ${[
        ...command.flags.map((name) =>
          text(`${optionOf(name)}[${explained(name)}]${takesValue(name) ? ':value:_files' : ''}`),
        ),
        text('--help[the help of this command]'),
        text('*:file:_files'),
      ].join(' ')} ;;`,
  )
  .join('\n')}
    help) _describe command commands ;;
  esac
}
if [ "$funcstack[1]" = _pgaf-upgrade ]; then _pgaf_upgrade "$@"; else compdef _pgaf_upgrade pgaf-upgrade; fi
`;

const fish = (
  commands: readonly Subcommand[],
): string => `# Completion of pgaf-upgrade for fish: ~/.config/fish/completions/pgaf-upgrade.fish
${[...commands, ...others]
  .map(({ name, says }) => `complete -c pgaf-upgrade -n __fish_use_subcommand -f -a ${name} -d ${text(says)}`)
  .join('\n')}
${commands
  .flatMap((command) =>
    command.flags.map(
      (name) =>
        `complete -c pgaf-upgrade -n '__fish_seen_subcommand_from ${command.name}' -l ${optionOf(name).slice(2)}${takesValue(name) ? ' -r' : ''} -d ${text(flags[name].says.join(' '))}`,
    ),
  )
  .join('\n')}
complete -c pgaf-upgrade -l help -d 'the help'
`;

const shells = { bash, zsh, fish } as const;
const isShell = (name: string): name is keyof typeof shells => Object.hasOwn(shells, name);

/** The completion for a shell; null: for that one there is none. */
export const completionFor = (shell: string, commands: readonly Subcommand[]): string | null =>
  isShell(shell) ? shells[shell](commands) : null;

/** `pgaf-upgrade completion SHELL`: prints it. 0; 2 where the shell is missing, or none of the three. */
export const completion = async (
  shell: string | undefined,
  commands: readonly Subcommand[],
): Promise<number> => {
  const made = completionFor(shell ?? '', commands);
  if (made === null) {
    sayProblems([
      problem(
        shell === undefined ? 'The shell is missing.' : `There is no completion for “${shell}”.`,
        `Name one of ${Object.keys(shells).join(', ')}.`,
      ),
    ]);
    return 2;
  }
  print(made);
  return 0;
};
