import { describe, expect, test } from 'vitest';
import type { StepFailure } from '../../source/engine/view/controller.ts';
import { farewell } from '../../source/wording/farewell.ts';
import { word } from '../runbook/word.ts';
import { FakeEngine, sampleFailure } from './fake-engine.ts';

const left = (silent: NonNullable<StepFailure['silent']>): string => {
  const engine = new FakeEngine();
  const step = engine.view.steps[0]?.id ?? '';
  const failure = { ...sampleFailure('node_1'), silent };
  return farewell({ ...engine.view, stage: { kind: 'failed', step, failure } }).split('\n')[0] ?? '';
};
const hosts = (count: number) => Array.from({ length: count }, (_, at) => word(`node_${at + 3}`));

describe('what is left on the screen of hosts that do not answer', () => {
  test('every one of them is named: only the first was', () => {
    expect(left({ host: word('node_2'), others: hosts(2), waits: true })).toContain(
      'those that wait for node_2, node_3 and node_4, which do not answer. Start again when they are back.',
    );
    expect(left({ host: word('node_2'), others: hosts(1), waits: false })).toContain(
      'because node_2 and node_3 do not answer. Start again when they are back',
    );
  });

  test('of many the first four, and how many more', () => {
    expect(left({ host: word('node_2'), others: hosts(30), waits: true })).toContain(
      'wait for node_2, node_3, node_4, node_5 and 27 more, which do not answer',
    );
  });

  test('one alone', () => {
    expect(left({ host: word('node_2'), waits: true })).toContain(
      'wait for node_2, which does not answer. Start again when it is back.',
    );
  });
});
