import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sh } from '../../source/cluster/fragment.ts';
import { newKeyPair } from '../../source/demo/hosts/key-pair.ts';
import { connect } from '../../source/remote/connect.ts';
import type { Question, TransportName } from '../../source/remote/host.ts';

/** A host that lets everybody in and prints without end before any script begins. */
const hostKey = newKeyPair();
const login = newKeyPair();
let directory = '';
let port = 0;
const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
  client.on('authentication', (context) => context.accept());
  client.on('error', () => undefined);
  client.on('session', (accept) => {
    accept().on('exec', (accepted) => {
      const channel = accepted();
      channel.on('error', () => undefined);
      const noise = Buffer.alloc(32_768, 'x');
      const flood = () => {
        while (channel.writable && channel.write(noise));
        channel.once('drain', flood);
      };
      flood();
    });
  });
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgaf-hostile-'));
  await writeFile(join(directory, 'id'), login.private, { mode: 0o600 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;
});
afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

const reach = async (config: string | null, known = '', transport: TransportName = 'ssh2') => {
  const asked: Question[] = [];
  const files = { config: join(directory, 'config'), known: join(directory, 'known') };
  if (config !== null) await writeFile(files.config, config);
  await writeFile(files.known, known);
  const host = await connect(
    {
      alias: 'evil',
      host: '127.0.0.1',
      port,
      transport,
      user: 'x',
      identityFiles: [join(directory, 'id')],
    },
    {
      ask: async (question) => {
        asked.push(question);
        return { kind: 'yes' };
      },
      become: 'none',
      sshConfigFile: config === null ? null : files.config,
      knownHostsFiles: [files.known],
      agentSocket: null,
    },
  );
  return { host, asked };
};

test.each(['ssh2', 'openssh'] as const)(
  'a job whose host prints without end before the script begins is not started, and holds no memory: %s',
  async (transport) => {
    const { host } = await reach(null, '', transport);
    if (!host.ok) throw new Error(host.error.what);
    const before = process.memoryUsage().rss;
    const outcome = await host.value.job(
      { id: 'r/s.1', as: 'x', script: sh`true`.text },
      { onBytes: () => undefined },
    );
    expect(JSON.stringify(outcome)).toContain('prints more than 64 KiB before the script begins');
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    await host.value.close();
  },
);

test('StrictHostKeyChecking yes: an unknown key is refused, and nobody is asked', async () => {
  const { host, asked } = await reach('Host *\n StrictHostKeyChecking yes\n');
  expect(asked).toEqual([]);
  expect(host).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining('StrictHostKeyChecking yes') },
  });
});

test('RevokedHostKeys: a key in it is refused though it is known; a file that cannot be read refuses all', async () => {
  const words = hostKey.public.split(' ').slice(0, 2).join(' ');
  const known = `[127.0.0.1]:${port} ${words}\n`;
  const config = `Host *\n RevokedHostKeys ${join(directory, 'revoked')}\n`;
  expect(await reach(config, known)).toMatchObject({
    host: { ok: false, error: { what: expect.stringContaining('cannot be read') } },
  });
  await writeFile(join(directory, 'revoked'), `# stolen\n${words} root@evil\n`);
  expect(await reach(config, known)).toMatchObject({
    host: { ok: false, error: { what: expect.stringContaining('is revoked in') } },
  });
  // As OpenSSH: a line that is no key may be one that was meant, so nothing is trusted (authfile.c, sshkey_in_file).
  for (const line of [`* ${words}`, 'ssh-ed25519 AAAAtorn', 'SHA256:n0tH3re']) {
    await writeFile(join(directory, 'revoked'), `\n# stolen\n${line}\n`);
    expect(await reach(config, known), line).toMatchObject({
      host: { ok: false, error: { what: expect.stringContaining('line 3') } },
    });
  }
  await writeFile(join(directory, 'revoked'), 'SSHKRL\n\0binary');
  expect(await reach(config, known)).toMatchObject({
    host: { ok: false, error: { what: expect.stringContaining('binary revocation list') } },
  });
});
