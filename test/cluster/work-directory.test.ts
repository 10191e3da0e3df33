import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import {
  socketPlaceBytes,
  socketPlaceOf,
  workDirLine,
  workDirOf,
} from '../../source/cluster/work-directory.ts';
import { word } from '../runbook/word.ts';

const home = '/var/lib/pgsql';
const places = [
  '/var/lib/pgsql/data',
  '/var/lib/pgsql/data/saved',
  '/var/lib/pgsql/data/@work',
  '/var/lib/pgsql/data/@work/saved',
  '/var/lib/pgsql/data/@@work',
  '/@sockets/x',
  '/saved',
  "/srv/pg data/o'brien/15/main",
];

test('two data directories share no file, also where one lies in the other under a name of ours', () => {
  const all = places.map((pgdata) => workDirOf(word(home), word(pgdata)));
  expect(all[0]).toBe('/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work');
  for (const one of all)
    for (const other of all) if (one !== other) expect(`${one}/`.startsWith(`${other}/`)).toBe(false);
  for (const one of all) expect(one.startsWith(`${home}/pgaf-upgrade/@sockets/`)).toBe(false);
});

test('the shell that discovers names the same directory', () => {
  for (const pgdata of places) {
    const ran = spawnSync('sh', ['-c', `pgdata=$1; ${workDirLine.text}; printf %s "$work"`, 'sh', pgdata], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: home },
    });
    expect(ran.stdout).toBe(workDirOf(word(home), word(pgdata)));
  }
});

test('sockets have a short place of their own, however long the data directory’s path is', () => {
  const long = `/srv/${'a-long-name/'.repeat(60)}data`;
  const [one, other] = [long, `${long}2`].map((pgdata) =>
    socketPlaceOf(word(home), workDirOf(word(home), word(pgdata))),
  );
  expect(one).not.toBe(other);
  expect(Buffer.byteLength(one ?? '')).toBeLessThanOrEqual(socketPlaceBytes);
});
