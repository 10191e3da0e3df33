// The console over a pretended cluster of many nodes, whose positions move twice a second. Started by the bench `fleet`.

import type { MonitorNode } from '../../source/cluster/monitor-state.ts';
import { pagerIn } from '../../source/commands/pager.ts';
import { runConsole } from '../../source/console/run-console.tsx';
import { healthyNodes } from '../../test/console/fake-cluster.ts';
import { FakeEngine } from '../../test/console/fake-engine.ts';
import { word } from '../../test/runbook/word.ts';

const count = Number(process.argv[2]);
const engine = new FakeEngine({ done: 26 });
const { state } = engine.view.monitor.feed;
if (state === null) throw new Error('the pretended monitor has a state');
const [primary, secondary] = healthyNodes;
if (primary === undefined || secondary === undefined) throw new Error('no nodes to copy');

const nodes = (position: number): readonly MonitorNode[] =>
  Array.from({ length: count }, (_, at) => ({
    ...(at === 0 ? primary : secondary),
    id: at + 1,
    name: word(`node_${at + 1}`),
    host: word(`10.0.${at >> 8}.${at & 255}`),
    lsn: word(`0/${(0x5a00_0060 + position * 4096 - at * 16).toString(16).toUpperCase()}`),
  }));

const { hosts } = engine.view;
const [monitor, node] = hosts;
if (monitor === undefined || node === undefined) throw new Error('no hosts to copy');
engine.set({
  hosts: [
    monitor,
    ...Array.from({ length: count }, (_, at) => ({
      ...node,
      alias: `node_${at + 1}`,
      role: at === 0 ? ('primary' as const) : ('secondary' as const),
    })),
  ],
});

let position = 0;
setInterval(() => {
  position += 1;
  const { monitor: shown } = engine.view;
  const feed = {
    ...shown.feed,
    state: { ...state, nodes: [...nodes(position)], events: [] },
    readAt: Date.now(),
  };
  engine.set({ monitor: { ...shown, feed, before: nodes(0) } });
}, 500).unref();
await runConsole(
  engine,
  { stdin: process.stdin, stdout: process.stdout, env: process.env, pager: pagerIn(process.env) },
  { guard: { shown: 0, pressed: 0 } },
);
