import meow from 'meow';

declare const PGAF_UPGRADE_VERSION: string;

const cli = meow(
  `
  Walks you through a major PostgreSQL upgrade of a pg_auto_failover cluster, one confirmed step at a time.

  Usage
    $ pgaf-upgrade run [cluster.yaml]        upgrade, or go on where the servers are
    $ pgaf-upgrade rollback [cluster.yaml]   the way back from where the servers are
    $ pgaf-upgrade cleanup [cluster.yaml]    days later: remove the old clusters, host by host

  Options
    --plain       plain lines instead of the full screen (also without a terminal, or with TERM=dumb)
    --yes NAME    with --plain: confirm every step by itself; NAME is the cluster's name, so that it cannot be
                  the wrong one. Optional steps are passed over.
    --version     print the version
    --help        print this

  The cluster file needs little; everything else is read from the servers and shown:

    monitor: { host: monitor.example.com }
    ssh: { user: dba }
    target: { bindir: /opt/vmware/postgres/17/bin }

  Nothing on a server changes before you have confirmed the exact command.
  Exit codes: 0 finished, 1 left or failed on the way, 2 could not start (nothing was changed), 128 + n ended by
  signal n (130 SIGINT, 143 SIGTERM, 129 SIGHUP). Whatever ends the console, what runs on a host goes on there.
`,
  {
    importMeta: import.meta,
    pkg: { name: 'pgaf-upgrade', version: PGAF_UPGRADE_VERSION },
    version: PGAF_UPGRADE_VERSION,
    description: false,
    flags: { plain: { type: 'boolean', default: false }, yes: { type: 'string' } },
    allowUnknownFlags: false,
  },
);

const directions = { run: 'upgrade', rollback: 'rollback', cleanup: 'cleanup' } as const;
const isCommand = (name: string): name is keyof typeof directions => Object.hasOwn(directions, name);

const [command, file = 'cluster.yaml', ...rest] = cli.input;
if (command === undefined) cli.showHelp(2);
else if (!isCommand(command) || rest.length > 0) {
  const what =
    rest.length > 0
      ? `one cluster file at a time: ${rest.join(' ')} is too much`
      : `there is no command “${command}”`;
  process.stderr.write(`pgaf-upgrade: ${what}. See pgaf-upgrade --help.\n`);
  process.exitCode = 2;
} else {
  const { run } = await import('./commands/run.ts');
  process.exitCode = await run({
    file,
    direction: directions[command],
    plain: cli.flags.plain,
    ...(cli.flags.yes === undefined ? {} : { yes: cli.flags.yes }),
  });
}
