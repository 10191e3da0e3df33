import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { prepareRunbook } from '../../source/runbook/online.ts';
import { copyAside, copyInMaking, onlineDirectory } from '../../source/runbook/steps/online/names.ts';
import { labCluster, spacedOnlineCluster } from './clusters.ts';
import { layParts } from './kills/lay.ts';
import { backupSession, layInUse, layReflinks } from './lay-reflinks.ts';
import { OnlineModel } from './online-model.ts';
import { Sandbox } from './sandbox.ts';
import { word } from './word.ts';

/** The copy by reflinks, in a real shell; cp shares no blocks here, and psql answers as the server would. */
let host: Sandbox;
let copy: string;
const segment = (number: string): string => `00000003${number}`;
const [first, middle, last] = ['0000000000000009', '000000000000000A', '000000000000000B'].map(segment);

const scriptOf = (id: string): string => {
  const world = new OnlineModel(host.facts).world();
  const script = prepareRunbook(host.facts, world)
    .find((one) => one.id.endsWith(`.${id}`))
    ?.script(world);
  if (script?.kind !== 'ready') throw new Error(`no script ${id}`);
  return script.text;
};
const run = (id = 'copy') => host.sh(scriptOf(id));

const lay = (
  facts: ClusterFacts = labCluster({ method: 'online' }),
  { from = first, to = last, size = 16_777_216, there = [first, middle, last] } = {},
): void => {
  host?.remove();
  host = new Sandbox(facts);
  copy = copyAside(host.facts);
  const { node } = host;
  host.cluster(node.data, 15, { 'postgresql.conf': 'port = 5432\n' });
  layInUse(
    host,
    there.filter((one) => one !== undefined),
  );
  layReflinks(host);
  host.program(
    join(node.oldBindir, 'psql'),
    'for last; do :; done; case $last in *"from pg_tablespace"*) printf "16400\\n16401\\n"; exit ;; esac',
    ...backupSession(host, from ?? '', to ?? '', size),
  );
  // as the real one it wants all that it makes to be absent
  host.program(
    join(node.oldBindir, 'pg_basebackup'),
    `for one; do case $one in --pgdata=*) to=\${one#*=} ;; esac; done`,
    'mkdir "$to" || exit 1',
    `cp -R "${node.data}"/. "$to"; echo base backup >"$to/how"`,
    'for one; do case $one in --tablespace-mapping=*)',
    `  pair=\${one#*=} from=\${pair%%=*} at=\${pair#*=}`,
    '  mkdir "$at" && cp -R "$from"/PG_15_* "$at" || exit 1',
    '  for link in "$to"/pg_tblspc/*; do [ "$(readlink "$link")" != "$from" ] || ln -sfn "$at" "$link"; done',
    'esac; done',
  );
};
beforeEach(() => lay());
afterEach(() => host.remove());
const byBaseBackup = (): boolean => host.has(join(copy, 'how'));
const listed = (directory: string): readonly string[] => readdirSync(join(copy, directory)).sort();

describe('by reflinks', () => {
  test('it is what a base backup leaves: without what is the running server’s own, with its label and the WAL of the time between', () => {
    const ran = run();
    expect(ran, ran.output).toMatchObject({ code: 0 });
    expect(ran.output).toContain('by reflinks');
    expect(byBaseBackup()).toBe(false);
    expect(listed('.')).toEqual(
      [
        ...[
          '.pgaf-upgrade',
          'PG_VERSION',
          'backup_label',
          'base',
          'global',
          'log',
          'pg_dynshmem',
          'pg_notify',
        ],
        ...[
          'pg_replslot',
          'pg_serial',
          'pg_snapshots',
          'pg_stat_tmp',
          'pg_subtrans',
          'pg_tblspc',
          'pg_twophase',
        ],
        ...['pg_wal', 'pg_xact', 'postgresql.auto.conf', 'postgresql.conf', 'standby.signal'],
      ].sort(),
    );
    expect(listed('pg_wal')).toEqual(['00000003.history', first, middle, last, 'archive_status']);
    for (const empty of ['pg_replslot', 'pg_stat_tmp', 'pg_subtrans', 'pg_wal/archive_status'])
      expect(listed(empty)).toEqual([]);
    expect([listed('base/16384'), listed('global'), listed('log'), listed('base')]).toEqual([
      ['1'],
      ['1262', 'pg_control'],
      ['server.log'],
      ['1', '16384'],
    ]);
    expect(host.read(join(copy, 'backup_label'))).toBe(
      `START WAL LOCATION: 0/9000028 (file ${first})\nSTART TIMELINE: 3\n`,
    );
    expect(host.read(join(copy, 'base/16384/1'))).toBe('rows of 15');
    expect(host.read(join(host.node.data, 'base/16384/1'))).toBe('rows of 15');
    expect(readdirSync(onlineDirectory(host.node)).filter((name) => name.startsWith('reflink-'))).toEqual([]);
  });

  test('a pg_wal on another disk, by a symbolic link, is a directory in the copy', () => {
    const { data } = host.node;
    host.sh(`mv "${data}/pg_wal" "${host.root}/wal disk"; ln -s "${host.root}/wal disk" "${data}/pg_wal"`);
    expect(run()).toMatchObject({ code: 0 });
    expect([byBaseBackup(), listed('pg_wal').length]).toEqual([false, 5]);
    expect(() => readlinkSync(join(copy, 'pg_wal'))).toThrow();
  });

  test.each([
    ['at the end of a log file', ['00000000000000FE', '00000000000000FF', '0000000100000000'], 16_777_216],
    ['with segments of 1 GB', ['0000000000000002', '0000000000000003', '0000000100000000'], 1_073_741_824],
  ] as const)('the segments of WAL are counted as the server does: %s', (_, numbers, size) => {
    const there = numbers.map(segment);
    lay(undefined, { from: there[0], to: there[2], size, there });
    expect(run()).toMatchObject({ code: 0 });
    expect([byBaseBackup(), listed('pg_wal')]).toEqual([
      false,
      ['00000003.history', ...there, 'archive_status'],
    ]);
  });

  test('a file that the server removed once it was listed is missing rightly', () => {
    host.write(join(host.node.home, 'vanishing'), './base/16384/1');
    const ran = run();
    expect(ran, ran.output).toMatchObject({ code: 0 });
    expect([byBaseBackup(), listed('base/16384')]).toEqual([false, []]);
  });

  test('a server before 15 has other names for it', () => {
    expect(scriptOf('copy')).toContain("select pg_backup_start(:'label', fast => true)");
    lay(labCluster({ method: 'online', oldMajor: 14 }));
    expect(scriptOf('copy')).toContain('pg_stop_backup(exclusive => false, wait_for_archive => false)');
  });

  test('a secondary’s copy comes over the network, whatever the file system can', () => {
    lay(labCluster({ method: 'online', copyFrom: word('node_2') }));
    expect(scriptOf('copy')).not.toContain('reflink');
  });
});

