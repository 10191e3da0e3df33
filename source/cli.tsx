import meow from 'meow';

declare const PGAF_UPGRADE_VERSION: string;

const cli = meow(
  `
  Walks you through a major PostgreSQL upgrade of a pg_auto_failover cluster, one confirmed step at a time.

  Usage
    $ pgaf-upgrade init [ssh://USER@MONITOR] discover the cluster and write cluster.yaml
    $ pgaf-upgrade check [cluster.yaml]      before the window: will it work, and how long will it take
    $ pgaf-upgrade status [cluster.yaml]     where things stand, once
    $ pgaf-upgrade run [cluster.yaml]        upgrade, or go on where the servers are
    $ pgaf-upgrade rollback [cluster.yaml]   the way back from where the servers are
    $ pgaf-upgrade cleanup [cluster.yaml]    days later: remove the old clusters, host by host
    $ pgaf-upgrade demo                      the same console over an embedded cluster: no server, nothing to install

  Options
    --plain       plain lines instead of the full screen (also without a terminal, or with TERM=dumb)
    --yes NAME    with --plain: confirm every step by itself; NAME is the cluster's name, so that it cannot be
                  the wrong one. Optional steps are passed over.
    --json        with check and status: the answer for scripts
    --list        with check: every check there is
    --prepare     with check: keep the new directories that it makes, so that the window starts with them done
    --scenario NAME  with demo: smooth, two-secondaries, pg-upgrade-fails, line-drops, rollback-after-start
    --keep        with demo: keep its directory when it ends; --resume DIR goes on in one
    --version     print the version
    --help        print this

  The cluster file needs little; everything else is read from the servers and shown:

    monitor: { host: monitor.example.com }
    ssh: { user: dba }
    target: { bindir: /opt/vmware/postgres/17/bin }

  Nothing on a server changes before you have confirmed the exact command.
  Exit codes: 0 finished, 1 left or failed on the way, 2 could not start (nothing was changed), 128 + n ended by
  signal n (130 SIGINT, 143 SIGTERM, 129 SIGHUP). Whatever ends the console, what runs on a host goes on there.
  Of check: 0 ready, 1 blocked, 2 could not look.
`,
  {
    importMeta: import.meta,
    pkg: { name: 'pgaf-upgrade', version: PGAF_UPGRADE_VERSION },
    version: PGAF_UPGRADE_VERSION,
    description: false,
    flags: {
      plain: { type: 'boolean', default: false },
      yes: { type: 'string' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      prepare: { type: 'boolean', default: false },
      scenario: { type: 'string' },
      keep: { type: 'boolean', default: false },
      resume: { type: 'string' },
    },
    allowUnknownFlags: false,
  },
);

const directions = { run: 'upgrade', rollback: 'rollback', cleanup: 'cleanup' } as const;
const isDirection = (name: string): name is keyof typeof directions => Object.hasOwn(directions, name);
const others = ['check', 'demo', 'init', 'status'];

const [command, named, ...rest] = cli.input;
const file = named ?? 'cluster.yaml';
const { plain, yes, json, list, prepare } = cli.flags;

const refuse = (what: string): void => {
  process.stderr.write(`pgaf-upgrade: ${what}. See pgaf-upgrade --help.\n`);
  process.exitCode = 2;
};

if (command === undefined) cli.showHelp(2);
else if (!isDirection(command) && !others.includes(command)) refuse(`there is no command “${command}”`);
else if (rest.length > 0) refuse(`one cluster file at a time: ${rest.join(' ')} is too much`);
else if (json && command !== 'check' && command !== 'status') refuse('--json goes with check and status');
else if ((list || prepare) && command !== 'check') refuse('--list and --prepare go with check');
else if (
  (cli.flags.scenario !== undefined || cli.flags.keep || cli.flags.resume !== undefined) &&
  command !== 'demo'
)
  refuse('--scenario, --keep and --resume go with demo');
else if (command === 'demo' && named !== undefined) refuse('demo takes no cluster file');
else if (command === 'check') {
  const { runCheck } = await import('./commands/check.ts');
  process.exitCode = await runCheck({ file, json, list, prepare });
} else if (command === 'init') {
  const { init } = await import('./commands/init.ts');
  process.exitCode = await init({ ...(named === undefined ? {} : { address: named }) });
} else if (command === 'demo') {
  const { demo } = await import('./commands/demo.ts');
  const { scenario, keep, resume } = cli.flags;
  process.exitCode = await demo({
    scenario,
    plain,
    keep,
    ...(yes === undefined ? {} : { yes }),
    ...(resume === undefined ? {} : { resume }),
  });
} else if (command === 'status') {
  const { status } = await import('./commands/status.ts');
  process.exitCode = await status({ file, json });
} else if (isDirection(command)) {
  const { run } = await import('./commands/run.ts');
  process.exitCode = await run({
    file,
    direction: directions[command],
    plain,
    ...(yes === undefined ? {} : { yes }),
  });
}
