import { describe, expect, test } from 'vitest';
import { primaryOf } from '../../source/cluster/facts.ts';
import { downtimeSeen } from '../../source/engine/view/downtime.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackRoute } from '../../source/runbook/verdict/route.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { writesNow } from '../../source/runbook/verdict/writes.ts';
import { labCluster } from './clusters.ts';
import { modelAt, stepOf } from './worlds.ts';

const facts = labCluster();
const primary = primaryOf(facts);

describe('whether applications can write', () => {
  test.each(['running', 'fenced', 'finished'] as const)('%s: up', (state) => {
    expect(writesNow(facts, modelAt(state, facts).world())).toEqual({ kind: 'up', node: 'node_1' });
  });

  test('a second operator read “writes: up” in the downtime: stopped, it is down, and the host tells since when', () => {
    const model = modelAt('swapped', facts);
    model.host('node_1').stoppedAt = '2026-11-25T19:50:51Z';
    const writes = writesNow(facts, model.world());
    expect(writes).toEqual({ kind: 'down', since: '2026-11-25T19:50:51Z' });
    expect(downtimeSeen({ kind: 'not-started' }, writes, 0)).toEqual({
      kind: 'down',
      since: Date.parse('2026-11-25T19:50:51Z'),
      seen: true,
    });
  });

  test('the private server takes no application’s writes', () => {
    expect(writesNow(facts, modelAt('started', facts).world())).toEqual({ kind: 'down', since: null });
  });

  test('a server that is too busy to answer is not one that is stopped', () => {
    const model = modelAt('fenced', facts);
    model.host('node_1').server = null;
    expect(writesNow(facts, model.world()).kind).toBe('unknown');
  });

  test('after a failover it is the other node that takes them', () => {
    const model = modelAt('prepared', facts);
    const { server } = model.host('node_2');
    model.host('node_1').server = null;
    if (server !== null) model.host('node_2').server = { ...server, inRecovery: false };
    expect(writesNow(facts, model.world())).toEqual({ kind: 'up', node: 'node_2' });
  });

  test('found down and then up, the downtime is over', () => {
    expect(downtimeSeen({ kind: 'down', since: 5, seen: true }, { kind: 'up', node: 'node_1' }, 9)).toEqual({
      kind: 'over',
      since: 5,
      until: 9,
    });
  });
});

describe('pg_autoctl of the primary cannot be seen', () => {
  const blind = () => {
    const model = modelAt('finished', facts);
    model.host('node_1').pgAutoctl = 'unknown';
    return model;
  };

  test('a second run took the serving primary for the private server, and stopped it', () => {
    const world = blind().world();
    const handOver = stepOf(upgradeRunbook(facts), 'E.node_1.hand-over');
    expect(handOver.probe(world).state).toBe('done');
    expect(handOver.before.map((one) => one.holds(world))).toContainEqual({
      holds: false,
      found: 'its unit is active: systemd starts pg_autoctl',
    });
  });

  test('what means “stopped” says that it cannot be seen', () => {
    const model = modelAt('swapped', facts);
    model.host('node_1').pgAutoctl = 'unknown';
    const start = stepOf(upgradeRunbook(facts), 'E.node_1.private-start');
    expect(start.before.map((one) => one.holds(model.world()))).toContainEqual({
      holds: false,
      found: 'whether pg_autoctl runs cannot be seen',
    });
  });

  test('a rollback does not take its server for one that nobody keeps, and the loss is not understated', () => {
    const model = blind();
    const { unit } = model.host('node_1');
    model.host('node_1').unit = unit === null ? null : { ...unit, active: false };
    const world = model.world();
    expect(rollbackRunbook(facts, world).steps.map(({ id }) => id)).not.toContain('R.node_1.stop-stray');
    model.host('node_1').handedOver = null;
    expect(rollbackVerdict(facts, model.world()).kind).toBe('loses-new-writes');
  });

  test('a server on the data directory that is not ours is never the private one', () => {
    const model = modelAt('started', facts);
    const { server } = model.host('node_1');
    if (server !== null)
      model.host('node_1').server = { ...server, socketDirectories: primary.socketDirectory };
    const handOver = stepOf(upgradeRunbook(facts), 'E.node_1.hand-over');
    expect(handOver.before.every((one) => one.holds(model.world()).holds)).toBe(false);
  });
});

test('a finished rollback whose nodes cannot be seen well has no step that stops a server', () => {
  const model = modelAt('prepared', facts);
  model.host('node_1').pgAutoctl = 'unknown';
  const world = model.world();
  const steps = rollbackRunbook(facts, world).steps.filter(({ id }) => /^R\.node_1\.stop/.test(id));
  expect(rollbackRoute(facts, world).kind).not.toBe('fallback-copy');
  expect(steps.map((step) => step.probe(world).state)).toEqual(steps.map(() => 'done'));
});
