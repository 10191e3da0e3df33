import { expect, test } from 'vitest';
import { copyOf, copySequence } from '../../source/console/clipboard.ts';
import { createConsoleStore } from '../../source/console/state/console-store.ts';
import { FakeEngine } from './fake-engine.ts';

test('what is copied is the script of the step shown, to the byte, as a terminal’s clipboard takes it', () => {
  const engine = new FakeEngine();
  const store = createConsoleStore(engine, {});
  const it = copyOf(store.state.getState());
  const step = engine.view.steps.find(({ status }) => status.kind === 'next') ?? engine.view.steps[0];
  store.dispose();
  expect(it?.text).toBe(step?.script);
  const sequence = copySequence('it’s\n') ?? '';
  expect(sequence.startsWith('\u001B]52;c;') && sequence.endsWith('\u001B\\')).toBe(true);
  expect(Buffer.from(sequence.slice(7, -2), 'base64').toString('utf8')).toBe('it’s\n');
  expect(copySequence('x'.repeat(100_000))).toBeNull();
});
