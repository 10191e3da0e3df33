import { expect, test } from 'vitest';
import type { Entry } from '../../source/engine/journal/entry.ts';
import { openWindow } from '../../source/engine/journal/open-window.ts';

const at = (entries: readonly Entry[]) =>
  entries.map((entry, index) => ({ at: `2026-11-26T01:00:0${index}.000Z`, entry }));
const confirmed: Entry = {
  kind: 'confirmed',
  step: 'A.node_1.save',
  host: 'node_1',
  as: 'postgres',
  typed: null,
  job: 'j',
  script: 'true',
};

test('a window is open from the first step that was confirmed until the run has finished, with the command that goes on', () => {
  expect(openWindow([])).toBeNull();
  expect(openWindow(at([confirmed, confirmed]))).toEqual({
    since: '2026-11-26T01:00:00.000Z',
    command: 'run',
  });
  expect(openWindow(at([confirmed, { kind: 'turned', direction: 'rollback', verdict: '' }]))).toMatchObject({
    command: 'rollback',
  });
  expect(openWindow(at([{ kind: 'turned', direction: 'rehearse', verdict: '' }, confirmed]))).toBeNull();
  expect(openWindow(at([confirmed, { kind: 'finished', direction: 'upgrade' }]))).toBeNull();
});
