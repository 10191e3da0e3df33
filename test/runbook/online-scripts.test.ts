import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callOffRunbook, prepareRunbook } from '../../source/runbook/online.ts';
import { markFile } from '../../source/runbook/shell/ownership.ts';
import { copyAside, copyInMaking, onlineDirectory } from '../../source/runbook/steps/online/names.ts';
import { labCluster } from './clusters.ts';
import { OnlineModel } from './online-model.ts';
import { Sandbox } from './sandbox.ts';
import { word } from './word.ts';

/** Scripts of the online method that make, rename and remove directories, by a real shell; PostgreSQL's programs do what they would to the disk. */
let host: Sandbox;
let copy: string;
let making: string;

beforeEach(() => {
  host = new Sandbox(labCluster({ method: 'online' }));
  const { node } = host;
  copy = copyAside(host.facts);
  making = copyInMaking(host.facts);
  host.cluster(node.data, 15, { 'postgresql.conf': 'port = 5432\n', 'base/16384/1': 'rows\n' });
  const last = 'for last; do :; done';
  // the last option is what is asked; lists of databases come from a file
  host.program(
    join(node.oldBindir, 'psql'),
    last,
    'case $last in',
    '  "select oid ||"*) printf "16384\\tapp\\n" ;;',
    '  "select exists"*) echo t ;;',
    '  *pg_prepared_xacts*) ;;',
    `  *confirmed_flush_lsn*) cat "${node.home}/late" 2>/dev/null || true ;;`,
    'esac',
  );
  host.program(
    join(node.oldBindir, 'pg_basebackup'),
    `for one; do case $one in --pgdata=*) to=\${one#*=} ;; esac; done`,
    '[ ! -e "$to" ] || { echo "not empty" >&2; exit 1; }',
    `cp -R "${node.data}" "$to"`,
    `[ ! -e "${node.home}/no-room" ] || { echo "No space left on device" >&2; exit 1; }`,
  );
  host.program(
    join(node.oldBindir, 'pg_ctl'),
    `for one; do case $one in --pgdata=*) at=\${one#*=} ;; esac; done`,
    'for last; do :; done',
    'case $last in',
    '  status) [ -e "$at/postmaster.pid" ] || exit 3 ;;',
    '  stop) rm -f "$at/postmaster.pid" ;;',
    '  promote) rm "$at/standby.signal"; mkdir -p "$at/pg_wal"; printf "1\\t0/9000000\\tno\\n" >"$at/pg_wal/00000002.history"; printf "1\\t0/9000000\\tno\\n\\n2\\t0/C000000\\tno\\n" >"$at/pg_wal/00000003.history"',
    `    sed "s/^\\(Latest checkpoint's TimeLineID: *\\).*/\\13/" "$at/global/pg_control" >"$at/c"; mv "$at/c" "$at/global/pg_control" ;;`,
    'esac',
  );
  host.program(
    join(node.newBindir, 'initdb'),
    `for one; do case $one in --pgdata=*) to=\${one#*=} ;; esac; done`,
    'mkdir -p "$to/global"; echo 17 >"$to/PG_VERSION"',
    `cp "${node.home}/fresh" "$to/global/pg_control"`,
  );
  host.write(join(node.home, 'fresh'), host.control(17));
  host.program(
    join(node.newBindir, 'pg_upgrade'),
    `for one; do case $one in --old-datadir=*) old=\${one#*=} ;; --new-datadir=*) new=\${one#*=} ;; esac; done`,
    '[ -e "$old/global/pg_control" ] || { echo "no pg_control in $old" >&2; exit 1; }',
    'mkdir -p "$new/base/16384"; mv "$old/global/pg_control" "$old/global/pg_control.old"; ln "$old/base/16384/1" "$new/base/16384/1"',
    `[ ! -e "${node.home}/no-room" ] || { echo "No space left on device" >&2; exit 1; }`,
  );
});
afterEach(() => host.remove());

