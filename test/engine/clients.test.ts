import { describe, expect, test } from 'vitest';
import { fail, ok, problem } from '../../source/cluster/result.ts';
import { parseClients, parseTerminated } from '../../source/inspect/clients/parse.ts';
import { closedBehindTests, type Window } from './harness.ts';

const window = closedBehindTests();

const stop = 'C.node_1.stop';
const group = {
  application: 'shop',
  role: 'app',
  address: '10.0.0.21',
  sessions: 3,
  state: 'active',
  seconds: 0.2,
};
const connected = JSON.stringify({ sessions: 3, groups: 1, listed: [group] });
const entries = (night: Window, kind: string) => night.journal.filter((entry) => entry.kind === kind);

/** At the card of the stop, with these clients. */
const atStop = async (says = connected): Promise<Window> => {
  const night = window();
  night.servers.clients = () => says;
  await night.goTo(stop);
  await night.until('the clients', ({ clients }) => clients !== null && clients.kind !== 'reading');
  return night;
};

describe('what a server says of its clients', () => {
  test('names of clients are made safe and short; what is no answer is none', () => {
    const hostile = `evil\u001b[31m\nnext\tline${'x'.repeat(70_000)}`;
    const read = parseClients(
      JSON.stringify({ sessions: 1, groups: 1, listed: [{ ...group, application: hostile, address: null }] }),
    );
    const [one] = read?.listed ?? [];
    expect(one?.application).toBe(`evil\ufffd[31m\ufffdnext\ufffdline${'x'.repeat(63 - 19)}`);
    expect(one?.address).toBeNull();
    for (const text of [
      '',
      'psql: error: no',
      '[]',
      '{"sessions":-1,"groups":0,"listed":[]}',
      connected.slice(0, -3),
    ])
      expect(parseClients(text)).toBeNull();
    expect(
      parseClients(JSON.stringify({ sessions: 1, groups: 1, listed: [{ ...group, seconds: -1 }] })),
    ).toBeNull();
  });

  test('how many were ended is a number, or not known', () => {
    expect(parseTerminated('12\n')).toBe(12);
    for (const text of ['', 'ERROR', '-1', '1\n2']) expect(parseTerminated(text)).toBeNull();
  });
});

describe('before the stop of the primary', () => {
  test('its card tells who is connected, and no other step does', async () => {
    const night = window();
    night.servers.clients = () => connected;
    const told: string[] = [];
    night.engine.onChange(({ stage, clients }) => {
      if (clients !== null) told.push('step' in stage ? String(stage.step) : stage.kind);
    });
    await night.goTo(stop);
    const { clients } = await night.until('the clients', (view) => view.clients?.kind === 'seen');
    expect(clients).toEqual({
      kind: 'seen',
      step: stop,
      terminated: null,
      clients: { sessions: 3, groups: 1, listed: [group] },
    });
    expect(new Set(told)).toEqual(new Set([stop]));
    night.engine.confirm(stop, 'node_1');
    await night.until('the card is over', (view) => view.clients === null);
    await night.until('what follows', ({ stage }) => stage.kind === 'confirm' && stage.step !== stop);
    expect(night.view.clients).toBeNull();
  });

  test('what cannot be read is said, and the step runs all the same', async () => {
    const night = await atStop('psql: error: too many clients already');
    expect(night.view.clients).toMatchObject({ kind: 'unknown', why: expect.stringContaining('node_1') });
    expect(night.engine.confirm(stop, 'node_1')).toEqual({ accepted: true });
    await night.until('what follows', ({ stage }) => stage.kind === 'confirm' && stage.step !== stop);
    expect(night.statusOf(stop)).toBe('done');
  });

  test('they are terminated once the host’s name is typed: counted, said, in the journal, and read anew', async () => {
    const night = await atStop();
    let asked = 0;
    night.servers.terminated = (alias) => {
      asked += 1;
      expect(alias).toBe('node_1');
      night.servers.clients = () => '{"sessions":0,"groups":0,"listed":[]}';
      return ok({ code: 0, stdout: '3\n', stderr: '' });
    };
    for (const typed of ['', 'node_2', 'Node_1', stop])
      expect(night.engine.terminateClients(stop, typed)).toEqual({
        refused: 'type node_1 to terminate its clients',
      });
    expect(asked).toBe(0);
    expect(night.engine.terminateClients(stop, 'node_1')).toEqual({ accepted: true });
    expect(night.engine.terminateClients(stop, 'node_1')).toEqual({
      refused: 'the clients are being terminated',
    });
    await night.until(
      'they are gone',
      ({ clients }) => clients?.kind === 'seen' && clients.clients.sessions === 0,
    );
    expect(night.view.clients?.terminated).toBe(3);
    expect(night.view.notices.at(-1)?.text).toBe('node_1: 3 clients terminated');
    expect(asked).toBe(1);
    expect(entries(night, 'terminate-clients')).toEqual([
      expect.objectContaining({ step: stop, host: 'node_1', typed: 'node_1' }),
    ]);
    expect(entries(night, 'clients-terminated')).toEqual([
      expect.objectContaining({ step: stop, host: 'node_1', sessions: 3, why: null }),
    ]);
    expect(night.statusOf(stop)).toBe('next');
  });

  test('where it is not known what was terminated, that is said', async () => {
    const night = await atStop();
    night.servers.terminated = () => fail(problem('node_1 did not finish within 8 s.', 'Retry.'));
    night.engine.terminateClients(stop, 'node_1');
    await night.until(
      'its end',
      ({ notices }) => notices.at(-1)?.text.includes('it is not known which clients') === true,
    );
    expect(entries(night, 'clients-terminated')).toEqual([
      expect.objectContaining({ sessions: null, why: 'node_1 did not finish within 8 s.' }),
    ]);
  });

  test('at any other step it is refused by name', async () => {
    const night = window();
    await night.goTo('C.node_1.checkpoint');
    expect(night.engine.terminateClients('C.node_1.checkpoint', 'node_1')).toEqual({
      refused: 'clients are terminated only before the step that stops their server',
    });
    expect(night.engine.terminateClients(stop, 'node_1')).toEqual({ refused: 'it is another step’s turn' });
  });
});
