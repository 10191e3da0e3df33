import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoHost } from '../cluster/host.ts';
import type { Call } from '../hosts/wire.ts';
import { failedRestoreLog, upgradeCheck, upgradeCopy, upgradeLink } from '../recorded.ts';
import { readControl, writeControl } from '../servers/control.ts';
import { bringOver, versionIn } from '../servers/directory.ts';
import { lineMs } from '../timing.ts';
import { optionOf } from './answers.ts';

const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** What a line of pg_upgrade does to the disks, at the place where the real one does it. */
interface Job {
  readonly call: Call;
  readonly oldData: string;
  readonly newData: string;
  readonly mode: 'link' | 'copy';
}

const renameControl = ({ oldData }: Job): void =>
  renameSync(join(oldData, 'global/pg_control'), join(oldData, 'global/pg_control.old'));

const finish = ({ call, oldData, newData, mode }: Job): void => {
  const old = readControl(oldData);
  const fresh = readControl(newData);
  if (fresh !== null)
    writeControl(newData, {
      ...fresh,
      state: 'shut down',
      modified: Date.now(),
      checkpoint: (old?.checkpoint ?? fresh.checkpoint) + 0x2000060n,
      nextXid: Math.max(fresh.nextXid, (old?.nextXid ?? 0) + (mode === 'link' ? 412 : 96)),
    });
  writeFileSync(join(call.directory, 'delete_old_cluster.sh'), `#!/bin/sh\n\nrm -rf '${oldData}'\n`, {
    mode: 0o700,
  });
  if (mode === 'copy')
    writeFileSync(
      join(call.directory, 'update_extensions.sql'),
      '\\connect pg_auto_failover\nALTER EXTENSION "pgautofailover" UPDATE;\n',
    );
};

/** A view on a column that 17 does not have: --check passes, restoring the schema does not. */
const failRestore = ({ call, newData }: Job): void => {
  const at = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 19);
  const log = join(newData, 'pg_upgrade_output.d', at, 'log');
  mkdirSync(log, { recursive: true, mode: 0o700 });
  mkdirSync(join(newData, 'base/16384'), { recursive: true, mode: 0o700 });
  writeFileSync(
    join(log, 'pg_upgrade_dump_16384.log'),
    failedRestoreLog.replaceAll('"public.bg"', '"public.writeback"').replaceAll('VIEW bg', 'VIEW writeback'),
  );
  call.out('\n*failure*\n');
  call.out(
    `Consult the last few lines of "${log}/pg_upgrade_dump_16384.log" for\nthe probable cause of the failure.\nFailure, exiting`,
  );
};

/** pg_upgrade starts the old server for a moment: its checkpoint moves on from what the images hold. */
const startOld = ({ oldData }: Job): void => {
  const control = readControl(oldData);
  if (control !== null)
    writeControl(oldData, { ...control, checkpoint: control.checkpoint + 0xf0n, modified: Date.now() });
};

const linesOf = (text: string, job: Job): readonly string[] =>
  text
    .trimEnd()
    .replaceAll('/rec/old', job.oldData)
    .replaceAll('/usr/lib/postgresql/17/bin', job.call.bin)
    .split('\n');

/** A line's words, then its result after as long as it took. */
const print = async (call: Call, line: string): Promise<void> => {
  const [, words, result] = /^(.{60,62}?)(ok|notice)$/.exec(line) ?? [];
  if (words === undefined || result === undefined) {
    call.out(line);
    return;
  }
  call.part(words);
  await pause(lineMs(words.trim()));
  call.out(result);
};

export const pgUpgrade = async (call: Call, host: DemoHost): Promise<number> => {
  const { args } = call;
  const [oldData, newData] = [optionOf(args, '--old-datadir', '-d'), optionOf(args, '--new-datadir', '-D')];
  if (args.includes('--version')) {
    call.out('pg_upgrade (PostgreSQL) 17.12 (Debian 17.12-0+deb13u1)');
    return 0;
  }
  if (oldData === undefined || newData === undefined || versionIn(newData) === null) {
    call.out(`check for "${newData ?? ''}" failed: No such file or directory\nFailure, exiting`);
    return 1;
  }
  const job: Job = { call, oldData, newData, mode: args.includes('--link') ? 'link' : 'copy' };
  if (args.includes('--check')) {
    const running = existsSync(join(oldData, 'postmaster.pid'));
    for (const line of linesOf(upgradeCheck, job))
      if (line.startsWith('Performing') && !running)
        call.out('Performing Consistency Checks\n-----------------------------');
      else if (!(line.startsWith('---') && !running)) await print(call, line);
    return 0;
  }
  startOld(job);
  const lines = linesOf(job.mode === 'link' ? upgradeLink : upgradeCopy, job);
  const extensions = job.mode === 'copy';
  for (const [at, line] of lines.entries()) {
    if (host.cluster.stage.upgradeLine(host.name, at) && line.startsWith('Restoring database schemas')) {
      call.part(line.slice(0, 61));
      await pause(lineMs('Restoring database schemas in the new cluster'));
      failRestore(job);
      return 1;
    }
    if (line.startsWith('Adding ".old" suffix')) renameControl(job);
    if (/^(Linking|Copying) user relation files/.test(line)) bringOver(oldData, newData, job.mode);
    if (line.startsWith('Creating script to delete')) finish(job);
    // The application's extensions are those of 17 already; the monitor's is updated by pg_autoctl.
    if (!extensions && line.startsWith('Checking for extension updates')) {
      await print(call, line.replace('notice', 'ok'));
      continue;
    }
    if (
      !extensions &&
      at > lines.findIndex((one) => one.startsWith('Checking for extension')) &&
      at < lines.indexOf('Upgrade Complete')
    )
      continue;
    await print(call, line);
  }
  return 0;
};
