import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoHost } from '../cluster/host.ts';
import type { Call } from '../hosts/wire.ts';
import { failedRestore, upgradeCheck, upgradeCopy, upgradeLink } from '../recorded/pg-upgrade-output.ts';
import { debianVersion } from '../recorded/postgres.ts';
import { pause, piecesOf, recordedLines } from '../recorded/replay.ts';
import { readControl, writeControl } from '../servers/control.ts';
import { bringOver, versionIn } from '../servers/directory.ts';
import { toolOption } from './options.ts';

interface Job {
  readonly call: Call;
  readonly oldData: string;
  readonly newData: string;
  readonly mode: 'link' | 'copy';
}

const renameControl = ({ oldData }: Job): void =>
  renameSync(join(oldData, 'global/pg_control'), join(oldData, 'global/pg_control.old'));

const finish = ({ call, oldData, newData, mode }: Job): void => {
  const old = readControl(existsSync(join(oldData, 'global/pg_control')) ? oldData : newData);
  const fresh = readControl(newData);
  if (fresh !== null)
    writeControl(newData, {
      ...fresh,
      state: 'shut down',
      modified: Date.now(),
      checkpoint: fresh.checkpoint + 0x2000060n,
      nextXid: Math.max(fresh.nextXid, old?.nextXid ?? 0, mode === 'link' ? 19_200 : 1_100),
    });
  writeFileSync(join(call.directory, 'delete_old_cluster.sh'), `#!/bin/sh\n\nrm -rf '${oldData}'\n`, {
    mode: 0o700,
  });
  const [database, extension] =
    mode === 'copy' ? ['pg_auto_failover', 'pgautofailover'] : ['app', 'pg_stat_statements'];
  writeFileSync(
    join(call.directory, 'update_extensions.sql'),
    `\\connect ${database}\nALTER EXTENSION "${extension}" UPDATE;\n`,
  );
};

/** A view on a column that 17 does not have: --check passes, restoring the schema does not. */
const failRestore = ({ call, newData }: Job): void => {
  const at = new Date().toISOString().replaceAll(/[-:]|Z/g, '');
  const log = join(newData, 'pg_upgrade_output.d', at, 'log');
  mkdirSync(log, { recursive: true, mode: 0o700 });
  mkdirSync(join(newData, 'base/16384'), { recursive: true, mode: 0o700 });
  writeFileSync(
    join(log, 'pg_upgrade_dump_16384.log'),
    failedRestore.replaceAll('/rec/new/pg_upgrade_output.d/20261123T010755.471', join(log, '..')),
  );
  call.out('\n*failure*\n');
  call.out(
    `Consult the last few lines of "${log}/pg_upgrade_dump_16384.log" for\nthe probable cause of the failure.\nFailure, exiting`,
  );
};

/** pg_upgrade starts the old server for a moment: its checkpoint moves on from what the fallback copies hold. */
const startOld = ({ oldData }: Job): void => {
  const control = readControl(oldData);
  if (control !== null)
    writeControl(oldData, { ...control, checkpoint: control.checkpoint + 0xf0n, modified: Date.now() });
};

/** What a line of pg_upgrade does to the disks, at the place where the real one does it. */
const doneAt: readonly (readonly [RegExp, (job: Job) => void])[] = [
  [/^Adding "\.old" suffix/, renameControl],
  [
    /^(Linking|Copying) user relation files/,
    ({ oldData, newData, mode }) => bringOver(oldData, newData, mode),
  ],
  [/^Creating script to delete/, finish],
];

/** The recording names the lab's directories. */
const here = (text: string, { call, oldData }: Job): string =>
  text.replaceAll('/var/lib/pgsql/data', oldData).replaceAll('/opt/vmware/postgres/17/bin', call.bin);

const upgrade = async (job: Job, host: DemoHost): Promise<number> => {
  const { call } = job;
  const { stage, slower } = host.cluster;
  startOld(job);
  let fails = false;
  const pieces = recordedLines(piecesOf(job.mode === 'link' ? upgradeLink : upgradeCopy));
  for (const [at, { waitMs, text }] of pieces.entries()) {
    await pause(waitMs * slower);
    if (fails) {
      failRestore(job);
      stage.upgradeFailed(host.name);
      return 1;
    }
    for (const [line, act] of doneAt) if (line.test(text)) act(job);
    fails = stage.upgradeLine(host.name, at / pieces.length, text.startsWith('Restoring database schemas'));
    const shown = here(text, job);
    if (shown.endsWith('\n')) call.out(shown.slice(0, -1));
    else call.part(shown);
  }
  return 0;
};

const check = async (job: Job): Promise<number> => {
  const running = existsSync(join(job.oldData, 'postmaster.pid'));
  const text = running
    ? upgradeCheck
    : upgradeCheck.replace(/ on Old Live Server\n-+/, '\n-----------------------------');
  for (const line of text.trimEnd().split('\n')) job.call.out(line);
  return 0;
};

export const pgUpgradeTool = async (call: Call, host: DemoHost): Promise<number> => {
  const { args } = call;
  const [oldData, newData] = [
    toolOption(args, '--old-datadir', '-d'),
    toolOption(args, '--new-datadir', '-D'),
  ];
  if (args.includes('--version')) {
    call.out(`pg_upgrade (PostgreSQL) ${debianVersion[17]}`);
    return 0;
  }
  if (oldData === undefined || newData === undefined || versionIn(newData) === null) {
    call.out(`check for "${newData ?? ''}" failed: No such file or directory\nFailure, exiting`);
    return 1;
  }
  const job: Job = { call, oldData, newData, mode: args.includes('--link') ? 'link' : 'copy' };
  return args.includes('--check') ? check(job) : upgrade(job, host);
};