describe('what cannot be copied so is a base backup, with nothing of the try in it', () => {
  test.each([
    [
      'the file system has no reflinks',
      () => host.write(join(host.node.home, 'no-reflinks'), ''),
      'Operation not supported',
    ],
    [
      'a file lies on another file system',
      () => host.write(join(host.node.home, 'broken'), './base/16384/1'),
      'failed to clone',
    ],
    [
      'the session was broken off',
      () => host.write(join(host.node.home, 'cut'), ''),
      'connection to server was lost',
    ],
    ['a segment of WAL is gone', () => host.sh(`rm "${host.node.data}/pg_wal/${middle}"`), `${middle}`],
    [
      'the server does not begin a backup',
      () => host.program(join(host.node.oldBindir, 'psql'), 'echo "ERROR: no" >&2; exit 3'),
      'ERROR: no',
    ],
  ] as const)('%s', (_, given, said) => {
    given();
    const ran = run();
    expect(ran, ran.output).toMatchObject({ code: 0, output: expect.stringContaining(said) });
    expect(ran.output).toContain('not by reflinks, but by a base backup');
    expect(byBaseBackup()).toBe(true);
    expect(host.has(copyInMaking(host.facts))).toBe(false);
  });
});

describe('with tablespaces', () => {
  beforeEach(() => {
    lay(spacedOnlineCluster());
    layParts(host, host.node.data, 15, '');
    host.write(join(host.node.tablespaces[0] ?? '', 'PG_13_2022/rows'), 'theirs');
    host.write(join(host.node.tablespaces[0] ?? '', 'PG_15_2022/pgsql_tmp/x'), 'sorted');
  });
  const places = () => host.node.tablespaces.map((own) => `${own}_aside/pg15_copy`);

  test('its links lead to its own parts, and nothing would make them lead elsewhere: a tablespace_map in it would', () => {
    const ran = run();
    expect(ran, ran.output).toMatchObject({ code: 0 });
    expect(byBaseBackup()).toBe(false);
    expect(listed('pg_tblspc').map((name) => readlinkSync(join(copy, 'pg_tblspc', name)))).toEqual(places());
    for (const place of places()) {
      expect(readdirSync(place).sort()).toEqual(['.pgaf-upgrade', 'PG_15_2022']);
      expect(readdirSync(join(place, 'PG_15_2022'))).toEqual(['16384']);
      expect(host.read(join(place, 'PG_15_2022/16384/2'))).toBe('rows of 15');
    }
    expect(host.has(join(copy, 'tablespace_map'))).toBe(false);
    expect(
      readdirSync(join(host.node.data, 'pg_tblspc')).map((name) =>
        readlinkSync(join(host.node.data, 'pg_tblspc', name)),
      ),
    ).toEqual(host.node.tablespaces);
  });

  test('one that was made meanwhile has no link in it, and it is not started', () => {
    host.sh(`mkdir "${host.root}/late"; ln -s "${host.root}/late" "${host.node.data}/pg_tblspc/16500"`);
    expect(run()).toMatchObject({ code: 0 });
    expect(listed('pg_tblspc')).toEqual(['16400', '16401']);
    host.program(join(host.node.oldBindir, 'psql'), 'printf "16400\\n16401\\n16500\\n"');
    host.program(join(host.node.oldBindir, 'pg_ctl'), 'exit 3');
    expect(run('promote-copy')).toMatchObject({
      code: 1,
      output: expect.stringContaining('tablespace 16500 was made while the copy was taken'),
    });
  });

  test('where a part cannot be copied so, nothing of it is left in any place', () => {
    host.write(join(host.node.home, 'broken'), './PG_15_2022/16384/2');
    const ran = run();
    expect(ran, ran.output).toMatchObject({ code: 0, output: expect.stringContaining('not by reflinks') });
    expect([byBaseBackup(), ...places().map((place) => readdirSync(place).sort())]).toEqual([
      true,
      ['.pgaf-upgrade', 'PG_15_2022'],
      ['.pgaf-upgrade', 'PG_15_2022'],
    ]);
  });
});
