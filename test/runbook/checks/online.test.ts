import { describe, expect, test } from 'vitest';
import {
  databaseEvidenceSchema,
  type Evidence,
  type OnlineServer,
  type TablespaceInspection,
} from '../../../source/cluster/checks/evidence.ts';
import { checkInspectionScript } from '../../../source/runbook/checks/inspection/script.ts';
import { judge } from '../../../source/runbook/checks/judge.ts';
import { onlineChecks } from '../../../source/runbook/checks/online.ts';
import { onlineCopyChecks } from '../../../source/runbook/checks/online-copy.ts';
import { recorded } from '../../cluster/recorded.ts';
import { labCluster, spacedOnlineCluster } from '../clusters.ts';
import { healthy, withHost, withInspection, withServer } from './healthy.ts';

const online = labCluster({ method: 'online', largeObjects: 'leave', keepWal: '8GB' });
const [primary] = online.nodes;
if (primary === undefined) throw new Error('the lab has nodes');
const ready = healthy(online);

const seen = (evidence: Evidence): readonly string[] =>
  judge(evidence)
    .findings.filter((one) => one.check.startsWith('online-'))
    .map((one) => `${one.severity} ${one.check} ${one.host ?? 'cluster'}`);
const first = (evidence: Evidence, check: string) =>
  judge(evidence).findings.find((one) => one.check === check);

const withOnline = (change: Partial<OnlineServer>, alias = 'node_1'): Evidence =>
  withServer(alias, ({ online: it }) => ({ online: it === null ? null : { ...it, ...change } }), ready);
const withSetting = (name: string, value: string, alias = 'node_1'): Evidence =>
  withServer(
    alias,
    ({ online: it }) => ({
      online: it === null ? null : { ...it, settings: { ...it.settings, [name]: value } },
    }),
    ready,
  );

const withWritten = (evidence: Evidence, rows = 30): Evidence =>
  withInspection(
    'node_1',
    () => ({
      writtenNow: { seconds: 2.1, walPerSecond: 1024 ** 2, changesPerSecond: new Map([['app', rows]]) },
    }),
    evidence,
  );

/** What a database with one of each has said, on the lab, under the name `lim it`. */
const limits = (name: string, file: string): Evidence =>
  withInspection(
    'node_1',
    ({ databases: [app] }) => ({
      databases:
        app === undefined
          ? []
          : [
              databaseEvidenceSchema.parse({
                ...app,
                name,
                online: JSON.parse(recorded(`${file}.json`)),
              }),
            ],
    }),
    ready,
  );

const spaced = healthy(spacedOnlineCluster());
const withSpaces = (change: (one: TablespaceInspection, at: number) => TablespaceInspection): Evidence =>
  withInspection('node_1', ({ tablespaces }) => ({ tablespaces: tablespaces.map(change) }), spaced);

const manyDatabases = (count: number): Evidence =>
  withInspection(
    'node_1',
    ({ databases: [app] }) => ({
      databases:
        app === undefined ? [] : Array.from({ length: count }, (_, at) => ({ ...app, name: `app${at}` })),
    }),
    ready,
  );

test('a cluster that nothing stands against is ready for the online method', () => {
  expect(judge(ready)).toMatchObject({ outcome: 'ready', findings: [], notSeen: [] });
});

test('an archive that keeps up, or none, is nothing to say', () => {
  expect(seen(withOnline({ archiving: { waiting: 1, seconds: 0.2, failed: null } }))).toEqual([]);
  expect(seen(withOnline({ archiving: null }))).toEqual([]);
});

test('where there is an archive, both versions write into it, names of the same kind: each wants a place of its own', () => {
  const evidence = withServer(
    'node_1',
    ({ settings }) => ({ settings: { ...settings, archive_mode: 'on' } }),
    ready,
  );
  expect(first(evidence, 'archive-mode')?.remedy).toContain('a place of its own before run');
});

test('of a cluster that is upgraded by pg_upgrade the limits say nothing, and its servers are not asked for them', () => {
  const ordinary = labCluster();
  const evidence = { ...limits('app', 'postgresql-15.20/online-limits'), facts: ordinary };
  expect(seen(evidence)).toEqual([]);
  expect(checkInspectionScript(ordinary, primary).text).not.toContain('wal_level');
  expect(checkInspectionScript(online, primary).text).toContain('wal_level');
  expect(checkInspectionScript(online, online.monitor).text).not.toContain('wal_level');
});

test('a server that was not asked is unknown, never well', () => {
  const evidence = withServer('node_1', () => ({ online: null }), ready);
  const judged = judge(evidence);
  expect(judged.outcome).toBe('unseen');
  expect(judged.notSeen).toContainEqual(expect.objectContaining({ check: 'online-slots', host: 'node_1' }));
});

