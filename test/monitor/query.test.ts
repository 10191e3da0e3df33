import { expect, test } from 'vitest';
import { monitorQuery, parseMonitorState } from '../../source/monitor/query.ts';

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
  const bad = { ...good, nodes: [{ ...node, assigned: 'asleep' }] };
  const refused = parseMonitorState(JSON.stringify(bad), 'default');
  expect(refused).toMatchObject({ ok: false, error: { cause: expect.stringContaining('nodes.0.assigned') } });
});
