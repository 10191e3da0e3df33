import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sh } from '../../source/cluster/fragment.ts';
import { theLogin } from '../../source/cluster/login.ts';
import { endJobScript } from '../../source/remote/job-processes.ts';
import { thisMachine } from '../../source/remote/this-machine.ts';
import { good } from '../cluster/recorded.ts';

/** The operator's own machine, as a place where custom steps run: what a host over SSH does, without a connection. */

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-home-'));
  vi.stubEnv('HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const opened = async () => good(await thisMachine('console'));
const heard = () => {
  const chunks: Buffer[] = [];
  return {
    events: { onBytes: (chunk: Buffer) => chunks.push(chunk) },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
};

test('a command runs there as the login', async () => {
  const machine = await opened();
  const output = await machine.run(sh`echo here; echo "$HOME" >&2; exit 3`.text, { as: theLogin });
  expect(output).toEqual({ ok: true, value: { code: 3, stdout: 'here\n', stderr: `${home}\n` } });
  await machine.close();
});

test('for a login without a home directory no shell was found at all', async () => {
  vi.stubEnv('HOME', join(home, 'none'));
  const machine = await opened();
  const output = await machine.run(sh`pwd`.text, { as: theLogin });
  expect(output).toEqual({ ok: true, value: { code: 0, stdout: '/\n', stderr: '' } });
  await machine.close();
});

test('a job outlives the console that began it, and the next one finds it and its end', async () => {
  const first = await opened();
  const before = heard();
  const left = first.job(
    {
      id: 'run/own.1',
      as: theLogin,
      script: sh`echo begun; until [ -e go ]; do sleep 0.01; done; echo over; exit 7`.text,
    },
    before.events,
  );
  await vi.waitFor(() => expect(before.text()).toBe('begun\n'));
  await first.close();
  await left;
  const second = await opened();
  expect(good(await second.jobs('run')).map(({ id, state }) => [id, state])).toEqual([
    ['run/own.1', 'running'],
  ]);
  await second.run(sh`touch go`.text, { as: theLogin });
  const after = heard();
  const outcome = await second.job({ id: 'run/own.1', as: theLogin, script: null }, after.events);
  expect([outcome, after.text()]).toEqual([{ kind: 'exited', code: 7 }, 'begun\nover\n']);
  await second.close();
});

test('a job is ended with what it has started', async () => {
  const machine = await opened();
  const said = heard();
  const job = machine.job(
    { id: 'run/own.1', as: theLogin, script: sh`echo begun; sleep 60 & sleep 60`.text },
    said.events,
  );
  await vi.waitFor(() => expect(said.text()).toBe('begun\n'));
  const ended = heard();
  await machine.job(
    { id: 'run/own.1-end', as: theLogin, script: endJobScript('run/own.1').text },
    ended.events,
  );
  expect(ended.text()).toContain('nothing of it is left');
  expect(await job).toMatchObject({ kind: 'exited' });
  await machine.close();
});