const ofRoles = limits('app', 'postgresql-15.18/online-functions');
const cases: readonly (readonly [string, Evidence, readonly string[], RegExp])[] = [
  [
    'wal_level on a secondary',
    withSetting('wal_level', 'replica', 'node_2'),
    ['warning online-wal-level node_2'],
    /^wal_level is replica$/,
  ],
  [
    'too few slots',
    withSetting('max_replication_slots', '1'),
    ['blocker online-slots node_1'],
    /max_replication_slots is 1: 1 are in use, and 1 databases with tables need 1 more/,
  ],
  [
    'too few WAL senders',
    withOnline({ senders: 11 }),
    ['blocker online-slots node_1'],
    /max_wal_senders is 12: 11 are in use, and 1 databases with tables need 2 more/,
  ],
  [
    'too few WAL senders for secondaries that are rebuilt while the old version follows',
    withServer(
      'node_1',
      ({ online: it }) => ({
        online:
          it === null ? null : { ...it, senders: 0, settings: { ...it.settings, max_wal_senders: '3' } },
      }),
      ready,
    ),
    ['blocker online-slots node_1'],
    /max_wal_senders is 3: behind the cut-over 1 databases with tables and 2 secondaries, one of which is copied, need 4$/,
  ],
  [
    'more databases than workers',
    manyDatabases(8),
    ['blocker online-workers node_1'],
    /max_worker_processes is 8, and 8 databases have tables: with the launcher that is 9/,
  ],
  [
    'slots that are given up, by a limit of the server’s own',
    { ...withWritten(withSetting('max_slot_wal_keep_size', '1024')), facts: { ...online, keepWal: null } },
    ['warning online-slot-wal node_1'],
    /max_slot_wal_keep_size is 1\.0 GB, which last 17 min at the 1\.0 MB a second that are written now/,
  ],
  [
    'no limit at all: how much room there is, and how long it lasts',
    { ...withWritten(ready), facts: { ...online, keepWal: null } },
    ['warning online-slot-wal node_1'],
    /nothing bounds it: .* has \d+ GB free, which last \d+ h at the 1\.0 MB a second that are written now/,
  ],
  [
    'a limit above what the disk has',
    { ...ready, facts: { ...online, keepWal: '900TB' } },
    ['warning online-slot-wal node_1'],
    /upgrade\.keepWal is 900TB, and .* has \d+ GB free: the disk is full before/,
  ],
  [
    'a limit below what pg_auto_failover keeps for everybody: 8 GB are kept, not 2',
    withServer('node_1', ({ settings }) => ({ settings: { ...settings, wal_keep_size: '8192' } }), {
      ...ready,
      facts: { ...online, keepWal: '2GB' },
    }),
    ['warning online-slot-wal node_1'],
    /upgrade\.keepWal is 2GB, and wal_keep_size 8\.0 GB: so much is kept in any case/,
  ],
  [
    'more rows a second than one worker was seen to apply',
    withWritten(ready, 9_240),
    ['warning online-changes node_1'],
    /app changes 9240 rows a second \(over 2\.1 s\); \d+ were seen to be applied/,
  ],
  [
    'an archive that fails',
    withOnline({ archiving: { waiting: 1, seconds: 4, failed: '000000010000000000000007' } }),
    ['warning online-archiving node_1'],
    /^archive_command has failed, for 000000010000000000000007 last: 1 file of WAL waits$/,
  ],
  [
    'an archive_command that hangs',
    withOnline({ archiving: { waiting: 1, seconds: 300.4, failed: null } }),
    ['warning online-archiving node_1'],
    /^the archive is behind: 1 file of WAL waits, one for 300 s$/,
  ],
  [
    'an archive that is slower than the writes',
    withOnline({ archiving: { waiting: 40, seconds: 20, failed: null } }),
    ['warning online-archiving node_1'],
    /^the archive is behind: 40 files of WAL wait, one for 20 s$/,
  ],
  [
    'a slot and a subscription of somebody else',
    withInspection(
      'node_1',
      ({ server, databases }) => ({
        server:
          server === null
            ? null
            : {
                ...server,
                slots: [
                  {
                    name: 'pgaf_up_16384',
                    kind: 'logical',
                    plugin: 'pgoutput',
                    database: 'app',
                    active: true,
                    behindBytes: 0,
                  },
                  {
                    name: 'theirs',
                    kind: 'logical',
                    plugin: 'pgoutput',
                    database: 'app',
                    active: false,
                    behindBytes: 0,
                  },
                ],
              },
        databases: databases.map((one) => ({
          ...one,
          subscriptions: [{ name: 's', tables: 1, copying: 0 }],
        })),
      }),
      ready,
    ),
    ['blocker online-others node_1', 'blocker online-others node_1'],
    /^logical slot theirs in app$/,
  ],
  [
    'a library with tables of its own making',
    withSetting('shared_preload_libraries', 'pg_stat_statements, "$libdir/timescaledb"'),
    ['blocker online-libraries node_1'],
    /has timescaledb$/,
  ],
  [
    'a transaction that has been writing for long',
    withOnline({ writing: [{ pid: 7, user: 'app', database: 'app', seconds: 90 }] }),
    ['warning online-writing node_1'],
    /^pid 7 of app in app, open for 90 s$/,
  ],
  [
    'no room for a copy',
    withInspection('node_1', ({ parent }) => ({ parent: { ...parent, freeBytes: 1024 ** 3 } }), ready),
    ['blocker online-room node_1'],
    /has 1\.0 GB, and 1\.5 GB are needed/,
  ],
  [
    'somebody else’s directory where the copy’s part of a tablespace would be',
    withSpaces((one, at) => (at === 1 ? { ...one, copyOf: '7' } : one)),
    ['blocker online-tablespaces node_1'],
    /^\/srv\/wide disk_aside\/pg15_copy is there, and was not made for this cluster$/,
  ],
  [
    'no room for the copy’s parts on the other file system of two tablespaces',
    withSpaces((one) => ({
      ...one,
      place: { ...one.place, device: '99', mountPoint: '/srv', freeBytes: 3 * 1024 ** 3 },
    })),
    ['blocker online-room node_1'],
    /^\/srv has 3\.0 GB, and 4\.2 GB are needed: a copy of what the tablespaces hold there$/,
  ],
  [
    'no systemd',
    withHost(
      'node_1',
      ({ facts }) => ({ facts: facts === null ? null : { ...facts, service: { kind: 'none' } } }),
      ready,
    ),
    ['warning online-reboot node_1'],
    /without a systemd unit/,
  ],
  [
    'functions of a role’s own where rows arrive',
    ofRoles,
    ['blocker online-functions node_1'],
    /^app: s\."odd \( x"\(integer\) of app, s\.f\(integer\) of app, s\.g\(integer\) of app, s\.less\(integer,text\) of app$/,
  ],
  [
    'large objects that may change',
    healthy(labCluster({ method: 'online', keepWal: '8GB' })),
    ['blocker online-large-objects node_1'],
    /^app has 1 large object$/,
  ],
  [
    'an unlogged table',
    withInspection(
      'node_1',
      ({ databases }) => ({
        databases: databases.map((one) => ({ ...one, unlogged: 1, unloggedNames: ['public.un'] })),
      }),
      ready,
    ),
    ['warning online-left-behind node_1'],
    /^app: unlogged public\.un$/,
  ],
];

