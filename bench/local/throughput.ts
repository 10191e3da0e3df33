import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenSshd } from '../host/sshd.ts';
import { FloodSession } from '../output/session.ts';
import { atLeast, type Bench, measured } from '../report/figure.ts';
import { median } from '../report/statistics.ts';
import { root } from '../terminal/bundle.ts';
import { withSshd } from './with-sshd.ts';

const lines = 3_000_000;

const same = (one: string, other: string): boolean => spawnSync('cmp', ['--silent', one, other]).status === 0;

/** Seconds that `ssh host cat FILE > file` takes. */
const byOpenSsh = (sshd: OpenSshd, file: string, copy: string): number => {
  const out = openSync(copy, 'w');
  const from = performance.now();
  spawnSync('ssh', [...sshd.clientArguments(`cat ${file}`)], { stdio: ['ignore', out, 'inherit'] });
  const seconds = (performance.now() - from) / 1000;
  closeSync(out);
  if (!same(file, copy)) throw new Error('ssh host cat did not bring the whole file');
  rmSync(copy);
  return seconds;
};

const byConsole = async (sshd: OpenSshd, file: string) => {
  const session = await FloodSession.open(sshd, `cat ${file}`);
  try {
    const [frames, cpu] = [session.pty.frames, session.pty.cpuMs()];
    await session.begin();
    const result = await session.result();
    const seconds = result.tookMs / 1000;
    const taken = {
      seconds,
      framesPerSecond: (session.pty.frames - frames) / seconds,
      cpuSeconds: (session.pty.cpuMs() - cpu) / 1000,
    };
    if (result.exitCode !== 0 || result.lines !== lines || !same(file, result.file))
      throw new Error(`lost on the way: ${JSON.stringify(result)}`);
    rmSync(result.file);
    rmSync(session.hostLog);
    return taken;
  } finally {
    session.close();
  }
};

export const throughput: Bench = {
  name: 'throughput',
  title: 'Output: as much as a host can print',
  run: (options) =>
    withSshd(options, async (sshd) => {
      const file = join(options.directory, 'lines');
      spawnSync('sh', ['-c', `"$0" ${root}bench/host/print-lines.mjs ${lines} >${file}`, process.execPath]);
      const megabytes = statSync(file).size / 1e6;
      const pairs: { ssh: number; console: number; frames: number; cpu: number }[] = [];
      for (let run = 0; run < options.runs; run += 1) {
        const ssh = byOpenSsh(sshd, file, join(options.directory, 'copy'));
        const { seconds, framesPerSecond, cpuSeconds } = await byConsole(sshd, file);
        pairs.push({ ssh, console: seconds, frames: framesPerSecond, cpu: cpuSeconds });
        options.say(
          `ssh ${ssh.toFixed(2)} s, console ${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of a processor)`,
        );
      }
      const rate = (seconds: number): number => lines / seconds;
      const name = `${megabytes.toFixed(0)} MB in ${lines.toLocaleString('en-US')} lines`;
      return measured(
        {
          what: '`ssh host cat > file`',
          value: median(pairs.map((one) => rate(one.ssh))),
          unit: 'lines/s',
          note: name,
        },
        {
          what: 'the console: job, ssh2, spool, screen',
          value: median(pairs.map((one) => rate(one.console))),
          unit: 'lines/s',
          note: `${median(pairs.map((one) => one.frames)).toFixed(0)} frames/s meanwhile`,
        },
        {
          what: 'the console, as a share of `ssh host cat`',
          value: median(pairs.map((one) => one.ssh / one.console)),
          unit: '',
          target: atLeast(0.7),
          note: `processor of the console: ${median(pairs.map((one) => one.cpu)).toFixed(2)} s of ${median(pairs.map((one) => one.console)).toFixed(2)} s`,
        },
      );
    }),
};
