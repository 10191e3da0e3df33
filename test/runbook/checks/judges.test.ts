import { describe, expect, test } from 'vitest';
import type {
  Evidence,
  ServerEvidence,
  TablespaceInspection,
} from '../../../source/cluster/checks/evidence.ts';
import type { ClusterFacts } from '../../../source/cluster/facts.ts';
import type { OtherRow } from '../../../source/cluster/monitor-state.ts';
import { problem } from '../../../source/cluster/result.ts';
import { catalogue } from '../../../source/runbook/checks/catalogue.ts';
import { judge } from '../../../source/runbook/checks/judge.ts';
import { checkWithPgUpgrade } from '../../../source/runbook/steps/pg-upgrade-check.ts';
import {
  citusCluster,
  labCluster,
  linkedCluster,
  loneCluster,
  oldIdentifier,
  spacedCluster,
  walCluster,
} from '../clusters.ts';
import { word } from '../word.ts';
import { worldAt } from '../worlds.ts';
import { failedAt, healthy, withHost, withInspection, withServer } from './healthy.ts';
import { healthyInspection, healthyLog } from './healthy-host.ts';

const seen = (evidence: Evidence): string[] =>
  judge(evidence).findings.map((one) => `${one.severity} ${one.check} ${one.host ?? 'cluster'}`);
const [primary, second] = labCluster().nodes;
if (primary === undefined || second === undefined) throw new Error('the lab has two nodes');
const withNode = (name: string, change: object): Evidence => {
  const from = healthy();
  const { state } = from;
  if (state === null) throw new Error('the monitor is there');
  return {
    ...from,
    state: {
      ...state,
      nodes: state.nodes.map((node) => (node.name === name ? { ...node, ...change } : node)),
    },
  };
};
const withState = (change: Partial<NonNullable<Evidence['state']>>): Evidence => {
  const from = healthy();
  return from.state === null ? from : { ...from, state: { ...from.state, ...change } };
};
const sections = (alias: string, dryRun: ReturnType<typeof failedAt>): Evidence =>
  withHost(alias, () => ({ dryRun }));
/** To another major, which pg_autoctl knows too. */
const to = (newMajor: number, from: Evidence): Evidence => ({
  ...from,
  newMajor,
  hosts: from.hosts.map((host) => {
    const { inspection } = host;
    const autoctl = inspection?.newAutoctl ?? null;
    return inspection === null || autoctl === null
      ? host
      : { ...host, inspection: { ...inspection, newAutoctl: { ...autoctl, compatibleMajors: [newMajor] } } };
  }),
});
const log = healthyLog(primary);
const linked = healthy(linkedCluster());
const spaced = healthy(spacedCluster());
/** One thing is otherwise with the first tablespace of node_2. */
const withSpace = (change: Partial<TablespaceInspection>): Evidence =>
  withInspection(
    'node_2',
    ({ tablespaces: [first, ...others] }) => ({
      tablespaces: first === undefined ? [] : [{ ...first, ...change }, ...others],
    }),
    spaced,
  );
const allLinked = (facts: ClusterFacts): ClusterFacts => ({
  ...facts,
  nodes: facts.nodes.map((node) => ({ ...node, rebuild: 'hard-link' })),
});

/** Every host of it says that app has Citus, which is there for the new version too. */
const citusIn = (facts: ClusterFacts, version: string): Evidence => {
  const from = healthy(facts);
  return {
    ...from,
    hosts: from.hosts.map((host) =>
      host.inspection === null || host.role === 'monitor'
        ? host
        : {
            ...host,
            inspection: {
              ...host.inspection,
              databases: host.inspection.databases.map((one) => ({
                ...one,
                extensions: [{ name: 'citus', version }],
              })),
              offeredExtensions: [...(host.inspection.offeredExtensions ?? []), 'citus'],
            },
          },
    ),
  };
};
const withFormation = (change: Parameters<typeof citusCluster>[0]): Evidence =>
  citusIn(citusCluster(change), '13.2-1');
/** One group whose primary preloads Citus. */
const withCitus = (version: string, change: Parameters<typeof labCluster>[0]): Evidence =>
  citusIn(
    labCluster({ ...change, nodes: labCluster().nodes.map((node) => ({ ...node, preload: ['citus'] })) }),
    version,
  );

/** PostgreSQL runs as another user on node_2. */
const withOtherUser = ({ facts, ...evidence }: Evidence): Evidence => ({
  ...evidence,
  facts: facts && {
    ...facts,
    nodes: facts.nodes.map((node) => (node.alias === 'node_2' ? { ...node, postgres: word('pgtwo') } : node)),
  },
});

test('a healthy cluster is ready: nothing is found, everything was seen', () => {
  const judged = judge(healthy());
  expect(judged).toMatchObject({ outcome: 'ready', findings: [], notSeen: [] });
  expect(judged.passed).toHaveLength(catalogue.length);
});

/** A node of another formation lives by the same monitor. */
const withOther = (row: OtherRow): Evidence => {
  const evidence = healthy();
  return evidence.state === null ? evidence : { ...evidence, state: { ...evidence.state, others: [row] } };
};

const logicalSlot = (
  change: Partial<ServerEvidence['slots'][number]> = {},
): ServerEvidence['slots'][number] => ({
  name: 'cdc',
  kind: 'logical',
  plugin: 'pgoutput',
  database: 'app',
  active: true,
  behindBytes: 0,
  ...change,
});

