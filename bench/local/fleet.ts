import { setTimeout as pause } from 'node:timers/promises';
import { connector } from '../../source/discover/connector.ts';
import { check } from '../../source/usecases/check/check.ts';
import { CheckServers, withSecondaries } from '../../test/engine/checks/servers.ts';
import { labConfig } from '../../test/engine/harness.ts';
import { keyTimes } from '../output/key-times.ts';
import { type Bench, type Figure, measured } from '../report/figure.ts';
import { median, quantile } from '../report/statistics.ts';
import { bundled, nodeFlags, root } from '../terminal/bundle.ts';
import { Pty } from '../terminal/pty.ts';

const sizes = [1, 8, 32, 64];
/** Of each command on a simulated host: a network between two data centres. */
const latencyMs = 20;
const watchedMs = 10_000;

/** Milliseconds from nothing to the judgment, and of the processor. */
const preflight = async (nodes: number): Promise<{ readonly ms: number; readonly cpuMs: number }> => {
  const servers = new CheckServers(withSecondaries(nodes - 1), latencyMs);
  const config = labConfig();
  try {
    const [from, cpu] = [performance.now(), process.cpuUsage()];
    await check({
      config,
      open: connector(config, servers.connect, async () => ({ kind: 'no' })),
      say: () => undefined,
      keepNewDirectory: false,
    });
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - from, cpuMs: (user + system) / 1000 };
  } finally {
    servers.servers.clear();
  }
};

const pane = async (program: string, nodes: number): Promise<readonly Figure[]> => {
  const pty = new Pty({
    program: process.execPath,
    args: [...nodeFlags(), program, String(nodes)],
    cwd: root,
  });
  try {
    await pty.painted('Enter runs this script');
    await pause(2_000);
    const [cpu, frames] = [pty.cpuMs(), pty.frames];
    await pause(watchedMs);
    const drawn = pty.frames - frames;
    const share = ((pty.cpuMs() - cpu) / watchedMs) * 100;
    const times = await keyTimes(pty, { more: (pressed) => pressed < 60 });
    return [
      {
        what: `monitor pane, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}: processor`,
        value: share,
        unit: '%',
        note: `every position moves twice a second: ${((drawn / watchedMs) * 1000).toFixed(1)} frames/s, key to paint p99 ${quantile(times, 0.99).toFixed(0)} ms`,
      },
    ];
  } finally {
    pty.close();
  }
};

export const fleet: Bench = {
  name: 'fleet',
  title: 'Many nodes, simulated',
  async run({ runs }) {
    const figures: Figure[] = [];
    for (const nodes of sizes) {
      const taken: { readonly ms: number; readonly cpuMs: number }[] = [];
      for (let run = 0; run < runs; run += 1) taken.push(await preflight(nodes));
      figures.push({
        what: `preflight, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`,
        value: median(taken.map((one) => one.ms)),
        unit: 'ms',
        note: `${latencyMs} ms a command; processor ${median(taken.map((one) => one.cpuMs)).toFixed(0)} ms`,
      });
    }
    const program = await bundled('bench/console/fleet-console.tsx', 'fleet');
    for (const nodes of sizes) figures.push(...(await pane(program, nodes)));
    return measured(...figures);
  },
};
