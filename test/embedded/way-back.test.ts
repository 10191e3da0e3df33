import { expect, it } from 'vitest';
import { journey } from '../lab/harness/journey.ts';
import { seatInDemo } from './demo-desk.ts';

it('with two secondaries: one image becomes the primary, the other joins with its own data', async () => {
  const { demo, desk } = await seatInDemo('two-secondaries');
  try {
    const there = await journey(desk, { until: (step) => step.id === 'G.node_1.analyze' });
    expect(there.end).toBe('stopped-before');
    const back = await journey(desk, { direction: 'rollback' });
    expect(back.end).toBe('finished');
    expect(back.asked.map(({ step }) => step)).toContain('U.node_3.start');
    expect(demo.cluster.host('node_3')?.server).toMatchObject({
      inRecovery: true,
      version: '15.20',
      timeline: 2,
    });
  } finally {
    await demo.close();
    await desk.clear();
  }
});