/** The primary runs 17, with these logical slots beside its own. */
const from17 = (
  logical: readonly ServerEvidence['slots'][number][],
  trusted = 'pgoutput, test_decoding',
): Evidence => ({
  ...withServer('node_1', ({ slots, settings }) => ({
    slots: [...slots, ...logical],
    settings: { ...settings, output_plugin_libraries: trusted },
  })),
  oldMajor: 17,
});

test('Citus 13, copied, in one group or in several: nothing is found', () => {
  for (const evidence of [withFormation({}), withCitus('13.2-1', { mode: 'copy' })])
    expect(judge(evidence).findings).toEqual([]);
});

test('a logical slot of 17 that is read, and whose plugin the configuration trusts, is carried: nothing is found', () => {
  expect(seen(from17([logicalSlot({ plugin: 'wal2json' })], 'pgoutput, "wal2json"'))).toEqual([]);
});

/** One thing wrong at a time, and exactly that is said. */
const cases: readonly (readonly [string, Evidence, readonly string[], RegExp])[] = [
  [
    'a load balancer that custom steps run on, and that does not answer',
    {
      ...withState({}),
      outside: [{ alias: 'lb', problem: problem('lb did not answer within 10 s.', 'look') }],
    },
    ['blocker custom-steps lb'],
    /lb did not answer/,
  ],
  [
    'a host that does not answer',
    withHost('node_2', () => ({
      reach: { kind: 'unreachable', problem: problem('node_2 did not answer within 10 s.', 'look') },
      facts: null,
      inspection: null,
      dryRun: null,
    })),
    ['blocker host-reachable node_2'],
    /did not answer/,
  ],
  [
    'a number_sync_standbys that the quorum holds, but not one more',
    withNode('node_3', { quorum: false }),
    ['warning sync-standbys cluster'],
    /number_sync_standbys is 1, and the quorum holds 1 standby: with one of them away every write waits/,
  ],
  [
    'a number_sync_standbys larger than the quorum',
    withState({ numberSyncStandbys: 3 }),
    ['warning sync-standbys cluster'],
    /number_sync_standbys is 3, and the quorum holds 2 standbys: every write waits/,
  ],
  [
    'a host key that is not known',
    withHost('node_2', () => ({
      reach: { kind: 'host-key', problem: problem('The host key was not accepted.', 'look') },
      facts: null,
      inspection: null,
      dryRun: null,
    })),
    ['blocker host-key node_2'],
    /not accepted/,
  ],
  [
    'no sudo to postgres',
    withHost('node_3', () => ({
      reach: { kind: 'no-postgres', problem: problem('node_3: dba may not become postgres', 'sudoers') },
      facts: null,
      inspection: null,
      dryRun: null,
    })),
    ['blocker sudo-postgres node_3'],
    /postgres/,
  ],
  [
    'no sudo to root',
    withHost('node_3', () => ({ root: problem('node_3: dba may not become root', 'sudoers') })),
    ['blocker sudo-root node_3'],
    /root/,
  ],
  [
    'what an earlier version has left',
    withHost('node_2', () => ({
      earlier: problem('node_2: an earlier version has left the record of shop', 'finish it'),
    })),
    ['warning earlier-version node_2'],
    /the record of shop/,
  ],
  [
    'another formation on this monitor',
    withOther({
      formation: word('payments'),
      name: word('pay_2'),
      host: word('node2'),
      port: 5433,
      reported: 'primary',
      assigned: 'primary',
      health: 1,
      reportAge: 1,
      sinceStart: true,
    }),
    ['blocker other-formations monitor'],
    /payments \(pay_2 node2:5433\).*no failover/,
  ],
  [
    'a secondary that is down',
    withHost('node_3', () => ({
      silentServer: 'no such socket',
      facts: null,
      inspection: null,
      dryRun: null,
    })),
    ['blocker server-answers node_3'],
    /socket/,
  ],
  [
    'two groups, one of them without a primary',
    withNode('node_3', { group: 1 }),
    ['blocker one-primary cluster'],
    /group 1: no node is primary/,
  ],
  [
    'several groups, by hard links',
    withFormation({ mode: 'link' }),
    ['blocker formation-groups cluster', 'blocker citus node_1', 'blocker citus node_3'],
    /several groups, and mode link: behind the first start of any primary the formation could not be rolled back as one/,
  ],
  [
    'several groups, and commits that wait for standbys',
    withFormation({ numberSyncStandbys: 1 }),
    ['blocker formation-groups cluster'],
    /number_sync_standbys is 1: the monitor tells a change of it to group 0 alone/,
  ],
  [
    'no primary',
    withNode('node_1', { reported: 'draining', assigned: 'draining' }),
    ['blocker one-primary cluster', 'blocker nodes-in-place node_1'],
    /no node is primary/,
  ],
  [
    'a node in maintenance',
    withNode('node_2', { reported: 'maintenance', assigned: 'maintenance' }),
    ['blocker nodes-in-place node_2'],
    /in maintenance/,
  ],
  [
    'a node between two states',
    withNode('node_2', { reported: 'catchingup', assigned: 'secondary' }),
    ['blocker nodes-in-place node_2'],
    /catchingup, assigned secondary/,
  ],
  [
    'a node that the monitor finds unhealthy',
    withNode('node_2', { health: 0 }),
    ['blocker nodes-healthy node_2'],
    /unreachable/,
  ],
  [
    'a node that is silent',
    withNode('node_2', { reportAge: 90 }),
    ['blocker nodes-healthy node_2'],
    /90 s old/,
  ],
  [
    'a missing program',
    withInspection('node_3', () => ({ missingTools: ['pg_rewind'] })),
    ['blocker new-programs node_3'],
    /pg_rewind/,
  ],
  [
    'a pg_autoctl that does not know the target',
    withInspection('node_3', ({ newAutoctl }) => ({
      newAutoctl: newAutoctl === null ? null : { ...newAutoctl, compatibleMajors: [13, 14, 15] },
    })),
    ['blocker autoctl-supports-target node_3'],
    /not 17/,
  ],
  [
    'an older target',
    withHost('node_1', ({ facts }) => ({
      facts: facts === null ? null : { ...facts, newVersion: word('17.11') },
    })),
    ['blocker minors-paired node_1', 'warning same-minor cluster'],
    /17\.11 is older/,
  ],
  [
    'RADIUS, which 19 no longer has',
    to(
      19,
      withServer('node_3', () => ({ radiusLines: [7] })),
    ),
    ['blocker radius-authentication node_3'],
    /line 7 .* radius/,
  ],
  [
    'an index that pg_upgrade to 19 refuses',
    to(
      19,
      withInspection('node_1', ({ databases }) => ({
        databases: databases.map((one) => ({ ...one, inetIndexes: ['public.nets_gist'] })),
      })),
    ),
    ['blocker inet-indexes node_1'],
    /index public\.nets_gist in app/,
  ],
  [
    'a role with a line break in its name, to 19',
    to(
      19,
      withServer('node_1', () => ({ brokenRoles: ['one\ntwo'] })),
    ),
    ['blocker names-on-one-line node_1'],
    /role .* has a line break/,
  ],
  [
    'a secondary whose configuration is a link, and whose copy a rollback would go through',
    withInspection('node_2', () => ({ linkedConfiguration: ['postgresql.conf', 'pg_hba.conf'] })),
    ['blocker copies-have-files node_2'],
    /a symbolic link: postgresql\.conf, pg_hba\.conf/,
  ],
  [
    'a logical slot of 17 whose plugin is not trusted',
    from17([logicalSlot({ name: 'cdc', plugin: 'wal2json' }), logicalSlot({ name: 'own' })]),
    ['blocker output-plugins node_1'],
    /slot cdc in app has the plugin wal2json/,
  ],
  [
    'a logical slot of 17 that is read now and then',
    from17([logicalSlot({ active: false, behindBytes: 3_000 })]),
    ['warning logical-slots node_1'],
    /cdc \(pgoutput\) in app, nobody reads it at this moment/,
  ],
  [
    'a logical slot of 17 that nobody reads',
    from17([logicalSlot({ active: false, behindBytes: 90 * 1024 * 1024 })]),
    ['blocker slots-read node_1', 'warning logical-slots node_1'],
    /nobody reads slot cdc in app, 90 MB behind/,
  ],
  [
    'an MD5 password, to 18',
    to(
      18,
      withServer('node_1', () => ({ md5Roles: ['legacy'] })),
    ),
    ['warning md5-passwords node_1'],
    /role .*legacy/,
  ],
  [
    'a database that an interrupted DROP DATABASE has left',
    withServer('node_1', ({ catalog }) => ({
      catalog: [...catalog, { name: 'inval', connections: true, limit: -2 }],
    })),
    ['blocker databases-connectable node_1'],
    /database inval is invalid/,
  ],
  [
    'more tables than the server has locks',
    withInspection('node_1', ({ databases }) => ({
      databases: databases.map((one) => ({ ...one, name: 'big', locked: 50_000 })),
    })),
    ['blocker locks-suffice node_1'],
    /big has 50000 tables, sequences and views, and the server has room for 7808 locks \(max_locks_per_transaction is 64\)/,
  ],
  [
    'Citus, with hard links',
    withCitus('13.2-1', { mode: 'link' }),
    ['blocker citus node_1'],
    /citus 13\.2-1 in app, and mode link/,
  ],
  [
    'a Citus that nobody has tried',
    withCitus('12.1-1', { mode: 'copy' }),
    ['blocker citus node_1'],
    /citus 12\.1-1 in app, and the window’s steps are those of Citus 13 alone/,
  ],
  [
    'Citus, which is not there for the new version',
    withInspection('node_1', ({ databases }) => ({
      databases: databases.map((one) => ({ ...one, extensions: [{ name: 'citus', version: '12.1-1' }] })),
    })),
    ['blocker citus node_1', 'blocker extensions-available node_1'],
    /citus 12\.1-1 in app, and there is no Citus for 17\.12 on this host/,
  ],
  [
    'an extension that is not installed',
    withInspection('node_1', () => ({ offeredExtensions: ['plpgsql'] })),
    ['blocker extensions-available node_1'],
    /pg_stat_statements, used in app/,
  ],
  [
    'a library missing on one secondary',
    sections(
      'node_3',
      failedAt(
        healthyLog(second),
        'libraries',
        'library $libdir/hstore does not load: could not access file "$libdir/hstore"',
      ),
    ),
    ['blocker libraries-load node_3'],
    /hstore/,
  ],
  [
    'data on another file system',
    withInspection('node_2', ({ data }) => ({ data: { ...data, device: '43' } })),
    ['blocker same-file-system node_2'],
    /different file systems/,
  ],
  [
    'a new data directory on another file system: the swap copied it in the downtime',
    withInspection('node_1', ({ newPlace }) => ({ newPlace: { ...newPlace, device: '43' } })),
    ['blocker same-file-system node_1'],
    /new data directory .* would be on another file system/,
  ],
  [
    'a new data directory behind a bind mount: the same device, and a rename into it is refused',
    withInspection('monitor', ({ newPlace }) => ({ newPlace: { ...newPlace, mountPoint: '/fast' } })),
    ['blocker same-file-system monitor'],
    /would be on another file system/,
  ],
  [
    'a data directory that is a mount point',
    withInspection('node_2', ({ data, parent }) => ({
      mountPoints: [data.path],
      data: { ...data, device: '43' },
      parent,
    })),
    ['blocker data-directory-is-a-mount-point node_2'],
    /^\/var\/lib\/pgsql\/data is a mount point/,
  ],
  [
    'a pg_wal that is a mount point',
    withInspection('node_1', () => ({ mountPoints: ['/var/lib/pgsql/data/pg_wal'] })),
    ['blocker data-directory-is-a-mount-point node_1'],
    /data\/pg_wal, in the data directory, is a mount point/,
  ],
  [
    'a pg_wal that leads to a mount point',
    withInspection('node_2', ({ wal }) => ({
      walIsLink: true,
      wal: { ...wal, path: '/wal', device: '44', mountPoint: '/wal' },
      walBeside: { place: { ...wal, path: '/' }, writable: false, taken: false },
    })),
    ['warning wal-elsewhere node_2'],
    /pg_wal is a symbolic link to \/wal, and no other directory can be made beside that: \/wal is a mount point\. After the upgrade pg_wal is a directory/,
  ],
  [
    'a pg_wal beside which postgres may not write',
    withInspection('node_2', ({ wal }) => ({
      walIsLink: true,
      wal: { ...wal, path: '/wal/main' },
      walBeside: { place: { ...wal, path: '/wal' }, writable: false, taken: false },
    })),
    ['warning wal-elsewhere node_2'],
    /postgres may not write in \/wal\./,
  ],
  [
    'a pg_wal elsewhere, and no room for its WAL in the data directory',
    withInspection('node_2', ({ wal, parent }) => ({
      walIsLink: true,
      walBytes: parent.freeBytes,
      wal: { ...wal, path: '/wal/main' },
      walBeside: { place: { ...wal, path: '/wal', freeBytes: 1024 }, writable: true, taken: false },
    })),
    ['blocker disk-space node_2', 'warning wal-elsewhere node_2'],
    /and the WAL that is elsewhere now/,
  ],
  [
    'the place of the new pg_wal is taken',
    withInspection(
      'node_2',
      ({ wal }) => ({
        walIsLink: true,
        wal: { ...wal, path: '/wal/main' },
        walBeside: { place: { ...wal, path: '/wal' }, writable: true, taken: true },
      }),
      healthy(walCluster(labCluster())),
    ),
    ['blocker backup-directory-free node_2'],
    /^\/wal\/main_pg17 exists/,
  ],
  [
    'a dump in the data directory',
    withInspection('node_1', () => ({
      entries: [
        { name: 'postgresql.conf', bytes: 4096 },
        { name: 'postmaster.pid', bytes: 4096 },
        { name: "it's a dump", bytes: 20 * 1024 ** 2 },
        { name: 'secret', bytes: null },
      ],
    })),
    ['warning entries-carried node_1'],
    /^in \/var\/lib\/pgsql\/data, and not in the new one: it's a dump \(20 MB\), secret \(size not known\)$/,
  ],
  [
    'a file of a secondary that its base backup does not bring',
    withInspection('node_3', () => ({
      entries: [
        { name: 'postgresql-auto-failover-standby.conf', bytes: 4096 },
        { name: 'autoprewarm.blocks', bytes: 4096 },
        { name: 'own.conf', bytes: 4096 },
      ],
    })),
    ['warning entries-carried node_3'],
    /own\.conf \(1 MB\)$/,
  ],
  [
    'a unit that runs a script',
    withInspection('node_1', ({ unit }) => ({
      unit: unit && { ...unit, execStart: { path: '/usr/local/bin/start-pgaf', arguments: '' } },
    })),
    ['blocker unit-program node_1'],
    /starts pg_autoctl through \/usr\/local\/bin\/start-pgaf/,
  ],
  [
    'a drop-in that nobody but root can read',
    withInspection('node_1', () => ({
      unreadableUnitFiles: ['/etc/systemd/system/pgautofailover.service.d/x.conf'],
    })),
    ['blocker unit-program node_1'],
    /cannot read it/,
  ],
  [
    'a pooler that is bound to the unit',
    withInspection('node_1', () => ({ dependents: ['pooler.service'] })),
    ['warning unit-dependents node_1'],
    /^pooler\.service: down with pgautofailover\.service in the window, and started again/,
  ],
  [
    'a unit that was made by systemd-run',
    withInspection('monitor', ({ unit }) => ({
      unit: unit && { ...unit, fragmentPath: '/run/systemd/transient/pgautofailover.service' },
    })),
    ['blocker unit-program monitor'],
    /goes before whatever is written to \/etc\/systemd\/system/,
  ],
  [
    'a parent that postgres may not write',
    withInspection('node_2', () => ({ parentWritable: false })),
    ['blocker parent-writable node_2'],
    /not writable/,
  ],
  [
    'a state file of a pg_autoctl that nobody has seen yet',
    withInspection('node_2', () => ({ stateFile: { layout: 3, bytes: 1024 } })),
    ['blocker state-file-layout node_2'],
    /layout 3 and 1024 bytes, not layout 1 or 2/,
  ],
  [
    'a secondary that is told to replay later',
    withServer('node_2', ({ settings }) => ({
      settings: { ...settings, recovery_min_apply_delay: '3600000' },
    })),
    ['blocker replay-goes-on node_2'],
    /recovery_min_apply_delay is 3600000 ms/,
  ],
  [
    'a secondary whose replay somebody has paused',
    withServer('node_3', () => ({ replayPaused: true })),
    ['blocker replay-goes-on node_3'],
    /its replay is paused/,
  ],
  [
    'every secondary by hard links',
    healthy(allLinked(linkedCluster())),
    ['blocker links-leave-a-fallback-copy cluster'],
    /node_2, node_3/,
  ],
  [
    'a primary without secondaries, whose files pg_upgrade links',
    healthy(loneCluster()),
    ['warning fallback-copy cluster'],
    /node_1 is the only node.*only possible from a backup/,
  ],
  [
    'a primary without rsync, where a secondary wants its links',
    withInspection(
      'node_1',
      ({ transfer }) => ({ transfer: transfer && { ...transfer, rsync: null } }),
      linked,
    ),
    ['blocker links-programs node_1'],
    /there is no rsync/,
  ],
  [
    'an rsync that is too old, and no ssh',
    withInspection(
      'node_2',
      ({ transfer }) => ({ transfer: transfer && { ...transfer, rsync: '3.0.9', missing: ['ssh'] } }),
      linked,
    ),
    ['blocker links-programs node_2', 'blocker links-programs node_2'],
    /rsync is 3\.0\.9/,
  ],
  [
    'a port that is closed between the hosts',
    withInspection(
      'node_2',
      ({ transfer }) => ({
        transfer: transfer && { ...transfer, sshd: 'ssh: connect to host node1 port 22: Connection refused' },
      }),
      linked,
    ),
    ['blocker links-reach-primary node_2'],
    /Connection refused/,
  ],
  [
    'directories of other names',
    withHost(
      'node_2',
      ({ facts }) => ({ facts: facts && { ...facts, data: word('/var/lib/pgsql/main') } }),
      linked,
    ),
    ['blocker links-same-names node_2'],
    /main here, data on node_1/,
  ],
  [
    'hard links between hosts whose PostgreSQL has different users',
    withOtherUser(linked),
    ['blocker links-same-names node_2'],
    /PostgreSQL runs as pgtwo here, as postgres on node_1/,
  ],
  [
    'no room for the base backup',
    withInspection('node_2', ({ parent }) => ({ parent: { ...parent, freeBytes: 1024 ** 2 } })),
    ['blocker disk-space node_2'],
    /base backup/,
  ],
  [
    'a new directory with checksums',
    withInspection('node_1', ({ control }) => ({
      newDirectory: {
        kind: 'cluster',
        major: 17,
        databases: 0,
        running: false,
        control: control === null ? null : { ...control, checksumVersion: 1 },
        madeFor: oldIdentifier,
      },
    })),
    ['blocker new-directory node_1'],
    /checksums are on, in the old cluster off/,
  ],
  [
    'something else in the new directory',
    withInspection('node_1', () => ({ newDirectory: { kind: 'not-a-cluster', entries: 3 } })),
    ['blocker new-directory node_1'],
    /3 entries/,
  ],
  [
    'somebody else’s PostgreSQL 17 in the new directory’s place, kept for an application in database postgres',
    withInspection('node_1', ({ control }) => ({
      newDirectory: { kind: 'cluster', major: 17, databases: 0, running: false, control },
    })),
    ['blocker new-directory node_1'],
    /has not made for this cluster/,
  ],
  [
    'one that runs, on a secondary, where no new cluster is made',
    withInspection('node_2', ({ control }) => ({
      newDirectory: { kind: 'cluster', major: 17, databases: 3, running: true, control },
    })),
    ['blocker new-directory node_2'],
    /is a running PostgreSQL 17 with 3 databases/,
  ],
  [
    'one that was made for another cluster',
    withInspection('node_1', ({ control }) => ({
      newDirectory: { kind: 'cluster', major: 17, databases: 0, running: false, control, madeFor: '1' },
    })),
    ['blocker new-directory node_1'],
    /has not made for this cluster/,
  ],
  [
    'something where pg_autoctl will put its base backup',
    withInspection('node_2', () => ({ backupDirectoryEntries: 2 })),
    ['blocker base-backup-directory node_2'],
    /holds 2 entries/,
  ],
  [
    'the backup directory in use',
    withInspection('node_1', () => ({ backupDirectoryThere: true })),
    ['blocker backup-directory-free node_1'],
    /_pg15_bak exists/,
  ],
  [
    'port 50432 taken',
    withInspection('node_1', () => ({ upgradePort: 'busy' })),
    ['blocker upgrade-port node_1'],
    /50432/,
  ],
  [
    'a tablespace inside the data directory',
    withServer(
      'node_1',
      () => ({ tablespaces: [{ name: 'fast', location: '/var/lib/pgsql/data/fast', bytes: 1 }] }),
      withInspection(
        'node_1',
        () => ({ entries: [{ name: 'fast', bytes: 1024 ** 3 }] }),
        withInspection('node_3', () => ({ entries: [{ name: 'fast', bytes: 1024 ** 3 }] })),
      ),
    ),
    ['blocker tablespaces-outside node_1'],
    /fast is in/,
  ],
  [
    'a tablespace that is a mount point',
    withSpace({ besideItsParent: false }),
    ['blocker tablespace-directories node_2'],
    /fast is a mount point/,
  ],
  [
    'a tablespace behind a symbolic link',
    withSpace({ real: '/mnt/fast' }),
    ['blocker tablespace-directories node_2'],
    /it is \/mnt\/fast/,
  ],
  [
    'another server’s files in a tablespace’s directory',
    withSpace({ foreign: ['PG_13_202007201', 'lost+found'] }),
    ['blocker tablespace-directories node_2'],
    /holds PG_13_202007201, lost\+found besides PostgreSQL 15/,
  ],
  [
    'an earlier upgrade’s files beside a tablespace',
    withSpace({ keptNameTaken: true }),
    ['blocker tablespace-directories node_2'],
    /fast_aside\/pg15_bak is there already/,
  ],
  [
    'a tablespace that a secondary has elsewhere',
    withSpace({
      place: { path: '/srv/other', device: '42', mountPoint: '/', freeBytes: 2 ** 40 },
      real: '/srv/other',
    }),
    ['blocker tablespace-directories node_2'],
    /is not where node_1 has this/,
  ],
  [
    'no room for a copy of a tablespace on a file system of its own',
    withInspection(
      'node_3',
      ({ tablespaces }) => ({
        tablespaces: tablespaces.map((one) => ({
          ...one,
          place: { ...one.place, device: '43', mountPoint: '/srv', freeBytes: 2 ** 30 },
        })),
      }),
      spaced,
    ),
    ['blocker disk-space node_3', 'blocker disk-space node_3'],
    /2048 MB are needed in \/srv\/fast for a copy of the tablespace/,
  ],
  [
    'a prepared transaction',
    withServer('node_1', () => ({
      prepared: [{ gid: "o'gid", database: 'app', owner: 'app', seconds: 10 }],
    })),
    ['blocker prepared-transactions node_1'],
    /o'gid/,
  ],
  [
    'a target that stumbles over max_slot_wal_keep_size',
    withServer(
      'node_1',
      ({ settings }) => ({ settings: { ...settings, max_slot_wal_keep_size: '1000000' } }),
      withHost('node_1', ({ facts }) => ({
        facts: facts === null ? null : { ...facts, oldVersion: word('15.10'), newVersion: word('17.5') },
      })),
    ),
    ['blocker slot-wal-keep-size node_1', 'warning same-minor cluster'],
    /1000000 MB/,
  ],
  [
    'initdb that fails',
    sections('node_1', failedAt(log, 'initdb', 'initdb: error: invalid locale name "de_DE.UTF-8"')),
    ['blocker initdb node_1'],
    /invalid locale/,
  ],
  [
    'no room for a throwaway',
    sections('node_1', failedAt(log, 'begin', 'less than 300 MB are free')),
    ['blocker dry-run-room node_1'],
    /300 MB/,
  ],
  [
    'pg_upgrade --check',
    sections('node_1', failedAt(log, 'pg upgrade', 'Checking for prepared transactions   fatal')),
    ['blocker pg-upgrade-check node_1'],
    /fatal/,
  ],
  [
    'a configuration that is not understood',
    sections(
      'node_1',
      failedAt(
        log,
        'configuration',
        'LOG: unrecognized configuration parameter "old"',
        'FATAL: configuration file contains errors',
      ),
    ),
    ['blocker configuration-read node_1'],
    /FATAL/,
  ],
  [
    'a secondary’s own file outside its data directory that is not understood',
    sections(
      'node_2',
      failedAt(
        log,
        'configuration',
        'LOG:  skipping missing configuration file "/x/not-there.conf"',
        'LOG:  unrecognized configuration parameter "old" in file "/site.conf" line 1',
        'LOG:  unrecognized configuration parameter "old" in file "/site.conf" line 1',
        'FATAL:  configuration file "/site.conf" contains errors',
      ),
    ),
    ['blocker configuration-read node_2'],
    /^LOG: {2}unrecognized .* line 1 · FATAL: {2}configuration file "\/site.conf" contains errors$/,
  ],
  [
    'an extension that something depends on',
    sections(
      'node_1',
      failedAt(
        log,
        'update 1',
        'database\tapp',
        'extension\tpg_stat_statements\t1.10\t1.11\talter extension pg_stat_statements update\tERROR:  cannot drop view pg_stat_statements because other objects depend on it DETAIL:  view top depends on view pg_stat_statements',
      ),
    ),
    ['warning extension-updates node_1'],
    /^pg_stat_statements 1\.10 in app cannot be updated to 1\.11: ERROR: cannot drop view .*view top depends/,
  ],
  [
    'an extension without a way to the new version',
    sections(
      'node_1',
      failedAt(
        log,
        'update 1',
        'database\tapp',
        'extension\tpgaudit\t1.7\t17.1\talter extension pgaudit update\tpsql: ERROR:  extension "pgaudit" has no update path from version "1.7" to version "17.1"',
      ),
    ),
    ['warning extension-updates node_1'],
    /^pgaudit 1\.7 in app cannot be updated to 17\.1: ERROR: extension "pgaudit" has no update path/,
  ],
  [
    'an index whose function names something without its schema',
    sections(
      'node_1',
      failedAt(
        log,
        'statistics 1',
        'database\tapp',
        'statistics\tindex public.docf\tfunction unaccent(text) does not exist\talter function public.f(text) set search_path = public',
      ),
    ),
    ['warning statistics-computed node_1'],
    /^index public\.docf in app: function unaccent\(text\) does not exist$/,
  ],
  [
    'a name map that is not understood',
    sections(
      'node_2',
      failedAt(log, 'name maps', 'CONTEXT:  line 3 of configuration file "/x/pg_ident.conf"'),
    ),
    ['warning name-maps node_2'],
    /line 3 of configuration file/,
  ],
  [
    'a schema that is not restored',
    sections(
      'node_1',
      failedAt(
        log,
        'restore 1',
        'database app',
        'pg_restore: error: could not execute query: ERROR:  unrecognized parameter "pg_attver"',
      ),
    ),
    ['blocker schema-dry-run node_1'],
    /database app: restore failed: .*pg_attver/,
  ],
  [
    'a logical slot',
    withServer('node_1', () => ({
      slots: [logicalSlot({ active: false })],
    })),
    ['warning logical-slots node_1'],
    /cdc/,
  ],
  [
    'a foreign physical slot',
    withServer('node_1', () => ({
      slots: [
        { name: 'archive', kind: 'physical', plugin: null, database: null, active: true, behindBytes: null },
      ],
    })),
    ['warning physical-slots node_1'],
    /archive, in use/,
  ],
  [
    'a long transaction',
    withServer('node_1', () => ({
      longTransactions: [
        { pid: 7, user: 'app', database: 'app', state: 'idle in transaction', seconds: 4000 },
      ],
    })),
    ['warning long-transactions node_1'],
    /pid 7/,
  ],
  [
    'a secondary that lags',
    withServer('node_1', () => ({
      senders: [{ name: 'pgautofailover_standby_2', state: 'streaming', lagBytes: 900 * 1024 ** 2 }],
    })),
    ['warning replication-lag node_1'],
    /900 MB/,
  ],
  [
    'a removed setting',
    withServer('node_1', () => ({
      removed: [{ name: 'vacuum_defer_cleanup_age', value: '100', file: '/d/postgresql.conf', line: 12 }],
    })),
    ['warning removed-settings node_1'],
    /postgresql.conf:12/,
  ],
  [
    'a removed setting of a role',
    withServer('node_1', () => ({
      removedForRoles: [{ setting: 'force_parallel_mode=on', role: 'app', database: 'app' }],
    })),
    ['warning removed-settings node_1'],
    /role app in app/,
  ],
  [
    'a preloaded library with workers',
    withServer('node_1', ({ settings }) => ({
      settings: { ...settings, shared_preload_libraries: 'pg_stat_statements, pg_cron' },
      workers: ['pg_cron launcher'],
    })),
    ['warning preload-workers node_1'],
    /pg_cron, at work: pg_cron launcher/,
  ],
  [
    'unlogged tables',
    withInspection('node_1', ({ databases }) => ({
      databases: databases.map((one) => ({ ...one, unlogged: 1, unloggedNames: ['public.sessions'] })),
    })),
    ['warning unlogged-tables node_1'],
    /public.sessions/,
  ],
  [
    'a subscription: nothing was said of it',
    withInspection('node_1', ({ databases }) => ({
      databases: databases.map((one) => ({
        ...one,
        subscriptions: [{ name: 'feed', tables: 2, copying: 0 }],
      })),
    })),
    ['warning subscriptions node_1'],
    /subscribes to another server: feed \(2 tables\)/,
  ],
  [
    'a subscription whose first copy is under way',
    withInspection('node_1', ({ databases }) => ({
      databases: databases.map((one) => ({
        ...one,
        subscriptions: [{ name: 'Feed 2', tables: 2, copying: 1 }],
      })),
    })),
    ['warning subscriptions node_1'],
    /"Feed 2" \(2 tables\); tables whose first copy is under way: 1/,
  ],
  [
    'many objects',
    withInspection('node_1', ({ databases }) => ({
      databases: databases.map((one) => ({ ...one, relations: 400_000, catalogBytes: 0 })),
    })),
    ['warning many-objects node_1'],
    /400000 relations/,
  ],
  [
    'a secondary whose pg_autoctl has no password for the primary',
    withInspection('node_2', () => ({
      refused:
        'psql: error: connection to server at "node1", port 5433 failed: fe_sendauth: no password supplied',
    })),
    ['blocker replicator-password node_2'],
    /no password supplied/,
  ],
  [
    'an archive',
    withServer('node_1', ({ settings }) => ({ settings: { ...settings, archive_mode: 'on' } })),
    ['warning archive-mode node_1'],
    /archive_mode is on/,
  ],
  [
    'little WAL kept',
    withServer('node_1', ({ settings }) => ({
      settings: { ...settings, wal_keep_size: '0', max_slot_wal_keep_size: '1' },
    })),
    ['warning wal-keep-size node_1'],
    /1 MB/,
  ],
  [
    'a slow base backup',
    withInspection('node_2', () => ({ backupRate: '32kB' })),
    ['warning backup-rate node_2'],
    /160 minutes/,
  ],
  [
    'a unit without KillMode',
    withInspection('monitor', ({ unit }) => ({
      unit: unit === null ? null : { ...unit, killMode: 'control-group' },
    })),
    ['warning unit-kill-mode monitor'],
    /control-group/,
  ],
  [
    'a cron job',
    withInspection('node_2', () => ({ cron: ['/etc/cron.d/dump: 0 3 * * * postgres pg_dump app'] })),
    ['warning cron-jobs node_2'],
    /pg_dump app/,
  ],
  [
    'a watchdog that names the unit',
    withInspection('node_2', () => ({
      cron: ['/etc/cron.d/w: * * * * * root systemctl restart pgautofailover'],
    })),
    ['warning cron-jobs node_2'],
    /systemctl restart/,
  ],
  [
    'no backup',
    withInspection('node_1', () => ({ backupAge: null })),
    ['warning backup-age node_1'],
    /no backup/,
  ],
  [
    'what a rehearsal has left',
    {
      ...healthy(),
      rehearsals: [
        { host: word('node_3'), directory: '/var/lib/pgsql/pgaf-upgrade-rehearsal.data', server: true },
      ],
    },
    ['warning rehearsal-left node_3'],
    /pgaf-upgrade-rehearsal\.data, .*; a server runs on it/,
  ],
];

