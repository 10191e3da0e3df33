import { createHash, KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import ssh2, { type CipherAlgorithm, type Client } from 'ssh2';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decipherOf, dialFastSocket, readyKey } from '../../source/remote/fast-socket.ts';
import { Bench } from './bench.ts';

let bench: Bench;
let clients: Client[];
beforeEach(async () => {
  bench = await Bench.open();
  clients = [];
  const { connect } = ssh2.Client.prototype;
  vi.spyOn(ssh2.Client.prototype, 'connect').mockImplementation(function (this: Client, config) {
    clients.push(this);
    return connect.call(this, config);
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.close();
});

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Four megabytes of noise through a job, kept as they came; what sshd sent is compared, byte for byte. */
const arrives = async (ciphers: CipherAlgorithm[] | null, rekeys: boolean): Promise<unknown> => {
  const sshd = await bench.server();
  sshd.ciphers = ciphers;
  const host = await bench.reach(sshd);
  const chunks: Buffer[] = [];
  const script =
    'i=0; while [ $i -lt 64 ]; do head -c 65536 /dev/urandom; i=$((i + 1)); done | tee "$HOME/sent"';
  const outcome = await host.job(
    { id: 'r/noise.1', as: 'dba', script },
    {
      onBytes: (chunk) => {
        if (chunks.push(chunk) === 8 && rekeys) sshd.rekey();
      },
    },
  );
  expect(outcome).toEqual({ kind: 'exited', code: 0 });
  expect(sha(Buffer.concat(chunks))).toBe(sha(await readFile(join(sshd.home, 'sent'))));
  return decipherOf(clients.at(-1) ?? new ssh2.Client());
};
const withReadyKey = { _decipherKey: expect.any(KeyObject) };

test('what has arrived stays what it was, although more is read into the same memory', async () => {
  expect(await arrives(null, false)).toMatchObject(withReadyKey);
});

test('new keys in the middle of it change nothing', async () => {
  expect(await arrives(null, true)).toMatchObject(withReadyKey);
});

test.each<CipherAlgorithm>(['chacha20-poly1305@openssh.com', 'aes256-ctr'])(
  'a cipher that keeps what it is given gets memory of its own: %s',
  async (cipher) => {
    expect(await arrives([cipher], true)).not.toMatchObject(withReadyKey);
    expect(readyKey(clients.at(-1) ?? new ssh2.Client())).toBe(false);
  },
);

test('what was read is read over only while that is allowed', async () => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { socket, reuse } = dialFastSocket('127.0.0.1', address.port);
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  await once(server, 'connection');
  const hear = async (text: string) => {
    accepted[0]?.write(text);
    await once(socket, 'data');
  };
  await hear('own');
  reuse(true);
  await hear('new');
  await hear('old');
  reuse(false);
  await hear('mine');
  await hear('last');
  expect(pieces.map(String)).toEqual(['own', 'las', 'las', 'mine', 'last']);
  socket.destroy();
  server.close();
});
