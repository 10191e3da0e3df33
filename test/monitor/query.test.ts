import { expect, test } from 'vitest';
import { monitorIn } from '../../source/cluster/observations.ts';
import { monitorQuery, parseMonitorState } from '../../source/monitor/query.ts';
import { everyNodeSettled, nodeSettled } from '../../source/runbook/language/conditions.ts';
import { worldAt } from '../runbook/worlds.ts';

test('is one statement with the formation safely quoted', () => {
  const sql = monitorQuery("o'hara\\");
  expect(sql).toContain("f.formationid =  E'o''hara\\\\'");
  expect(sql).not.toContain(';');
  expect(sql.trim()).toMatch(/^select /);
});

test('checks what it got', () => {
  const node = {
    id: 1,
    name: 'node_1',
    host: 'node1',
    port: 5432,
    group: 0,
    systemIdentifier: '7711163490379944039',
    reported: 'primary',
    assigned: 'primary',
    health: 1,
    priority: 50,
    quorum: true,
    timeline: 2,
    lsn: '0/15BC1CC8',
    reportAge: 0.55,
  };
  const good = {
    formation: 'default',
    numberSyncStandbys: 1,
    serverVersion: '15.20',
    extensionVersion: '2.0',
    defaultExtensionVersion: '2.0',
    listening: true,
    nodes: [node],
    events: [],
    others: [],
  };
  expect(parseMonitorState(JSON.stringify(good), 'default')).toEqual({ ok: true, value: good });
  const bad = { ...good, nodes: [{ ...node, assigned: 'a\u001b[2J' }] };
  const refused = parseMonitorState(JSON.stringify(bad), 'default');
  expect(refused).toMatchObject({ ok: false, error: { cause: expect.stringContaining('nodes.0.assigned') } });
});

test('a state that a later release has brought is shown, and is none that a step waits for; the monitor was refused for it', () => {
  const settled = nodeSettled('node_1', ['primary']);
  const seen = (state: string) => {
    const world = worldAt('prepared');
    const monitor = monitorIn(world);
    if (monitor === null) throw new Error('the model has a monitor');
    const nodes = monitor.nodes.map((node) =>
      node.name === 'node_1' ? { ...node, reported: state, assigned: state } : node,
    );
    const parsed = parseMonitorState(JSON.stringify({ ...monitor, nodes }), 'default');
    if (!parsed.ok) throw new Error(parsed.error.cause);
    const { monitor: host } = world.hosts;
    if (host?.kind !== 'seen') throw new Error('the model’s monitor is seen');
    return {
      ...world,
      hosts: { ...world.hosts, monitor: { ...host, host: { ...host.host, monitor: parsed.value } } },
    };
  };
  expect(settled.holds(seen('primary'))).toMatchObject({ holds: true });
  const later = seen('primary_in_repair');
  expect(monitorIn(later)?.nodes[0]?.reported).toBe('primary_in_repair');
  expect(settled.holds(later)).toMatchObject({ holds: false });
  expect(everyNodeSettled.holds(later)).toMatchObject({ holds: false });
});