test('by the online method, which has no rehearsal, what one has left is removed with the method taken out', () => {
  const rehearsals = [{ host: word('node_3'), directory: '/x', server: false }];
  const remedy = (facts: ClusterFacts) =>
    judge({ ...healthy(facts), rehearsals }).findings.find(({ check }) => check === 'rehearsal-left')?.remedy;
  expect(remedy(labCluster())).toContain('or go on with it');
  expect(remedy(labCluster({ method: 'online' }))).toContain('take upgrade.method out');
});

test('of a transaction that Citus has prepared nobody is told to roll it back by hand: the coordinator may have committed it', () => {
  const gids = ['citus_0_4711_99_1', 'citus_1_4711_99_1'];
  const { findings } = judge(
    withServer('node_1', () => ({
      prepared: [
        ...gids.map((gid) => ({ gid, database: 'app', owner: 'app', seconds: 300 })),
        // on its way to its commit: where applications write through Citus there is always one
        { gid: 'citus_0_4712_99_1', database: 'app', owner: 'app', seconds: 1 },
      ],
    })),
  );
  expect(findings.map(({ command }) => command)).toEqual([
    "psql -d app -c 'select recover_prepared_transactions()'   # on the coordinator",
    "psql -d app -c 'select recover_prepared_transactions()'   # on the primary of group 1",
  ]);
  for (const { remedy } of findings) expect(remedy).toMatch(/never by hand/);
});

