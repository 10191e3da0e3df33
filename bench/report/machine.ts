import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** What was measured on, in one line: figures of different machines cannot be compared. */
export const machine = (): string => {
  const ssh = spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr?.trim().split(',')[0] ?? 'no ssh';
  const all = cpus();
  const load = loadavg()[0] ?? 0;
  const memory = Math.round(totalmem() / 1024 ** 3);
  return [
    new Date().toISOString().slice(0, 16).replace('T', ' '),
    `${all.length} × ${all[0]?.model.trim() ?? 'unknown processor'}`,
    `${memory} GB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    ssh,
    `load ${load.toFixed(1)} at the start`,
  ].join(', ');
};