const steps = () => {
  const world = new OnlineModel(host.facts).world();
  return { world, all: [...prepareRunbook(host.facts, world), ...callOffRunbook(host.facts, world)] };
};
const run = (id: string) => {
  const { world, all } = steps();
  const script = all.find((one) => one.id.endsWith(`.${id}`))?.script(world);
  if (script?.kind !== 'ready') throw new Error(`no script ${id}`);
  return host.sh(script.text);
};
const fine = { code: 0 };

describe('the copy', () => {
  test('has our marker and its name once it is whole, and does nothing of what the server does', () => {
    expect(run('copy')).toMatchObject(fine);
    expect(host.has(making)).toBe(false);
    expect(host.read(join(copy, markFile))).toContain(`system=${host.facts.systemIdentifier}`);
    expect(host.has(join(copy, 'standby.signal'))).toBe(true);
    const settings = host.read(join(copy, 'postgresql.auto.conf'));
    for (const line of [
      'archive_mode = off',
      "primary_conninfo = ''",
      'max_worker_processes = 0',
      "listen_addresses = ''",
    ])
      expect(settings.split('\n')).toContain(line);
    expect(host.has(join(host.node.data, markFile))).toBe(false);
  });

  test('begins again where a base backup was broken off, and is taken over where it is whole', () => {
    host.write(join(host.node.home, 'no-room'), 'x');
    expect(run('copy')).toMatchObject({ code: 1, output: expect.stringContaining('No space left') });
    expect([host.has(making), host.has(copy)]).toEqual([true, false]);
    host.sh(`rm "${host.node.home}/no-room"`);
    expect(run('copy')).toMatchObject(fine);
    expect(run('copy')).toMatchObject({ code: 0, output: expect.stringContaining('taken over') });
  });

  test('a directory of somebody else’s in its place is left as it is', () => {
    host.cluster(copy, 15, { theirs: 'rows' });
    expect(run('copy')).toMatchObject({ code: 1, output: expect.stringContaining('has no marker file') });
    expect(host.read(join(copy, 'theirs'))).toBe('rows');
  });

  test('of an earlier run for this cluster it is taken over, of another cluster not', () => {
    host.marked(copy, 15, {}, { ...host.facts, run: labCluster({ run: '20250101T000000Z-0000' }).run });
    expect(run('copy')).toMatchObject(fine);
    host.write(join(copy, markFile), 'run=a\nsystem=1\n');
    expect(run('copy').code).toBe(1);
  });
});

describe('the copy from a secondary', () => {
  const from = (copyFrom: string) => {
    host.remove();
    return labCluster({ method: 'online', copyFrom: word(copyFrom), copyRate: '20M' });
  };

  test('is taken as pg_autoctl takes its own, with its password in a file that nobody else reads and that is gone afterwards', () => {
    const facts = from('node_2');
    const [primary, secondary] = facts.nodes;
    const world = new OnlineModel(facts).world();
    const step = prepareRunbook(facts, world).find((one) => one.id === 'K.node_1.copy');
    const script = step?.script(world);
    if (script?.kind !== 'ready' || primary === undefined) throw new Error('no script');
    for (const part of [
      `--host=${secondary?.hostname}`,
      '--username=pgautofailover_replicator',
      '--max-rate=20M',
      `application_name = 'pgautofailover_standby_${secondary?.nodeId}'`,
    ])
      expect(script.text).toContain(part);
    expect(script.text).not.toContain(`--host=${primary.socketDirectory}`);
    // what becomes of the password
    host = new Sandbox(facts);
    const lines = script.text.split('\n');
    const [begin, end] = [
      lines.findIndex((line) => line.startsWith('passwords=')),
      lines.findIndex((line) => line.includes('export PGSSLROOTCERT')),
    ];
    const its = lines
      .slice(begin, end + 1)
      .join('\n')
      .replaceAll(primary.configFile, 'its.cfg')
      .replace(/^passwords=.*$/m, 'passwords=its');
    host.write(
      join(host.node.home, 'its.cfg'),
      '[ssl]\nsslmode = verify-ca\nca_file = /ca.crt\n\n[replication]\npassword = a:b\\c d\n\n[other]\npassword = no\n',
    );
    expect(
      host.sh(
        `set -eu; umask 077; cd "${host.node.home}"\n${its}\nstat -c %a its; cat its; echo "$PGSSLMODE $PGSSLROOTCERT"`,
      ).output,
    ).toBe('600\n*:*:*:*:a\\:b\\\\c d\nverify-ca /ca.crt\n');
    expect(host.has(join(host.node.home, 'its'))).toBe(false);
  });

  test.each([
    ['node_9', 'upgrade.copyFrom names none'],
    ['node_1', null],
  ] as const)('from %s: %s', (copyFrom, found) => {
    const facts = from(copyFrom);
    const world = new OnlineModel(facts).world();
    const step = prepareRunbook(facts, world).find((one) => one.id === 'K.node_1.copy');
    const unmet = step?.before
      .map((one) => one.holds(world))
      .find((one) => !one.holds && one.found.includes('copyFrom'));
    expect(unmet === undefined ? null : unmet).toEqual(found === null ? null : { holds: false, found });
    host = new Sandbox(facts);
  });
});

