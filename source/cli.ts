import meow from 'meow';
import { flags } from './commands/flags.ts';
import { answer, aside } from './commands/terminal.ts';
import { askedFor, chosen, help, helpOf, withDashes, wrongOption } from './commands/usage.ts';

declare const PGAF_UPGRADE_VERSION: string;

const argv = withDashes(process.argv.slice(2));

const refuse = (wrong: string): void => {
  aside.write(`pgaf-upgrade: ${wrong}${wrong.endsWith('?') ? '' : '.'} See pgaf-upgrade --help.\n`);
  process.exitCode = 2;
};

const start = async (): Promise<void> => {
  // Whoever asks for help runs nothing by it, whatever else stands there.
  const asked = askedFor(argv);
  if (asked === 'version') return answer.write(`${PGAF_UPGRADE_VERSION}\n`);
  if (asked !== null && 'help' in asked)
    return answer.write(asked.help === null ? help() : helpOf(asked.help));
  const wrong = asked?.wrong ?? wrongOption(argv);
  if (wrong !== null) return refuse(wrong);
  const cli = meow(help(), {
    importMeta: import.meta,
    pkg: { name: 'pgaf-upgrade', version: PGAF_UPGRADE_VERSION },
    description: false,
    flags,
    argv,
    autoHelp: false,
    autoVersion: false,
  });
  const [name, named, ...rest] = cli.input;
  if (name === undefined) {
    aside.write(help());
    process.exitCode = 2;
    return;
  }
  const given = { ...cli.flags, named, others: rest };
  const choice = chosen(name, rest, given);
  if ('wrong' in choice) refuse(choice.wrong);
  else if (given.debug === undefined) process.exitCode = await choice.command.start(given);
  else {
    const { withDebugFile } = await import('./commands/debug-file.ts');
    process.exitCode = await withDebugFile(given.debug, PGAF_UPGRADE_VERSION, () =>
      choice.command.start(given),
    );
  }
};

await start();
