import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { alias } from '../../source/cluster/words.ts';
import { parseRehearsalLeft, rehearsalLeftScript } from '../../source/inspect/rehearsal/left.ts';
import { rehearsalRunbook } from '../../source/runbook/rehearsal.ts';
import { markFile, markOf } from '../../source/runbook/shell/ownership.ts';
import { defaultRate } from '../../source/runbook/steps/rehearsal/places.ts';
import { debianCluster, labCluster, onEveryHost } from './clusters.ts';
import { worldAt } from './worlds.ts';

const worldOf = (facts: ClusterFacts): Observations => {
  const on = facts.nodes.find(({ role }) => role === 'secondary')?.alias;
  return { ...worldAt('running', facts), rehearsal: { on: alias.parse(on), rate: defaultRate } };
};

const scripts = (facts: ClusterFacts): readonly { readonly id: string; readonly text: string }[] => {
  const world = worldOf(facts);
  return rehearsalRunbook(facts, world).map(({ id, script }) => {
    const made = script(world);
    if (made.kind !== 'ready') throw new Error(`${id} needs ${made.needs}`);
    return { id, text: made.text };
  });
};

/** No step of the window, whose scripts have tests of their own. */
const isOwn = ({ id }: { readonly id: string }): boolean => /\.(room|copy|own|stop|amcheck|remove)$/.test(id);

test('the rehearsal’s own scripts, as the DBA reads them', async () => {
  const own = scripts(labCluster()).filter(isOwn);
  await expect(own.map(({ id, text }) => `════ ${id}\n${text}`).join('\n')).toMatchFileSnapshot(
    '__snapshots__/rehearsal.sh',
  );
});

test('the name of a prepared transaction, which may have line breaks, was read as lines, and one of them as a database', () => {
  const own = scripts(labCluster()).find(({ id }) => id.endsWith('.own'))?.text ?? '';
  expect(own).toContain("format('\\''rollback prepared %L'\\'', gid)");
  expect(own).not.toMatch(/\|\| gid/);
});

test.each([
  [14, 17, [true, false]],
  [13, 14, [true, true]],
  [15, 17, [false, false]],
])(
  'from %i to %i: the copy would have removed the statistics of the server that serves, where the configuration has them elsewhere',
  (oldMajor, newMajor, [old, both]) => {
    const all = scripts(labCluster({ oldMajor, newMajor }));
    const textOf = (kind: string): string => all.find(({ id }) => id.endsWith(kind))?.text ?? '';
    expect(textOf('.own').includes('stats_temp_directory=pg_stat_tmp')).toBe(old);
    expect(textOf('.copy').includes('\nstats_temp_directory = pg_stat_tmp\n')).toBe(both);
  },
);

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

