import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { closedBehindTests, Window } from './harness.ts';

/** Custom steps on the operator's own machine, by a real shell: run once, found done, and forgotten behind a rollback. */

const closed = closedBehindTests();
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-home-'));
  vi.stubEnv('HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});
const steps = `steps:
  page: { at: before-stop, on: console, run: 'echo "$PGAF_STEP at $PGAF_AT" >>"$HOME"/said' }
`;
const said = (): string => (existsSync(join(home, 'said')) ? readFileSync(join(home, 'said'), 'utf8') : '');
const marks = (): string[] => {
  const directory = join(home, '.pgaf-upgrade/steps');
  return existsSync(directory)
    ? readdirSync(directory)
        .flatMap((one) => readdirSync(join(directory, one)))
        .sort()
    : [];
};

test('a step on this machine runs here once, and a console that comes back finds it done', async () => {
  const night = closed(new Window(undefined, steps)).open();
  await night.goTo('C.console.custom-page');
  expect(marks()).toEqual(['steps-syntax']);
  night.engine.confirm('C.console.custom-page');
  await night.until('the step', () => night.statusOf('C.console.custom-page') === 'done');
  expect(said()).toBe('page at before-stop\n');
  expect(marks()).toEqual(['custom-page', 'custom-page.begun', 'steps-syntax']);
  night.kill().again(steps).open();
  await night.next('C.node_1.checkpoint');
  expect(night.statusOf('C.console.custom-page')).toBe('done');
  expect(said()).toBe('page at before-stop\n');
});
