import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pauseMomentsIn } from '../../source/cluster/parse/pause-moments.ts';
import { markFile } from '../../source/runbook/shell/ownership.ts';
import { type HandedFile, momentLine } from '../../source/runbook/shell/private-units.ts';
import { handedBodies } from '../../source/runbook/steps/online/changing-places.ts';
import { serveFile } from '../../source/runbook/steps/online/names.ts';
import { PlacesHost } from './places-host.ts';

/** What the change of places does to the disk, by a real shell; the servers only pretend. Root's part between the files is a verb (root-verbs.test.ts). */
let host: PlacesHost;
beforeEach(() => {
  host = new PlacesHost();
});
afterEach(() => host.remove());

const ready = (which: 'there' | 'back') => host.ready(which);
const run = (file: HandedFile) => host.handed(file);
const stands = () => host.stands();
const fine = { code: 0 };
const forth = (): void => {
  for (const file of ['aside', 'carry-over', 'in-place', 'opened'] as const)
    expect({ file, ...run(file) }).toEqual({ file, ...fine, output: expect.any(String) });
};

describe('there', () => {
  test('each file does its part, and nothing when it is run again', () => {
    const first = ready('there');
    expect(first.code, first.output).toBe(0);
    expect(stands()).toEqual(['of 15', '-', 'of 17']);
    for (const file of [
      'aside',
      'aside',
      'carry-over',
      'carry-over',
      'in-place',
      'in-place',
      'aside',
      'opened',
    ] as const)
      expect(run(file), file).toMatchObject(fine);
    expect(stands()).toEqual(['of 17', 'of 15', '-']);
    expect(host.read(join(host.node.data, 'postgresql.conf'))).toBe('port = 5432\n');
    expect(host.has(join(host.node.data, markFile))).toBe(false);
    expect(host.has(join(host.node.backupData, markFile))).toBe(true);
    expect(host.read(join(host.node.workDir, 'stopped'))).toContain('shut down');
    expect(host.has(join(host.node.workDir, 'handed-over'))).toBe(true);
    expect(host.read(serveFile(host.node, 'new'))).toContain('serves, until pg_autoctl takes it over');
    expect(host.read(join(host.node.home, 'autoctl'))).toContain('17/bin/pg_ctl');
  });

  test('the moment of the stop, and that of the first answer, are said by one clock', () => {
    expect(ready('there')).toMatchObject(fine);
    const stopped = host.sh(momentLine('stopped').text);
    forth();
    const { serving, ...told } = pauseMomentsIn(`${stopped.output}\n${run('opened').output}`.split('\n'));
    expect(told.stopped).toBeGreaterThan(0);
    expect(serving).toBeGreaterThanOrEqual(told.stopped ?? Number.POSITIVE_INFINITY);
  });

  test.each([
    [
      'the old one did not come to its shutdown',
      'aside',
      () => host.write(join(host.node.data, 'global/pg_control'), host.control(15, 'in production')),
    ],
    [
      'what was written last does not arrive',
      'carry-over',
      () => host.write(join(host.node.home, 'never'), 'x'),
    ],
    [
      'what was to see to it is killed, and leaves no word',
      'carry-over',
      () => host.write(join(host.node.home, 'killed'), 'x'),
    ],
    ['a role came meanwhile', 'carry-over', () => host.write(join(host.node.home, 'other'), 'old')],
    [
      'a write would wait for a secondary',
      'in-place',
      () => host.write(join(host.node.home, 'names'), 'ANY 1 (x)\n'),
    ],
  ] as const)('%s: it goes home as it was, and the preparation goes on', (_, file, happens) => {
    expect(ready('there')).toMatchObject(fine);
    const before = host.read(host.node.stateFile);
    happens();
    for (const one of ['aside', 'carry-over', 'in-place'] as const) {
      const ran = run(one);
      if (one === file) expect(ran.code, ran.output).not.toBe(0);
      if (ran.code !== 0) break;
    }
    expect(run('home')).toMatchObject(fine);
    const on = run('go-on');
    expect(on).toMatchObject(fine);
    expect(pauseMomentsIn(on.output.split('\n')).serving).toBeGreaterThan(0);
    expect(stands()).toEqual(['of 15', '-', 'of 17']);
    expect(host.has(join(host.node.data, markFile))).toBe(false);
    expect(host.read(serveFile(host.node, 'new'))).toBe('follows');
    expect(host.read(host.node.stateFile)).toBe(before);
    expect(host.has(join(host.node.workDir, 'handed-over'))).toBe(false);
  });

  // pg_waldump 15.20; 17.12 and 18.6 say it in the same words
  const record = (file: number) =>
    `rmgr: Sequence    len (rec/tot):     99/    99, tx:       9480, lsn: 0/666D6840, prev 0/666D67C8, desc: LOG rel 1663/16384/${file}, blkref #0: rel 1663/16384/${file} blk 0`;
  test.each([
    ['two sequences', [record(17343), record(17370), record(17343)], '1663/16384/17343 1663/16384/17370'],
    ['none', [], ''],
    ['a record that reads otherwise', [record(17343), 'rmgr: Sequence desc: LOG 16384.17370'], 'all'],
    ['an error behind a record', [record(17343), 'exit 1'], 'all'],
    ['more than a command line holds', Array.from({ length: 2001 }, (_, at) => record(17_000 + at)), 'all'],
  ])('the WAL names %s: what is looked at behind the stop', (_, records, moved) => {
    host.program(
      join(host.node.oldBindir, 'pg_waldump'),
      'case "$*" in *"--rmgr=Sequence --start=0/1000028 --end=0/"*) ;; *) exit 2 ;; esac',
      ...records.map((one) => (one === 'exit 1' ? one : `echo '${one}'`)),
    );
    expect(ready('there')).toMatchObject(fine);
    run('aside');
    expect(run('carry-over')).toMatchObject(fine);
    expect(host.looks()).toEqual(['ready: all', `cut-over: ${moved}`]);
  });

  test('without pg_waldump all sequences are looked at behind the stop', () => {
    ready('there');
    run('aside');
    expect(run('carry-over')).toMatchObject(fine);
    expect(host.looks().at(-1)).toBe('cut-over: all');
  });

  test('a role came meanwhile, and pg_autoctl is slow: what it was told last is taken back', () => {
    ready('there');
    const [configuration, state] = [host.read(host.node.configFile), host.read(host.node.stateFile)];
    host.write(join(host.node.home, 'slow'), 'x');
    host.write(join(host.node.home, 'other'), 'old');
    run('aside');
    expect(run('carry-over')).toMatchObject({ code: 1 });
    expect(run('home')).toMatchObject(fine);
    expect(host.read(host.node.configFile)).toBe(configuration);
    expect(host.read(host.node.stateFile)).toBe(state);
  });

  test('the disk is full, and pg_autoctl leaves an empty configuration: the one of before comes back', () => {
    ready('there');
    const configuration = host.read(host.node.configFile);
    host.write(join(host.node.home, 'full'), 'x');
    run('aside');
    expect(run('carry-over')).toMatchObject({ code: 1 });
    expect(host.read(host.node.configFile)).toBe('');
    expect(run('home')).toMatchObject(fine);
    expect(host.read(host.node.configFile)).toBe(configuration);
    expect(stands()).toEqual(['of 15', '-', 'of 17']);
  });

  test('the new one does not start in its place: it has written nothing, and the old one goes home', () => {
    ready('there');
    const before = host.read(host.node.stateFile);
    for (const file of ['aside', 'carry-over', 'in-place'] as const) run(file);
    expect(stands()).toEqual(['of 17', 'of 15', '-']);
    expect(run('home')).toMatchObject({
      code: 0,
      output: expect.stringContaining('17 has never begun to serve'),
    });
    expect(stands()).toEqual(['of 15', '-', 'of 17']);
    expect(host.read(host.node.stateFile)).toBe(before);
    expect(host.read(serveFile(host.node, 'new'))).toBe('follows');
    expect(host.has(join(host.node.newData, markFile))).toBe(true);
    expect(ready('there')).toMatchObject(fine);
    forth();
  });

  test.each([
    [
      'a directory lies where the old one would be kept',
      () => host.write(join(host.node.backupData, 'theirs'), 'x'),
      'is there already',
    ],
    [
      'the freeze was passed',
      () => host.write(join(host.node.home, 'schema'), 'new'),
      'the schema is not the same',
    ],
    [
      'the list of databases came to nothing, on a disk that was full for a moment',
      () => host.write(join(host.node.home, 'nothing'), 'x'),
      'no database',
    ],
    [
      'somebody has a transaction open on the one that follows, which the slot for following back would wait for',
      () => host.write(join(host.node.home, 'open'), 'psql of postgres, process 4711, in app'),
      'process 4711',
    ],
  ] as const)('%s: that is seen before the stop', (_, happens, says) => {
    happens();
    expect(ready('there')).toMatchObject({ code: 1, output: expect.stringContaining(says) });
    expect(host.read(join(host.node.data, 'rows'))).toBe('of 15');
  });

  test('somebody who reads a file in the data directory is seen before the stop, which would be for nothing', () => {
    const { data } = host.node;
    for (const at of [data, host.node.newData]) {
      const reader = spawn('tail', ['-f', join(at, 'rows')], { cwd: '/' });
      try {
        expect(ready('there')).toMatchObject({ code: 1, output: expect.stringContaining('(tail) has ') });
      } finally {
        reader.kill('SIGKILL');
      }
    }
    expect(ready('there')).toMatchObject(fine);
  });

  test('the server, and what it has started, are nobody who has its files open', () => {
    const { data } = host.node;
    const server = spawn('sh', ['-c', 'sleep 60 < rows & wait'], { cwd: data });
    try {
      host.write(join(data, 'postmaster.pid'), `${server.pid}\n`);
      expect(ready('there')).toMatchObject(fine);
    } finally {
      host.sh(`pkill -P ${server.pid}`);
      server.kill('SIGKILL');
    }
  });

  test('once the new one has begun to serve, nobody goes home, and the old one is not moved', () => {
    ready('there');
    forth();
    host.write(join(host.node.data, 'global/pg_control'), host.control(17, 'in production'));
    expect(run('home')).toMatchObject({ code: 1, output: expect.stringContaining('it stays where it is') });
    expect(stands()).toEqual(['of 17', 'of 15', '-']);
  });

  test('the host lost its power behind the stop, before anything was moved: begun again it goes on', () => {
    expect(ready('there')).toMatchObject(fine);
    expect(host.restarted('there')).toMatchObject(fine);
    forth();
    expect(stands()).toEqual(['of 17', 'of 15', '-']);
  });

  test('the host was restarted before anything was ready: the old one goes home, and serves first', () => {
    expect(host.restarted('there')).toMatchObject(fine);
    expect(run('aside')).toMatchObject({ code: 1, output: expect.stringContaining('it serves first') });
    expect(run('home')).toMatchObject(fine);
    expect(stands()).toEqual(['of 15', '-', 'of 17']);
    expect(host.read(serveFile(host.node, 'new'))).toBe('follows');
    expect(ready('there')).toMatchObject(fine);
    forth();
  });

  test('the host lost its power there, and a rollback is asked for: the old one, never moved, serves', () => {
    expect(ready('there')).toMatchObject(fine);
    expect(host.restarted('back')).toMatchObject(fine);
    forth();
    expect(stands()).toEqual(['of 15', '-', 'of 17']);
    expect(host.read(serveFile(host.node, 'old'))).toContain('serves, until pg_autoctl takes it over');
  });

  test('the host lost its power behind the renaming, and a rollback is asked for: the new one, which never served, was put into service', () => {
    expect(ready('there')).toMatchObject(fine);
    expect(run('aside')).toMatchObject(fine);
    host.write(host.node.configFile, 'pg_ctl = of 17\n');
    expect(host.restarted('back')).toMatchObject(fine);
    // what follows is not told to serve, and whatever fails does not bring it into the place
    for (const file of ['aside', 'carry-over'] as const) expect(run(file), file).toMatchObject(fine);
    expect(host.read(serveFile(host.node, 'new'))).toBe('follows');
    expect(host.read(host.node.configFile)).toContain('15/bin/pg_ctl');
    expect(run('home')).toMatchObject({ code: 1, output: expect.stringContaining('17 has never served') });
    expect(stands()).toEqual(['-', 'of 15', 'of 17']);
    for (const file of ['aside', 'carry-over', 'in-place', 'opened'] as const)
      expect(run(file), file).toMatchObject(fine);
    expect(stands()).toEqual(['of 15', '-', 'of 17']);
    expect(host.read(serveFile(host.node, 'old'))).toContain('serves, until pg_autoctl takes it over');
  });

  test('the host lost its power in the cut back, and run is asked for: the old one, of which nobody knew whether it had everything, was put into service', () => {
    expect(ready('there')).toMatchObject(fine);
    forth();
    expect(ready('back')).toMatchObject(fine);
    expect(run('aside')).toMatchObject(fine);
    expect(stands()).toEqual(['-', 'of 15', 'of 17']);
    expect(host.restarted('there')).toMatchObject(fine);
    for (const file of ['aside', 'home'] as const)
      expect(run(file), file).toMatchObject({ code: 1, output: expect.stringContaining('rollback') });
    expect(stands()).toEqual(['-', 'of 15', 'of 17']);
    // gone on with
    expect(host.restarted('back')).toMatchObject(fine);
    forth();
    expect(stands()).toEqual(['of 15', '-', 'of 17']);
  });

  test('a directory of somebody else’s is neither moved nor written over', () => {
    ready('there');
    host.cluster(host.node.backupData, 15, { rows: 'theirs' });
    expect(run('aside')).toMatchObject({ code: 1, output: expect.stringContaining('is there already') });
    expect(stands()).toEqual(['of 15', 'theirs', 'of 17']);
  });
});

