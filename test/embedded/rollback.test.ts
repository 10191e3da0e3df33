import { expect, it } from 'vitest';
import { journey } from '../lab/harness/journey.ts';
import { demoConsoleHome } from './demo-home.ts';

it('with two secondaries: one fallback copy becomes the primary, the other joins with its own data', async () => {
  const { demo, home } = await demoConsoleHome('two-secondaries');
  try {
    const there = await journey(home, { until: (step) => step.id === 'G.node_1.analyze' });
    expect(there.end).toBe('stopped-before');
    const back = await journey(home, { direction: 'rollback' });
    expect(back.end).toBe('finished');
    expect(back.asked.map(({ step }) => step)).toContain('U.node_3.start');
    expect(demo.cluster.host('node_3')?.server).toMatchObject({
      inRecovery: true,
      version: '15.20',
      timeline: 2,
    });
  } finally {
    await demo.close();
    await home.clear();
  }
});
