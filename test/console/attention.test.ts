import { describe, expect, test } from 'vitest';
import { attend, titleOf } from '../../source/console/attention.ts';
import { createConsoleStore } from '../../source/console/state/console-store.ts';
import { at, doneBefore, numberIn } from './fake-cluster.ts';
import { FakeEngine, sampleFailure } from './fake-engine.ts';

const step = at.pgUpgrade;
const number = numberIn(step);
const open = (env: Readonly<Record<string, string>> = {}) => {
  const clock = { now: 0 };
  let written = '';
  const engine = new FakeEngine({ done: doneBefore(step), now: () => clock.now });
  const store = createConsoleStore(engine, { intervalMs: 0, now: () => clock.now });
  const stop = attend(
    store,
    (text) => (written += text),
    { TERM: 'xterm-256color', ...env },
    () => clock.now,
  );
  const since = (): string => {
    const text = written;
    written = '';
    return text;
  };
  return { engine, clock, since, stop };
};
const title = (words: string): string => `\u001B]2;${words}\u001B\\`;

describe('the title', () => {
  test('says where the run stands, and is put back in the end', () => {
    const { engine, since, stop } = open();
    expect(since()).toBe(`\u001B[22;2t${title(`shop: step ${number} on node_1 waits for you`)}`);
    engine.confirm(step);
    expect(since()).toBe(title(`shop: step ${number} on node_1 is running`));
    engine.print(step, 'output\n');
    engine.beat();
    expect(since()).toBe('');
    stop();
    expect(since()).toBe('\u001B[23;2t');
    engine.finishStep();
    expect(since()).toBe('');
  });

  test('holds nothing that could leave it, whatever a cluster or node is called', () => {
    const { engine } = open();
    const cluster = { ...engine.view.cluster, name: 'a\u001B\\\u0007\u009Cb;c$(d)' };
    expect(titleOf({ ...engine.view, cluster })).toBe(`abcd: step ${number} on node_1 waits for you`);
  });

  test('is not sent to terminals that know none', () => {
    expect(open({ TERM: 'linux' }).since()).toBe('');
  });
});

describe('the bell', () => {
  test('rings when a step waits, unless whoever has pressed Enter still sits there', () => {
    const { engine, clock, since } = open();
    since();
    engine.confirm(step);
    clock.now = 800;
    engine.finishStep();
    expect(since()).not.toContain('\u0007');
    engine.confirm(at.swap);
    clock.now = 60_000;
    since();
    engine.finishStep();
    expect(since().split('\u0007')).toHaveLength(2);
    engine.beat();
    expect(since()).toBe('');
  });

  test('rings for a failure at once, and again for the next', () => {
    const { engine, since } = open();
    engine.confirm(step);
    since();
    engine.finishStep(sampleFailure('node_1'));
    expect(since()).toBe(`${title(`shop: step ${number} on node_1 FAILED`)}\u0007`);
    engine.retry(step);
    since();
    engine.finishStep(sampleFailure('node_1'));
    expect(since()).toContain('\u0007');
  });

  test('is silent where it is switched off', () => {
    const { engine, since } = open({ PGAF_UPGRADE_BELL: 'off' });
    engine.confirm(step);
    engine.finishStep(sampleFailure('node_1'));
    expect(since()).not.toContain('\u0007');
  });
});
