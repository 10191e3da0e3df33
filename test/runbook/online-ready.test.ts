import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readyFile, stopsFile } from '../../source/runbook/steps/online/ready.ts';
import { PlacesHost } from './places-host.ts';

/** What is made ready before applications are made to wait, and what the change of places does of it once more: by a real shell, on servers that only pretend. */
let host: PlacesHost;
const server = (data: string, pid: number): void =>
  host.write(join(data, 'postmaster.pid'), `${pid}\n${data}\n1764295810\n5432\n`);
beforeEach(() => {
  host = new PlacesHost();
  server(host.node.data, 99_999_901);
  server(host.node.newData, 99_999_902);
});
afterEach(() => host.remove());

const fine = { code: 0 };
const wal = (...records: readonly string[]): void =>
  host.program(
    join(host.node.oldBindir, 'pg_waldump'),
    'case "$*" in *"--rmgr=Sequence --start=0/1000028 --end=0/"*) ;; *) exit 2 ;; esac',
    ...records,
  );
const record = (file: number): string =>
  `echo 'rmgr: Sequence    len (rec/tot):     99/    99, tx: 9480, lsn: 0/666D6840, prev 0/666D67C8, desc: LOG rel 1663/16384/${file}, blkref #0: rel 1663/16384/${file} blk 0'`;
/** Its time is so many seconds earlier. */
const age = (seconds: number): void => {
  const [of, at] = host.read(readyFile(host.node)).split('\n');
  host.write(readyFile(host.node), `${of}\n${Number(at) - seconds}\n`);
};
/** In order: its pid file goes. */
const stop = (): void => {
  for (const data of [host.node.data, host.node.newData])
    rmSync(join(data, 'postmaster.pid'), { force: true });
};
const forth = (): void => {
  for (const file of ['aside', 'carry-over', 'in-place', 'opened'] as const)
    expect({ file, ...host.handed(file) }).toEqual({ file, ...fine, output: expect.any(String) });
};

test('all sequences travelled behind a pause that applications wait in: made ready, the change of places looks at those that have moved', () => {
  wal(record(17_343));
  expect(host.makeReady('there')).toMatchObject(fine);
  expect(host.looks()).toEqual(['ready: all']);
  expect(host.has(stopsFile(host.node))).toBe(false);
  const ran = host.ready('there');
  expect(ran.output).toMatch(/made ready [0-9]+ s ago; sequences that have moved since: 1\n/);
  expect(host.looks()).toEqual(['ready: all', 'cut-over: 1663/16384/17343']);
  stop();
  forth();
  expect(host.stands()).toEqual(['of 17', 'of 15', '-']);
  expect([readyFile(host.node), stopsFile(host.node)].map((file) => host.has(file))).toEqual([false, false]);
});

describe('all of it is done again', () => {
  test.each([
    ['nothing was made ready', () => rmSync(readyFile(host.node))],
    ['it is eleven minutes old', () => age(660)],
    ['it is of tomorrow', () => age(-86_400)],
    ['the server that leaves was started again', () => server(host.node.data, 99_999_911)],
    ['the one that comes was started again', () => server(host.node.newData, 99_999_912)],
    [
      'it was made ready for the way back',
      () => host.write(readyFile(host.node), host.read(readyFile(host.node)).replace('cut-over', 'way-back')),
    ],
    ['the WAL does not tell which sequences have moved', () => wal('exit 1')],
  ])('where %s', (_, happens) => {
    wal(record(17_343));
    expect(host.makeReady('there')).toMatchObject(fine);
    happens();
    const ran = host.ready('there');
    expect(ran).toMatchObject({ ...fine, output: expect.stringContaining('all of it now') });
    expect(host.looks()).toEqual(['ready: all', 'ready: all']);
  });
});

