import { expect, test } from 'vitest';
import { laterWords } from '../../source/cluster/to-do.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { leftBy, leftToDo, walCameBack, wentDown } from '../../source/runbook/verdict/left-to-do.ts';
import { healthyInspection } from './checks/healthy-host.ts';
import { labCluster, walCluster } from './clusters.ts';
import { modelAfter, stepOf } from './worlds.ts';

const facts = labCluster();
const [primary] = facts.nodes;
if (primary === undefined) throw new Error('the lab has a primary');

test('poolers that went down with the service, and were started again, were on no closing card', () => {
  const model = modelAfter(facts, 'I.monitor.final');
  expect(wentDown(facts, model.world())).toEqual([]);
  model.host('node_1').checks = {
    inspection: { ...healthyInspection(primary), dependents: ['pooler.service', "it's.service"] },
    dryRun: null,
  };
  expect(leftToDo(facts, model.world())?.map(laterWords)).toEqual([
    "pooler.service, it's.service went down with pgautofailover.service on node_1, and were started again with it: see there whether they work. Later: systemctl status pooler.service 'it'\\''s.service'",
  ]);
  const before = modelAfter(facts, 'C.node_1.checkpoint');
  before.host('node_1').checks = model.host('node_1').checks;
  expect(wentDown(facts, before.world())).toEqual([]);
});

test('what the monitor’s host has left to do is told behind the primary’s, and that it is there', () => {
  const model = modelAfter(facts, 'I.monitor.final');
  const note = { part: 'extensions', database: 'app', what: 'x keeps its version', command: 'a' } as const;
  model.host('node_1').toDo = [note];
  model.host('monitor').toDo = [{ ...note, database: 'pg_auto_failover', command: 'b' }];
  const world = model.world();
  expect(leftToDo(facts, world)?.map(laterWords)).toEqual([
    'app: x keeps its version. Later: a',
    'monitor, pg_auto_failover: x keeps its version. Later: b',
  ]);
  expect(stepOf(upgradeRunbook(facts), 'I.monitor.extensions').notes(world)).toEqual([
    'monitor, pg_auto_failover: x keeps its version. Later: b',
  ]);
});

test('a base backup that pg_autoctl took by itself put pg_wal into the data directory again, and nothing told', () => {
  const kept = walCluster(labCluster());
  const model = modelAfter(kept, 'I.monitor.final');
  expect(walCameBack(kept, model.world())).toEqual([]);
  const { data } = model.host('node_2');
  if (data.kind !== 'cluster') throw new Error('it runs');
  const { wal: _wal, ...without } = data;
  model.host('node_2').data = without;
  expect(leftToDo(kept, model.world())?.map(laterWords)).toEqual([
    'pg_wal of node_2 lies in /var/lib/pgsql/data, and was a symbolic link to /wal/main before the upgrade: a base backup that pg_autoctl takes by itself brings it there. docs/runbook.md, “pg_wal on another disk”, says how to move it',
  ]);
  const before = modelAfter(kept, 'H.node_2.join');
  before.host('node_2').data = without;
  expect(walCameBack(kept, before.world())).toEqual([]);
});

test('a rollback left pg_wal of a secondary without an old directory in the data directory, and nothing told', () => {
  const kept = walCluster(labCluster());
  const model = modelAfter(kept, null);
  const { data } = model.host('node_2');
  if (data.kind !== 'cluster') throw new Error('it runs');
  for (const { alias } of kept.nodes) model.host(alias).data = { ...data, wal: '/wal/main' };
  expect(leftBy('rollback', kept, model.world())).toEqual([]);
  const { wal: _wal, ...without } = data;
  model.host('node_2').data = without;
  expect(leftBy('rollback', kept, model.world())?.map(laterWords)).toEqual([
    expect.stringMatching(
      /^pg_wal of node_2 lies in \/var\/lib\/pgsql\/data, and was a symbolic link to \/wal\/main before the upgrade: /,
    ),
  ]);
  model.row('node_2', 'catchingup', 'secondary');
  expect(leftBy('rollback', kept, model.world())).toEqual([]);
  expect(leftBy('cleanup', kept, model.world())).toBeNull();
});

test('the clean-up’s card names what goes with the old directory and is nowhere else, and what stays', () => {
  const kept = walCluster(labCluster());
  const model = modelAfter(kept, 'I.monitor.final');
  const { backupData } = model.host('node_1');
  if (backupData.kind !== 'cluster') throw new Error('it is set aside');
  model.host('node_1').backupData = { ...backupData, only: ['dump.sql', 'notes'], wal: '/wal/main' };
  const world = model.world();
  const notes = stepOf(cleanupRunbook(kept, world), 'W.node_1.remove').notes(world);
  expect(notes).toEqual([
    'only in data_pg15_bak, and removed with it: dump.sql, notes. Copy what somebody needs to /var/lib/pgsql/data first',
    '/var/lib/pgsql/data_pg15_bak/pg_wal is a symbolic link to /wal/main: that directory is not this upgrade’s, and stays. Once data_pg15_bak is removed, nothing needs it: remove it yourself',
  ]);
});
