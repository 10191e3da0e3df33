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

/** Ends a demo that is kept at once, takes it up again, and removes it: what was said the second time, which has come to the end. */
const takenUpAgain = async ({ child, root }: Awaited<ReturnType<typeof until>>): Promise<string> => {
  child.kill('SIGKILL');
  await gone(() => leftOf(root).filter((line) => line !== root));
  try {
    const again = await demonstrate(['--resume', root]);
    expect(again.code, again.text.slice(-3000)).toBe(0);
    expect(again.text).toMatch(/every node runs PostgreSQL 17\.12/);
    return again.text;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

it('killed in the middle of pg_upgrade and kept, it is taken up again and goes on to the end', async () => {
  const begun = await until(
    ['--keep', '--scenario', 'line-drops'],
    // Before the connection is cut: what is read behind that may be long over on the host.
    /node_1\| Analyzing all rows in the new cluster/,
  );
  expect(await takenUpAgain(begun)).toContain(`DEMO: kept in ${begun.root}`);
});

it('killed in the middle of the window and kept, it is taken up again: the secondary in maintenance streams as before', async () => {
  await takenUpAgain(await until(['--keep'], /Step \d+ of \d+, monitor: Stop monitor\n/));
});