test('a server that leaves keeps its WAL for its archive, and hands none over: it may go home; one that only follows has none', () => {
  ready('there');
  run('aside');
  const { node } = host;
  expect(host.read(serveFile(node, 'old'))).toContain('-c archive_command= -c archive_library= ');
  expect(host.read(serveFile(node, 'old'))).not.toContain('archive_mode');
});

test('the server that serves listens where pg_autoctl would have it, and nowhere else', () => {
  ready('there');
  forth();
  const { node } = host;
  host.program(join(node.newBindir, 'postgres'), `printf '%s ' "$@" >"${node.home}/started"`);
  for (const [written, listens] of [
    ['', '*'],
    ['listen_addresses = 10.1.2.3\n', '10.1.2.3'],
  ]) {
    host.write(node.configFile, `pg_ctl = of 17\n${written}`);
    host.sh(`sh '${serveFile(node, 'new').replaceAll("'", "'\\''")}'`);
    expect(host.read(join(node.home, 'started'))).toContain(`-h ${listens} `);
  }
});

test('18 serves, too, where it has followed in more databases than it has origins for', () => {
  const made = host.way('there');
  const comes = { ...made.comes, major: 18 };
  for (const [one, found] of [
    [made, false],
    [{ ...made, comes }, true],
  ] as const)
    expect(
      handedBodies(host.facts, one)['in-place'].text.includes('-c max_active_replication_origins=24'),
    ).toBe(found);
});

test('and back: the old one lies in its place, as it was, and the new one aside', () => {
  ready('there');
  forth();
  expect(ready('back')).toMatchObject(fine);
  forth();
  expect(stands()).toEqual(['of 15', '-', 'of 17']);
  expect(host.has(join(host.node.newData, markFile))).toBe(true);
  expect(host.read(join(host.node.home, 'autoctl')).trim().split('\n').at(-1)).toContain('15/bin/pg_ctl');
});
