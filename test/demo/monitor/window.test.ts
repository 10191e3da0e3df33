import { expect, test } from 'vitest';
import { settledInTest, system17 } from './keepers.ts';

const settled = settledInTest();

test('a primary and two secondaries settle, and the second secondary brings number_sync_standbys 1', async () => {
  const it = await settled(2);
  expect(await it.states()).toEqual({
    node_1: 'primary/primary',
    node_2: 'secondary/secondary',
    node_3: 'secondary/secondary',
  });
  expect(await it.rows('select * from pgautofailover.formation_settings()')).toEqual([
    ['formation', null, null, 'default', 'number_sync_standbys', '1'],
    [
      'primary',
      '0',
      '1',
      'node_1',
      'synchronous_standby_names',
      "'ANY 1 (pgautofailover_standby_2, pgautofailover_standby_3)'",
    ],
    ...['1', '2', '3'].map((id) => ['node', '0', id, `node_${id}`, 'replication quorum', 'true']),
    ...['1', '2', '3'].map((id) => ['node', '0', id, `node_${id}`, 'candidate priority', '50']),
  ]);
  const told = await it.events();
  expect(told).toContain(
    'Setting goal state of node 1 "node_1" (node_1.example:5432) to wait_primary after node 2 "node_2" (node_2.example:5432) joined.',
  );
  expect(told).toContain(
    'Setting goal state of node 2 "node_2" (node_2.example:5432) to secondary after it caught up.',
  );
  expect(it.keeper('node_2').told).toEqual(['wait_standby', 'catchingup', 'secondary']);
  expect(it.keeper('node_3').told).toEqual(['wait_standby', 'catchingup', 'secondary']);
});

test('the window of an upgrade, with two secondaries', async () => {
  const it = await settled(2);
  await it.setSyncStandbys(0);
  // The first order is not applied yet: a second one is refused, in the monitor's words.
  const early = await it.monitor.startMaintenance(2);
  expect(early.error).toContain('cannot start maintenance: current state for node 2 "node_2"');
  expect(early.error).toContain('is "primary" ➜ "apply_settings"');
  await it.until({ node_1: 'primary' });

  expect(await it.monitor.startMaintenance(2)).toEqual({ ok: true });
  await it.until({ node_2: 'maintenance', node_1: 'primary' });
  expect(await it.monitor.startMaintenance(3)).toEqual({ ok: true });
  await it.until({ node_3: 'maintenance', node_1: 'wait_primary' });
  expect(it.keeper('node_3').told.slice(-2)).toEqual(['wait_maintenance', 'maintenance']);
  expect(await it.value('select pgautofailover.synchronous_standby_names()')).toBe('');

  // Everybody stops; the monitor comes back first, as 17.
  for (const keeper of it.keepers) keeper.alive = false;
  await it.monitor.stop();
  await it.monitor.start({ serverVersion: '17.12', extensionVersion: '2.2' });
  expect(await it.value("select extversion from pg_extension where extname = 'pgautofailover'")).toBe('2.2');
  await expect(
    it.rows(`update pgautofailover.node set sysidentifier = ${system17} where nodeid = 1`),
  ).rejects.toThrow('same_system_identifier_within_group');
  await it.rows(`update pgautofailover.node set sysidentifier = ${system17} where formationid = 'default'`);
  expect(await it.rows('select distinct sysidentifier from pgautofailover.node')).toEqual([[system17]]);

  const primary = it.keeper('node_1');
  Object.assign(primary, { alive: true, system: system17, timeline: 1 });
  await it.until({ node_1: 'wait_primary' });

  for (const [name, id] of [
    ['node_2', 2],
    ['node_3', 3],
  ] as const) {
    it.keeper(name).alive = true;
    await it.round();
    expect(await it.monitor.stopMaintenance(id)).toEqual({ ok: true });
    await it.until({ [name]: 'secondary', node_1: 'primary' });
    expect(it.keeper(name).told.slice(-2)).toEqual(['catchingup', 'secondary']);
    expect(it.keeper(name).system).toBe(system17);
  }

  await it.setSyncStandbys(1);
  await it.until({ node_1: 'primary', node_2: 'secondary', node_3: 'secondary' });
  expect(await it.value('select number_sync_standbys from pgautofailover.formation')).toBe('1');
});

test('the window with one secondary: its maintenance leaves the primary alone, and writable', async () => {
  const it = await settled(1);
  expect(await it.value('select pgautofailover.synchronous_standby_names()')).toBe(
    'ANY 1 (pgautofailover_standby_2)',
  );
  expect(await it.monitor.startMaintenance(2)).toEqual({ ok: true });
  await it.until({ node_1: 'wait_primary', node_2: 'maintenance' });
  expect(await it.monitor.stopMaintenance(2)).toEqual({ ok: true });
  await it.until({ node_1: 'primary', node_2: 'secondary' });
});

test('what the monitor refuses', async () => {
  const it = await settled(1);
  expect((await it.monitor.stopMaintenance(2)).error).toBe(
    'cannot stop maintenance when current state for node 2 "node_2" (node_2.example:5432) is not "maintenance"',
  );
  expect((await it.monitor.startMaintenance(7)).error).toBe("couldn't find node with nodeid 7");
  await expect(it.setSyncStandbys(1)).rejects.toThrow('invalid value for number_sync_standbys: "1"');
  await expect(it.setSyncStandbys(-1)).rejects.toThrow('invalid value for number_sync_standbys: "-1"');
  await expect(it.join('node_2')).rejects.toThrow('node_formationid_nodename_key');
  await expect(it.join('node_9', { system: '99' })).rejects.toThrow('same_system_identifier_within_group');
  const gone = await it.monitor.nodeActive({
    nodeId: 9,
    state: 'secondary',
    running: true,
    tli: 1,
    lsn: '0/0',
    syncState: '',
    systemIdentifier: '',
  });
  expect(gone).toEqual({ error: "couldn't find node with nodeid 9" });
});

test('back through a fallback copy: every node is dropped, the chosen one begins the group anew', async () => {
  const it = await settled(2);
  for (const id of [1, 3, 2]) {
    const host = `node_${id}.example`;
    expect(await it.monitor.dropNode({ host, port: 5432, force: true })).toEqual({ ok: true });
  }
  expect(await it.states()).toEqual({});
  it.keepers.length = 0;
  await it.join('node_2', { initialState: 'single' });
  await it.until({ node_2: 'single' });
  await it.join('node_3');
  await it.until({ node_2: 'primary', node_3: 'secondary' });
  await it.join('node_1');
  await it.until({ node_1: 'secondary', node_2: 'primary' });
  expect(await it.rows('select node_id from pgautofailover.get_nodes()')).toEqual([['4'], ['5'], ['6']]);
});

test('a node that is dropped without force goes when it says so itself', async () => {
  const it = await settled(2);
  expect(await it.monitor.dropNode({ host: 'node_3.example', port: 5432, force: false })).toEqual({
    ok: true,
  });
  expect((await it.states()).node_3).toBe('secondary/dropped');
  await it.until({ node_1: 'primary', node_2: 'secondary' });
  it.keepers.splice(2);
  expect(Object.keys(await it.states())).toEqual(['node_1', 'node_2']);
  expect(await it.value('select number_sync_standbys from pgautofailover.formation')).toBe('0');
});
