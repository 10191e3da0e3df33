import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyTimes } from '../../bench/output/key-times.ts';
import { type FloodServer, FloodSession } from '../../bench/output/session.ts';
import { root } from '../../bench/terminal/bundle.ts';
import { newKeyPair } from '../../source/demo/hosts/key-pair.ts';
import { Sshd } from '../remote/sshd.ts';

let directory = '';
let sshd: Sshd | null = null;
let session: FloodSession | null = null;

/** An SSH server in this process, known to the console. */
const server = async (): Promise<FloodServer> => {
  const [login, host] = [newKeyPair(), newKeyPair()];
  sshd = await Sshd.start([login], [host]);
  const [keyFile, knownHosts] = [join(directory, 'id'), join(directory, 'known_hosts')];
  writeFileSync(keyFile, login.private, { mode: 0o600 });
  writeFileSync(knownHosts, `[127.0.0.1]:${sshd.port} ${host.public}\n`);
  return { port: sshd.port, user: 'dba', keyFile, knownHosts, home: sshd.home, directory };
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgaf-flood-'));
});
afterEach(async () => {
  session?.close();
  await sshd?.stop();
  session = null;
  sshd = null;
  rmSync(directory, { recursive: true, force: true });
});

test('while a host prints 50,000 lines a second every key is answered, and nothing is lost', async () => {
  const count = 300_000;
  const script = `${process.execPath} ${root}bench/host/print-lines.mjs ${count} 50000`;
  session = await FloodSession.open(await server(), script, { columns: 100, rows: 30 });
  await session.begin();
  // It prints for 6 s; less than the test has, so that a job that does not end is told from a key that is not answered.
  const ended = session.result(45_000);
  const nextCard = session.pty.painted('asks for the name node_1', 50_000);
  const times = await keyTimes(session.pty, { ended });
  const result = await ended;
  expect(result).toMatchObject({ exitCode: 0, lines: count });
  expect(spawnSync('cmp', [result.file, session.hostLog]).status).toBe(0);
  expect(times.length).toBeGreaterThan(10);
  // A busy machine may take ten times as long as `npm run bench keys` says of an idle one.
  expect(Math.max(...times)).toBeLessThan(1_000);

  // All of it can be inspected, from its first line on. Of a line only what changed is written.
  await nextCard;
  await session.pty.pressAlone('[', 'orders_4999');
  session.pty.type('3');
  await session.pty.press('g', 'orders_0000');
  await session.pty.press('F', 'orders_4999');
});
