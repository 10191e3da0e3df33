import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newKeyPair } from '../../source/demo/hosts/key-pair.ts';
import type { RemoteHost } from '../../source/remote/host.ts';
import { Bench, unwrap } from './bench.ts';
import { newEcdsaKey } from './sshd.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

const until = (host: RemoteHost, line: RemoteHost['line']): Promise<void> =>
  new Promise((resolve) => {
    const stop = host.onLine((now) => {
      if (now !== line) return;
      stop();
      resolve();
    });
  });
const refused = (what: string, remedy = '') => ({
  ok: false,
  error: { what: expect.stringContaining(what), remedy: expect.stringContaining(remedy) },
});

test('asks about an unknown host key once, and keeps the answer', async () => {
  const sshd = await bench.server();
  await bench.reach(sshd);
  expect(bench.questions).toEqual([
    {
      kind: 'unknown-host-key',
      alias: 'node_1',
      host: '127.0.0.1',
      keyType: 'ssh-ed25519',
      fingerprint: expect.stringMatching(/^SHA256:/),
    },
  ]);
  expect(await readFile(bench.knownHosts, 'utf8')).toMatch(
    new RegExp(`^\\[127.0.0.1\\]:${sshd.port} ssh-ed25519 AAAA\\S+\n$`),
  );
  expect((await stat(bench.knownHosts)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(bench.knownHosts))).mode & 0o777).toBe(0o700);
  await Promise.all([bench.reach(sshd), bench.reach(sshd)]);
  expect(bench.questions).toHaveLength(1);
});

test('several connections at once ask about one host once', async () => {
  const sshd = await bench.server();
  await Promise.all([bench.reach(sshd), bench.reach(sshd), bench.reach(sshd)]);
  expect(bench.questions).toHaveLength(1);
});

test('no is no, and is not kept', async () => {
  bench.answer = () => ({ kind: 'no' });
  expect(await bench.connect(await bench.server())).toMatchObject(refused('was not accepted'));
  await expect(stat(bench.knownHosts)).rejects.toThrow('ENOENT');
});

test('a changed or revoked key is refused without a question', async () => {
  const sshd = await bench.server();
  const name = `[127.0.0.1]:${sshd.port}`;
  await mkdir(dirname(bench.knownHosts));
  await writeFile(bench.knownHosts, `# mine\n${name} ${newKeyPair().public}\n`);
  expect(await bench.connect(sshd)).toMatchObject(refused(`${bench.knownHosts} line 2`, 'ssh-keygen -R'));
  await writeFile(bench.knownHosts, `@cert-authority ${name} ${newKeyPair().public}`);
  expect(await bench.connect(sshd)).toMatchObject(refused('certificate authority', 'ssh-keyscan'));
  expect(bench.questions).toEqual([]);
  await writeFile(bench.knownHosts, '');
  await (await bench.reach(sshd)).close();
  await writeFile(bench.knownHosts, `@revoked ${await readFile(bench.knownHosts, 'utf8')}`);
  expect(await bench.connect(sshd)).toMatchObject(refused('revoked'));
});

test('a host with several keys is verified by the one that is known', async () => {
  const ecdsa = newEcdsaKey();
  const sshd = await bench.server([newKeyPair(), ecdsa]);
  await mkdir(dirname(bench.knownHosts));
  await writeFile(bench.knownHosts, `[127.0.0.1]:${sshd.port} ${ecdsa.public}`);
  await bench.reach(sshd);
  expect(bench.questions).toEqual([]);
});

test('says which keys were tried', async () => {
  const sshd = await bench.server();
  const other = join(bench.directory, 'other');
  await writeFile(other, newKeyPair().private);
  const result = await bench.connect(sshd, { identityFiles: [other, '/nowhere/key'] });
  expect(result).toMatchObject(refused(`offered: ${other}; left out: /nowhere/key`, 'ssh-add'));
});

test('asks for the passphrase of an encrypted key, again when it is wrong, and not at all later', async () => {
  const sshd = await bench.server();
  const locked = newKeyPair('right');
  const file = join(bench.directory, 'locked');
  await writeFile(file, locked.private);
  sshd.authorize(locked);
  const secrets = ['wrong', 'right'];
  bench.answer = (question) =>
    question.kind === 'passphrase' ? { kind: 'secret', secret: secrets.shift() ?? '' } : { kind: 'yes' };
  const host = await bench.reach(sshd, { identityFiles: [file] });
  expect(bench.questions.map(({ kind }) => kind)).toEqual(['unknown-host-key', 'passphrase', 'passphrase']);
  const back = until(host, 'connected');
  sshd.cut();
  await back;
  await bench.reach(sshd, { identityFiles: [file] });
  expect(bench.questions).toHaveLength(3);
});

test('jumps through another host, both keys verified, and reconnects through it', async () => {
  const [bastion, target] = [await bench.server(), await bench.server()];
  const config = join(bench.directory, 'config');
  await writeFile(
    config,
    `Host inner\n HostName 127.0.0.1\n Port ${target.port}\n User dba\n ProxyJump jumper@outer:${bastion.port}\nHost outer\n HostName 127.0.0.1\nHost *\n IdentityFile ${bench.keyFile}\n`,
  );
  const result = await bench.connectTo({ alias: 'node_1', host: 'inner' }, { sshConfigFile: config });
  const host = unwrap(result);
  expect(unwrap(await host.run('echo through', { as: 'dba' })).stdout).toBe('through\n');
  expect(bastion.forwards).toContain(`127.0.0.1:${target.port}`);
  expect(bench.questions).toHaveLength(2);
  const back = until(host, 'connected');
  bastion.cut();
  await back;
  expect(unwrap(await host.run('echo again', { as: 'dba' })).stdout).toBe('again\n');
});

test('a line that breaks is dialled again; a run waits for it', async () => {
  const sshd = await bench.server();
  const host = await bench.reach(sshd);
  const seen: string[] = [];
  host.onLine((line) => seen.push(line));
  const lost = until(host, 'reconnecting');
  sshd.cut();
  await lost;
  expect(host.trouble).not.toBeNull();
  expect(unwrap(await host.run('echo back', { as: 'dba' })).stdout).toBe('back\n');
  expect(seen).toEqual(['reconnecting', 'connected']);
  await host.close();
  expect(seen.at(-1)).toBe('closed');
  expect(await host.run('true', { as: 'dba' })).toMatchObject({ ok: false });
});

test('names the host and a remedy when nobody answers', async () => {
  const address = { alias: 'node_1', user: 'dba' };
  expect(await bench.connectTo({ ...address, host: 'no-such-host.invalid' })).toMatchObject(
    refused('not found', 'HostName'),
  );
  const silent = createServer((socket) => socket.on('error', () => socket.destroy()).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const place = silent.address();
  if (place === null || typeof place === 'string') throw new Error('no port');
  const config = join(bench.directory, 'config');
  await writeFile(config, 'Host *\n ConnectTimeout 1\n');
  const late = await bench.connectTo(
    { ...address, host: '127.0.0.1', port: place.port },
    { sshConfigFile: config },
  );
  expect(late).toMatchObject(refused('did not answer within 1 s', 'firewall'));
  await new Promise((resolve) => silent.close(resolve));
  const gone = await bench.connectTo({ ...address, host: '127.0.0.1', port: place.port });
  expect(gone).toMatchObject(refused('refuses the connection', 'sshd'));
});
