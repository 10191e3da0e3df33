import type { HostEvidence } from '../../cluster/checks/evidence.ts';
import { type HostFacts, isNode, primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { refusedOfGroups } from '../../cluster/groups.ts';
import type { MonitorNode } from '../../cluster/monitor-state.ts';
import { knownLayouts, stateFileSize } from '../../cluster/parse/state-file.ts';
import { isPrimaryState } from '../../cluster/states.ts';
import { citusOwner, citusRecoverySeconds, recoverCitus } from '../language/prepared.ts';
import { type Check, type CheckAnswer, type Issue, onEach } from './check.ts';
import { lacksPostgres } from './databases.ts';
import { inPsql } from './in-psql.ts';
import { endedThere } from './named-already.ts';
import { slotsOfOthers } from './online-asked.ts';
import { withoutMonitor } from './reach.ts';
import { inspected, served } from './see.ts';

const isPrimary = (node: MonitorNode): boolean => isPrimaryState(node.reported);

/** A report is due every five seconds. Source: pg_auto_failover, PG_AUTOCTL_KEEPER_SLEEP_TIME is 1 s; the monitor's own limit is 20 s. */
const silentSeconds = 20;
const longSeconds = 60;
const lagBytes = 64 * 1024 * 1024;

const startAutoctl = ({ service, oldAutoctl, pgdata }: HostFacts): string =>
  service.kind === 'systemd'
    ? sh`systemctl start ${service.unit}`.text
    : sh`${oldAutoctl} run --pgdata ${pgdata}`.text;

/** A node whose server answers, kept by no pg_autoctl. */
const withoutAutoctl = (host: HostEvidence | null): HostFacts | null =>
  host?.inspection?.autoctlStopped === true ? host.facts : null;

const aboutNodes =
  (
    judge: (
      node: MonitorNode,
      host: HostEvidence | null,
      hosts: readonly HostEvidence[],
    ) => Issue | string | null,
  ): Check['judge'] =>
  ({ state, hosts }) =>
    state === null
      ? withoutMonitor
      : state.nodes.flatMap((node): CheckAnswer[] => {
          const issue = judge(node, hosts.find((host) => host.alias === node.name) ?? null, hosts);
          if (issue === null) return [];
          return typeof issue === 'string'
            ? [{ kind: 'unknown', host: node.name, because: issue }]
            : [{ kind: 'found', host: node.name, ...issue }];
        });

/** Is the cluster at rest, with everything that an upgrade would cut off, lose or stumble over? */
export const stateChecks: readonly Check[] = [
  {
    id: 'one-primary',
    severity: 'blocker',
    title: 'There is exactly one primary',
    scope: 'cluster',
    why: 'The primary is upgraded and everything else is rebuilt from it.',
    source:
      'PostgreSQL, pg_upgrade, “Reverting to old cluster”: in link mode the old cluster is unsafe once the new one has been started; docs/runbook.md, “Rollback”',
    judge: ({ state }) => {
      if (state === null) return withoutMonitor;
      const groups = [...new Set(state.nodes.map(({ group }) => group))];
      return (groups.length === 0 ? [0] : groups).flatMap((group): readonly CheckAnswer[] => {
        const primaries = state.nodes.filter((node) => node.group === group && isPrimary(node));
        if (primaries.length === 1) return [];
        const named = primaries.map((node) => node.name).join(', ');
        const where = groups.length < 2 ? '' : `group ${group}: `;
        return [
          {
            kind: 'found',
            host: null,
            found: `${where}${primaries.length === 0 ? 'no node is primary' : `${primaries.length} nodes are primary: ${named}`}`,
            remedy: 'wait until every node has its assigned state, or bring the missing node back',
            command: 'pg_autoctl show state',
          },
        ];
      });
    },
  },
  {
    id: 'formation-groups',
    severity: 'blocker',
    title: 'A formation of several groups can be upgraded, and rolled back, as one',
    scope: 'cluster',
    why: 'All groups are one database: none is rolled back alone, and what holds for one must hold for each.',
    source:
      'pg_auto_failover v2.0, src/monitor/formation_metadata.c; seen with Citus 13.2.2 from 15.20 to 17.12. docs/citus.md',
    judge: ({ facts }): readonly CheckAnswer[] =>
      facts === null ? [] : refusedOfGroups(facts).map((one) => ({ kind: 'found', host: null, ...one })),
  },
  {
    id: 'fallback-copy',
    severity: 'warning',
    title: 'A rollback after the first start has somewhere to go',
    scope: 'cluster',
    why: 'The new version changes the files that it shares with the old directory by hard links. With a secondary the old data stays whole there; with none nothing of the old version can be started from then on.',
    source: 'PostgreSQL, pg_upgrade, “Reverting to old cluster”; docs/runbook.md, “Rollback”',
    // The monitor tells how many nodes there are: one that does not answer is none of the facts.
    judge: ({ facts, state }): readonly CheckAnswer[] =>
      facts === null || state === null || facts.mode !== 'link' || state.nodes.length > 1
        ? []
        : [
            {
              kind: 'found',
              host: null,
              found: `${primaryOf(facts).alias} is the only node, and pg_upgrade links: once ${facts.newMajor} has been started, a rollback is only possible from a backup`,
              remedy:
                'set upgrade.mode to copy in the cluster file (or to clone, where the file system has reflinks): the old directory then stays whole, at the cost of its size on disk and of the time to copy it; or add a secondary first; or accept it, with a backup at hand',
            },
          ],
  },
  {
    id: 'state-file-layout',
    severity: 'blocker',
    title: 'pg_autoctl’s state file has a layout that is known here',
    scope: 'every node',
    why: 'The new system identifier is written into it in the downtime, so that each node keeps its id, name, priority and quorum.',
    source:
      'pg_auto_failover, src/bin/pg_autoctl/state.h, KeeperStateData: layout 1 up to 2.2, layout 2 on its main branch (commit bc8c6ae0 of 2026-08-03)',
    judge: onEach('every node', inspected, ({ facts, inspection }): Issue | null => {
      const { stateFile } = inspection;
      if (
        stateFile === null ||
        (stateFile.bytes === stateFileSize && knownLayouts.includes(stateFile.layout)) ||
        !isNode(facts)
      )
        return null;
      return {
        found: `${facts.stateFile} has layout ${stateFile.layout} and ${stateFile.bytes} bytes, not layout ${knownLayouts.join(' or ')} and ${stateFileSize} bytes`,
        remedy:
          'use a release of pgaf-upgrade that knows this pg_auto_failover; nothing is written into such a file',
        command: sh`${facts.oldAutoctl} show file --state --contents --pgdata ${facts.pgdata}`.text,
      };
    }),
  },
  {
    id: 'nodes-in-place',
    severity: 'blocker',
    title: 'Every node is primary or secondary, reported and assigned',
    scope: 'every node',
    why: 'A node in maintenance, catching up or between two states is no fallback copy without loss, and the monitor refuses the orders that open the window.',
    source:
      'pg_auto_failover, docs/failover-state-machine.rst; src/monitor/node_active_protocol.c, start_maintenance',
    judge: aboutNodes((node, host) => {
      const settled = node.reported === node.assigned;
      if (
        settled &&
        (node.reported === 'primary' || node.reported === 'secondary' || node.reported === 'single')
      )
        return null;
      const resting = node.reported === 'maintenance' && node.assigned === 'maintenance';
      // Why it stays so: nodes-healthy.
      if (withoutAutoctl(host) !== null) return null;
      return {
        found: settled ? `it is in ${node.reported}` : `it is ${node.reported}, assigned ${node.assigned}`,
        remedy: resting
          ? 'on that node, end its maintenance and wait until it is secondary'
          : 'wait until it is primary or secondary; if it stays so, look at its log',
        command: resting ? 'pg_autoctl disable maintenance' : 'pg_autoctl show state',
      };
    }),
  },
  {
    id: 'nodes-healthy',
    severity: 'blocker',
    title: 'The monitor hears of every node and finds it healthy',
    scope: 'every node',
    why: 'A node that is down now cannot be stopped at the same checkpoint as the others, and pg_auto_failover may act on it in the middle of the window.',
    source:
      'pg_auto_failover, src/monitor/health_check_metadata.c, SetNodeHealthState; node_metadata.c, UnhealthyTimeoutMs',
    judge: aboutNodes((node, host, hosts) => {
      const silent = node.reportAge > silentSeconds;
      const without = withoutAutoctl(host);
      if (without !== null)
        return {
          found: `no pg_autoctl runs there: it stays ${node.reported}, assigned ${node.assigned}, and its last report is ${Math.round(node.reportAge)} s old`,
          remedy: 'start pg_autoctl there, and wait until it is primary or secondary',
          command: startAutoctl(without),
        };
      if (node.health === 1 && !silent) return null;
      if (!silent && hosts.some((one) => one.role === 'primary' && lacksPostgres(one)))
        return endedThere('the monitor’s health check', 'databases-connectable');
      const health = node.health === 0 ? 'unreachable for the monitor' : 'not checked by the monitor yet';
      return {
        found: silent
          ? `its last report is ${Math.round(node.reportAge)} s old${node.health === 1 ? '' : `, and it is ${health}`}`
          : `it is ${health}`,
        remedy: 'start its service, or drop the node if it is gone for good',
        command: 'systemctl status pgautofailover',
      };
    }),
  },
  {
    id: 'replication-lag',
    severity: 'warning',
    title: 'The secondaries keep up',
    scope: 'primary',
    why: 'After the primary has stopped, the downtime lasts until each secondary has received and replayed everything that it lacks.',
    source: 'PostgreSQL, pg_stat_replication, replay_lsn',
    judge: onEach('primary', served, ({ server }) =>
      server.senders
        .filter((sender) => (sender.lagBytes ?? 0) > lagBytes || sender.state !== 'streaming')
        .map((sender) => ({
          found:
            sender.state === 'streaming'
              ? `${sender.name} has ${Math.round((sender.lagBytes ?? 0) / 1024 / 1024)} MB to receive or replay`
              : `${sender.name} is in ${sender.state ?? 'no state'}, not streaming`,
          remedy: 'wait until it has caught up; begin the window at a quiet hour',
          command: inPsql('postgres', 'select application_name, state, replay_lag from pg_stat_replication'),
        })),
    ),
  },
  {
    id: 'replay-goes-on',
    severity: 'blocker',
    title: 'Nothing holds up the replay of a secondary',
    scope: 'secondaries',
    why: 'A secondary becomes a fallback copy by replaying the primary’s shutdown checkpoint, while the application waits.',
    source:
      'PostgreSQL, “Standby Servers”, recovery_min_apply_delay; “Recovery Control Functions”, pg_wal_replay_pause',
    judge: onEach('secondaries', served, ({ server }): readonly Issue[] => {
      const delay = server.settings.recovery_min_apply_delay ?? '0';
      return [
        ...(server.replayPaused
          ? [
              {
                found: 'its replay is paused',
                remedy: 'resume it before the window',
                command: inPsql('postgres', 'select pg_wal_replay_resume()'),
              },
            ]
          : []),
        ...(delay === '0'
          ? []
          : [
              {
                found: `recovery_min_apply_delay is ${delay} ms`,
                remedy:
                  'set it to 0 for the window, and wait until the secondary has replayed what it holds back',
                command: inPsql(
                  'postgres',
                  'alter system set recovery_min_apply_delay = 0',
                  'select pg_reload_conf()',
                ),
              },
            ]),
      ];
    }),
  },
  {
    id: 'sync-standbys',
    severity: 'warning',
    title: 'The quorum holds one standby more than number_sync_standbys',
    scope: 'cluster',
    why: 'With fewer standbys every write waits as soon as one of them is away, and each of them is rebuilt after the window. The monitor’s own function would refuse the number: the number is restored at the end as it is, in its row.',
    source: 'pg_auto_failover, src/monitor/formation_metadata.c, FormationNumSyncStandbyIsValid',
    judge: ({ state }) => {
      if (state === null) return withoutMonitor;
      const { numberSyncStandbys: number, formation } = state;
      const standbys = state.nodes.filter((node) => !isPrimary(node));
      const quorum = standbys.filter((node) => node.quorum).length;
      if (number === 0 || standbys.length === 0 || quorum > number) return [];
      const only =
        quorum === 0
          ? 'no standby is in the quorum: no write waits for any'
          : `the quorum holds ${quorum} ${quorum === 1 ? 'standby' : 'standbys'}: ${quorum < number ? 'every write waits' : 'with one of them away every write waits'}`;
      const fitting = Math.max(0, quorum - 1);
      return [
        {
          kind: 'found',
          host: null,
          found: `number_sync_standbys is ${number}, and ${only}`,
          remedy: `take another standby into the quorum (pg_autoctl set node replication-quorum true, on it), or set the number to ${fitting}; else it is restored as it is`,
          command: `pg_autoctl set formation number-sync-standbys ${fitting} --formation ${formation}`,
        },
      ];
    },
  },
  {
    id: 'prepared-transactions',
    severity: 'blocker',
    title: 'No transaction is left prepared',
    scope: 'primary and monitor',
    why: 'pg_upgrade refuses a cluster that holds prepared transactions, and by then the primary is stopped.',
    source: 'PostgreSQL, src/bin/pg_upgrade/check.c, check_for_prepared_transactions',
    judge: onEach('primary and monitor', served, ({ server }) =>
      server.prepared.flatMap((one): readonly Issue[] => {
        const found = `${one.gid} of ${one.owner} in ${one.database}, prepared ${Math.round(one.seconds)} s ago`;
        const owner = citusOwner(one.gid);
        if (owner === null)
          return [
            {
              found,
              remedy: 'ask whoever prepared it, then commit or roll it back in that database',
              command: inPsql(one.database, `rollback prepared '${one.gid.replaceAll("'", "''")}'`),
            },
          ];
        // What Citus commits on several nodes is prepared for a moment, and what it has left it ends by itself.
        return one.seconds < citusRecoverySeconds
          ? []
          : [
              {
                found,
                remedy: `let ${owner} end it, which began it and knows alone whether it was committed: never by hand, or half of a transaction on several nodes is lost. See that it reaches this node`,
                command: `${inPsql(one.database, recoverCitus)}   # on ${owner}`,
              },
            ];
      }),
    ),
  },
  {
    id: 'long-transactions',
    severity: 'warning',
    title: 'No transaction has been open for more than a minute',
    scope: 'primary',
    why: 'The stop of the primary ends every session: what such a transaction has done is rolled back, and whoever started it should know.',
    source: 'PostgreSQL, Shutting Down the Server; pg_stat_activity',
    judge: onEach('primary', served, ({ server }) =>
      server.longTransactions
        .filter((one) => one.seconds >= longSeconds)
        .map((one) => ({
          found: `pid ${one.pid} of ${one.user ?? '?'} in ${one.database ?? '?'}, ${one.state ?? '?'}, open for ${Math.round(one.seconds)} s`,
          remedy: 'tell its owner, or end it before the window',
          command: inPsql('postgres', `select pg_terminate_backend(${one.pid})`),
        })),
    ),
  },
  {
    id: 'logical-slots',
    severity: 'warning',
    title: 'No logical replication slot is lost',
    scope: 'primary',
    why: 'pg_upgrade keeps logical slots only from 17 on, and only those that were read to their end when the primary stopped. Subscribers of others lose their place and must be set up anew.',
    source: 'PostgreSQL 17, pg_upgrade, “Prepare for publisher upgrades”; src/bin/pg_upgrade/info.c',
    judge: onEach('primary', served, ({ server }, _host, { oldMajor, facts }) =>
      slotsOfOthers(server.slots, facts)
        .filter(({ kind, active }) => kind === 'logical' && !(active && (oldMajor ?? 0) >= 17))
        .map((slot) => ({
          found: `${slot.name} (${slot.plugin ?? '?'}) in ${slot.database ?? '?'}${slot.active ? ', in use' : ', nobody reads it at this moment'}`,
          remedy:
            (oldMajor ?? 0) >= 17
              ? 'see to it that its consumer has read everything when the primary stops, or pg_upgrade refuses; drop the slot if it is not needed anymore'
              : 'plan with its consumer how it starts over after the window; drop the slot when the consumer has stopped',
          command: inPsql(
            'postgres',
            `select pg_drop_replication_slot('${slot.name.replaceAll("'", "''")}')`,
          ),
        })),
    ),
  },
  {
    id: 'physical-slots',
    severity: 'warning',
    title: 'No replication slots that are not pg_auto_failover’s',
    scope: 'primary',
    why: 'pg_upgrade carries no physical slots: a standby or an archiver outside the cluster that relies on one must be rebuilt or given a new one.',
    source: 'PostgreSQL, pg_upgrade, Notes; pg_auto_failover names its own pgautofailover_standby_N',
    judge: onEach('primary', served, ({ server }) =>
      server.slots
        .filter((slot) => slot.kind === 'physical' && !/^pgautofailover_standby_\d+$/.test(slot.name))
        .map((slot) => ({
          found: `${slot.name}${slot.active ? ', in use' : ''}`,
          remedy: 'find out who uses it; make it again on the new primary when the window is over',
          command: inPsql(
            'postgres',
            `select pg_create_physical_replication_slot('${slot.name.replaceAll("'", "''")}')`,
          ),
        })),
    ),
  },
];
