import { afterEach, expect, it } from 'vitest';
import type { Demo } from '../../source/demo/open-demo.ts';
import type { StepView } from '../../source/engine/view/controller.ts';
import { demoConsoleHome } from '../embedded/demo-home.ts';
import { type Journey, journey } from './harness/journey.ts';
import { openLab } from './harness/lab.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

let demo: Demo | null = null;
const homes: ConsoleHome[] = [];
afterEach(async () => {
  await demo?.close();
  demo = null;
  for (const home of homes.splice(0)) await home.clear();
});

const labDesk = async (): Promise<ConsoleHome> => {
  const home = await createConsoleHome(await openLab({ snapshot: 'small' }));
  homes.push(home);
  return home;
};

/** The demo's cluster with two secondaries, as the lab's, and the same home for it. */
const demoDesk = async (): Promise<ConsoleHome> => {
  const inDemo = await demoConsoleHome('two-secondaries');
  demo = inDemo.demo;
  homes.push(inDemo.home);
  return inDemo.home;
};

/**
 * Right behind the opening the verdict goes by whether an application has written already: the demo's writes at once, the lab has none.
 * Collecting statistics writes by itself.
 */
const settled = <One extends { readonly step: string; readonly verdict: string }>(
  legs: readonly One[] | undefined,
): readonly One[] | undefined =>
  legs?.map((leg) => (/^G\.node_1\.(start|compare)$/.test(leg.step) ? { ...leg, verdict: 'either' } : leg));

const both = async (go: (home: ConsoleHome) => Promise<readonly Journey[]>): Promise<void> => {
  const onLab = await go(await labDesk());
  const inDemo = await go(await demoDesk());
  expect(inDemo.map(({ end }) => end)).toEqual(onLab.map(({ end }) => end));
  for (const [at, lab] of onLab.entries()) {
    expect(settled(inDemo[at]?.asked)).toEqual(settled(lab.asked));
    expect(settled(inDemo[at]?.ended)).toEqual(settled(lab.ended));
    expect(lab.ended.length).toBeGreaterThan(20);
  }
};

it('the whole upgrade: the same steps are asked for, end alike, and leave the same rollback', () =>
  both(async (home) => [await journey(home)]));

it('back through a fallback copy, after 17 has taken writes: the same on both', () =>
  both(async (home) => [
    await journey(home, { until: (step: StepView) => step.id === 'G.node_1.analyze' }),
    await journey(home, { direction: 'rollback' }),
  ]));
