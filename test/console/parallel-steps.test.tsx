import { afterEach, describe, expect, test, vi } from 'vitest';
import type { StepId } from '../../source/runbook/language/step.ts';
import { keys, openScreen } from './screen.tsx';

vi.setConfig({ testTimeout: 30_000 });

let close: (() => void) | null = null;
afterEach(() => {
  close?.();
  close = null;
});

/** Three steps, 4 to 6, may run at the same time. */
const open = async (size?: { columns: number; rows: number }) => {
  const screen = await openScreen({ done: 3 }, size);
  close = screen.close;
  const { engine } = screen;
  const together: readonly StepId[] = engine.view.steps.slice(3, 6).map((step) => step.id);
  const [first = ''] = together;
  engine.set({ stage: { kind: 'confirm', step: first, together } });
  await screen.press();
  return { ...screen, together, first };
};

describe('steps that may run at the same time', () => {
  test('the card says what else Enter starts, and where; Enter starts them, once', async () => {
    const { engine, press, frame, first, together } = await open({ columns: 130, rows: 40 });
    expect(frame()).toContain('Enter runs steps 4–6 on node_3, monitor, node_1, in their order.');
    expect(frame()).toContain('run steps 4–6 on node_3, monitor, node_1');
    for (const [at, id] of together.entries()) {
      const step = engine.view.steps.find((one) => one.id === id);
      expect(frame()).toContain(`${at + 4} ${step?.host}: ${step?.title}`);
    }
    await press(keys.enter);
    expect(engine.asked).toEqual([`confirm ${first} together`]);
  });

  test('the line that says what Enter starts is whole in a small window', async () => {
    const { lines } = await open({ columns: 80, rows: 24 });
    const says = lines().find((line) => line.startsWith('Enter runs '));
    expect(says?.trimEnd()).toBe('Enter runs steps 4–6 on node_3, monitor, node_1, in their order.');
  });

  test('e runs the one that is shown, alone; and says why it does nothing where Enter starts one', async () => {
    const { engine, press, frame, first } = await open();
    expect(frame()).toContain('only this one');
    await press('e');
    expect(engine.asked).toEqual([`confirm ${first}`]);
    engine.finishStep();
    expect(await press('e')).toContain('Enter starts a single step anyway.');
    expect(engine.asked).toHaveLength(1);
  });

  test('each card can be read before, and Enter on another one than the first runs nothing', async () => {
    const { engine, press } = await open();
    expect(await press(']')).toContain('Not its turn yet');
    await press(keys.enter);
    expect(engine.asked).toEqual([]);
  });

  test('while they run, x ends the one that is shown', async () => {
    const { engine, press, first, together } = await open();
    const [, second = '', third = ''] = together;
    const running = { kind: 'running', since: Date.now() } as const;
    engine.set({
      stage: { kind: 'running', step: first, beside: [second, third] },
      steps: engine.view.steps.map((step) =>
        together.includes(step.id) ? { ...step, status: running } : step,
      ),
    });
    const shown = await press(']');
    expect(shown.match(/running/g)?.length).toBeGreaterThanOrEqual(3);
    expect(await press('x')).toContain('type the name of the host');
    await press(...(engine.view.steps.find((step) => step.id === second)?.host ?? ''));
    await press(keys.enter);
    expect(engine.asked.at(-1)).toMatch(new RegExp(`^cancel ${second} `));
  });
});