describe('what has changed since it was made ready is found before the stop', () => {
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
    ['a role was made', () => host.write(join(host.node.home, 'other'), 'new'), 'are not the same'],
    [
      'what applies has stopped',
      () => host.write(join(host.node.home, 'never'), 'x'),
      'it did not all arrive',
    ],
  ] as const)('%s', (_, happens, says) => {
    wal(record(17_343));
    expect(host.makeReady('there')).toMatchObject(fine);
    happens();
    expect(host.ready('there')).toMatchObject({ code: 1, output: expect.stringContaining(says) });
    expect(host.has(stopsFile(host.node))).toBe(false);
    expect(host.read(join(host.node.data, 'rows'))).toBe('of 15');
  });
});

test('a look that did not arrive is made once more, from where the one before it began: a sequence that it had noted would be set by none', () => {
  wal(record(17_343));
  expect(host.makeReady('there')).toMatchObject(fine);
  host.write(join(host.node.home, 'never'), 'x');
  expect(host.ready('there')).toMatchObject({ code: 1 });
  rmSync(join(host.node.home, 'never'));
  const since = join(host.node.workDir, 'online/sequences-since');
  expect(host.has(`${since}.new`)).toBe(true);
  expect(host.ready('there')).toMatchObject(fine);
  expect(host.has(`${since}.new`)).toBe(false);
  expect(host.looks()).toEqual(['ready: all', 'cut-over: 1663/16384/17343', 'cut-over: 1663/16384/17343']);
});

test('the host lost its power, or was restarted in order, between being made ready and the stop: the old one goes home, and serves first', () => {
  expect(host.makeReady('there')).toMatchObject(fine);
  stop();
  expect(host.restarted('there')).toMatchObject(fine);
  expect(host.handed('aside')).toMatchObject({ code: 1, output: expect.stringContaining('it serves first') });
  expect(host.handed('home')).toMatchObject(fine);
  expect(host.stands()).toEqual(['of 15', '-', 'of 17']);
  expect(host.has(readyFile(host.node))).toBe(false);
  server(host.node.data, 99_999_921);
  server(host.node.newData, 99_999_922);
  expect(host.ready('there')).toMatchObject({ ...fine, output: expect.stringContaining('all of it now') });
  stop();
  forth();
});

test('a cut-over that was ended right before its stop, and a server stopped since for the way back: that is not what was verified', () => {
  expect(host.ready('there')).toMatchObject(fine);
  stop();
  forth();
  host.write(stopsFile(host.node), 'cut-over\n');
  expect(host.restarted('back')).toMatchObject(fine);
  expect(host.handed('aside')).toMatchObject({
    code: 1,
    output: expect.stringContaining('17 was stopped already'),
  });
  expect(host.handed('home')).toMatchObject(fine);
  expect(host.stands()).toEqual(['of 17', 'of 15', '-']);
});

test('ended between its verification and its stop, and made ready once more: a stop of somebody else’s is not the one that was verified', () => {
  expect(host.ready('there')).toMatchObject(fine);
  expect(host.has(stopsFile(host.node))).toBe(true);
  expect(host.makeReady('there')).toMatchObject(fine);
  expect(host.has(stopsFile(host.node))).toBe(false);
});

test('likewise back', () => {
  expect(host.ready('there')).toMatchObject(fine);
  stop();
  forth();
  server(host.node.data, 99_999_931);
  server(host.node.backupData, 99_999_932);
  expect(host.makeReady('back')).toMatchObject(fine);
  host.copy(join(host.node.oldBindir, 'pg_isready'), join(host.node.newBindir, 'pg_waldump')); // no sequence has moved
  expect(host.ready('back').output).toMatch(/made ready [0-9]+ s ago; sequences that have moved since: 0\n/);
  expect(host.looks().slice(-2)).toEqual(['ready: all', 'way-back: ']);
});

test('another version lies in its place: nothing is made ready', () => {
  host.write(join(host.node.data, 'PG_VERSION'), '17\n');
  expect(host.makeReady('there')).toMatchObject({
    code: 1,
    output: expect.stringContaining('is not PostgreSQL 15'),
  });
});
