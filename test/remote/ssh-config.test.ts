import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostAddress } from '../../source/remote/host.ts';
import { resolveRoute } from '../../source/remote/ssh-config.ts';
import { unwrap } from './bench.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgaf-config-'));
});
afterAll(() => rm(directory, { recursive: true }));

const result = async (config: string | null, address: Partial<HostAddress> = {}) => {
  const sshConfigFile = config === null ? null : join(directory, 'config');
  if (sshConfigFile !== null && config !== null) await writeFile(sshConfigFile, config);
  const ask = async () => ({ kind: 'no' as const });
  return resolveRoute(
    { alias: 'node_1', host: 'db1', ...address },
    { ask, become: 'sudo', sshConfigFile, agentSocket: '/agent' },
  );
};
const route = async (config: string | null, address: Partial<HostAddress> = {}) =>
  unwrap(await result(config, address));
const last = async (config: string | null, address: Partial<HostAddress> = {}) =>
  (await route(config, address)).at(-1);

test('without a configuration: the defaults of OpenSSH', async () => {
  expect(await route(null)).toEqual([
    {
      alias: 'node_1',
      host: 'db1',
      port: 22,
      user: userInfo().username,
      identityFiles: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name)),
      identitiesNamed: false,
      identitiesOnly: false,
      agentSocket: '/agent',
      knownHostsFiles: [join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'],
      timeoutMs: 10_000,
    },
  ]);
});

test('reads what the host section says; the first value wins', async () => {
  const config = `
Host db*
  hostname %h.example.net
  User dba
  Port 2222
  IdentityFile ~/.ssh/%r_key
  IdentityFile "/keys/with space"
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile ~/kh1 /kh2
  HostKeyAlias the-alias
  ConnectTimeout 3
Host *
  User other
`;
  expect(await last(config)).toMatchObject({
    host: 'db1.example.net',
    port: 2222,
    user: 'dba',
    identityFiles: [join(homedir(), '.ssh/dba_key'), '/keys/with space'],
    identitiesNamed: true,
    identitiesOnly: true,
    agentSocket: null,
    knownHostsFiles: [join(homedir(), 'kh1'), '/kh2', '/etc/ssh/ssh_known_hosts'],
    hostKeyAlias: 'the-alias',
    timeoutMs: 3_000,
  });
});

test('the cluster file wins over the configuration', async () => {
  const config = 'Host db1\n User dba\n Port 2222\n IdentityFile /a\n';
  expect(await last(config, { user: 'root', port: 22, identityFiles: ['/b'] })).toMatchObject({
    user: 'root',
    port: 22,
    identityFiles: ['/b', '/a'],
  });
});

test('ProxyJump goes over several hops, each with its own settings', async () => {
  const config = `
Host db1
  ProxyJump dba@first:2201,second
Host second
  HostName 10.0.0.2
  User jumper
  ProxyJump never
Host first
  ProxyJump outer
`;
  const hops = (await route(config)).map(({ user, host, port }) => `${user}@${host}:${port}`);
  const me = userInfo().username;
  expect(hops).toEqual([`${me}@outer:22`, 'dba@first:2201', 'jumper@10.0.0.2:22', `${me}@db1:22`]);
});

test('refuses what it cannot follow', async () => {
  expect(await result('Host *\n ProxyJump db1\n')).toMatchObject({
    ok: false,
    error: { cause: 'jumphost loop via db1' },
  });
  expect(await result('Host *\n NoSuchOption yes\n')).toMatchObject({
    ok: false,
    error: {
      what: expect.stringContaining('cannot read its configuration'),
      cause: expect.stringContaining('nosuchoption'),
    },
  });
  // Of the two the first one counts, and a ProxyJump of none leaves the command: as `ssh -G` says.
  for (const text of [
    'ProxyCommand nc %h %p',
    'ProxyCommand nc %h %p\n ProxyJump a',
    'ProxyJump none\n ProxyCommand nc %h %p',
  ])
    expect(await route(`Host *\n ${text}\n`)).toMatchObject([{ host: 'db1', proxyCommand: 'nc db1 22' }]);
  expect(await route('Host db1\n ProxyJump a\n ProxyCommand nc %h %p\n')).toHaveLength(2);
  expect(await route('Host *\n ProxyJump none\n')).toHaveLength(1);
});

test('follows Include, and comes back to the section around it', async () => {
  await writeFile(join(directory, 'a.conf'), 'Host db1\n User included\n');
  await writeFile(join(directory, 'b.conf'), 'Host db9\n User wrong\n');
  const config = `Host db1\n Include ${directory}/?.conf\n Port 2222\nHost *\n User late\n`;
  expect(await last(config)).toMatchObject({ user: 'included', port: 2222 });
});

