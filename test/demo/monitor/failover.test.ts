import { expect, test } from 'vitest';
import { settledInTest } from './keepers.ts';

const settled = settledInTest();

test('a switchover and back, with one secondary', async () => {
  const it = await settled(1);
  expect(await it.value("select pgautofailover.perform_promotion('default', 'node_2')")).toBe('t');
  await it.until({ node_2: 'primary', node_1: 'secondary' });
  expect(it.keeper('node_2').told.slice(-5)).toEqual([
    'secondary',
    'prepare_promotion',
    'stop_replication',
    'wait_primary',
    'primary',
  ]);
  expect(it.keeper('node_1').told.slice(-5)).toEqual([
    'draining',
    'demote_timeout',
    'demoted',
    'catchingup',
    'secondary',
  ]);
  expect(await it.value("select pgautofailover.perform_promotion('default', 'node_2')")).toBe('f');
  expect(await it.value("select pgautofailover.perform_promotion('default', 'node_1')")).toBe('t');
  await it.until({ node_1: 'primary', node_2: 'secondary' });
});

test('a switchover to the chosen of two secondaries, and back; the priorities are as they were', async () => {
  const it = await settled(2);
  for (const [to, rest] of [
    ['node_3', ['node_1', 'node_2']],
    ['node_1', ['node_2', 'node_3']],
  ] as const) {
    expect(await it.value(`select pgautofailover.perform_promotion('default', '${to}')`)).toBe('t');
    await it.until({ [to]: 'primary', [rest[0]]: 'secondary', [rest[1]]: 'secondary' });
    expect(it.keeper(to).told).toContain('prepare_promotion');
    expect(it.keeper('node_2').told).toContain('join_secondary');
    const priorities = 'select distinct candidatepriority from pgautofailover.node';
    expect(await it.rows(priorities)).toEqual([['50']]);
  }
});

test.each([1, 2])('a primary that falls silent is replaced, with %i secondaries', async (secondaries) => {
  const it = await settled(secondaries);
  it.keeper('node_1').alive = false;
  for (let left = 2_000; left > 0; left -= 1) {
    await it.round();
    const leads = await it.value(
      "select nodename from pgautofailover.node where nodeid > 1 and goalstate in ('wait_primary', 'primary')",
    );
    if (leads !== null) break;
  }
  const events = await it.events();
  expect(events).toContain(
    'Node node 1 "node_1" (node_1.example:5432) is marked as unhealthy by the monitor',
  );
  // Back again, it follows.
  it.keeper('node_1').alive = true;
  await it.until({ node_1: 'secondary' });
  expect(it.keepers.filter(({ state }) => state === 'primary').map(({ name }) => name)).toHaveLength(1);
  expect(it.keeper('node_1').state).toBe('secondary');
});

test('a secondary whose server is down is not counted on', async () => {
  const it = await settled(1);
  it.keeper('node_2').alive = false;
  await it.monitor.nodeActive({
    nodeId: 2,
    state: 'secondary',
    running: false,
    tli: 1,
    lsn: '0/5000060',
    syncState: '',
    systemIdentifier: '',
  });
  await it.until({ node_1: 'wait_primary' });
  expect((await it.states()).node_2).toBe('secondary/catchingup');
  it.keeper('node_2').alive = true;
  await it.until({ node_1: 'primary', node_2: 'secondary' });
});

test.each([1, 2])(
  'maintenance of the primary itself hands over, with %i secondaries',
  async (secondaries) => {
    const it = await settled(secondaries);
    expect(await it.monitor.startMaintenance(1)).toEqual({ ok: true });
    await it.until({ node_1: 'maintenance' });
    for (
      let left = 2_000;
      left > 0 && !it.keepers.some(({ state }) => state === 'wait_primary' || state === 'primary');
      left -= 1
    )
      await it.round();
    expect(it.keepers.filter(({ state }) => state === 'wait_primary' || state === 'primary')).toHaveLength(1);
    expect(await it.monitor.stopMaintenance(1)).toEqual({ ok: true });
    await it.until({ node_1: 'secondary' });
  },
);
