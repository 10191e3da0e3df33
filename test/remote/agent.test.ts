import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KeyPair, newKeyPair } from '../../source/demo/hosts/key-pair.ts';
import { Bench } from './bench.ts';

let bench: Bench;
let agent: Server;
let shown = 0;
let signed = 0;

const parse = (pair: KeyPair) => {
  const key = ssh2.utils.parseKey(pair.private);
  if (key instanceof Error) throw key;
  return key;
};

/** An agent that holds these keys. */
const startAgent = (socket: string, pairs: KeyPair[]): Promise<void> => {
  const keys = pairs.map(parse);
  agent = createServer((connection) => {
    const protocol = new ssh2.AgentProtocol(false);
    connection.on('error', () => connection.destroy());
    protocol.on('identities', (request) => {
      shown += 1;
      protocol.getIdentitiesReply(request, keys);
    });
    protocol.on('sign', (request, wanted, data) => {
      signed += 1;
      const key = keys.find(
        (one) =>
          typeof wanted === 'object' &&
          'getPublicSSH' in wanted &&
          one.getPublicSSH().equals(wanted.getPublicSSH()),
      );
      if (key) protocol.signReply(request, key.sign(data));
      else protocol.failureReply(request);
    });
    connection.pipe(protocol).pipe(connection);
  });
  return new Promise((resolve) => agent.listen(socket, resolve));
};

beforeEach(async () => {
  bench = await Bench.open();
  [shown, signed] = [0, 0];
});
afterEach(async () => {
  await bench.close();
  await new Promise((resolve) => agent.close(resolve));
});

test('the agent signs where no key file is named', async () => {
  const agentSocket = join(bench.directory, 'agent');
  await startAgent(agentSocket, [newKeyPair(), bench.key]);
  await bench.reach(await bench.server(), { identityFiles: ['none'] }, { agentSocket });
  expect(signed).toBe(1);
});

test('IdentitiesOnly shows the server only the keys that are named', async () => {
  const agentSocket = join(bench.directory, 'agent');
  const named = newKeyPair();
  await startAgent(agentSocket, [bench.key, named]);
  const config = join(bench.directory, 'config');
  const file = join(bench.directory, 'named');
  await writeFile(`${file}.pub`, named.public);
  await writeFile(config, `Host *\n IdentitiesOnly yes\n IdentityFile ${file}\n`);
  const sshd = await bench.server();
  const more = { agentSocket, sshConfigFile: config };
  const address = { alias: 'node_1', host: '127.0.0.1', port: sshd.port, user: 'dba' };
  expect(await bench.connectTo(address, more)).toMatchObject({ ok: false });
  sshd.authorize(named);
  expect(await bench.connectTo(address, more)).toMatchObject({ ok: true });
});

test('an agent that is gone is one method less', async () => {
  const agentSocket = join(bench.directory, 'agent');
  await startAgent(agentSocket, []);
  const missing = { agentSocket: join(bench.directory, 'nobody') };
  await bench.reach(await bench.server(), {}, missing);
  const alone = await bench.connect(await bench.server(), { identityFiles: ['none'] }, missing);
  expect(alone).toMatchObject({ ok: false, error: { what: expect.stringContaining('agent') } });
  expect(shown).toBe(0);
});
