import { expect, test } from 'vitest';
import { cardRows } from '../../source/console/rows/card.ts';
import { tailOf } from '../../source/console/rows/step-row.ts';
import { themeFor } from '../../source/console/theme.ts';
import type { StepStatus, StepView } from '../../source/engine/view/controller.ts';
import { FakeEngine } from './fake-engine.ts';

const { view } = new FakeEngine();
const [first] = view.steps;
if (first === undefined) throw new Error('the fake engine has steps');
const step = (expectedMs: number | null, status: StepStatus, notes: readonly string[] = []): StepView => ({
  ...first,
  expectedMs,
  status,
  notes,
});
const card = (one: StepView): string =>
  cardRows(view, one, 80, themeFor({}))
    .map((row) => row.map((part) => part.text).join(''))
    .join('\n');

test('how long a step should take stands beside it, then how long it took; both where that is far off', () => {
  expect(tailOf(step(12_000, { kind: 'waiting' }))).toBe('~12 s');
  expect(tailOf(step(12_000, { kind: 'done', tookMs: 9_400, by: 'run' }))).toBe('9.4 s');
  expect(tailOf(step(300, { kind: 'done', tookMs: 1_200, by: 'run' }))).toBe('1.2 s');
  expect(tailOf(step(12_000, { kind: 'done', tookMs: 48_000, by: 'run' }))).toBe('48 s, expected ~12 s');
  expect(tailOf(step(null, { kind: 'done', tookMs: 9_400, by: 'run' }))).toBe('9.4 s');
  expect(tailOf(step(null, { kind: 'waiting' }))).not.toContain('~');
});

test('the card tells it too, and what the checks have noted', () => {
  const text = card(step(12_000, { kind: 'next' }, ['unlogged-tables: 1 in app: public.sessions']));
  expect(text).toMatch(/Takes +about 12 s, from what was measured on these hosts/);
  expect(text).toMatch(/Warnings +- unlogged-tables: 1 in app/);
  expect(card(step(null, { kind: 'next' }))).not.toMatch(/Takes|Warnings/);
});
