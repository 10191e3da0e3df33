import meow from 'meow';
import { flags } from './commands/flags.ts';
import { chosen, help } from './commands/usage.ts';

declare const PGAF_UPGRADE_VERSION: string;

const cli = meow(help(), {
  importMeta: import.meta,
  pkg: { name: 'pgaf-upgrade', version: PGAF_UPGRADE_VERSION },
  version: PGAF_UPGRADE_VERSION,
  description: false,
  flags,
  allowUnknownFlags: false,
});

const [name, named, ...rest] = cli.input;
if (name === undefined) cli.showHelp(2);
else {
  const given = { ...cli.flags, named };
  const choice = chosen(name, rest, given);
  if ('wrong' in choice) {
    process.stderr.write(`pgaf-upgrade: ${choice.wrong}. See pgaf-upgrade --help.\n`);
    process.exitCode = 2;
  } else process.exitCode = await choice.command.start(given);
}
