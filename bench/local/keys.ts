import { setTimeout as pause } from 'node:timers/promises';
import type { OpenSshd } from '../host/sshd.ts';
import { keyTimes } from '../output/key-times.ts';
import { FloodSession } from '../output/session.ts';
import { atLeast, atMost, type Bench, type Figure, measured } from '../report/figure.ts';
import { median, quantile } from '../report/statistics.ts';
import { root } from '../terminal/bundle.ts';
import { withSshd } from './with-sshd.ts';

const presses = 100;
const idleMs = 20_000;

const printing = (count: number, rate: number): string =>
  `${process.execPath} ${root}bench/host/print-lines.mjs ${count} ${rate}`;

/** Before the window nothing on the screen moves; in it the clock of the downtime does. */
const idle = async (sshd: OpenSshd, done: number, when: string): Promise<readonly Figure[]> => {
  const session = await FloodSession.open(sshd, 'true', { done });
  try {
    await pause(3_000);
    const [cpu, frames, written] = [session.pty.cpuMs(), session.pty.frames, session.pty.written];
    await pause(idleMs);
    const share = ((session.pty.cpuMs() - cpu) / idleMs) * 100;
    const drawn = session.pty.frames - frames;
    const bytes = ((session.pty.written - written) / idleMs) * 1000;
    const times = await keyTimes(session.pty, { more: (pressed) => pressed < presses });
    return [
      {
        what: `processor while nothing runs, ${when}`,
        value: share,
        unit: '%',
        target: atMost(2),
        note: `of one; the monitor is read once a second: ${drawn} frames in ${idleMs / 1000} s, ${bytes.toFixed(0)} bytes/s`,
      },
      { what: `memory, ${when}`, value: session.pty.memory().now / 1e6, unit: 'MB' },
      { what: `key to paint, ${when}, p50`, value: median(times), unit: 'ms' },
      { what: `key to paint, ${when}, p99`, value: quantile(times, 0.99), unit: 'ms' },
    ];
  } finally {
    session.close();
  }
};

const flooded = async (sshd: OpenSshd, rate: number, mostMs: number): Promise<readonly Figure[]> => {
  const seconds = 30;
  const session = await FloodSession.open(sshd, printing(rate * seconds, rate));
  try {
    await session.begin();
    await pause(1_000);
    const from = performance.now();
    const [cpu, frames, written] = [session.pty.cpuMs(), session.pty.frames, session.pty.written];
    const times = await keyTimes(session.pty, {
      more: () => performance.now() - from < (seconds - 3) * 1000,
    });
    const took = performance.now() - from;
    const name = `at ${(rate / 1000).toFixed(0)}k lines/s`;
    return [
      { what: `key to paint ${name}, p50`, value: median(times), unit: 'ms' },
      {
        what: `key to paint ${name}, p99`,
        value: quantile(times, 0.99),
        unit: 'ms',
        target: atMost(mostMs),
        note: `${times.length} keys`,
      },
      {
        what: `frames ${name}`,
        value: ((session.pty.frames - frames) / took) * 1000,
        unit: '/s',
        // Frames are counted over a time that is not a whole number of them.
        ...(rate === 100_000 ? { target: atLeast(29) } : {}),
      },
      {
        what: `written to the terminal ${name}`,
        value: (session.pty.written - written) / took,
        unit: 'kB/s',
      },
      { what: `processor ${name}`, value: ((session.pty.cpuMs() - cpu) / took) * 100, unit: '%' },
    ];
  } finally {
    session.close();
  }
};

export const keys: Bench = {
  name: 'keys',
  title: 'Keys, frames and processor, in a terminal of 120×40',
  run: (options) =>
    withSshd(options, async (sshd) =>
      measured(
        ...(await idle(sshd, 5, 'before the window')),
        ...(await idle(sshd, 26, 'writes down')),
        ...(await flooded(sshd, 10_000, 50)),
        ...(await flooded(sshd, 100_000, 100)),
      ),
    ),
};