describe('one thing wrong at a time', () => {
  test.each(cases)('%s', (_, evidence, expected, words) => {
    expect(seen(evidence)).toEqual(expected);
    expect(judge(evidence).findings[0]?.found).toMatch(words);
    expect(judge(evidence).findings.every((one) => one.why !== '' && one.remedy !== '')).toBe(true);
    expect(judge(evidence).outcome).toBe(
      expected[0]?.startsWith('blocker') ? 'blocked' : 'ready-with-warnings',
    );
  });

  test('every check of the catalogue is provoked here', () => {
    // These two come with something that is not seen: in describes of their own.
    const provoked = new Set(cases.flatMap(([, , expected]) => expected.map((one) => one.split(' ')[1])));
    // Those of the online method are provoked in online.test.ts.
    const others = catalogue.map((one) => one.id).filter((id) => !id.startsWith('online-'));
    expect(others.filter((id) => !provoked.has(id))).toEqual(['host-understood', 'minors-known']);
  });
});

test('what could not be inspected never counts as well', () => {
  const judged = judge(
    withHost('node_2', () => ({
      dryRun: null,
      dryRunTrouble: problem('The connection was lost.', ''),
    })),
  );
  expect(judged.outcome).toBe('unseen');
  expect(judged.notSeen).toContainEqual({
    check: 'libraries-load',
    severity: 'blocker',
    host: 'node_2',
    because: 'The connection was lost.',
  });
  expect(judged.passed).not.toContain('libraries-load');
});

