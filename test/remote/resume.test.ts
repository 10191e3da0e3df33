import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobOutcome } from '../../source/remote/host.ts';
import { endJobScript, jobProcessesScript } from '../../source/remote/job-processes.ts';
import type { AnyHost } from './any-host.ts';
import { Bench, unwrap } from './bench.ts';
import type { Sshd } from './sshd.ts';

// The contract of every transport.
describe.each(['ssh2', 'openssh'] as const)('by %s', (transport) => {
  let bench: Bench;
  let sshd: Sshd;
  beforeEach(async () => {
    bench = await Bench.open(transport);
    sshd = await bench.server();
  });
  afterEach(() => bench.close());

  const silent = { onBytes: () => undefined };
  const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  /** Runs until the directory of the test is gone, or told to go on. */
  const waits = (name: string) =>
    `until [ -e ${sshd.home}/${name} ] || [ ! -d ${sshd.home} ]; do sleep 0.01; done`;
  const start = (host: AnyHost, id: string, script: string): Promise<JobOutcome> =>
    host.job({ id, as: 'postgres', script }, silent);

  test('a console that comes back finds what runs, what has ended with which code, and what was killed', async () => {
    const host = await bench.reach(sshd);
    expect(unwrap(await host.jobs('night'))).toEqual([]);
    expect(await start(host, 'night/A.one.1', 'echo done; exit 3')).toMatchObject({ code: 3 });
    await start(host, 'night/A.two.1', 'kill -9 $(cut -d" " -f1 .pgaf-upgrade/jobs/night/A.two.1/pid)');
    const running = start(host, 'night/A.three.2', `echo begun; ${waits('go')}`);
    await until(() => existsSync(join(sshd.home, '.pgaf-upgrade/jobs/night/A.three.2/pid')));
    await start(host, 'another/A.one.1', ':');
    const again = await bench.reach(sshd);
    expect(unwrap(await again.jobs('night'))).toEqual([
      expect.objectContaining({ id: 'night/A.one.1', state: 'ended', code: 3, restarted: false }),
      expect.objectContaining({ id: 'night/A.three.2', state: 'running', code: null }),
      expect.objectContaining({ id: 'night/A.two.1', state: 'vanished', code: null }),
    ]);
    await writeFile(join(sshd.home, 'go'), '');
    expect(await running).toEqual({ kind: 'exited', code: 0 });
    expect(unwrap(await again.jobs('night')).find((job) => job.id === 'night/A.three.2')?.startedAt).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:]+Z$/,
    );
  });

  test('attaching starts nothing: a job that is not there is gone, not begun', async () => {
    const host = await bench.reach(sshd);
    const outcome = await host.job({ id: 'night/never.1', as: 'postgres', script: null }, silent);
    expect(outcome).toMatchObject({ kind: 'unknown', gone: true });
    expect(existsSync(join(sshd.home, '.pgaf-upgrade/jobs/night/never.1'))).toBe(false);
  });

  test('attaching follows from the byte that was seen last', async () => {
    const host = await bench.reach(sshd);
    await start(host, 'night/log.1', 'echo first; echo second');
    let rest = '';
    const outcome = await host.job(
      { id: 'night/log.1', as: 'postgres', script: null, fromOffset: 'first\n'.length },
      {
        onBytes: (chunk) => {
          rest += chunk.toString();
        },
      },
    );
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    expect(rest.endsWith('second\n') && !rest.startsWith('first')).toBe(true);
  });

  test('a job that failed before its host was restarted is told from one that failed since', async () => {
    const host = await bench.reach(sshd);
    await start(host, 'night/C.stop.1', 'exit 1');
    const directory = join(sshd.home, '.pgaf-upgrade/jobs/night/C.stop.1');
    await writeFile(join(directory, 'pid'), '4711 100 another-boot\n');
    expect(unwrap(await host.jobs('night'))).toEqual([
      expect.objectContaining({ id: 'night/C.stop.1', state: 'ended', code: 1, restarted: true }),
    ]);
  });

  test('a job killed with its host was followed for ever under the same name: it is gone, so a retry is a new one', async () => {
    const host = await bench.reach(sshd);
    const directory = join(sshd.home, '.pgaf-upgrade/jobs/night/reboot.1');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'log'), '');
    await writeFile(join(directory, 'pid'), `${process.pid} 1 another-boot\n`);
    expect(await start(host, 'night/reboot.1', 'echo twice')).toMatchObject({ kind: 'unknown', gone: true });
  });

  test('ending a job ends what it started, daemons in other sessions too, and nothing else; the job has an exit code', async () => {
    const host = await bench.reach(sshd);
    const bystander = start(host, 'night/step.10', waits('go'));
    const ended = start(
      host,
      'night/step.1',
      `setsid sh -c 'trap "" TERM; : > ${sshd.home}/deaf; while [ -d ${sshd.home} ]; do sleep 0.05; done' & setsid sleep 1000 & sleep 1000 & ${waits('never')}`,
    );
    const processes = async (job: string) =>
      unwrap(await host.run(jobProcessesScript(job).text, { as: 'postgres' })).stdout.trim();
    await until(
      async () => (await processes('night/step.1')).split('\n').filter((l) => / sleep$/.test(l)).length >= 2,
    );
    await until(async () => (await processes('night/step.10')) !== '');
    // Before it is deaf to TERM it ends by it, and there would be nobody to KILL.
    await until(async () => existsSync(join(sshd.home, 'deaf')));
    let said = '';
    const outcome = await host.job(
      { id: 'night/step.1-end-1', as: 'postgres', script: endJobScript('night/step.1').text },
      {
        onBytes: (chunk) => {
          said += chunk.toString();
        },
      },
    );
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    expect(said).toContain('TERM to sleep');
    expect(said).toMatch(/KILL to sh/);
    expect(said).toContain('nothing of it is left');
    expect(await processes('night/step.1')).toBe('');
    expect(await ended).toMatchObject({ kind: 'exited', code: expect.any(Number) });
    expect(await processes('night/step.10')).not.toBe('');
    await writeFile(join(sshd.home, 'go'), '');
    expect(await bystander).toEqual({ kind: 'exited', code: 0 });
  }, 40_000);
});
