import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeStandIns } from '../../source/demo/hosts/stand-ins.ts';
import { type ToolAnswer, Wire } from '../../source/demo/hosts/wire.ts';
import { type DemoLayout, layoutIn } from '../../source/demo/layout.ts';

let layout: DemoLayout;
let wire: Wire;
beforeEach(() => {
  layout = layoutIn(mkdtempSync(join(tmpdir(), 'pgaf-wire-')));
  mkdirSync(layout.wire);
  for (const user of ['dba', 'postgres']) mkdirSync(layout.host('node_1').home(user), { recursive: true });
  writeStandIns(layout);
});
afterEach(() => {
  wire?.close();
  rmSync(layout.root, { recursive: true });
});

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (script: string, stdin = ''): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', script], {
      env: {
        PATH: `${layout.tools}:/usr/bin:/bin`,
        USER: 'dba',
        PGAF_DEMO: layout.root,
        PGAF_DEMO_HOST: 'node_1',
        PGAF_DEMO_HERE: layout.host('node_1').here,
        PGAF_UPGRADE_JOB: 'RUN/step',
      },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    // A command that ends without reading what it is given.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error);
    });
    child.stdin.end(stdin);
  });

const answering = (answer: ToolAnswer): void => {
  wire = new Wire(layout, answer);
  wire.open();
};

test('a stand-in asks with its arguments as they are, and says and ends as it is told', async () => {
  answering(async (call) => {
    call.out(JSON.stringify([call.host, call.tool, call.user, call.job, call.args]));
    call.part('waiting...');
    call.out(' done');
    call.err("it's\nbad \\ 'here'");
    return 12;
  });
  const args = ["select 'a'\n from b", '', '--x=$HOME', ' two  blanks '];
  const quoted = args.map((one) => `'${one.replaceAll("'", "'\\''")}'`).join(' ');
  const ran = await run(`${layout.bin(15)}/psql ${quoted}`);
  const [said = '', ...rest] = ran.stdout.split('\n');
  expect(JSON.parse(said)).toEqual(['node_1', 'psql', 'dba', 'RUN/step', args]);
  expect(rest).toEqual(['waiting... done', '']);
  expect(ran.stderr).toBe("it's\nbad \\ 'here'\n");
  expect(ran.code).toBe(12);
  expect(readdirSync(layout.wire)).toEqual(['ask']);
});

test('stdin is read only where it is asked for', async () => {
  answering(async (call) => {
    if (call.tool === 'postgres') call.out((await call.stdin()).toUpperCase());
    return 0;
  });
  expect((await run(`${layout.bin(17)}/postgres --single`, 'select 1\n')).stdout).toBe('SELECT 1\n\n');
  const loop = `printf 'a\\nb\\n' | while read -r x; do ${layout.bin(17)}/psql -c "$x"; echo "$x"; done`;
  expect((await run(loop)).stdout).toBe('a\nb\n');
});

test('forty at once each get their own answer', async () => {
  answering(async (call) => {
    call.out(call.args[0] ?? '');
    return 0;
  });
  const all = Array.from({ length: 40 }, (_, at) => `${layout.bin(15)}/psql ${at} &`).join('\n');
  const { stdout } = await run(`${all}\nwait`);
  expect(
    stdout
      .trim()
      .split('\n')
      .map(Number)
      .sort((a, b) => a - b),
  ).toEqual([...Array(40).keys()]);
});

test('a stand-in that breaks says so and fails, and the next is answered', async () => {
  answering(async (call) => {
    if (call.args.length > 0) throw new Error('no such thing');
    return 0;
  });
  const broken = await run(`${layout.bin(15)}/psql x`);
  expect(broken.code).toBe(125);
  expect(broken.stderr).toContain('no such thing');
  expect((await run(`${layout.bin(15)}/psql`)).code).toBe(0);
});

test('sudo makes another user of the host, whose home is there; nobody else', async () => {
  const { stdout } = await run(
    'sudo -H -n -u postgres -- sh -c \'echo "$USER $HOME"; id -un; id -u; hostname\'',
  );
  expect(stdout).toBe(`postgres ${layout.host('node_1').home('postgres')}\npostgres\n105\nnode_1\n`);
  const stranger = await run('sudo -H -n -u oracle -- sh -c true');
  expect(stranger.code).toBe(1);
  expect(stranger.stderr).toContain('unknown user');
});

test('who has an account is the host’s business, not this machine’s', async () => {
  const { stdout } = await run('getent passwd postgres | cut -d: -f6; getent passwd daemon || echo nobody');
  expect(stdout).toBe(`${layout.host('node_1').home('postgres')}\nnobody\n`);
});

test('a job in its own session leaves its trace in the host’s /proc', async () => {
  mkdirSync(layout.processes);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
  const look = 'read -r s <"$PGAF_DEMO_HERE/proc/$$/stat"; set -- ${s##*) }; echo "$$ $1 ${20}"';
  const { stdout } = await run(`setsid sh -c '${look}'`);
  const [pid = '', state, started] = stdout.trim().split(' ');
  expect(state).toBe('S');
  expect(Number(started)).toBeGreaterThan(1_700_000_000);
  expect(existsSync(join(layout.processes, pid))).toBe(true);
});

// A demo whose directory was called pgaf-demo-PhRu44 got sizes for people where numbers were asked for.
test('df answers in numbers for a directory whose name looks like an option, and for people by option', async () => {
  const { stdout } = await run(
    "df -Pk /tmp/demo-PhRu44 | awk 'END {print $4}'; df -Ph /data | awk 'END {print $4}'",
  );
  expect(stdout).toBe('32632088\n32G\n');
});
