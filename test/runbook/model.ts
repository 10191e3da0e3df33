import { parseSections } from '../../source/cluster/checks/sections.ts';
import {
  type ClusterFacts,
  type HostFacts,
  hostsOf,
  isNode,
  linkedOf,
  type NodeFacts,
  primaryOf,
  secondariesOf,
} from '../../source/cluster/facts.ts';
import { groupOfHost, groupsOf } from '../../source/cluster/formation.ts';
import type { MonitorNode, MonitorState } from '../../source/cluster/monitor-state.ts';
import type {
  Control,
  DirectoryView,
  HostObservation,
  Observations,
  ServerView,
} from '../../source/cluster/observations.ts';
import { problem } from '../../source/cluster/result.ts';
import type { NodeState } from '../../source/cluster/states.ts';
import type { Word } from '../../source/cluster/words.ts';
import { factsId } from '../../source/runbook/language/facts-id.ts';
import { dropInFile } from '../../source/runbook/shell/service.ts';
import { privateSocket } from '../../source/runbook/shell/shell.ts';
import { keyComment } from '../../source/runbook/steps/hard-link/names.ts';
import { healthyInspection, healthyLog } from './checks/healthy-host.ts';
import { monitorIdentifier, newIdentifier, newMonitorIdentifier } from './clusters.ts';
import { word } from './word.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Host = Mutable<HostObservation>;
type Cluster = Extract<DirectoryView, { kind: 'cluster' }>;

/** Where the old primary's shutdown checkpoint is, and what the secondaries have received after it. */
export const shutdownCheckpoint = '0/16000028';
const receivedAfterIt = '0/160000A0';

const control = (systemIdentifier: string, state: string, checkpoint: string, modified: string): Control => ({
  systemIdentifier: word(systemIdentifier),
  state,
  checkpoint,
  timeline: 1,
  modified,
  nextXid: '4242',
  rewindable: true,
});

/** How a standby calls itself on the primary, as seen in pg_stat_replication on the lab. */
const senderName = (node: NodeFacts): string => `pgautofailover_standby_${node.nodeId}`;

const addressOf = (node: NodeFacts): Word<never> => word(`10.79.0.${10 + node.nodeId}`);

/** What ssh-keygen and sshd have made on the lab; not in use anywhere. */
const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFb8rVBLGExdOKXEJOSzdbKwacty096TfoioT3XEn+WK';
const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICKYcihYnif5blbSTZqQvNW2Nj8zqnsbpoVpryEGXz7b';

/** As rsync 3.5.0 says it on the lab. */
const sends = (...paths: readonly string[]): string =>
  `rsync --server --sender -lHogDtpre.LsfxCIvu . ${paths.map((path) => path.replace(/[^A-Za-z0-9_./-]/g, '\\$&')).join(' ')}`;

const unmarked = ({ mark: _mark, ...directory }: Cluster): Cluster => directory;

const absent: DirectoryView = { kind: 'absent' };

/** The system that a group has behind its initdb: each one another. */
const newIdentifierOf = (group: number): string =>
  group === 0 ? newIdentifier : String(BigInt(newIdentifier) + BigInt(group));

/**
 * What a cluster does when a step's script runs on it, as seen on the lab: the same effects on disks, processes and
 * the monitor's rows. Steps are known by their ids, never by looking into the runbook's probes.
 */
export class Model {
  readonly facts: ClusterFacts;
  readonly hosts = new Map<string, Host>();
  readonly unreachable = new Set<string>();
  /** The run whose steps these are: the facts' own, unless the console that runs them has another. */
  runName: string;
  #monitor: Mutable<MonitorState>;
  #clock = 0;