describe('without an ssh on this machine what is not evaluated is refused by name, where it may hold', () => {
  const { PATH } = process.env;
  beforeEach(() => {
    process.env.PATH = '/nowhere';
  });
  afterEach(() => {
    process.env.PATH = PATH;
  });
  const exec =
    'Match host db1 exec "touch /tmp/pgaf-match-exec-ran"\n  User fromexec\nHost *\n  User other\n';

  test('ProxyJump that runs in a circle, or is malformed', async () => {
    expect(await result('Host *\n ProxyJump db1\n')).toMatchObject({
      ok: false,
      error: { what: expect.stringContaining('circle') },
    });
    expect(await result('Host *\n ProxyJump a b@c:d\n')).toMatchObject({ ok: false });
  });

  test('Match exec: its command is not run, and the host is not reached by a guess', async () => {
    expect(await result(exec)).toMatchObject({
      ok: false,
      error: { what: expect.stringContaining('Match host db1 exec') },
    });
    expect(existsSync('/tmp/pgaf-match-exec-ran')).toBe(false);
    expect(await last(exec, { host: 'db2' })).toMatchObject({ user: 'other' });
  });

  test.each([
    'Match exec true',
    'Match !host db9',
    'Match user dba tagged x',
    'Match localnetwork 10.0.0.0/8',
  ])('%s', async (line) => {
    const config = `Host db1\n  User dba\n${line}\n  ProxyJump bastion\n`;
    expect(await result(config, line.includes('user') ? { user: 'dba' } : {})).toMatchObject({
      ok: false,
      error: { what: expect.stringContaining(line) },
    });
  });

  test('Match with what is evaluated stays as it was', async () => {
    expect(await last('Match host db1\n  User dba\nMatch all\n  Port 2222\n')).toMatchObject({
      user: 'dba',
      port: 2222,
    });
  });
});

test.each([
  'VerifyHostKeyDNS yes',
  'KnownHostsCommand /bin/keys %H',
  'RequiredRSASize 3072',
  'HostKeyAlgorithms ssh-rsa',
])('%s is for OpenSSH alone, and would be lost without it', async (line) => {
  expect(await last(`Host db1\n  ${line}\n`)).toMatchObject({
    beyondSsh2: expect.stringMatching(new RegExp(`^${line.split(' ')[0]} `)),
    wouldBeLost: true,
  });
});

test.each([
  'CertificateFile /keys/id-cert.pub',
  'GSSAPIAuthentication yes',
  'Ciphers aes256-ctr',
  'BindAddress 127.0.0.1',
])('%s is for OpenSSH alone', async (line) => {
  const hop = await last(`Host db1\n  ${line}\n`);
  expect(hop).toMatchObject({ beyondSsh2: line });
  expect(hop).not.toHaveProperty('wouldBeLost');
});

test('Match is what OpenSSH says it is: with a command, a negation, a tag', async () => {
  const config =
    'Match !host db9 exec "test %n = db1"\n  User fromexec\n  HostName 10.0.0.9\nHost *\n  User other\n';
  expect(await last(config)).toMatchObject({ user: 'fromexec', host: '10.0.0.9' });
  expect(await last(config, { host: 'db2' })).toMatchObject({ user: 'other', host: 'db2' });
});

test('what the whole machine is set to is no wish of the operator, where HOME is elsewhere too', async () => {
  const { HOME } = process.env;
  process.env.HOME = directory;
  try {
    const ask = async () => ({ kind: 'no' as const });
    const [hop] = unwrap(await resolveRoute({ alias: 'node_1', host: 'db1' }, { ask, become: 'sudo' }));
    expect(hop).not.toHaveProperty('beyondSsh2');
  } finally {
    process.env.HOME = HOME;
  }
});

test('what makes a connection safer is kept: strict checking, revoked keys, algorithms, certificates', async () => {
  const config = `Host db1
  StrictHostKeyChecking yes
  RevokedHostKeys ~/revoked
  HostKeyAlgorithms ssh-ed25519,rsa-sha2-*
  CertificateFile ~/.ssh/ca-cert.pub
`;
  expect(await last(config)).toMatchObject({
    strict: true,
    revokedKeysFile: join(homedir(), 'revoked'),
    hostKeyAlgorithms: ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'],
    certificateFiles: [join(homedir(), '.ssh/ca-cert.pub')],
  });
  expect(await last('Host *\n StrictHostKeyChecking no\n RevokedHostKeys none\n')).not.toHaveProperty(
    'strict',
  );
  // OpenSSH's other word for yes: readconf.c, multistate_strict_hostkey and multistate_flag.
  expect(await last('Host *\n StrictHostKeyChecking true\n IdentitiesOnly True\n')).toMatchObject({
    strict: true,
    identitiesOnly: true,
  });
});
