import { afterEach, describe, expect, test } from 'vitest';
import { runPlain } from '../../source/plain/run-plain.ts';
import { plainClients } from '../../source/wording/clients.ts';
import { manyClients } from './fake-clients.ts';
import { at, doneBefore } from './fake-cluster.ts';
import { FakeEngine } from './fake-engine.ts';
import { keys, openScreen } from './screen.tsx';

const screens: { close(): void }[] = [];
afterEach(() => {
  for (const one of screens.splice(0)) one.close();
});
const open = async (columns = 120, rows = 40) => {
  const screen = await openScreen({ done: doneBefore(at.stop) }, { columns, rows });
  screens.push(screen);
  screen.engine.set({ clients: manyClients });
  await screen.press();
  return screen;
};

describe('the card of the stop', () => {
  test('tells who is connected: at most six groups, the old transaction marked, the rest counted', async () => {
    const { frame } = await open();
    const lines = frame().split('\n');
    const marked = lines.filter((line) => line.includes(' !'));
    expect(marked).toHaveLength(1);
    expect(marked[0]).toContain('2 reporting report@10.0.0.22');
    expect(marked[0]).toContain('idle in transaction 41 s !');
    expect(frame()).toContain('active, transaction 0.2 s');
    expect(frame()).toContain('and 2 more (2 sessions)');
    expect(frame()).not.toContain('mueller');
  });

  test.each([
    [{ kind: 'reading', step: at.stop, terminated: null }, 'Who is connected is being read'],
    [
      { kind: 'unknown', step: at.stop, terminated: null, why: 'node_1 is not connected.' },
      'could not be read',
    ],
    [
      { kind: 'seen', step: at.stop, terminated: 3, clients: { sessions: 0, groups: 0, listed: [] } },
      '3 sessions terminated. No client',
    ],
  ] as const)('%o', async (clients, says) => {
    const { engine, press } = await open();
    engine.set({ clients });
    expect((await press()).replace(/\s+/g, ' ')).toContain(says);
  });

  test('t asks for the host’s name, shows who it is, and ends nothing without it', async () => {
    const { engine, press } = await open();
    const dialog = await press('t');
    expect(dialog).toContain('TERMINATE THE CLIENTS OF NODE_1');
    expect(dialog).toContain('2 reporting report@10.0.0.22');
    await press(...'node_2', keys.enter);
    expect(engine.asked.at(-1)).toBe(`terminate clients ${at.stop} node_2`);
    expect(engine.view.clients?.terminated).toBeNull();
    await press('\u0015', ...'node_1', keys.enter);
    expect(engine.asked.at(-1)).toBe(`terminate clients ${at.stop} node_1`);
    expect(await press()).toContain('3 sessions terminated');
    expect(engine.asked.filter((one) => one.startsWith('confirm'))).toEqual([]);
  });

  test('t is refused by name where no such step waits', async () => {
    const { engine, press } = await open();
    engine.set({ clients: null });
    await press();
    expect(await press('t')).toContain(
      'Clients can be terminated only before the step that stops the server',
    );
    expect(engine.asked).toEqual([]);
  });

  test('at 80x24 the dialog has its whole text, and so has the one that runs to the next stop', async () => {
    const { press } = await open(80, 24);
    const dialog = await press('t');
    expect(dialog).toContain('and 2 more');
    expect(dialog).toContain('Host:');
    await press(keys.esc);
    const onward = (await press('G')).replace(/[║\s]+/g, ' ');
    expect(onward).toContain('Esc stops it after the step that runs.');
    expect(onward).toContain('Host:');
  });
});

test('in plain lines: who is connected stands with the step, and `terminate` asks for the name', async () => {
  const engine = new FakeEngine({ lineMs: 0, done: doneBefore(at.stop) });
  engine.set({ clients: manyClients });
  const answers = ['terminate', 'node_1', 'quit'];
  let written = '';
  await runPlain(engine, {
    write: (text) => {
      written += text;
    },
    prompt: async (text) => {
      written += `${text}\n`;
      return answers.shift() ?? null;
    },
  });
  await engine.close();
  for (const line of plainClients(manyClients)) expect(written).toContain(line);
  expect(written).toContain('2 reporting report@10.0.0.22: idle in transaction 41 s (old)');
  expect(written).toContain('Run this step on node_1? [y/N/go/terminate/skip/rollback/quit]');
  expect(engine.asked).toContain(`terminate clients ${at.stop} node_1`);
});
