import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { newKeyPair } from '../../source/demo/hosts/key-pair.ts';
import { connect } from '../../source/remote/connect.ts';
import type { HostAddress, RemoteOptions } from '../../source/remote/host.ts';
import type { AnyHost } from './any-host.ts';
import { Bench, unwrap } from './bench.ts';
import { keygen, MachineSshd } from './machine-sshd.ts';

let bench: Bench;
let sshds: MachineSshd[];
beforeEach(async () => {
  bench = await Bench.open('openssh');
  sshds = [];
  await mkdir(dirname(bench.knownHosts));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await bench.close();
  for (const sshd of sshds) await sshd.stop();
});

const sshd = async (settings?: Parameters<typeof MachineSshd.start>[1]): Promise<MachineSshd> => {
  const made = await MachineSshd.start(join(bench.directory, `sshd${sshds.length}`), settings);
  sshds.push(made);
  return made;
};
const addressOf = (to: MachineSshd): HostAddress => ({
  alias: 'node_1',
  host: '127.0.0.1',
  port: to.port,
  user: to.user,
  identityFiles: [join(to.directory, 'id')],
});
const reach = async (
  to: MachineSshd,
  address: Partial<HostAddress> = {},
  more: Partial<RemoteOptions> = {},
): Promise<AnyHost> => unwrap(await bench.connectTo({ ...addressOf(to), ...address }, more));
const echo = async (host: AnyHost, to: MachineSshd): Promise<string> =>
  unwrap(await host.run('echo in', { as: to.user })).stdout;

/** The masters of this bench, by what stands on their command lines. */
const masters = (text = bench.directory): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words[0] === 'ssh' && words.includes('-M') && words.some((word) => word.includes(text));
      } catch {
        // Gone meanwhile.
        return false;
      }
    })
    .map(Number);
const socketOf = (pid: number): string => {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return words[words.indexOf('-S') + 1] ?? '';
};
const lost = (host: AnyHost, cut: () => void): Promise<void> =>
  new Promise((resolve) => {
    const stop = host.onLine((now) => {
      if (now !== 'reconnecting') return;
      stop();
      resolve();
    });
    cut();
  });

test('certificates: a host known by its authority alone, a user by a certificate alone; chosen by itself, with a word', async () => {
  const ca = join(bench.directory, 'ca');
  keygen('-t', 'ed25519', '-N', '', '-f', ca);
  const to = await sshd((directory) => {
    keygen('-s', ca, '-I', 'host', '-h', '-n', '127.0.0.1', join(directory, 'host_key.pub'));
    keygen('-s', ca, '-I', 'user', '-n', userInfo().username, join(directory, 'id.pub'));
    return [
      `HostCertificate ${join(directory, 'host_key-cert.pub')}`,
      `TrustedUserCAKeys ${ca}.pub`,
      'AuthorizedKeysFile none',
    ];
  });
  const authority = await readFile(join(bench.directory, 'ca.pub'), 'utf8');
  await writeFile(bench.knownHosts, `@cert-authority [127.0.0.1]:* ${authority}`);
  const said: string[] = [];
  const host = unwrap(await connect(addressOf(to), bench.options({ say: (text) => said.push(text) })));
  expect(await echo(host, to)).toBe('in\n');
  expect(said).toEqual([
    `node_1 is reached by this machine's ssh: ${join(to.directory, 'id')}-cert.pub is a certificate`,
  ]);
  expect(bench.questions).toEqual([]);
  await host.close();
});

test('an unknown key is asked for with its fingerprint, and kept by ssh; a no is no; a changed one is refused', async () => {
  const to = await sshd();
  bench.answer = () => ({ kind: 'no' });
  expect(await bench.connectTo(addressOf(to))).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining('was not accepted') },
  });
  expect(existsSync(bench.knownHosts) && (await readFile(bench.knownHosts, 'utf8')) !== '').toBe(false);
  bench.answer = () => ({ kind: 'yes' });
  const host = await reach(to);
  expect(await echo(host, to)).toBe('in\n');
  expect(bench.questions[1]).toEqual({
    kind: 'unknown-host-key',
    alias: 'node_1',
    host: `[127.0.0.1]:${to.port}`,
    keyType: 'ED25519',
    fingerprint: expect.stringMatching(/^SHA256:/),
  });
  expect(await readFile(bench.knownHosts, 'utf8')).toContain(`${to.knownName} ${to.hostKey}`);
  await writeFile(bench.knownHosts, `# mine\n${to.knownName} ${newKeyPair().public}\n`);
  expect(await bench.connectTo(addressOf(to))).toMatchObject({
    ok: false,
    error: {
      what: expect.stringContaining(`is not the one in ${bench.knownHosts} line 2`),
      remedy: expect.stringContaining(`ssh-keygen -R '${to.knownName}'`),
    },
  });
  expect(bench.questions).toHaveLength(2);
});

