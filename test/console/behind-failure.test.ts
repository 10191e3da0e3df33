import { expect, test } from 'vitest';
import { failureRows } from '../../source/console/rows/card.ts';
import { themeFor } from '../../source/console/theme.ts';
import type { BehindFailure } from '../../source/engine/view/controller.ts';
import { FakeEngine, sampleFailure } from './fake-engine.ts';

/** Custom steps at `failed` stand in no checklist: the card of the failure tells them. */

const failure = sampleFailure('node_1');
const rowsOf = (behindFailure?: BehindFailure): readonly string[] => {
  const { view } = new FakeEngine();
  const [step] = view.steps;
  if (step === undefined) throw new Error('no step');
  const shown = behindFailure === undefined ? view : { ...view, behindFailure };
  return failureRows(shown, step, failure, 90, themeFor({})).map((row) =>
    row.map(({ text }) => text).join(''),
  );
};
const behind = (of = failure): BehindFailure => ({
  failure: of,
  steps: [
    {
      ...{ name: 'page', title: 'Page the team', host: 'console', as: 'the login', when: 'shown' },
      state: { kind: 'ended', exitCode: 0 },
    },
    {
      ...{ name: 'resume', title: 'Resume the pooler', host: 'node_1', as: 'root', when: 'left' },
      state: { kind: 'waits' },
    },
  ],
});

test('what has run for the failure, and what will when the run is left, stands on its card', () => {
  const rows = rowsOf(behind());
  expect(rows).toContain('Custom   - “Page the team” on console, as the login: has run, done');
  expect(rows.join('\n').replaceAll(/\n +/g, ' ')).toContain(
    '- “Resume the pooler” on node_1, as root: runs when the run is left with this failure',
  );
});

test('of another failure, and of a cluster file without any, nothing is said', () => {
  expect(rowsOf(behind(sampleFailure('node_1')))).toEqual(rowsOf());
  expect(rowsOf().join('\n')).not.toContain('Custom');
});