test.each([
  ['the lab’s cluster', labCluster()],
  ['blanks and quotes in every name', debianCluster()],
])(
  '%s: every script is POSIX shell, stops at the first error, and shellcheck has nothing to say',
  (_, facts) => {
    expect(scripts(facts).length).toBe(16);
    for (const { id, text } of scripts(facts).filter(isOwn)) {
      expect([id, text.startsWith('set -eu\nexport LC_ALL=C\n')]).toEqual([id, true]);
      expect([id, spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' }).stderr]).toEqual([id, '']);
      if (!hasShellcheck) continue;
      const options = ['-s', 'sh', '-S', 'warning', '-e', 'SC2016', '-'];
      expect([id, spawnSync('shellcheck', options, { input: text, encoding: 'utf8' }).stdout]).toEqual([
        id,
        '',
      ]);
    }
  },
);

describe('in a real shell', () => {
  let root = '';
  let facts = labCluster();
  let place = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "pgaf dba's "));
    const at = (path: string): string => join(root, path);
    facts = onEveryHost(labCluster(), () => ({
      pgdata: at('lib/data'),
      data: at('lib/data'),
      home: at('home'),
      socketDirectory: at('run'),
      oldBindir: at('15/bin'),
      newBindir: at('17/bin'),
    }));
    for (const one of ['lib/data/base', 'lib/data/pg_tblspc', 'home', 'run', '15/bin', '17/bin', 'bin'])
      mkdirSync(at(one), { recursive: true });
    writeFileSync(at('lib/data/base/1'), 'x'.repeat(100_000));
    place = at('lib/pgaf-upgrade-rehearsal.data');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const run = (kind: string): { readonly code: number | null; readonly said: string } => {
    const script = scripts(facts).find(({ id }) => id.endsWith(`.${kind}`))?.text ?? 'exit 99';
    const env = {
      ...process.env,
      PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}`,
      HOME: join(root, 'home'),
    };
    const { status, stdout, stderr } = spawnSync('sh', { input: script, encoding: 'utf8', env });
    return { code: status, said: `${stdout}${stderr}` };
  };
  const program = (path: string, text: string): void =>
    writeFileSync(join(root, path), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const lay = (mark: string | null): void => {
    mkdirSync(join(place, 'data/base'), { recursive: true });
    writeFileSync(join(place, 'data/base/1'), 'of a rehearsal');
    if (mark !== null) writeFileSync(join(place, markFile), mark);
  };

  /** A pg_basebackup that makes its directory. */
  const makesData = `for one in "$@"; do case $one in --pgdata=*) mkdir -p "$(echo "$one" | cut -d = -f 2-)" ;; esac; done`;

  test('what carries our mark is removed, whichever run has made it; the next one begins anew', () => {
    lay(markOf(facts).replace(/^run=.*/, 'run=20200101T000000Z-0000'));
    const removed = run('remove');
    expect([removed.code, existsSync(place)]).toEqual([0, false]);
    lay(markOf(facts));
    const { code, said } = run('room');
    expect([code, said.split('\n')[0]]).toEqual([0, `removed ${place}`]);
    expect(readFileSync(join(place, markFile), 'utf8')).toBe(markOf(facts));
    expect(existsSync(join(place, 'data'))).toBe(false);
    expect(existsSync(join(place, 'work/done', `of-${facts.run}`))).toBe(true);
  });

  test('what has no mark of this cluster is left alone, and a link is not followed', () => {
    for (const mark of [null, 'run=x\nsystem=1\n']) {
      lay(mark);
      for (const kind of ['remove', 'room']) {
        const { code, said } = run(kind);
        expect([code, said.includes('may belong to somebody else')]).toEqual([1, true]);
      }
      expect(existsSync(join(place, 'data/base/1'))).toBe(true);
      rmSync(place, { recursive: true });
    }
    lay(markOf(facts));
    rmSync(join(root, 'elsewhere'), { recursive: true, force: true });
    spawnSync('mv', [place, join(root, 'elsewhere')]);
    symlinkSync(join(root, 'elsewhere'), place);
    expect(run('remove').code).toBe(1);
    expect(existsSync(join(root, 'elsewhere/data/base/1'))).toBe(true);
  });

  test('a directory that a kill has left before it had its mark is taken over', () => {
    mkdirSync(place);
    expect(run('room').code).toBe(0);
  });

  test('a server of the copy is ended, and one that works elsewhere is not', async () => {
    lay(markOf(facts));
    const waits = (cwd: string) => spawn('sleep', ['60'], { cwd, stdio: 'ignore' });
    const [own, other] = [waits(join(place, 'data')), waits(root)];
    try {
      writeFileSync(join(place, 'data/postmaster.pid'), `${own.pid ?? ''}\n`);
      mkdirSync(join(place, 'data_pg17'));
      writeFileSync(join(place, 'data_pg17/postmaster.pid'), `${other.pid ?? ''}\n`);
      const ended = new Promise((resolve) => own.on('exit', resolve));
      const removing = spawn('sh', { cwd: root, stdio: ['pipe', 'ignore', 'ignore'] });
      removing.stdin.end(scripts(facts).find(({ id }) => id.endsWith('.remove'))?.text);
      const removed = new Promise((resolve) => removing.on('exit', resolve));
      await ended;
      expect(await removed).toBe(0);
      expect([existsSync(place), other.exitCode]).toEqual([false, null]);
    } finally {
      own.kill();
      other.kill();
    }
  });

  const looked = () => {
    const node = facts.nodes.find(({ role }) => role === 'secondary');
    if (node === undefined) throw new Error('no secondary');
    const { stdout } = spawnSync('sh', { input: rehearsalLeftScript(facts, node).text, encoding: 'utf8' });
    return parseRehearsalLeft(node, stdout);
  };

  test('what one has left is found by its mark, of whichever run, and the server that works there; looking changes nothing', () => {
    expect(looked()).toBeNull();
    lay(null);
    expect(looked()).toBeNull();
    writeFileSync(join(place, markFile), 'run=x\nsystem=1\n');
    expect(looked()).toBeNull();
    writeFileSync(join(place, markFile), markOf(facts).replace(/^run=.*/, 'run=20200101T000000Z-0000'));
    expect(looked()).toMatchObject({ directory: place, server: false });
    const [own, other] = [join(place, 'data'), root].map((cwd) =>
      spawn('sleep', ['60'], { cwd, stdio: 'ignore' }),
    );
    try {
      writeFileSync(join(place, 'data/postmaster.pid'), `${other?.pid ?? ''}\n`);
      expect(looked()?.server).toBe(false);
      writeFileSync(join(place, 'data/postmaster.pid'), `${own?.pid ?? ''}\n`);
      expect(looked()?.server).toBe(true);
      expect(readFileSync(join(place, 'data/base/1'), 'utf8')).toBe('of a rehearsal');
    } finally {
      own?.kill();
      other?.kill();
    }
    spawnSync('mv', [place, join(root, 'moved')]);
    symlinkSync(join(root, 'moved'), place);
    expect(looked()).toBeNull();
  });

  test('too little room is told with what is missing, before a byte is copied', () => {
    program('bin/df', "echo h; echo 'disk 100000000 99000000 1200000 99% /'");
    const { code, said } = run('room');
    expect([code, /no room for a rehearsal: \d+ MB are missing/.test(said)]).toEqual([1, true]);
    expect(existsSync(place)).toBe(false);
  });

  test('the server’s own logs were copied, and not counted', () => {
    const free = 1_048_576 + 409_600 + 2_000;
    program('bin/df', `echo h; echo 'disk 1000 0 ${free} 99% /'`);
    expect(run('room').code).toBe(0);
    mkdirSync(join(root, 'lib/data/log'));
    writeFileSync(join(root, 'lib/data/log/postgresql.log'), 'x'.repeat(5_000_000));
    const { code, said } = run('room');
    expect([code, /no room for a rehearsal: \d+ MB are missing/.test(said)]).toEqual([1, true]);
  });

  test('a base backup whose script was killed went on without anybody who watches the disk; the removal ends it', async () => {
    expect(run('room').code).toBe(0);
    mkdirSync(join(place, 'data'));
    program('15/bin/pg_basebackup', 'exec 3>"$FILE"; while :; do sleep 0.05; done');
    const begin = (data: string, file: string) => {
      const env = { ...process.env, FILE: file };
      return spawn(join(root, '15/bin/pg_basebackup'), [`--pgdata=${data}`], { env, stdio: 'ignore' });
    };
    const left = begin(join(place, 'data'), join(place, 'data/16384'));
    const other = begin(join(root, 'lib/other/data'), join(root, 'other'));
    const ended = new Promise((resolve) => left.on('exit', resolve));
    try {
      await expect
        .poll(() => existsSync(join(place, 'data/16384')) && existsSync(join(root, 'other')))
        .toBe(true);
      const { code, said } = run('remove');
      expect([code, said]).toEqual([0, expect.stringContaining(`process ${left.pid ?? ''}, is ended`)]);
      await ended;
      expect([existsSync(place), other.exitCode, other.signalCode]).toEqual([false, null, null]);
    } finally {
      left.kill();
      other.kill();
    }
  });

  test('what still writes there had its files removed under it, and wrote into the next ones', async () => {
    expect(run('room').code).toBe(0);
    mkdirSync(join(place, 'data'));
    const file = join(place, 'data/16384');
    const left = spawn('sh', ['-c', 'exec >"$0"; exec sleep 60', file], { stdio: 'ignore' });
    try {
      await expect.poll(() => existsSync(file)).toBe(true);
      program('bin/sleep', ''); // nothing is waited for here
      const { code, said } = run('copy');
      expect([code, said.includes('has') && said.includes('open: end it first')]).toEqual([1, true]);
      expect(existsSync(file)).toBe(true);
    } finally {
      left.kill();
    }
  });

  test('a base backup is ended before the file system is full, and nothing of it stays', () => {
    expect(run('room').code).toBe(0);
    program('15/bin/pg_basebackup', `${makesData}; exec sleep 30`);
    // Not before it has begun.
    const waits = 'until [ -d "$2"/data ]; do sleep 0.05; done';
    program('bin/df', `${waits}; echo h; echo 'disk 100000000 99999000 1000 99% /'`);
    const { code, said } = run('copy');
    expect([code, said.includes('are to stay free for the server that serves')]).toEqual([1, true]);
    expect([existsSync(join(place, 'data')), existsSync(join(place, markFile))]).toEqual([false, true]);
  });

  test('a copy whose configuration names another data directory is not started on', () => {
    expect(run('room').code).toBe(0);
    program('15/bin/pg_basebackup', makesData);
    program('15/bin/postgres', `echo '${join(root, 'lib/data').replaceAll("'", "'\\''")}'`);
    const { code, said } = run('copy');
    expect([code, said.includes('as data_directory')]).toEqual([1, true]);
    program('15/bin/postgres', `echo '${join(place, 'data').replaceAll("'", "'\\''")}'`);
    expect(run('copy').code).toBe(0);
    const settings = readFileSync(join(place, 'data/postgresql.auto.conf'), 'utf8');
    for (const one of [
      "listen_addresses = ''",
      'archive_mode = off',
      "primary_conninfo = ''",
      'max_worker_processes = 0',
    ])
      expect(settings).toContain(`${one}\n`);
    expect(settings).toContain(`external_pid_file = '${place.replaceAll("'", "''")}/external.pid'`);
    expect(existsSync(join(place, 'data/recovery.signal'))).toBe(true);
  });
});