test.each(['accept-new', 'no'])(
  'StrictHostKeyChecking %s accepts nothing by itself, on no host on the way',
  async (word) => {
    const [bastion, to] = [await sshd(), await sshd()];
    const config = join(bench.directory, 'config');
    await writeFile(
      config,
      `Host *\n StrictHostKeyChecking ${word}\nHost inner\n HostName 127.0.0.1\n Port ${to.port}\n ProxyJump outer\nHost outer\n HostName 127.0.0.1\n Port ${bastion.port}\n IdentityFile ${join(bastion.directory, 'id')}\n`,
    );
    const { port: _port, ...address } = addressOf(to);
    const host = unwrap(await bench.connectTo({ ...address, host: 'inner' }, { sshConfigFile: config }));
    expect(await echo(host, to)).toBe('in\n');
    expect(bench.questions.map((one) => one.kind === 'unknown-host-key' && one.host)).toEqual([
      `[127.0.0.1]:${bastion.port}`,
      `[127.0.0.1]:${to.port}`,
    ]);
    await host.close();
    await expect.poll(() => masters()).toEqual([]);
  },
);

test('StrictHostKeyChecking yes: nobody is asked', async () => {
  const to = await sshd();
  const config = join(bench.directory, 'config');
  await writeFile(config, 'Host *\n StrictHostKeyChecking yes\n');
  expect(await bench.connectTo(addressOf(to), { sshConfigFile: config })).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining('is not known') },
  });
  expect(bench.questions).toEqual([]);
});

test('a passphrase, and a second factor, are asked by way of the console; a lost connection asks for the factor alone', async () => {
  const server = await bench.server();
  const locked = newKeyPair('right');
  const file = join(bench.directory, 'locked');
  await writeFile(file, locked.private, { mode: 0o600 });
  server.authorize(locked);
  server.asks = [{ says: '', prompts: [{ prompt: 'Verification code: ', echo: false }] }];
  const secrets = ['wrong', 'right', '123456', '654321'];
  bench.answer = (question) =>
    question.kind === 'unknown-host-key'
      ? { kind: 'yes' }
      : { kind: 'secret', secret: secrets.shift() ?? '' };
  const host = await bench.reach(server, { identityFiles: [file] });
  expect(bench.questions.map(({ kind }) => kind)).toEqual([
    'unknown-host-key',
    'passphrase',
    'passphrase',
    'prompt',
  ]);
  expect(bench.questions.at(-1)).toMatchObject({ prompt: expect.stringContaining('Verification code:') });
  await lost(host, () => server.cut());
  expect(unwrap(await host.run('echo back', { as: 'dba' })).stdout).toBe('back\n');
  expect(bench.questions.map(({ kind }) => kind).slice(4)).toEqual(['prompt']);
  expect(server.answers).toEqual([['123456'], ['654321']]);
  // No secret on any command line.
  expect(server.commands.join('\n')).not.toMatch(/right|123456/);
});

test('nobody answers: refused by name, and nothing is left running', async () => {
  const server = await bench.server();
  server.asks = [{ says: '', prompts: [{ prompt: 'Verification code: ', echo: false }] }];
  // A place of its own: in the common one consoles of other runs come and go.
  const place = join(bench.directory, 'tmp');
  await mkdir(place);
  vi.stubEnv('TMPDIR', place);
  bench.answer = (question) => (question.kind === 'unknown-host-key' ? { kind: 'yes' } : { kind: 'no' });
  expect(await bench.connect(server)).toMatchObject({
    ok: false,
    error: {
      what: expect.stringContaining('Verification code:'),
      remedy: expect.stringContaining('in a terminal'),
    },
  });
  await expect.poll(() => masters()).toEqual([]);
  await expect.poll(() => readdirSync(place)).toEqual([]);
});

