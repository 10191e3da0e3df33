import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, it } from 'vitest';
import { readConfig } from '../../source/commands/read-config.ts';
import { probeScript } from '../../source/demo/hosts/programs.ts';
import type { Demo } from '../../source/demo/open-demo.ts';
import { connector } from '../../source/discover/connector.ts';
import { connect } from '../../source/remote/connect.ts';
import { endJobScript, jobProcessesScript } from '../../source/remote/job-processes.ts';
import { drive } from '../lab/harness/drive.ts';
import { journey } from '../lab/harness/journey.ts';
import type { AnyHost } from '../remote/any-host.ts';
import { demoConsoleHome } from './demo-home.ts';
import { demonstrate, leftOf } from './demo-run.ts';
import { makePosixPrograms, type PosixPrograms } from './posix-programs.ts';

/** The demo on a machine without GNU's programs, as macOS is one. */

const compiled = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let posix: PosixPrograms;
beforeAll(() => {
  posix = makePosixPrograms();
});
afterAll(() => rmSync(dirname(posix.directory), { recursive: true }));

const without = (scenario: string) =>
  demonstrate(['--scenario', scenario], { PGAF_UPGRADE_DEMO_PROGRAMS: posix.directory });

it.concurrent('rollback-after-start: back through the secondary’s fallback copy, and what 17 wrote is said to be lost', async ({
  expect,
}) => {
  const ran = await without('rollback-after-start');
  expect(ran.code, ran.text.slice(-3000)).toBe(0);
  expect(ran.text).toMatch(/^node_2\| {4}library pg_stat_statements loads/m);
  expect(ran.text).toMatch(/Rollback: possible through node_2, but what 17 wrote since \d\d:\d\d \S+/);
  expect(ran.text).toContain('Promote copy of 15, local only');
  expect(ran.text).toMatch(/^node_2: primary/m);
  expect(ran.text).toMatch(/^node_1: secondary/m);
  expect(ran.text).toMatch(/^DEMO demo: every node runs PostgreSQL 15\.20 again/m);
  expect(leftOf(ran.root)).toEqual([]);
  expect(posix.refusals()).toBe('');
});

const reach = async (demo: Demo, alias: string): Promise<AnyHost> => {
  const config = readConfig(demo.layout.clusterFile);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const host = await connector(config.value, connect, async () => ({ kind: 'no' }))({ alias, host: alias });
  if (!host.ok) throw new Error(JSON.stringify(host.error));
  return host.value;
};

it.concurrent('the whole upgrade, second terminals, a command that is ended, and cleanup', async ({
  expect,
}) => {
  const { demo, home } = await demoConsoleHome('smooth', posix.directory);
  const host = await reach(demo, 'node_1');
  try {
    // With the stand-ins before them the programs do all that the scripts want of GNU's.
    const here = ['mkdir probes && cd probes', probeScript].join('\n');
    expect(await host.run(here, { as: 'postgres' })).toMatchObject({ value: { stdout: '', stderr: '' } });

    for (const command of ['status', 'check', 'plan']) {
      const asked = promisify(execFile)(process.execPath, [compiled, command, demo.layout.clusterFile], {
        env: { ...process.env, XDG_STATE_HOME: `${home.directory}/state` },
      });
      expect((await asked).stdout, command).toMatch(/node_2/);
    }

    expect((await drive(home)).end).toBe('finished');
    const cleaned = await journey(home, { direction: 'cleanup' });
    expect(cleaned.end).toBe('finished');
    expect(cleaned.asked.length).toBeGreaterThan(3);

    const { data } = demo.layout.host('node_1');
    const upgrade = `${demo.layout.bin(17)}/pg_upgrade --link --old-datadir='${data}' --new-datadir='${data}'`;
    const running = host.job(
      { id: 'test/upgrade', as: 'postgres', script: upgrade },
      { onBytes: () => undefined },
    );
    const seen = async (): Promise<string> => {
      const looked = await host.run(jobProcessesScript('test/upgrade').text, { as: 'postgres' });
      return looked.ok ? looked.value.stdout : '';
    };
    await expect.poll(seen, { timeout: 10_000 }).toMatch(/^\d+ pg_upgrade$/m);
    let said = '';
    const ended = await host.job(
      { id: 'test/end', as: 'postgres', script: endJobScript('test/upgrade').text },
      {
        onBytes: (chunk) => {
          said += chunk.toString('utf8');
        },
      },
    );
    expect(said).toMatch(/^TERM to pg_upgrade \(\d+\)\nnothing of it is left$/m);
    expect(ended).toEqual({ kind: 'exited', code: 0 });
    expect(await running).toMatchObject({ kind: 'exited', code: 143 });
    expect(posix.refusals()).toBe('');
  } finally {
    await host.close();
    await demo.close();
    await home.clear();
  }
});