describe('tablespaces', () => {
  test('are none of the method’s limits', () => {
    expect(seen(spaced)).toEqual([]);
    expect(seen(withSpaces((one) => ({ ...one, copyOf: spacedOnlineCluster().systemIdentifier })))).toEqual(
      [],
    );
  });

  test('the new version’s part in them is ours once it is prepared, and somebody else’s before', () => {
    const parted = withSpaces((one) => ({ ...one, foreign: ['PG_17_202406281'] }));
    const prepared = withInspection(
      'node_1',
      () => ({
        newDirectory: {
          kind: 'cluster',
          major: 17,
          databases: 3,
          running: true,
          control: null,
          madeFor: spacedOnlineCluster().systemIdentifier,
        },
      }),
      parted,
    );
    expect(first(parted, 'tablespace-directories')?.found).toContain('PG_17_202406281');
    expect(first(prepared, 'tablespace-directories')).toBeUndefined();
  });
});

describe('one thing wrong at a time', () => {
  test.each(cases)('%s', (_, evidence, expected, words) => {
    expect(seen(evidence)).toEqual(expected);
    const finding = judge(evidence).findings.find((one) => one.check.startsWith('online-'));
    expect(finding?.found).toMatch(words);
    expect(finding?.remedy).not.toBe('');
  });
});