describe('its end', () => {
  test('is read from the file of its own timeline', () => {
    run('copy');
    expect(run('promote-copy')).toMatchObject({
      code: 0,
      output: expect.stringContaining('the copy ends at 0/C000000, timeline 00000003'),
    });
  });

  test('a slot that begins behind it ends the step', () => {
    run('copy');
    host.write(join(host.node.home, 'late'), 'pgaf_up_16384 0/D000000\n');
    expect(run('promote-copy')).toMatchObject({
      code: 1,
      output: expect.stringContaining('a slot begins behind the end of the copy: pgaf_up_16384'),
    });
  });

  test('a server that a try which was ended has left on it is stopped first', () => {
    run('copy');
    host.write(join(copy, 'postmaster.pid'), `${process.pid}\n`);
    expect(run('promote-copy')).toMatchObject({
      code: 0,
      output: expect.stringContaining('it is stopped first'),
    });
    expect(host.has(join(copy, 'postmaster.pid'))).toBe(false);
  });
});

describe('pg_upgrade of the copy', () => {
  beforeEach(() => {
    run('copy');
    run('promote-copy');
  });

  test('takes it over by links, and leaves the server that serves alone', () => {
    const { node } = host;
    expect(run('upgrade-copy')).toMatchObject(fine);
    expect(host.read(join(node.newData, markFile))).toContain(`run=${host.facts.run}`);
    expect(host.has(join(node.workDir, 'fingerprint'))).toBe(true);
    expect(host.has(join(node.data, 'global/pg_control'))).toBe(true);
    expect(run('upgrade-copy')).toMatchObject({
      code: 0,
      output: expect.stringContaining('finished already'),
    });
  });

  test('is tried again where it has begun to link and failed', () => {
    host.write(join(host.node.home, 'no-room'), 'x');
    expect(run('upgrade-copy').code).toBe(1);
    expect(host.has(join(copy, 'global/pg_control'))).toBe(false);
    host.sh(`rm "${host.node.home}/no-room"`);
    expect(run('upgrade-copy')).toMatchObject(fine);
  });

  test('is not tried again once the new version has run: the links share its files with the copy', () => {
    const { node } = host;
    run('upgrade-copy');
    host.write(join(node.newData, 'global/pg_control'), host.control(17, 'in production'));
    expect(run('upgrade-copy')).toMatchObject({
      code: 1,
      output: expect.stringContaining('has been started on'),
    });
    expect(host.has(join(node.newData, 'base/16384/1'))).toBe(true);
  });

  test('somebody else’s directory in the new one’s place is left as it is', () => {
    const { node } = host;
    host.cluster(node.newData, 17, { theirs: 'rows' });
    expect(run('upgrade-copy')).toMatchObject({ code: 1, output: expect.stringContaining('no marker file') });
    expect(host.read(join(node.newData, 'theirs'))).toBe('rows');
    expect(host.has(join(copy, 'global/pg_control'))).toBe(true);
  });
});

