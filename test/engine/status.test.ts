import { describe, expect, test } from 'vitest';
import { opener } from '../../source/engine/opening.ts';
import { status, upgradeStatus } from '../../source/engine/status/status.ts';
import { statusJson, statusText } from '../../source/plain/status-report.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { good } from '../cluster/recorded.ts';
import { labCluster } from '../runbook/clusters.ts';
import { type Moment, worldAt } from '../runbook/worlds.ts';
import { CheckServers } from './checks/servers.ts';
import { labConfig } from './harness.ts';

test.each([
  ['running', 'not-begun', 'A'],
  ['prepared', 'not-begun', 'B'],
  ['fenced', 'under-way', 'C'],
  ['linked', 'under-way', 'D'],
  ['primary back', 'under-way', 'G'],
  ['finished', 'finished', undefined],
] as const satisfies readonly (readonly [Moment, string, string | undefined])[])(
  'at “%s” an upgrade is %s',
  (moment, state, phase) => {
    const seen = upgradeStatus(labCluster(), worldAt(moment));
    expect([seen.state, seen.next?.phase]).toEqual([state, phase]);
  },
);

describe('asked once', () => {
  const ask = (servers: CheckServers) =>
    status(
      labConfig(),
      opener(labConfig(), servers.connect, async () => ({ kind: 'no' })),
      () => undefined,
    );

  test('a cluster at rest: nodes, versions, no upgrade, nothing to undo', async () => {
    const servers = new CheckServers(labCluster());
    const seen = good(await ask(servers));
    expect(seen).toMatchObject({
      from: '15.20',
      to: '17.12',
      upgrade: { state: 'not-begun' },
      rollback: { kind: 'nothing-to-undo' },
      problem: null,
    });
    expect(statusText('lab', seen)).toMatch(/node_2 +secondary +good +PostgreSQL 15\.20/);
    expect(JSON.parse(statusJson('lab', seen))).toMatchObject({
      cluster: 'lab',
      hosts: [{ alias: 'monitor', running: true }, {}, {}, {}],
    });
    expect(servers.open).toBe(0);
  });

  test('in the middle of a window: the monitor is stopped as planned, and which step starts it again', async () => {
    const servers = new CheckServers(labCluster());
    servers.servers.record = JSON.stringify(labCluster());
    const { model } = servers.servers;
    for (const step of upgradeRunbook(labCluster())) {
      model.run(step.id);
      if (step.id === 'C.node_1.stop') break;
    }
    const seen = good(await ask(servers));
    expect(seen.problem).toBeNull();
    expect(seen.monitorStoppedUntil).toEqual({ id: 'D.monitor.start', title: 'Start the monitor on 17' });
    expect(statusText('lab', seen)).toMatch(
      /^monitor +PostgreSQL 17, stopped as planned: “Start the monitor on 17” \(D\.monitor\.start\) starts it again$/m,
    );
    expect(statusText('lab', seen)).not.toContain(', down');
  });

  test('a node in maintenance, and no record of why: what the monitor says, and the reason', async () => {
    const servers = new CheckServers(labCluster());
    const monitor = servers.servers.model.host('monitor').monitor;
    servers.servers.monitorSays = {
      ok: true,
      value: {
        code: 0,
        stderr: '',
        stdout: JSON.stringify({
          ...monitor,
          nodes: monitor?.nodes.map((node) =>
            node.name === 'node_2' ? { ...node, reported: 'maintenance', assigned: 'maintenance' } : node,
          ),
        }),
      },
    };
    const seen = good(await ask(servers));
    expect(seen).toMatchObject({
      upgrade: { state: 'unknown' },
      rollback: null,
      problem: { what: 'node_2 is maintenance, assigned maintenance' },
    });
    expect(statusText('lab', seen)).toContain('But: node_2 is maintenance');
    expect(servers.open).toBe(0);
  });
});
