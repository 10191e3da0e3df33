import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ok } from '../../source/cluster/result.ts';
import { openFeed } from '../../source/monitor/open-feed.ts';
import { openPgSession } from '../../source/monitor/pg-session.ts';
import { word } from '../runbook/word.ts';
import { FakeHost } from './fake-host.ts';

const options = {
  port: 5432,
  formation: 'default',
  database: word('pg_auto_failover'),
  postgresUser: 'postgres',
  bindir: word('/usr/bin'),
};
const before = process.env.PGPASSWORD;
afterEach(() => {
  if (before === undefined) delete process.env.PGPASSWORD;
  else process.env.PGPASSWORD = before;
});

test('whoever has bound the monitor’s port and asks for the password in clear text does not get it', async () => {
  process.env.PGPASSWORD = 'sekrit';
  let heard = '';
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    const ask = () => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    let first = true;
    socket.on('data', (data) => {
      heard += data.toString('latin1');
      // SSLRequest: no.
      if (data.length === 8 && data.readInt32BE(4) === 80_877_103) socket.write('N');
      else if (first) {
        first = false;
        ask();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const host = new FakeHost({ answer: '', refusal: null, notifies: true });
  host.openStream = async () => {
    const socket = net.connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    // As openStream of the product has it: connected already when pg gets it.
    socket.connect = () => {
      setImmediate(() => socket.emit('connect'));
      return socket;
    };
    return ok(socket);
  };
  const session = await openPgSession(host, options, { onNotice: () => undefined, onEnd: () => undefined });
  server.close();
  expect(session).toMatchObject({ ok: false, error: expect.stringContaining('in clear text') });
  expect(heard).toContain('autoctl_node');
  expect(heard).not.toContain('sekrit');
});

test('a monitor that is stopped as planned is not dialed, and is as soon as it is up again', async () => {
  const host = new FakeHost({ answer: '', refusal: 'no', notifies: false });
  const feed = openFeed(host, options, true);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([host.targets, host.runs]).toEqual([[], []]);
  expect(feed.snapshot.status).toMatchObject({
    kind: 'lost',
    problem: { what: 'The monitor is stopped as planned.' },
  });
  feed.hold(false);
  await expect.poll(() => host.targets.length).toBeGreaterThan(0);
  feed.hold(true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const [dials, asked] = [host.targets.length, host.runs.length];
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect([host.targets.length, host.runs.length]).toEqual([dials, asked]);
  await feed.close();
});
