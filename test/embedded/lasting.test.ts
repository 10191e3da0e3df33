import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { demonstrate, leftOf, rootIn } from './demo-run.ts';

const compiled = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** A demo that runs until it has printed this. */
const until = async (args: readonly string[], wanted: RegExp) => {
  const child = spawn(process.execPath, [compiled, 'demo', '--plain', '--yes', 'demo', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (wanted.test(text)) resolve();
    });
    child.once('close', () => reject(new Error(text.slice(-2000))));
  });
  return { child, root: rootIn(text), text: () => text };
};

const gone = async (look: () => readonly string[]): Promise<void> => {
  for (let tries = 0; tries < 100 && look().length > 0; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(look()).toEqual([]);
};

/** A demo that stands at a question behind its fifth step, and waits. */
const standing = async () => {
  const child = spawn(process.execPath, [compiled, 'demo', '--plain'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  let read = 0;
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const question = /^Run (this step|steps) .*\? \[.*\] $/m.exec(text.slice(read));
      if (question === null) return;
      const asked = text.slice(read);
      read = text.length;
      if (/^Step 5 of/m.test(asked)) resolve();
      else child.stdin.write('y\n');
    });
    child.once('close', () => reject(new Error(text.slice(-2000))));
  });
  return { child, root: rootIn(text) };
};

it('a second terminal sees the demo’s cluster, and checks it', async () => {
  const { child, root } = await standing();
  const ask = (command: string): string =>
    execFileSync(process.execPath, [compiled, command, `${root}/cluster.yaml`, '--json'], {
      encoding: 'utf8',
      env: { ...process.env, XDG_STATE_HOME: `${root}/state` },
    });
  expect(JSON.stringify(JSON.parse(ask('status')))).toContain('node_2');
  expect(JSON.parse(ask('check'))).toMatchObject({ outcome: expect.stringMatching(/^ready/) });
  child.kill('SIGKILL');
  await gone(() => leftOf(root));
});

/** Ends a demo that is kept, at once. */
const killed = async ({ child, root }: Awaited<ReturnType<typeof until>>): Promise<void> => {
  child.kill('SIGKILL');
  await gone(() => leftOf(root).filter((line) => line !== root));
};

it('killed in the middle of the window and again in pg_upgrade, and kept: it is taken up again, its line drops, and it goes on to the end', async () => {
  const begun = await until(
    ['--keep', '--scenario', 'line-drops'],
    // The secondary is in maintenance: it streams as before when it is taken up again.
    /Step \d+ of \d+, monitor: Stop monitor\n/,
  );
  const { root } = begun;
  try {
    await killed(begun);
    // Before the connection is cut: what is read behind that may be long over on the host.
    await killed(await until(['--resume', root], /node_1\| Analyzing all rows in the new cluster/));
    const { code, text } = await demonstrate(['--resume', root]);
    expect(code, text.slice(-3000)).toBe(0);
    expect(text).toContain(`DEMO: kept in ${root}`);
    expect(text).toMatch(/every node runs PostgreSQL 17\.12/);
    for (const host of ['node_1', 'node_2'])
      for (const said of [
        'a command that was running there keeps running if the host is up',
        'it answers again; the output continues',
      ])
        expect(text).toMatch(new RegExp(`^\\* ${host}: .*${said}`, 'm'));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
