import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { expectBack, promise } from './harness/back.ts';
import type { Console } from './harness/console.ts';
import { drive } from './harness/drive.ts';
import { type Lab, type LabHost, openLab, quote } from './harness/lab.ts';
import { PlainRun } from './harness/plain.ts';
import { expectUpgraded, expectWriteReaches, recordTruth } from './harness/truth.ts';
import { type ConsoleHome, createConsoleHome, openRun } from './harness/walk.ts';

const snapshot = process.env.DURABILITY_SNAPSHOT ?? 'small';
const homes: ConsoleHome[] = [];
const plains: PlainRun[] = [];
const consoles: Console[] = [];

afterEach(async () => {
  for (const one of plains.splice(0)) await one.kill();
  for (const one of consoles.splice(0)) await one.kill();
  for (const one of homes.splice(0)) await one.clear();
});

const begin = async (): Promise<{ lab: Lab; home: ConsoleHome }> => {
  const lab = await openLab({ snapshot });
  return { lab, home: await anotherHome(lab) };
};
/** Another machine's place: its own home, known hosts and journals. */
const anotherHome = async (lab: Lab): Promise<ConsoleHome> => {
  const home = await createConsoleHome(lab);
  homes.push(home);
  return home;
};
const plainRun = (home: ConsoleHome, args: readonly string[] = []): PlainRun => {
  const run = new PlainRun(home, args);
  plains.push(run);
  return run;
};
const screenRun = (home: ConsoleHome): Console => {
  const run = openRun(home);
  consoles.push(run);
  return run;
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The directory of the one run at a opened. */
const runDirectory = (home: ConsoleHome): string => {
  const runs = join(home.directory, 'state/pgaf-upgrade');
  const [cluster = ''] = readdirSync(runs);
  const [run = '', another] = readdirSync(join(runs, cluster));
  expect(another, 'every console of the window is of one run').toBeUndefined();
  return join(runs, cluster, run);
};

/** The log of a step's job as its host has it, and the spool file here: byte for byte the same. */
const expectNothingLost = async (lab: Lab, home: ConsoleHome, host: LabHost, step: string): Promise<void> => {
  const directory = runDirectory(home);
  const id = directory.split('/').at(-1) ?? '';
  const there = await lab.root(host, `cat ~dba/.pgaf-upgrade/jobs/${id}/${step}.1/log`);
  const here = readFileSync(join(directory, 'output', `${step}.log`), 'utf8');
  expect(here.length, 'the step has printed something').toBeGreaterThan(0);
  expect(here).toBe(there);
};

/** Holds the oldest process of a program where it is; gives what lets it go on. */
const hold = async (lab: Lab, host: LabHost, program: string): Promise<() => Promise<string>> => {
  const pid = (
    await lab.root(
      host,
      `n=0; until pid=$(pgrep -xo ${program}); do n=$((n + 1)); [ $n -lt 3000 ] || exit 1; sleep 0.01; done; kill -STOP $pid; echo $pid`,
    )
  ).trim();
  return () => lab.root(host, `kill -CONT ${pid}`);
};

/** Unplugs a host for a minute and plugs it in again. */
const cutForAMinute = async (lab: Lab, host: LabHost): Promise<void> => {
  await lab.cut(host);
  try {
    await sleep(60_000);
  } finally {
    await lab.heal(host);
  }
};

/** Puts a shell script in a program's place; gives what takes it away again. */
const replaceProgram = async (
  lab: Lab,
  host: LabHost,
  program: string,
  script: string,
): Promise<() => Promise<string>> => {
  await lab.root(
    host,
    `mv ${program} ${program}.real && cat >${program} <<'END-OF-PROGRAM'\n#!/bin/sh\n${script}\nEND-OF-PROGRAM\nchmod 755 ${program}`,
  );
  return () => lab.root(host, `mv ${program}.real ${program}`);
};

/** Presses Enter until the screen shows that it was taken: the console takes none that may have been meant for something else. */
const enterUntil = async (console_: Console, taken: RegExp): Promise<string> => {
  for (let tries = 0; ; tries += 1) {
    await console_.press('enter');
    const screen = await console_.waitFor(taken, { timeoutMs: 2_000 }).catch((thrown: unknown) => {
      if (tries >= 20 || !String(thrown).includes('passed while')) throw thrown;
      return null;
    });
    if (screen !== null) return screen;
  }
};

describe('a window with bad luck', () => {
  it('a host is rebooted after its stop, the connection is cut for 60 s during pg_upgrade and during a base backup: finished, no line lost', async () => {
    const { lab, home } = await begin();
    const before = await recordTruth(lab);
    const run = plainRun(home);
    let stop = await run.goTo(/node_1: Run pg_upgrade --link/);
    await lab.reboot('node2');
    expect(await lab.root('node2', 'pgrep -x postgres || pgrep -x pg_autoctl || echo none')).toContain(
      'none',
    );

    const goOn = hold(lab, 'node1', 'pg_upgrade');
    await run.confirm(stop);
    const release = await goOn;
    const cut = cutForAMinute(lab, 'node1');
    await release();
    await run.sees(/node_1: reconnecting, last byte \d+ s ago/);
    await cut;
    const next = await run.stop();
    expect(next).toMatchObject({ kind: 'confirm', host: 'node_1' });
    await expectNothingLost(lab, home, 'node1', 'D.node_1.pg-upgrade');

    if (next.kind !== 'confirm') return;
    await run.confirm(next);
    stop = await run.goTo(/node_2: Disable maintenance, base backup/);
    const backup = hold(lab, 'node2', 'pg_basebackup');
    await run.confirm(stop);
    const releaseBackup = await backup;
    const second = cutForAMinute(lab, 'node2');
    await releaseBackup();
    await run.sees(/node_2: reconnecting, last byte \d+ s ago/);
    await second;
    const rest = await run.stop(300_000);
    await expectNothingLost(lab, home, 'node2', 'H.node_2.join');
    await run.finish(rest);
    expectUpgraded(before, await recordTruth(lab));
    await expectWriteReaches(lab, 'node1');
  });

  it('the disk is full during pg_upgrade: the cause is said, and the rollback is offered and works', async () => {
    const { lab, home } = await begin();
    const before = await recordTruth(lab);
    await promise(lab);
    const there = await drive(home, { until: (step) => step.id === 'D.node_1.pg-upgrade' });
    expect(there.end).toBe('stopped-before');
    // The directory of both clusters on a file system of its own, with hardly any room left.
    const parent = lab.settings.pgdata.replace(/\/[^/]*$/, '');
    await lab.root(
      'node1',
      `set -e
used=$(du -sm ${quote(parent)} | cut -f1)
mkdir -p /mnt/small && mount -t tmpfs -o size=$((used + 14))m tmpfs /mnt/small
cp -a ${quote(parent)}/. /mnt/small/ && chown --reference=${quote(parent)} /mnt/small && chmod --reference=${quote(parent)} /mnt/small
mount --bind /mnt/small ${quote(parent)}`,
    );
    const run = plainRun(home);
    const stop = await run.stop();
    expect(stop).toMatchObject({ kind: 'confirm', title: 'Run pg_upgrade --link' });
    if (stop.kind !== 'confirm') return;
    await run.confirm(stop);
    const failed = await run.stop();
    expect(failed.kind).toBe('failed');
    expect(run.text).toMatch(/No space left on device/);
    run.say('rollback');
    const first = await run.stop();
    expect(run.text).toMatch(/Rollback: .*safe, no data loss/);
    await finishBack(run, first);
    await expectBack(lab, before, { sameIds: true });
  });

  it('the known hang of pg_upgrade on the monitor: the watchdog says it, x ends it, nothing is left, and it is run again to success', async () => {
    const { lab, home } = await begin();
    const before = await recordTruth(lab);
    const there = await drive(home, { until: (step) => step.id === 'C.monitor.pg-upgrade' });
    expect(there.end).toBe('stopped-before');
    // Without its second option pg_upgrade hangs; the console always gives both, so the program forgets one.
    const program = `${lab.settings.newBin}/pg_upgrade`;
    const restore = await replaceProgram(
      lab,
      'monitor',
      program,
      `for word do shift
  case $word in --new-options=*) word='--new-options=-c shared_preload_libraries=pgautofailover' ;; esac
  set -- "$@" "$word"
done
exec ${program}.real "$@"`,
    );
    const console_ = screenRun(home);
    await console_.waitFor(/Enter run step \d+ on monitor/, { timeoutMs: 60_000 });
    expect(console_.screen()).toMatch(/Resumed/);
    await enterUntil(console_, /3 Output/);
    await console_.waitFor(/Restoring database schemas in the new cluster/, { timeoutMs: 60_000 });
    await console_.waitFor(/No output for/, { timeoutMs: 100_000 });
    await console_.waitFor(/process \d+ pg_upgrade[\s\S]*disk .* free of/, { timeoutMs: 5_000 });
    await console_.waitFor(/server on port 50432: /, { timeoutMs: 5_000 });
    expect(console_.exitCode, 'it never ends anything by itself').toBeNull();

    await console_.press('x');
    await console_.waitFor(/TERMINATE THE RUNNING STEP/);
    await console_.typeName('monitor');
    await enterUntil(console_, /being ended|ended by you/);
    await console_.waitFor(/Exit +code 143/, { timeoutMs: 100_000 });
    await console_.waitFor(/Nothing of it is running any more/);
    expect(
      await lab.root('monitor', 'pgrep -xa pg_upgrade.real || pgrep -xa pg_restore || echo none'),
    ).toContain('none');
    expect(
      await lab.root(
        'monitor',
        `pgrep -xa postgres || ls ${'~postgres'}/pgaf-upgrade/@sockets/*/.s.PGSQL* 2>/dev/null || echo none`,
      ),
    ).toContain('none');
    await restore();
    await console_.press('a');
    await console_.waitFor(/Retry step \d+\?/);
    await enterUntil(console_, /Enter run step \d+ on monitor/);
    await console_.kill('SIGTERM');
    const run = plainRun(home);
    await run.finish(await run.stop());
    expectUpgraded(before, await recordTruth(lab));
  });
});

/** The rollback to its end, whatever it asks on the way. */
const finishBack = async (run: PlainRun, first: Awaited<ReturnType<PlainRun['stop']>>): Promise<void> => {
  await run.finish(first);
};

describe('two consoles at once', () => {
  it('the second one follows and cannot change anything; a dead holder is replaced by typing a name', async () => {
    const { lab, home } = await begin();
    const first = plainRun(home);
    const stop = await first.goTo(/node_1: /);
    const watcher = screenRun(await anotherHome(lab));
    await watcher.waitFor(/READ-ONLY/, { timeoutMs: 60_000 });
    await watcher.waitFor(/holds the lock of this cluster/);
    const jobs = () =>
      Promise.all(
        lab.hosts.map((host) =>
          lab.root(host, 'cd ~dba/.pgaf-upgrade/jobs 2>/dev/null && ls -d */* || true'),
        ),
      );
    const were = await jobs();
    for (const key of ['enter', 'a', 's', 'p', 'x', 't']) {
      await watcher.press(key);
      await watcher.waitFor(/Read-only|alive/, { what: `why ${key} does nothing` });
    }
    expect(await jobs()).toEqual(were);
    const lines = plainRun(await anotherHome(lab), ['--yes', clusterName(home)]);
    expect(await lines.exited).toBe(2);
    expect(lines.text).toMatch(/Another console holds the lock/);

    // What the first one does is seen.
    const number = stop.number;
    await first.confirm(stop);
    const next = await first.stop();
    expect(next).toMatchObject({ kind: 'confirm', number: number + 1 });
    await watcher.waitFor(new RegExp(`✓ +${number} `), { timeoutMs: 20_000 });

    await first.kill('SIGKILL');
    await watcher.waitFor(/gives no sign of life/, { timeoutMs: 60_000 });
    await watcher.press('t');
    await watcher.waitFor(/TAKE THE LOCK OVER/);
    await watcher.typeName('nobody', 'Name');
    await enterUntil(watcher, /Refused: type /);
    const holder = /To take over, type (\S+)/.exec(watcher.screen())?.[1] ?? '';
    await watcher.typeName(holder, 'Name');
    await enterUntil(watcher, new RegExp(`Enter run steps? ${number + 1}\\b`));
    expect(watcher.screen()).not.toMatch(/READ-ONLY/);
    await enterUntil(watcher, new RegExp(`✓ +${number + 1} `));
    // The old holder's machine comes back: it only watches.
    const back = plainRun(home);
    await back.sees(/Read-only: .* holds the lock since/);
  });
});

const clusterName = (home: ConsoleHome): string =>
  /^monitor: \{host: (\S+?)\}/m.exec(readFileSync(home.args[0] ?? '', 'utf8'))?.[1] ?? '';

describe('what comes over the SSH connection', () => {
  it('a host key that is another after a reconnect is refused, and nothing runs there any more', async () => {
    const { lab, home } = await begin();
    const run = plainRun(home);
    const stop = await run.goTo(/node_1: Create the new/);
    await lab.root(
      'node1',
      'rm /etc/ssh/ssh_host_*; ssh-keygen -A >/dev/null; systemctl restart ssh; pkill -f "sshd-session: dba" || pkill -f "sshd: dba"; true',
    );
    await run.sees(
      /node_1: The host key of .* is not the one in .*known_hosts line \d+: .* refused/i,
      60_000,
    );
    await run.confirm(stop);
    expect((await run.stop()).kind).toBe('failed');
    expect(
      await lab.root('node1', 'ls -d ~dba/.pgaf-upgrade/jobs/*/A.node_1.initdb.1 2>/dev/null || echo none'),
    ).toContain('none');
  });

  it('hostile output leaves screen and terminal as they were, and the console small', async () => {
    const { lab, home } = await begin();
    const there = await drive(home, { until: (step) => step.id === 'C.node_1.checkpoint' });
    expect(there.end).toBe('stopped-before');
    const psql = `${lab.settings.newBin}/psql`;
    await replaceProgram(
      lab,
      'node1',
      psql,
      `case "$*" in *checkpoint*)
printf '\\033]52;c;ZXZpbA==\\007\\033]0;EVIL TITLE\\007\\033]2;EVIL\\033\\\\\\n'
printf '\\033[2J\\033[1;1HOVERWRITTEN\\033[?1049l\\033[?25l\\033[999;999H\\033c\\033[6n\\n'
printf 'nul \\000 byte, invalid \\377\\376\\303\\050 utf-8\\n'
head -c 10485760 /dev/zero | tr '\\000' 'x'
printf '\\nhostile end\\n' ;;
esac
exec ${psql}.real "$@"`,
    );
    const console_ = screenRun(home);
    await console_.waitFor(/Enter run step \d+ on node_1/, { timeoutMs: 60_000 });
    const rss = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${console_.pid}/status`, 'utf8'))?.[1]) / 1024;
    const small = rss();
    await enterUntil(console_, /3 Output|asks for the name/);
    await console_.waitFor(/asks for the name/, { timeoutMs: 60_000 });
    await console_.waitFor(/Stop primary/, { timeoutMs: 60_000 });
    await console_.press('[');
    const screen = await console_.waitFor(/hostile end/, { timeoutMs: 20_000 });
    expect(screen).toMatch(/^pgaf-upgrade/);
    expect(screen).toMatch(/1 Monitor[\s\S]*2 Steps/);
    expect(screen).not.toMatch(/^OVERWRITTEN/m);
    expect(console_.alternate).toBe(true);
    expect(console_.raw).not.toContain('\x1b]52');
    expect(console_.raw).not.toContain('EVIL TITLE\x07');
    expect(console_.raw).not.toContain('\x1bc');
    expect(console_.raw).not.toContain('\x1b[6n');
    expect(rss() - small, 'megabytes more').toBeLessThan(150);
    console.log(`hostile output: ${small.toFixed(0)} MB before, ${rss().toFixed(0)} MB after`);
    // Ended by a signal, it leaves the terminal as it was.
    expect(await console_.kill('SIGTERM')).toBe(143);
    expect(console_.alternate).toBe(false);
    expect(console_.scrollback()).toMatch(/is next\. Start again to go on from there/);
  });
});
