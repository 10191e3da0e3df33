import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../source/cluster/config.ts';
import { type NodeFacts, primaryOf, secondariesOf } from '../../source/cluster/facts.ts';
import { monitorIn } from '../../source/cluster/observations.ts';
import { discover } from '../../source/discover/discover.ts';
import { strangerIn } from '../../source/inspect/state/who.ts';
import { parseMonitorState } from '../../source/monitor/query.ts';
import { phase, procedure } from '../../source/runbook/language/outline.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { setSyncStandbys } from '../../source/runbook/shell/sync-standbys.ts';
import { restoreCandidatePriority } from '../../source/runbook/steps/rollback/candidate-priority.ts';
import { registerNode } from '../../source/runbook/steps/rollback/register-node.ts';
import { switchoverAndBack } from '../../source/runbook/steps/switchover.ts';
import { good } from '../cluster/recorded.ts';
import { blankCluster, labCluster } from '../runbook/clusters.ts';
import { modelAt, worldAt } from '../runbook/worlds.ts';
import { joined, printed } from './answers.ts';
import { FakeServers } from './fake-servers.ts';
import { labConfig } from './harness.ts';

/** pg_autoctl takes any name for a node (--name 'node 1'): files, steps and cluster file have its alias, pg_autoctl and the monitor its name. */

const facts = blankCluster();
const text = (step: Step): string => {
  const script = step.script({ hosts: {} });
  if (script.kind !== 'ready') throw new Error(`${step.id} needs ${script.needs}`);
  return script.text;
};
const answer = (...names: readonly string[]): string => {
  const monitor = monitorIn(worldAt('prepared'));
  const nodes = monitor?.nodes.map(({ nodename: _, ...row }, at) => ({
    ...row,
    name: names[at] ?? row.name,
  }));
  return JSON.stringify({ ...monitor, nodes });
};

describe('names with blanks', () => {
  test('the monitor’s rows are known by their aliases, and keep their names', () => {
    const rows = good(parseMonitorState(answer('node 1', 'node_2'), 'default')).nodes;
    expect(rows.map(({ name, nodename }) => [name, nodename])).toEqual([
      ['node_1', 'node 1'],
      ['node_2', undefined],
      ['node_3', undefined],
    ]);
  });

  test('a cluster is discovered, and a run found again in the middle of its window', async () => {
    for (const moment of ['running', 'swapped'] as const) {
      const servers = new FakeServers(facts);
      for (const [alias, host] of modelAt(moment, facts).hosts) servers.model.hosts.set(alias, host);
      if (moment === 'swapped') servers.record = JSON.stringify(facts);
      const found = good(
        await discover(
          labConfig('nodes: { "node 2": { unit: pgautofailover } }\n'),
          (address) => servers.connect(address, { ask: async () => ({ kind: 'no' }), become: 'sudo' }),
          () => undefined,
        ),
      );
      expect(found.fromRecord).toBe(moment === 'swapped');
      expect(found.facts.nodes.map(({ alias, nodename }) => [alias, nodename])).toEqual([
        ['node_1', 'node 1'],
        ['node_2', 'node 2'],
        ['node_3', 'node 3'],
      ]);
    }
  });

  test('a host is judged by the name in its pg_autoctl.cfg', () => {
    const [node] = facts.nodes;
    if (node === undefined) throw new Error('there are nodes');
    const said = (name: string) => strangerIn(node, printed([['who.name', joined(name)]]), new Map());
    expect(said('node 1\n')).toBeNull();
    expect(said('node_1\n')?.what).toContain('the host that answers is node_1');
  });

  test('pg_autoctl and the monitor’s functions get the name, files and steps the alias', () => {
    const primary: NodeFacts = { ...primaryOf(facts), priority: 0 };
    const [secondary] = secondariesOf(facts);
    if (secondary === undefined) throw new Error('there is a secondary');
    const steps = procedure(facts, [
      phase('V', 'Rollback: restore', [
        registerNode(secondary, primary),
        restoreCandidatePriority(primary),
        switchoverAndBack,
      ]),
    ]);
    expect(steps.map(({ id }) => id)).toEqual([
      'V.node_2.create',
      'V.monitor.priority',
      'V.monitor.switchover',
      'V.monitor.switch-back',
    ]);
    const [create = '', priority = '', there = ''] = steps.map(text);
    expect(create).toContain("--name 'node 2'");
    expect(priority).toContain("nodename = '\\''node 1'\\''");
    expect(there).toContain("perform_promotion('\\''default'\\'', '\\''node 2'\\'')");
    expect(there).toContain('promoted-node_2');
    expect(setSyncStandbys(facts, 2, primaryOf(facts)).text).toContain("'\\''node 2'\\'', 50)");
  });

  test('the cluster file has a node by its name or by its alias, not by both', () => {
    expect(Object.keys(labConfig('nodes: { "node 1": { port: 5433 } }\n').nodes)).toEqual(['node_1']);
    const both = parseConfig(
      'monitor: { host: m }\ntarget: { bindir: /new }\nnodes:\n  node_1: { port: 1 }\n  node 1: { port: 2 }\n',
      'cluster.yaml',
    );
    expect(both).toMatchObject({
      ok: false,
      error: [{ what: expect.stringMatching(/^cluster\.yaml:5: nodes\.node 1 must differ from another/) }],
    });
  });
});

describe('names that are refused, in one sentence', () => {
  const refusal = (...names: readonly string[]): string => {
    const parsed = parseMonitorState(answer(...names), 'default');
    if (parsed.ok) throw new Error('it was taken');
    return `${parsed.error.what} ${parsed.error.remedy} ${parsed.error.cause ?? ''}`;
  };
  test.each(["it's", '$HOME', 'nœud', 'a/b', ' node', 'node ', '-n', 'monitor', 'a\nb', ''])('%j', (name) => {
    expect(refusal(name)).toMatch(
      /^The monitor’s row of node 1: name must be a name of letters, .* set node metadata --name VALUE\. Nothing was run with it\. found: /,
    );
  });
  test('two that would have the same alias', () => {
    expect(refusal('node_1', 'node 1')).toMatch(
      /^The monitor’s row of node 2: name must differ from another node’s name in more than blanks and `_`\. /,
    );
  });
  test('nobody’s alias changes where no name has a blank', () => {
    expect(labCluster().nodes.every((node) => node.nodename === undefined)).toBe(true);
  });
});