test('a warning can be accepted by name, a blocker cannot', () => {
  const evidence = withInspection('node_1', ({ parent }) => ({
    backupAge: null,
    parent: { ...parent, freeBytes: 0 },
  }));
  const judged = judge(evidence, ['backup-age', 'disk-space']);
  expect(judged.findings.map((one) => one.check)).toEqual(['disk-space']);
  expect(judged.accepted.map((one) => one.check)).toEqual(['backup-age']);
});

test('the monitor’s own library on the monitor is no warning', () => {
  expect(seen(withInspection('monitor', () => healthyInspection(labCluster().monitor)))).toEqual([]);
});

describe('a minor version whose day of release nobody knows here', () => {
  const future = withHost('node_1', ({ facts }) => ({
    facts: facts === null ? null : { ...facts, newVersion: word('17.99') },
  }));

  test('is not called fine: nothing blocks, and nothing is ready', () => {
    const judged = judge(future);
    expect(judged.outcome).toBe('unseen');
    expect(judged.notSeen).toMatchObject([
      { check: 'minors-paired', host: 'node_1', because: expect.stringContaining('17.99 is not known') },
    ]);
    expect(seen(future)).toContain('warning minors-known node_1');
  });

  test('goes on where the operator has accepted it by name, in check as in the window', () => {
    const accept = ['minors-known'];
    const facts = { ...labCluster(), accept };
    const judged = judge({ ...future, facts }, accept);
    expect(judged.notSeen).toEqual([]);
    expect(judged.accepted.map((one) => one.check)).toEqual(['minors-known']);
  });

  test.each([
    ['17.99', [], false],
    ['17.99', ['minors-known'], true],
    ['17.11', ['minors-known'], false],
    ['17.12', [], true],
  ])('the window’s own condition for %s, with %j accepted', (version, accept, holds) => {
    const facts = { ...labCluster(), accept };
    const [node] = facts.nodes;
    if (node === undefined) throw new Error('the lab has nodes');
    const step = checkWithPgUpgrade({ ...node, newVersion: word(version) })(facts, 'A');
    const fits = step.before.filter(({ text }) => text.includes('no earlier than'));
    const world = worldAt('prepared', facts);
    expect(fits.map((one) => one.holds(world).holds)).toEqual([holds]);
  });
});