describe('the removal', () => {
  const prepared = () => {
    for (const id of ['copy', 'promote-copy', 'upgrade-copy']) expect(run(id)).toMatchObject(fine);
  };

  test('takes away what was made, and nothing of the server that serves', () => {
    prepared();
    expect(run('remove-copies')).toMatchObject(fine);
    expect(
      [copy, making, host.node.newData, onlineDirectory(host.node)].filter((path) => host.has(path)),
    ).toEqual([]);
    expect(host.read(join(host.node.data, 'base/16384/1'))).toBe('rows\n');
    expect(run('remove-copies')).toMatchObject(fine);
  });

  test('behind a cut-over nothing is removed: what stands in the data directory is the new version', () => {
    prepared();
    host.write(join(host.node.data, 'PG_VERSION'), '17\n');
    expect(run('remove-copies')).toMatchObject({
      code: 1,
      output: expect.stringContaining('there was a cut-over'),
    });
    expect(host.has(copy)).toBe(true);
  });

  test('a server that runs there, and what has no marker of ours, stay', () => {
    prepared();
    host.write(join(host.node.newData, 'postmaster.pid'), `${process.pid}\n`);
    expect(run('remove-copies').code).toBe(1);
    host.sh(`rm "${host.node.newData}/postmaster.pid" "${copy}/${markFile}"`);
    expect(run('remove-copies')).toMatchObject({
      code: 1,
      output: expect.stringContaining('no marker file of ours'),
    });
    expect(host.has(join(copy, 'PG_VERSION'))).toBe(true);
  });
});

describe('the limit of WAL that is kept', () => {
  const noted = () => join(onlineDirectory(host.node), 'keep-wal');
  const asked = () => join(host.node.home, 'asked');
  /** A server that had this in postgresql.auto.conf. */
  const had = (was: string): void => {
    host.remove();
    host = new Sandbox(labCluster({ method: 'online', keepWal: '50GB' }));
    host.cluster(host.node.data, 15, {});
    host.program(
      join(host.node.oldBindir, 'psql'),
      'for last; do :; done',
      'case $last in',
      `  *pg_file_settings*) echo "was=${was}" ;;`,
      `  was=*) echo "$last $(cat)" >>"${asked()}" ;;`,
      `  "alter system"*) echo "$last" >>"${asked()}" ;;`,
      'esac',
    );
  };

  test.each([
    ['nothing', '', 'alter system reset max_slot_wal_keep_size'],
    ['a limit of its own', '10GB', "was=10GB alter system set max_slot_wal_keep_size = :'was';"],
    ['a size with a fraction', '1.5GB', "was=1.5GB alter system set max_slot_wal_keep_size = :'was';"],
    ['a size with a blank', '10 GB', "was=10 GB alter system set max_slot_wal_keep_size = :'was';"],
    ['none, and said so', '-1', "was=-1 alter system set max_slot_wal_keep_size = :'was';"],
  ])('%s was set before, and comes back', (_, was, back) => {
    had(was);
    expect(run('wal-limit')).toMatchObject(fine);
    expect(host.read(noted())).toBe(`was=${was}\n`);
    // begun again it notes nothing new: what is set by then is ours
    host.program(join(host.node.oldBindir, 'psql'), 'echo was=50GB');
    expect(run('wal-limit')).toMatchObject(fine);
    expect(host.read(noted())).toBe(`was=${was}\n`);
    const set = host.read(asked());
    expect(set).toBe("alter system set max_slot_wal_keep_size = '50GB'\n");
    const kept = host.read(noted());
    had(was);
    host.write(noted(), kept);
    expect(run('wal-limit-gone')).toMatchObject(fine);
    expect(host.read(asked())).toBe(`${back}\n`);
    expect(host.has(noted())).toBe(false);
    expect(run('wal-limit-gone')).toMatchObject(fine);
  });

  test('what is noted and is no size is not said to a server', () => {
    had('');
    host.write(noted(), "was=1'; drop table t\n");
    expect(run('wal-limit-gone')).toMatchObject({
      code: 1,
      output: expect.stringContaining('this is no size'),
    });
    expect(host.has(asked())).toBe(false);
  });
});
