import { afterEach, expect, it } from 'vitest';
import type { Demo } from '../../source/demo/open-demo.ts';
import type { StepView } from '../../source/engine/view/controller.ts';
import { seatInDemo } from '../embedded/demo-desk.ts';
import { type Journey, journey } from './harness/journey.ts';
import { openLab } from './harness/lab.ts';
import { type Desk, layDesk } from './harness/walk.ts';

let demo: Demo | null = null;
const desks: Desk[] = [];
afterEach(async () => {
  await demo?.close();
  demo = null;
  for (const desk of desks.splice(0)) await desk.clear();
});

const labDesk = async (): Promise<Desk> => {
  const desk = await layDesk(await openLab({ snapshot: 'small' }));
  desks.push(desk);
  return desk;
};

/** The demo's cluster with two secondaries, as the lab's, and the same desk for it. */
const demoDesk = async (): Promise<Desk> => {
  const seated = await seatInDemo('two-secondaries');
  demo = seated.demo;
  desks.push(seated.desk);
  return seated.desk;
};

const both = async (go: (desk: Desk) => Promise<readonly Journey[]>): Promise<void> => {
  const onLab = await go(await labDesk());
  const inDemo = await go(await demoDesk());
  expect(inDemo.map(({ end }) => end)).toEqual(onLab.map(({ end }) => end));
  for (const [at, lab] of onLab.entries()) {
    expect(inDemo[at]?.asked).toEqual(lab.asked);
    expect(inDemo[at]?.ended).toEqual(lab.ended);
    expect(lab.ended.length).toBeGreaterThan(20);
  }
};

it('the whole upgrade: the same steps are asked for, end alike, and leave the same way back', () =>
  both(async (desk) => [await journey(desk)]));

it('back through an image, after 17 has taken writes: the same on both', () =>
  both(async (desk) => [
    await journey(desk, { until: (step: StepView) => step.id === 'G.node_1.analyze' }),
    await journey(desk, { direction: 'rollback' }),
  ]));
