import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atMost, type Bench, measured } from '../report/figure.ts';
import { median } from '../report/statistics.ts';
import { root } from '../terminal/bundle.ts';
import { Pty } from '../terminal/pty.ts';

const program = `${root}dist/cli.js`;

const helpMs = (): number => {
  const from = performance.now();
  // By its name, so that the line in it that names the interpreter counts.
  const ran = spawnSync(program, ['--help'], { encoding: 'utf8' });
  if (!ran.stdout.includes('Usage')) throw new Error(`--help said: ${ran.stdout}${ran.stderr}`);
  return performance.now() - from;
};

/** Until something of the console is on the screen; the servers are not waited for. */
const firstFrameMs = async (directory: string, file: string): Promise<number> => {
  const from = performance.now();
  const env = { XDG_STATE_HOME: join(directory, 'state') };
  const pty = new Pty({ program, args: ['run', file], cwd: root, env });
  try {
    await pty.painted('2 Steps');
    return performance.now() - from;
  } finally {
    pty.close();
  }
};

export const start: Bench = {
  name: 'start',
  title: 'Start',
  async run({ runs, directory }) {
    const file = join(directory, 'cluster.yaml');
    // 192.0.2.0/24 is reserved for documentation: nothing answers there.
    writeFileSync(
      file,
      'name: bench\nmonitor: { host: 192.0.2.1 }\nssh: { user: dba }\ntarget: { bindir: /opt/vmware/postgres/17/bin }\n',
    );
    const [help, frame, bare]: [number[], number[], number[]] = [[], [], []];
    for (let run = 0; run < runs * 2; run += 1) {
      const from = performance.now();
      spawnSync(process.execPath, ['--eval', '0']);
      bare.push(performance.now() - from);
      help.push(helpMs());
      frame.push(await firstFrameMs(directory, file));
    }
    const node = median(bare);
    return measured(
      {
        what: '`--help`',
        value: median(help),
        unit: 'ms',
        target: atMost(200),
        note: `node alone: ${node.toFixed(0)} ms`,
      },
      { what: 'first frame of the console', value: median(frame), unit: 'ms', target: atMost(500) },
    );
  },
};