describe('a database with one of each, as 15.20 has described it', () => {
  const evidence = limits('lim it', 'postgresql-15.20/online-limits');

  test('is told by name, blockers first', () => {
    expect(seen(evidence)).toEqual([
      'blocker online-equality node_1',
      'blocker online-triggers node_1',
      'warning online-identities node_1',
      'warning online-scans node_1',
      'warning online-left-behind node_1',
      'warning online-publications node_1',
      'warning online-event-triggers node_1',
    ]);
  });

  test.each([
    [
      'online-equality',
      /^"lim it": no equality for public\.haspkfull\.j json, public\.js\.j json, public\.jsa\.j json\[\], public\.jsc\.c public\.comp, public\.jsd\.j public\.dj, .*… \(15 in all\)$/,
      "psql -d 'lim it' -c 'alter table public.haspkfull add primary key (…)'",
    ],
    [
      'online-triggers',
      /^"lim it": always on public\.tr, repl on public\.tr$/,
      "psql -d 'lim it' -c 'alter table public.tr enable trigger always'",
    ],
    [
      'online-identities',
      /^"lim it": "S ""q"\."no identity", public\.defpk, .*… \(13 in all\)$/,
      `psql -d 'lim it' -c 'alter table "S ""q"."no identity" replica identity full'`,
    ],
    [
      'online-scans',
      /^"lim it": public\.scanned$/,
      "psql -d 'lim it' -c 'alter table public.scanned add primary key (…)'",
    ],
    [
      'online-left-behind',
      /^"lim it": materialized public\.mv$/,
      "psql -d 'lim it' -c 'refresh materialized view public.mv'",
    ],
    [
      'online-event-triggers',
      /^"lim it": theirs$/,
      "psql -d 'lim it' -c 'alter event trigger theirs disable'",
    ],
  ])('%s', (check, found, command) => {
    expect(first(evidence, check)).toMatchObject({ found: expect.stringMatching(found), command });
  });

  test('a composite type or an array is only as equal as what is in it', () => {
    // json_array, a domain over json and a composite with a point in it are found; bit, ranges, enums, xid and money are not
    const names = JSON.parse(recorded('postgresql-15.20/online-limits.json')).found.unequal.names;
    expect(names).toContain('public.jsa.j json[]');
    expect(names).toContain('public.jsc.c public.comp');
    expect(names.join(' ')).not.toContain('okc');
  });
});

test('a role’s own function ran as the superuser where its rows arrived: a superuser is to own it', () => {
  expect(first(ofRoles, 'online-functions')?.command).toBe(
    `psql -d app -c 'alter function s."odd ( x"(integer) owner to postgres'`,
  );
});

test('a database with nothing of the kind is not named', () => {
  expect(seen(limits('app', 'postgresql-15.20/online-limits-app'))).toEqual([
    'warning online-identities node_1',
    'warning online-left-behind node_1',
  ]);
});

describe('while it is prepared, check says nothing of what the preparation has made', () => {
  const madeFor = online.systemIdentifier;
  const prepared = withInspection(
    'node_1',
    ({ server, parent }) => ({
      server:
        server === null
          ? null
          : {
              ...server,
              slots: [
                ...server.slots,
                {
                  name: 'pgaf_up_16384',
                  kind: 'logical',
                  plugin: 'pgoutput',
                  database: 'app',
                  active: true,
                  behindBytes: 0,
                },
              ],
            },
      newDirectory: { kind: 'cluster', major: 17, databases: 3, running: true, control: null, madeFor },
      // what a copy would need again, and needs no more
      parent: { ...parent, freeBytes: 1.2 * 1024 ** 3 },
    }),
    ready,
  );

  test('its slots, the cluster that follows, the room for the copy', () => {
    expect(judge(prepared).findings.map((one) => one.check)).toEqual([]);
  });

  test('of another method they are told: somebody has left them', () => {
    const left = { ...prepared, facts: labCluster() };
    expect(judge(left).findings.map((one) => one.check)).toEqual(['new-directory', 'logical-slots']);
  });
});

test('every limit is provoked here', () => {
  const provoked = new Set(
    [
      ...cases.flatMap(([, , expected]) => expected),
      ...seen(limits('app', 'postgresql-15.20/online-limits')),
    ].map((one) => one.split(' ')[1]),
  );
  // where the copy is taken from: online-copy.test.ts
  const here = onlineChecks.filter((one) => !onlineCopyChecks.includes(one));
  expect(here.map((one) => one.id).filter((id) => !provoked.has(id))).toEqual([]);
});

test('the primary is looked at twice for what it writes, whichever object has its facts; nobody else is', () => {
  const looks = (alias: string) => {
    const host = online.nodes.find((node) => node.alias === alias);
    if (host === undefined) throw new Error(`there is no ${alias}`);
    return checkInspectionScript(online, { ...host }).text.includes('pg_stat_database');
  };
  expect([looks('node_1'), looks('node_2')]).toEqual([true, false]);
});
