import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
    error: { what: expect.stringContaining('circle') },
  });
  expect(await result('Host *\n ProxyCommand nc %h %p\n')).toMatchObject({
    ok: false,
    error: { remedy: expect.stringContaining('ProxyJump') },
  });
  expect(await result('Host *\n ProxyJump a b@c:d\n')).toMatchObject({ ok: false });
  expect(await route('Host *\n ProxyJump none\n')).toHaveLength(1);
});

test('follows Include, and comes back to the section around it', async () => {
  await writeFile(join(directory, 'a.conf'), 'Host db1\n User included\n');
  await writeFile(join(directory, 'b.conf'), 'Host db9\n User wrong\n');
  const config = `Host db1\n Include ${directory}/?.conf\n Port 2222\nHost *\n User late\n`;
  expect(await last(config)).toMatchObject({ user: 'included', port: 2222 });
});