  constructor(facts: ClusterFacts) {
    this.facts = facts;
    this.runName = facts.run;
    for (const host of hostsOf(facts)) this.hosts.set(host.alias, this.#asRunning(host));
    this.#monitor = {
      formation: facts.formation,
      numberSyncStandbys: facts.numberSyncStandbys,
      serverVersion: facts.monitor.oldVersion,
      extensionVersion: facts.monitor.extensionVersion,
      defaultExtensionVersion: facts.monitor.extensionVersion,
      listening: true,
      nodes: facts.before,
      others: [],
      events: [],
    };
    this.#publish();
  }

  world(): Observations {
    return {
      hosts: Object.fromEntries(
        [...this.hosts].map(([alias, host]) => [
          alias,
          this.unreachable.has(alias)
            ? { kind: 'unseen' as const, at: 0, problem: problem(`${alias} is not reached`, 'wait') }
            : { kind: 'seen' as const, at: 0, host: { ...host } },
        ]),
      ),
    };
  }

  host(alias: string): Host {
    const host = this.hosts.get(alias);
    if (host === undefined) throw new Error(`no host ${alias} in this cluster`);
    return host;
  }

  /** A state of a node as the monitor shows it. */
  row(name: string, reported: NodeState, assigned: NodeState = reported): void {
    this.#rows((row) => (row.name === name ? { ...row, reported, assigned } : row));
  }

  /** What the monitor's database holds, which answers while its server runs. */
  get monitor(): Mutable<MonitorState> {
    return this.#monitor;
  }

  /** What was changed in {@link monitor}, or by a start or stop of its server, is what its host shows. */
  publish(): void {
    this.#clock += 1;
    this.#publish();
  }

  get now(): string {
    return this.#now();
  }

  /** A server that runs, as it shows itself. */
  server(version: string, change: Partial<ServerView> = {}): ServerView {
    return this.#server(version, change);
  }

  /** A node is a standby on a base backup, or on data of the same system, and streams. */
  joined(facts: NodeFacts, from: NodeFacts, major: number, keeps: boolean): void {
    const host = this.host(facts.alias);
    const version = major === this.facts.oldMajor ? facts.oldVersion : facts.newVersion;
    const of = control(
      major === this.facts.oldMajor ? this.#of(facts).systemIdentifier : this.#newIdentifier(facts),
      'in archive recovery',
      '0/3000060',
      this.#now(),
    );
    const state = { running: true, standby: true, tablespaces: facts.tablespaces };
    host.data =
      keeps && host.data.kind === 'cluster'
        ? { ...host.data, ...state, control: of }
        : this.#cluster(major, of, state);
    host.server = this.#server(version, { inRecovery: true, lsn: '0/3000100' });
    this.#stream(from, [facts]);
  }

  /** What a successful run of a step's script does. */
  run(stepId: string): void {
    this.#clock += 1;
    const [, alias = '', name = ''] = /^[A-I]\.(.+)\.([^.]+)$/.exec(stepId) ?? [];
    const facts = hostsOf(this.facts).find((host) => host.alias === alias);
    if (facts === undefined) throw new Error(`${stepId} is on no host of this cluster`);
    // Of a worker's group, by the monitor's host: the group's number stands behind the step's name.
    const [, plainName = name, number = ''] = /^(.+)-(\d+)$/.exec(name) ?? [];
    const workers = this.facts.workers?.find(({ group }) => alias === 'monitor' && String(group) === number);
    const group = groupsOf(this.facts).find((one) => one.group === workers?.group) ?? this.#of(facts);
    const effect = workers === undefined ? name : plainName;
    const host = this.host(alias);
    // What a step of the cluster file's own does lies outside the cluster: its marker file alone is seen.
    if (name.startsWith('custom-')) host.markers = [...host.markers, name.replace('_', '.')];
    else this.#effect(stepId.slice(0, 1), effect.replace(/-for-.*/, ''), facts, host, group);
    this.#publish();
  }

