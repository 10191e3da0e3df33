import { spawnSync } from 'node:child_process';
import { keyTimes } from '../output/key-times.ts';
import { FloodSession } from '../output/session.ts';
import { atMost, type Bench, measured, notMeasured } from '../report/figure.ts';
import { median, quantile } from '../report/statistics.ts';
import { root } from '../terminal/bundle.ts';
import { withSshd } from './with-sshd.ts';

const rate = 100_000;
const tenMillion = 10_000_000;

/** A flood for minutes: nothing may be lost, and memory may not grow with it. */
export const steady: Bench = {
  name: 'steady',
  title: 'Output: 100,000 lines a second, for minutes',
  run: (options) =>
    withSshd(options, async (sshd) => {
      const count = Math.max(tenMillion, Math.round(options.minutes * 60 * rate));
      options.say(`${count} lines, ${Math.round(count / rate / 60)} minutes`);
      const script = `${process.execPath} ${root}bench/host/print-lines.mjs ${count} ${rate}`;
      const session = await FloodSession.open(sshd, script);
      try {
        await session.begin();
        const from = performance.now();
        const frames = session.pty.frames;
        const ended = session.result();
        let [most, atTen] = [0, Number.NaN];
        const watch = setInterval(() => {
          const { now } = session.pty.memory();
          most = Math.max(most, now);
          if (Number.isNaN(atTen) && performance.now() - from > (tenMillion / rate) * 1000) atTen = now;
        }, 250);
        const times = await keyTimes(session.pty, { ended }).finally(() => clearInterval(watch));
        const result = await ended;
        const framesPerSecond = ((session.pty.frames - frames) / result.tookMs) * 1000;
        const whole = spawnSync('cmp', ['--silent', result.file, session.hostLog]).status === 0;
        if (result.exitCode !== 0) return notMeasured(`the job ended with ${result.exitCode}`);
        const minutes = `${(result.tookMs / 60_000).toFixed(1)} minutes`;
        return measured(
          { what: 'lines printed', value: count, unit: '', note: `in ${minutes}` },
          {
            what: 'lines missing in the spool file',
            value: whole ? count - result.lines : Number.NaN,
            unit: '',
            target: atMost(0),
            note: whole ? 'equal to the log on the host, byte for byte' : 'DIFFERS from the log on the host',
          },
          {
            what: 'memory after 10 million lines',
            value: (Number.isNaN(atTen) ? most : atTen) / 1e6,
            unit: 'MB',
            target: atMost(200),
          },
          { what: 'memory, at most', value: most / 1e6, unit: 'MB', note: `over ${minutes}` },
          { what: 'frames', value: framesPerSecond, unit: '/s' },
          { what: 'key to paint, p50', value: median(times), unit: 'ms' },
          {
            what: 'key to paint, p99',
            value: quantile(times, 0.99),
            unit: 'ms',
            target: atMost(100),
            note: `${times.length} keys`,
          },
        );
      } finally {
        session.close();
      }
    }),
};
