import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseState } from '../../source/inspect/state/parse.ts';
import { stateScript } from '../../source/inspect/state/script.ts';
import { copyAside, onlineDirectory, privateSocketOf } from '../../source/runbook/steps/online/names.ts';
import { readyFile } from '../../source/runbook/steps/online/ready.ts';
import { good } from '../cluster/recorded.ts';
import { labCluster } from '../runbook/clusters.ts';
import { Sandbox } from '../runbook/sandbox.ts';

/** What the inspection of a node says of the online method, by a real shell in a directory that plays a host. */
let host: Sandbox;
beforeEach(() => {
  host = new Sandbox(labCluster({ method: 'online' }));
  for (const bindir of [host.node.oldBindir, host.node.newBindir])
    host.program(join(bindir, 'psql'), 'exit 2');
});
afterEach(() => host.remove());

const inspect = (facts = host.facts) =>
  good(parseState('node_1', host.sh(stateScript(host.node, 17, null, facts).text).output));

const listening = async (paths: readonly string[], work: () => void): Promise<void> => {
  const servers = await Promise.all(
    paths.map(async (path) => {
      mkdirSync(dirname(path), { recursive: true });
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(path, resolve);
      });
      return server;
    }),
  );
  try {
    work();
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
};

test('of another method nothing is asked, and nothing is said', () => {
  expect(inspect(labCluster()).online).toBeUndefined();
});

test('where nothing is prepared, that is an answer', () => {
  expect(inspect().online).toEqual({
    server: null,
    databases: [],
    copy: { kind: 'absent' },
    copyEnd: null,
    follower: null,
    units: [],
    files: [],
  });
});

describe('the end of the copy', () => {
  const history = { 'pg_wal/00000002.history': '1\t0/70E7240\tno recovery target specified\n' };

  test('is not what the cluster’s own history file says, before the copy is promoted', () => {
    host.cluster(copyAside(host.facts), 15, { ...history, 'standby.signal': '' });
    expect(inspect().online).toMatchObject({ copy: { kind: 'cluster', standby: true }, copyEnd: null });
  });

  test('is where its newest timeline has branched off, once it is', () => {
    host.cluster(copyAside(host.facts), 15, {
      ...history,
      'pg_wal/00000003.history':
        '1\t0/70E7240\tno recovery target specified\n\n2\t0/C000000\tno recovery target specified\n',
    });
    expect(inspect().online).toMatchObject({
      copy: { kind: 'cluster', standby: false },
      copyEnd: '0/C000000',
    });
  });
});

test('a server that serves is asked in each database, whatever it is called, and the one that follows on its own socket', async () => {
  const { node } = host;
  const names = ['app', "odd 'db\\ =x"];
  const follower = privateSocketOf(node, 'new');
  host.write(join(node.home, 'names'), `${names.join('\n')}\n`);
  host.write(
    join(node.home, 'server'),
    `${JSON.stringify({ walLevel: 'logical', nextWalLevel: 'logical', timeline: 3, slots: [{ name: 'pgaf_up_16384', database: 'app', active: true, confirmed: '0/C0000A0', behind: 184, seconds: 0, kept: 16_000_000, status: 'reserved' }] })}\n`,
  );
  host.write(
    join(node.home, 'follower'),
    `${JSON.stringify({ version: '17.12', subscriptions: [{ name: 'pgaf_up_16384', enabled: true, worker: true, reached: '0/C0000A0', errors: 0 }] })}\n`,
  );
  const name = '"$(printf %s "$PGDATABASE" | sed \'s/\\\\/\\\\\\\\/g\')"';
  host.program(
    join(node.newBindir, 'psql'),
    'for last; do :; done',
    'case "$*" in *@sockets*) cat "$HOME/follower"; exit ;; esac',
    'case $last in',
    '  *nextWalLevel*) cat "$HOME/server" ;;',
    '  "select datname"*) cat "$HOME/names" ;;',
    `  *lacking*) printf '{"name":"%s","oid":16384,"tables":8,"lacking":0,"frozen":true,"published":true,"run":"R1","timeline":3}\\n' ${name} ;;`,
    'esac',
  );
  host.write(join(onlineDirectory(node), 'serve-new'), 'exec postgres\n');
  await listening(
    [join(node.socketDirectory, `.s.PGSQL.${node.port}`), join(follower, `.s.PGSQL.${node.port}`)],
    () => {
      const { online } = inspect();
      expect(online?.server?.slots).toHaveLength(1);
      expect(online?.databases.map((one) => one.name)).toEqual(names);
      expect(online?.databases[0]).toMatchObject({ frozen: true, run: 'R1', timeline: 3 });
      expect(online?.follower?.subscriptions[0]).toMatchObject({ name: 'pgaf_up_16384', worker: true });
      expect(online?.files).toEqual(['serve-new']);
    },
  );
});

describe('what was made ready', () => {
  const server = (data: string, pid: number, started = 1_764_295_810): void =>
    host.write(join(data, 'postmaster.pid'), `${pid}\n${data}\n${started}\n5432\n`);
  const made = (what: string, secondsAgo: number): void =>
    host.write(
      readyFile(host.node),
      `${what} 71 1764295810 72 1764295810 \n${Math.floor(Date.now() / 1000) - secondsAgo}\n`,
    );
  beforeEach(() => {
    server(host.node.data, 71);
    server(host.node.newData, 72);
  });

  test('is told with its age, by the host’s clock, and for which change of places', () => {
    made('cut-over', 59);
    const { ready } = inspect().online ?? {};
    expect(ready?.what).toBe('cut-over');
    expect([59, 60, 61]).toContain(ready?.seconds);
    server(host.node.backupData, 72);
    made('way-back', 5);
    expect(inspect().online?.ready?.what).toBe('way-back');
  });

  test.each([
    ['is eleven minutes old', () => made('cut-over', 660)],
    ['was made tomorrow', () => made('cut-over', -86_400)],
    ['is of a server that was started again since', () => server(host.node.data, 71, 1_764_295_999)],
    ['is of one that follows and was started again since', () => server(host.node.newData, 73)],
    ['is of a server that does not run', () => rmSync(join(host.node.data, 'postmaster.pid'))],
    ['is another change of places’', () => made('way-back', 5)],
    ['is not whole', () => host.write(readyFile(host.node), 'cut-over 71 1764295810 72 1764295810 ')],
    [
      'has a moment that is none',
      () => host.write(readyFile(host.node), 'cut-over 71 1764295810 72 1764295810 \nsoon\n'),
    ],
  ])('and counts for nothing where it %s', (_, happens) => {
    made('cut-over', 59);
    happens();
    const { online } = inspect();
    expect(online?.ready).toBeUndefined();
    expect(online?.files).toContain('ready');
  });
});