  #effect(phase: string, name: string, facts: HostFacts, host: Host, group: ClusterFacts): void {
    const node = isNode(facts) ? facts : null;
    switch (name) {
      case 'left-parts':
        return;
      case 'tablespaces':
        host.tablespaces = host.tablespaces.map((one) => ({ ...one, hasAside: one.hasAside || one.mayMake }));
        return;
      case 'tablespaces-root':
        host.tablespaces = host.tablespaces.map((one) => ({ ...one, hasAside: true }));
        return;
      case 'save':
        host.markers = [
          `save-${factsId(this.runName === group.run ? group : { ...group, run: word(this.runName) })}`,
        ];
        return;
      case 'checks':
        host.checks = { inspection: healthyInspection(facts), dryRun: parseSections(healthyLog(facts)) };
        host.markers = [...host.markers, name];
        return;
      case 'steps-syntax':
      case 'check':
      case 'configuration':
      case 'verify':
      case 'analyze-1':
      case 'analyze':
      case 'compare':
      case 'extensions':
      case 'final':
        host.markers = [...host.markers, name];
        return;
      case 'initdb':
        host.newData = this.#cluster(
          this.facts.newMajor,
          control(
            node === null ? newMonitorIdentifier : this.#newIdentifier(facts),
            'shut down',
            '0/1000028',
            this.#now(),
          ),
          { databases: 0, hasConfiguration: false, mark: this.#mark(facts) },
        );
        return;
      case 'sync-standbys-0':
        this.#monitor.numberSyncStandbys = 0;
        return;
      case 'maintenance':
        this.#maintain(facts.alias);
        return;
      case 'link-key':
      case 'link-let-in':
      case 'link-rehearsal':
      case 'link-forget':
      case 'link-drop':
      case 'link':
      case 'own-files':
      case 'stream':
        this.#link(name, host, primaryOf(group));
        return;
      case 'guard':
        if (host.unit !== null)
          host.unit = {
            ...host.unit,
            killMode: 'mixed',
            enabled: false,
            dropIns: [dropInFile(word('pgautofailover.service'))],
          };
        return;
      case 'checkpoint':
        return;
      case 'citus-prepare':
        host.markers = [...host.markers, name];
        return;
      case 'citus-finish':
        host.markers = [...host.markers, 'citus'];
        return;
      case 'stop':
        this.stop(facts);
        return;
      case 'pg-upgrade':
        this.#upgrade(facts, host);
        return;
      case 'swap':
        host.backupData = this.#aside(facts, host);
        host.data = { ...unmarked(this.#only(host.newData)), hasConfiguration: true };
        host.newData = absent;
        return;
      case 'pg-ctl':
        host.pgCtl = `${facts.newBindir}/pg_ctl`;
        return;
      case 'unit':
        if (host.unit !== null) host.unit = { ...host.unit, program: facts.newAutoctl };
        return;
      case 'private-start':
        this.#wake(host, '0/20000C0');
        if (this.facts.mode === 'link')
          host.backupData = { ...this.#only(host.backupData), madeUnstartable: true };
        host.server = this.#server(facts.newVersion, {
          listenAddresses: '',
          socketDirectories: privateSocket(facts),
        });
        return;
      case 'hand-over':
        this.#sleep(host, 'shut down', '0/2000140');
        host.stateIdentifier = this.#newIdentifier(facts);
        host.handedOver = { control: this.#controlOf(host.data), at: '2026-11-23T02:17:00Z' };
        return;
      case 'identifier':
        this.#rows((row) =>
          row.group === group.group ? { ...row, systemIdentifier: word(newIdentifierOf(row.group)) } : row,
        );
        return;
      case 'state-file':
        host.stateIdentifier = this.#newIdentifier(facts);
        return;
      case 'start':
        this.#start(phase, facts, host);
        return;
      case 'aside':
        host.backupData = this.#aside(facts, host);
        host.data = absent;
        return;
      case 'join':
        this.#join(facts, host);
        return;
      case 'wal':
        host.data = { ...this.#only(host.data), ...(facts.wal === null ? {} : { wal: facts.wal.next }) };
        return;
      case 'wal-maintenance':
        this.row(facts.alias, 'maintenance');
        host.inMaintenance = true;
        host.markers = [...host.markers, name];
        return;
      case 'wal-stop':
        this.stop(facts);
        return;
      case 'wal-start':
        this.#start(phase, facts, host);
        return;
      case 'wal-rejoin':
        this.row(facts.alias, 'secondary');
        host.inMaintenance = false;
        this.#wake(host, '0/3000060');
        host.data = { ...this.#only(host.data), standby: true };
        host.server = this.#server(facts.newVersion, { inRecovery: true, lsn: '0/3000100' });
        return;
      case 'sync-standbys':
        this.#monitor.numberSyncStandbys = this.facts.numberSyncStandbys;
        return;
      case 'unguard':
        this.unguard(facts);
        return;
      case 'switchover':
        this.#promote(secondariesOf(group)[0], primaryOf(group), host);
        return;
      case 'switch-back':
        this.#promote(primaryOf(group), secondariesOf(group)[0], host);
        return;
      default:
        throw new Error(`the model does not know what ${name} does`);
    }
  }

  /** The unit is as it was before the window. */
  unguard(facts: HostFacts): void {
    const host = this.host(facts.alias);
    if (host.unit !== null)
      host.unit = {
        ...host.unit,
        killMode: 'control-group',
        enabled: facts.service.kind === 'systemd' && facts.service.enabled,
        dropIns: [],
        held: false,
      };
  }

  /** pg_autoctl and PostgreSQL are gone, cleanly. */
  stop(facts: HostFacts): void {
    const host = this.host(facts.alias);
    host.pgAutoctl = 'stopped';
    if (host.unit !== null) host.unit = { ...host.unit, active: false, held: true };
    const secondary = isNode(facts) && facts.role === 'secondary';
    this.#sleep(host, secondary ? 'shut down in recovery' : 'shut down', shutdownCheckpoint);
    if (isNode(facts) && !secondary)
      for (const node of secondariesOf(this.#of(facts))) {
        const { server } = this.host(node.alias);
        if (server !== null) this.host(node.alias).server = { ...server, lsn: receivedAfterIt };
      }
  }

  /** Somebody starts the old server on the primary where it can be started, an application writes, and it is stopped again. */
  oldHasRun(checkpoint: string): void {
    const host = this.host(primaryOf(this.facts).alias);
    for (const key of ['data', 'backupData'] as const) {
      const directory = host[key];
      if (directory.kind !== 'cluster' || directory.major !== this.facts.oldMajor || directory.running)
        continue;
      if (directory.controlRenamed || directory.madeUnstartable || directory.control === null) continue;
      host[key] = { ...directory, control: { ...directory.control, checkpoint, modified: this.#now() } };
    }
  }

  /** What is done for a secondary that takes over the primary's links. */
  #link(name: string, host: Host, primary: NodeFacts): void {
    const { transfer } = host;
    switch (name) {
      case 'link-key':
        host.transfer = {
          ...transfer,
          publicKey,
          lines: [
            ...primary.tablespaces.map((location) => sends(`${location}_aside`, location)),
            sends(primary.backupData, primary.data),
            sends(`${primary.workDir}/link/rehearsal`),
          ],
        };
        return;
      case 'link-let-in':
        host.transfer = {
          ...transfer,
          hostKeys: [hostKey],
          authorized: linkedOf(this.facts).map(
            (one) =>
              `restrict,from="${addressOf(one)}",command="sh …" ${publicKey} ${keyComment(primary, one)}`,
          ),
        };
        return;
      case 'link-rehearsal':
        host.transfer = { ...transfer, tried: true };
        return;
      case 'link-forget':
        host.transfer = { ...transfer, hostKeys: [], authorized: [] };
        return;
      case 'link-drop':
        host.transfer = { ...transfer, publicKey: null, lines: [], tried: false };
        return;
      case 'link': {
        const theirs = this.#only(this.host(primary.alias).data);
        host.data = { ...theirs, standby: false, hasConfiguration: false };
        host.backupData = { ...this.#only(host.backupData), hasHardLinks: true };
        host.fingerprint = theirs.control;
        this.#part(host);
        return;
      }
      case 'own-files':
        host.transfer = { ...transfer, publicKey: null, lines: [], tried: false };
        host.data = { ...this.#only(host.data), standby: true, hasConfiguration: true };
        return;
      case 'stream':
        host.data = {
          ...this.#only(host.data),
          control: control(this.#newIdentifier(primary), 'shut down in recovery', '0/3000060', this.#now()),
        };
        host.backupData = { ...this.#only(host.backupData), madeUnstartable: true };
        return;
    }
  }

  /** The new version's part of each tablespace is in its own directory. */
  #part(host: Host): void {
    const part = { aside: '', major: this.facts.newMajor };
    host.tablespaces = host.tablespaces.map((one) => ({ ...one, parts: [...one.parts, part] }));
  }

  /** The old directory as it lies aside, its parts of the tablespaces with it. */
  #aside(facts: HostFacts, host: Host): Cluster {
    const name = `pg${this.facts.oldMajor}_bak`;
    host.tablespaces = host.tablespaces.map((one) => {
      if (!one.hasAside) throw new Error('there is no place beside the tablespace');
      return {
        ...one,
        parts: one.parts.map((part) =>
          part.major === this.facts.oldMajor ? { ...part, aside: name } : part,
        ),
      };
    });
    const tablespaces = facts.tablespaces.map((location) => `${location}_aside/${name}`);
    return { ...this.#only(host.data), tablespaces, mark: this.#mark(facts) };
  }

  #upgrade(facts: HostFacts, host: Host): void {
    const old = this.#only(host.data);
    const shared = isNode(facts) && this.facts.mode === 'link';
    if (isNode(facts)) host.stopped = old.control;
    // pg_upgrade starts the old server, so its checkpoint moves on.
    host.data = {
      ...old,
      controlRenamed: shared,
      hasHardLinks: shared,
      control:
        old.control === null ? null : { ...old.control, checkpoint: '0/17000028', modified: this.#now() },
    };
    const fresh = this.#only(host.newData);
    const left = control(fresh.control?.systemIdentifier ?? '', 'shut down', '0/2000028', this.#now());
    host.newData = { ...fresh, control: left, databases: 1, tablespaces: facts.tablespaces };
    this.#part(host);
    host.fingerprint = left;
    host.oldFingerprint = this.#controlOf(host.data);
  }

  #maintain(alias: string): void {
    this.row(alias, 'maintenance');
    this.host(alias).inMaintenance = true;
    const group = groupOfHost(this.facts, alias);
    const primary = primaryOf(group);
    const left = this.#monitor.nodes.filter(
      (row) => row.group === group.group && row.name !== primary.alias && row.reported !== 'maintenance',
    );
    if (left.length > 0) return;
    this.row(primary.alias, 'wait_primary');
    const { server } = this.host(primary.alias);
    if (server !== null) this.host(primary.alias).server = { ...server, synchronousStandbyNames: '' };
  }

  #start(phase: string, facts: HostFacts, host: Host): void {
    host.pgAutoctl = 'runs';
    const atBoot = facts.service.kind === 'systemd' && facts.service.enabled && phase !== 'H';
    if (host.unit !== null)
      host.unit = { ...host.unit, active: true, held: false, enabled: host.unit.enabled || atBoot };
    if (phase === 'H') return;
    this.#wake(host, '0/3000060');
    host.server = this.#server(facts.newVersion);
    if (isNode(facts))
      this.row(facts.alias, secondariesOf(this.#of(facts)).length === 0 ? 'single' : 'wait_primary');
    else {
      this.#monitor.serverVersion = facts.newVersion;
      this.#monitor.extensionVersion = word('2.2');
      this.#monitor.defaultExtensionVersion = word('2.2');
    }
  }

  #join(facts: HostFacts, host: Host): void {
    if (host.data.kind === 'absent') this.#part(host);
    host.data = this.#cluster(
      this.facts.newMajor,
      control(this.#newIdentifier(facts), 'in archive recovery', '0/3000060', this.#now()),
      { running: true, standby: true, tablespaces: facts.tablespaces },
    );
    host.server = this.#server(facts.newVersion, { inRecovery: true, lsn: '0/3000100' });
    this.row(facts.alias, 'secondary');
    host.inMaintenance = false;
    const primary = primaryOf(this.#of(facts));
    this.row(primary.alias, 'primary');
    if (isNode(facts)) this.#stream(primary, [facts]);
  }

  #promote(to: NodeFacts | undefined, from: NodeFacts | undefined, monitor: Host): void {
    if (to === undefined || from === undefined) throw new Error('a switchover needs two nodes');
    this.row(to.alias, 'primary');
    this.row(from.alias, 'secondary');
    const [up, down] = [this.host(to.alias), this.host(from.alias)];
    up.data = { ...this.#only(up.data), standby: false };
    down.data = { ...this.#only(down.data), standby: true };
    up.server = this.#server(to.newVersion);
    down.server = this.#server(from.newVersion, { inRecovery: true, lsn: '0/3000200' });
    this.#stream(
      to,
      this.#of(to).nodes.filter((node) => node !== to),
    );
    monitor.markers = [...monitor.markers, `promoted-${to.alias}`];
  }

  #stream(from: NodeFacts, to: readonly NodeFacts[]): void {
    const { server } = this.host(from.alias);
    if (server === null) return;
    const senders = to.map((node) => ({
      // After a rollback through a fallback copy the node has a new id.
      name: senderName({
        ...node,
        nodeId: this.#monitor.nodes.find((row) => row.name === node.alias)?.id ?? node.nodeId,
      }),
      state: 'streaming',
      sync: 'quorum',
      flushed: '0/3000100',
      replayed: '0/3000100',
      address: addressOf(node),
    }));
    this.host(from.alias).server = { ...server, senders: [...server.senders, ...senders] };
  }

  #sleep(host: Host, state: string, checkpoint: string): void {
    const data = this.#only(host.data);
    host.server = null;
    host.data = {
      ...data,
      running: false,
      control: control(data.control?.systemIdentifier ?? '', state, checkpoint, this.#now()),
    };
  }

  #wake(host: Host, checkpoint: string): void {
    const data = this.#only(host.data);
    host.data = {
      ...data,
      running: true,
      control: control(data.control?.systemIdentifier ?? '', 'in production', checkpoint, this.#now()),
    };
  }

  /** The group of a host, the monitor's the first. */
  #of(facts: HostFacts): ClusterFacts {
    return groupOfHost(this.facts, facts.alias);
  }

  #newIdentifier(facts: HostFacts): string {
    return newIdentifierOf(this.#of(facts).group);
  }

  /** What our scripts write into a directory that this run has made or put aside. */
  #mark(facts: HostFacts): NonNullable<Cluster['mark']> {
    return { run: this.runName, system: this.#of(facts).systemIdentifier };
  }

  #only(directory: DirectoryView): Cluster {
    if (directory.kind !== 'cluster')
      throw new Error('there is no cluster in this directory: a step ran too early');
    return directory;
  }

  #controlOf(directory: DirectoryView): Control {
    const found = this.#only(directory).control;
    if (found === null) throw new Error('this directory has no pg_control');
    return found;
  }

  #rows(change: (row: MonitorNode) => MonitorNode): void {
    this.#monitor.nodes = this.#monitor.nodes.map(change);
    this.#publish();
  }

  /** The monitor's database answers while its server runs. */
  #publish(): void {
    const host = this.hosts.get('monitor');
    if (host !== undefined) host.monitor = host.server === null ? null : { ...this.#monitor };
  }

  #now(): string {
    return `Mon 23 Nov 2026 ${String(2 + Math.floor(this.#clock / 60)).padStart(2, '0')}:${String(this.#clock % 60).padStart(2, '0')}:00 AM UTC`;
  }

  #cluster(major: number, of: Control, change: Partial<Cluster> = {}): Cluster {
    return {
      kind: 'cluster',
      major,
      control: of,
      controlRenamed: false,
      madeUnstartable: false,
      hasHardLinks: false,
      running: false,
      standby: false,
      databases: 1,
      hasConfiguration: true,
      tablespaces: [],
      ...change,
    };
  }