test('MaxSessions 1, ProxyCommand and Match exec', async () => {
  const to = await sshd(() => ['MaxSessions 1']);
  const config = join(bench.directory, 'config');
  const relay = join(bench.directory, 'relay.cjs');
  await writeFile(
    relay,
    "const s = require('net').connect(process.argv[3], process.argv[2]); process.stdin.pipe(s).pipe(process.stdout);\n",
  );
  await writeFile(
    config,
    `Match originalhost inner exec "test -e ${relay}"\n HostName 127.0.0.1\n Port ${to.port}\n ProxyCommand ${process.execPath} ${relay} %h %p\n`,
  );
  const { port: _port, ...address } = addressOf(to);
  const host = unwrap(await bench.connectTo({ ...address, host: 'inner' }, { sshConfigFile: config }));
  const go = join(bench.directory, 'go');
  const long = host.run(`until [ -e ${go} ]; do sleep 0.02; done; echo long`, { as: to.user });
  expect(await echo(host, to)).toBe('in\n');
  await writeFile(go, '');
  expect(unwrap(await long).stdout).toBe('long\n');
  await host.close();
  await expect.poll(() => masters()).toEqual([]);
});

test('255 is an exit code where the host said it, a killed master is a lost connection, and what runs by it is unknown', async () => {
  const to = await sshd();
  const host = await reach(to);
  expect(unwrap(await host.run('exit 255', { as: to.user })).code).toBe(255);
  expect(await host.run('kill -9 $$', { as: to.user })).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining('unknown') },
  });
  const started = join(bench.directory, 'started');
  const cut = host.run(`: >${started}; sleep 20`, { as: to.user });
  await expect.poll(() => existsSync(started), { timeout: 5_000 }).toBe(true);
  const [master] = masters();
  const bytes: Buffer[] = [];
  await lost(host, () => process.kill(master ?? 0, 'SIGKILL'));
  expect(await cut).toMatchObject({ ok: false, error: { what: expect.stringContaining('unknown') } });
  const outcome = await host.job(
    { id: 'run/after.1', as: to.user, script: 'echo goes on; exit 3' },
    { onBytes: (chunk) => bytes.push(chunk) },
  );
  expect(outcome).toEqual({ kind: 'exited', code: 3 });
  expect(String(Buffer.concat(bytes))).toBe('goes on\n');
});

test('a console that is killed leaves no ssh and no directory behind', async () => {
  const to = await sshd();
  await writeFile(bench.knownHosts, `${to.knownName} ${to.hostKey}\n`);
  const script = join(bench.directory, 'sits.mts');
  const root = join(import.meta.dirname, '../..');
  await writeFile(
    script,
    `const { connect } = await import(${JSON.stringify(join(root, 'source/remote/connect.ts'))});
const host = await connect(${JSON.stringify({ ...addressOf(to), transport: 'openssh' })}, { ask: async () => ({ kind: 'no' }), become: 'sudo', sshConfigFile: null, knownHostsFiles: [${JSON.stringify(bench.knownHosts)}], agentSocket: null });
host.value.run('sleep 60', { as: ${JSON.stringify(to.user)} });
console.log(host.ok ? 'connected' : JSON.stringify(host.error));
setInterval(() => {}, 1000);
`,
  );
  const console_ = spawn(
    join(root, 'node_modules/node/bin/node'),
    ['--import', join(root, 'scripts/shell-files.mjs'), '--experimental-strip-types', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  expect(String(await new Promise((resolve) => console_.stdout.once('data', resolve)))).toBe('connected\n');
  const [master] = masters();
  const directory = dirname(socketOf(master ?? 0));
  expect(existsSync(directory)).toBe(true);
  console_.kill('SIGKILL');
  await expect.poll(() => masters(), { timeout: 5_000 }).toEqual([]);
  await expect.poll(() => existsSync(directory), { timeout: 5_000 }).toBe(false);
  await rm(script);
});
