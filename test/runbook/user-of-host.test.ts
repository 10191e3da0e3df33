import { expect, test } from 'vitest';
import { type ClusterFacts, hostsOf } from '../../source/cluster/facts.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import { sudoersText } from '../../source/runbook/shell/root-helper.ts';
import { rootHosts } from '../../source/runbook/shell/root-hosts.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { spacedCluster } from './clusters.ts';
import { word } from './word.ts';
import { worldAt } from './worlds.ts';

/** PostgreSQL runs as another user on two hosts. */
const facts: ClusterFacts = (() => {
  const cluster = spacedCluster();
  return {
    ...cluster,
    monitor: { ...cluster.monitor, postgres: word('pgmon') },
    nodes: cluster.nodes.map((node) =>
      node.alias === 'node_2' ? { ...node, postgres: word('pgtwo') } : node,
    ),
  };
})();
const userOf = (alias: string): string => ({ monitor: 'pgmon', node_2: 'pgtwo' })[alias] ?? 'postgres';

test('each host’s steps run as its own user; root’s scripts become no other', () => {
  const world = worldAt('finished', facts);
  const steps = [...upgradeRunbook(facts), ...cleanupRunbook(facts, world)];
  expect(steps.filter((step) => step.as !== 'root').map((step) => `${step.host} ${step.as}`)).toEqual(
    steps.filter((step) => step.as !== 'root').map((step) => `${step.host} ${userOf(step.host)}`),
  );
  const others = ['pgmon', 'pgtwo', 'postgres'];
  for (const step of steps) {
    const script = step.script(world);
    const text = script.kind === 'ready' ? script.text : '';
    const became = [...text.matchAll(/runuser -u (\S+)/g)].map(([, user]) => user);
    expect(became.filter((user) => others.includes(user ?? '') && user !== userOf(step.host))).toEqual([]);
  }
  expect(new Set(steps.map((step) => step.host))).toEqual(new Set(hostsOf(facts).map(({ alias }) => alias)));
});

test('the sudoers rule of the helper names the host’s user', () => {
  for (const host of rootHosts(facts))
    expect(sudoersText(facts, host, 'dba')).toContain(
      `dba ALL=(${userOf(host.alias)}) NOPASSWD: /usr/bin/sh`,
    );
});