  #server(version: string, change: Partial<ServerView> = {}): ServerView {
    return {
      version: `${version} (Debian ${version}-0+deb)`,
      inRecovery: false,
      lsn: '0/15C22000',
      synchronousStandbyNames: '',
      listenAddresses: '*',
      socketDirectories: '/var/run/postgresql',
      readOnly: false,
      nextXid: '4242',
      startedAt: '2026-11-23T01:00:00Z',
      senders: [],
      prepared: [],
      ...change,
    };
  }

  #asRunning(facts: HostFacts): Host {
    const secondary = isNode(facts) && facts.role === 'secondary';
    const of = control(
      isNode(facts) ? this.#of(facts).systemIdentifier : monitorIdentifier,
      secondary ? 'in archive recovery' : 'in production',
      '0/15000028',
      this.#now(),
    );
    const server = this.#server(facts.oldVersion, {
      inRecovery: secondary,
      synchronousStandbyNames:
        isNode(facts) && !secondary && this.facts.numberSyncStandbys > 0
          ? 'ANY 1 (pgautofailover_standby_2, pgautofailover_standby_3)'
          : '',
      senders:
        isNode(facts) && !secondary
          ? secondariesOf(this.#of(facts)).map((node) => ({
              name: senderName(node),
              state: 'streaming',
              sync: 'quorum',
              flushed: '0/15C22000',
              replayed: '0/15C22000',
              address: addressOf(node),
            }))
          : [],
    });
    return {
      alias: facts.alias,
      data: this.#cluster(this.facts.oldMajor, of, {
        running: true,
        standby: secondary,
        tablespaces: facts.tablespaces,
      }),
      newData: absent,
      backupData: absent,
      tablespaces: facts.tablespaces.map((location, index) => ({
        location,
        hasAside: false,
        // The first lies in a directory of postgres's, the others in one of root's.
        mayMake: index === 0,
        parts: [{ aside: '', major: this.facts.oldMajor }],
      })),
      unit:
        facts.service.kind === 'none'
          ? null
          : {
              loaded: true,
              active: true,
              enabled: facts.service.enabled,
              killMode: 'control-group',
              program: facts.oldAutoctl,
              dropIns: [],
              activeSince: 'Mon 2026-11-23 01:00:00 UTC',
              held: false,
            },
      pgAutoctl: 'runs',
      pgCtl: `${facts.oldBindir}/pg_ctl`,
      stateIdentifier: isNode(facts) ? this.#of(facts).systemIdentifier : null,
      inMaintenance: false,
      server,
      fingerprint: null,
      oldFingerprint: null,
      handedOver: null,
      stopped: null,
      stoppedAt: null,
      controlWritten: null,
      markers: [],
      transfer: { publicKey: null, lines: [], tried: false, hostKeys: [], authorized: [] },
      abandoned: [],
      leftovers: [],
      deleteScripts: [],
      upgradePortBusy: false,
      checks: null,
      monitor: null,
    };
  }
}
