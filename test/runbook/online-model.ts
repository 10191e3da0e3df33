import { keepWalMegabytes } from '../../source/cluster/config/keep-wal.ts';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { primaryOf } from '../../source/cluster/facts.ts';
import type {
  DirectoryView,
  HostObservation,
  Observations,
  OnlineView,
} from '../../source/cluster/observations.ts';
import { prepareRunbook } from '../../source/runbook/online.ts';
import { newIdentifier } from './clusters.ts';
import { word } from './word.ts';
import { worldAt } from './worlds.ts';

/** What the steps of the online method do to the primary's host, as its inspection shows it. */

type Host = { -readonly [Key in keyof HostObservation]: HostObservation[Key] };
type Online = { -readonly [Key in keyof OnlineView]: OnlineView[Key] };
type Database = OnlineView['databases'][number];
type Cluster = Extract<DirectoryView, { kind: 'cluster' }>;

const database = (name: string, oid: number, tables: number, lacking: number): Database => ({
  name,
  oid,
  tables,
  sequences: 0,
  lacking,
  frozen: false,
  published: false,
  forward: false,
  run: null,
  timeline: null,
});

export class OnlineModel {
  readonly facts: ClusterFacts;
  readonly #world: Observations;
  host: Host;
  online: Online;

  constructor(facts: ClusterFacts) {
    this.facts = facts;
    this.#world = worldAt('running', facts);
    const seen = this.#world.hosts[primaryOf(facts).alias];
    if (seen?.kind !== 'seen') throw new Error('the primary is seen');
    this.host = { ...seen.host };
    this.online = {
      server: { walLevel: 'logical', nextWalLevel: 'logical', timeline: 3, slots: [] },
      databases: [
        database('template1', 1, 0, 0),
        database('app', 16384, 8, 3),
        database("odd 'x", 16400, 2, 0),
      ],
      copy: { kind: 'absent' },
      copyEnd: null,
      follower: null,
      units: [],
      files: [],
    };
  }

  /** What the phases before the cut-over bring about: secondaries in maintenance, monitor and every pg_autoctl on the new version. */
  #window: { identifier: string; primary: 'wait_primary' } | null = null;
  openWindow(): void {
    const { host, facts } = this;
    this.#window = { identifier: facts.systemIdentifier, primary: 'wait_primary' };
    if (host.unit !== null) host.unit = { ...host.unit, program: primaryOf(facts).newAutoctl };
    if (host.server !== null) host.server = { ...host.server, synchronousStandbyNames: '' };
  }

  #monitorHost(): Observations['hosts'] {
    const seen = this.#world.hosts.monitor;
    const window = this.#window;
    if (window === null || seen?.kind !== 'seen' || seen.host.monitor === null) return {};
    const monitor = {
      ...seen.host.monitor,
      serverVersion: primaryOf(this.facts).newVersion,
      nodes: seen.host.monitor.nodes.map((node) => {
        const state = node.name === primaryOf(this.facts).alias ? window.primary : 'maintenance';
        return {
          ...node,
          reported: state,
          assigned: state,
          systemIdentifier: word(window.identifier),
        } as const;
      }),
    };
    return { monitor: { ...seen, host: { ...seen.host, monitor } } };
  }

  #serves(version: string): void {
    const { host } = this;
    if (host.server !== null) host.server = { ...host.server, version };
  }

  /** The server that serves has slots of these names alone. */
  #slots(prefix: string | null, active: boolean): void {
    this.server({
      slots:
        prefix === null
          ? []
          : this.online.databases
              .filter((one) => one.tables > 0)
              .map((one) => ({
                name: `${prefix}${one.oid}`,
                database: one.name,
                active,
                confirmed: '0/D000000',
                behind: 56,
                seconds: 0,
                kept: 4096,
                status: 'reserved',
              })),
    });
  }

  #behindCutOver(): boolean {
    const { data } = this.host;
    return data.kind === 'cluster' && data.major === this.facts.newMajor;
  }

  /** What was made ready is gone: a change of places has ended, or gone home. */
  notReady(): void {
    delete this.online.ready;
    this.online.files = this.online.files.filter((one) => one !== 'ready');
  }

  /** It is there, and not fresh any more. */
  staleReady(): void {
    delete this.online.ready;
  }

  /** Stopped in its place: the host lost its power behind the stop, or was restarted before it. */
  liesStopped(): void {
    const { host } = this;
    if (host.data.kind === 'cluster') host.data = { ...host.data, running: false };
    host.server = null;
    host.pgAutoctl = 'stopped';
    this.online.server = null;
  }

  /** Where the disks stand in the middle of a change of places: the one that leaves is aside, and nothing is in its place. */
  halfWay(): void {
    const { host } = this;
    if (host.data.kind === 'cluster' && host.data.major === this.facts.oldMajor)
      host.backupData = { ...host.data, running: false };
    else host.newData = host.data;
    host.data = { kind: 'absent' };
    host.server = null;
  }

  world(): Observations {
    const { alias } = primaryOf(this.facts);
    return {
      ...this.#world,
      hosts: {
        ...this.#world.hosts,
        ...this.#monitorHost(),
        [alias]: { kind: 'seen', at: 0, host: { ...this.host, online: { ...this.online } } },
      },
    };
  }

  /** Of each database. */
  databases(change: (one: Database) => Partial<Database>): void {
    this.online.databases = this.online.databases.map((one) => ({ ...one, ...change(one) }));
  }

  server(change: Partial<NonNullable<OnlineView['server']>>): void {
    if (this.online.server !== null) this.online.server = { ...this.online.server, ...change };
  }

  #directory(major: number, identifier: string): Cluster {
    const { data } = this.host;
    if (data.kind !== 'cluster' || data.control === null) throw new Error('the old cluster is there');
    return {
      ...data,
      major,
      control: { ...data.control, state: 'shut down', systemIdentifier: word(identifier) },
      running: false,
      standby: false,
      mark: { run: this.facts.run, system: this.facts.systemIdentifier },
    };
  }

  run(step: string): void {
    const { facts, host, online } = this;
    switch (step.split('.').at(-1)) {
      case 'freeze':
        this.databases(() => ({
          frozen: true,
          run: facts.run,
          timeline: online.server?.timeline ?? 0,
        }));
        return;
      case 'identities':
        this.databases(() => ({ lacking: 0 }));
        return;
      case 'slots':
        this.databases((one) => ({ published: one.tables > 0 }));
        this.server({
          slots: online.databases
            .filter((one) => one.tables > 0)
            .map((one) => ({
              name: `pgaf_up_${one.oid}`,
              database: one.name,
              active: false,
              confirmed: '0/8000000',
              behind: 64_000_000,
              seconds: null,
              kept: 64_000_000,
              status: 'reserved',
            })),
        });
        return;
      case 'wal-limit':
        this.server({ keepMb: keepWalMegabytes(facts.keepWal ?? '') });
        online.keepWalWas ??= '';
        return;
      case 'wal-limit-gone':
        this.server({ keepMb: -1 });
        delete online.keepWalWas;
        return;
      case 'copy':
        online.copy = { ...this.#directory(facts.oldMajor, facts.systemIdentifier), standby: true };
        return;
      case 'promote-copy':
        online.copy = this.#directory(facts.oldMajor, facts.systemIdentifier);
        online.copyEnd = '0/C000000';
        return;
      case 'upgrade-copy': {
        online.copy = { ...this.#directory(facts.oldMajor, facts.systemIdentifier), controlRenamed: true };
        const made = this.#directory(facts.newMajor, newIdentifier);
        host.newData = made;
        host.fingerprint = made.control;
        return;
      }
      case 'start-follower': {
        const made = this.#directory(facts.newMajor, newIdentifier);
        host.newData = {
          ...made,
          running: true,
          control: made.control && { ...made.control, state: 'in production', modified: 'later' },
        };
        online.follower = { version: '17.12', keepers: [], subscriptions: [] };
        online.units = ['pgaf-upgrade-0123456789-new.service', 'pgaf-upgrade-0123456789-old.service'];
        return;
      }
      case 'subscribe':
        online.follower = {
          version: '17.12',
          keepers: [],
          subscriptions: (online.server?.slots ?? []).map(({ name }) => ({
            name,
            enabled: true,
            worker: true,
            reached: '0/C000000',
            errors: 0,
          })),
        };
        this.server({
          slots: (online.server?.slots ?? []).map((one) => ({ ...one, active: true, seconds: 12.4 })),
        });
        return;
      case 'follower-statistics':
        host.markers = [...host.markers, 'follower-statistics'];
        return;
      case 'follow':
        this.server({
          slots: (online.server?.slots ?? []).map((one) => ({ ...one, behind: 184, seconds: 0 })),
        });
        return;
      case 'make-ready':
        online.ready = { what: this.#behindCutOver() ? 'way-back' : 'cut-over', seconds: 3 };
        online.files = [...online.files.filter((one) => one !== 'ready'), 'ready'];
        return;
      case 'cut-over': {
        this.notReady();
        host.backupData = { ...this.#directory(facts.oldMajor, facts.systemIdentifier), running: true };
        const { mark: _, ...serving } = this.#directory(facts.newMajor, newIdentifier);
        host.data = { ...serving, running: true };
        host.newData = { kind: 'absent' };
        host.stateIdentifier = word(newIdentifier);
        host.pgAutoctl = 'stopped';
        this.#serves(primaryOf(facts).newVersion);
        online.follower = null;
        online.back = { version: '15.20', keepers: [], subscriptions: [] };
        this.databases((one) => ({ forward: one.tables > 0 }));
        this.server({ timeline: 1 });
        this.#slots('pgaf_back_', false);
        return;
      }
      case 'identifier':
        if (this.#window !== null) this.#window.identifier = host.stateIdentifier ?? '';
        return;
      case 'adopt':
        host.pgAutoctl = 'runs';
        return;
      case 'follow-back':
        this.databases(() => ({ forward: false, timeline: online.server?.timeline ?? 0 }));
        this.#slots('pgaf_back_', true);
        online.back = {
          version: '15.20',
          keepers: [],
          subscriptions: (online.server?.slots ?? []).map(({ name }) => ({
            name,
            enabled: true,
            worker: true,
            reached: '0/D000000',
            errors: 0,
          })),
        };
        return;
      case 'cut-back': {
        this.notReady();
        host.newData = { ...this.#directory(facts.newMajor, newIdentifier), running: true };
        const { mark: _, ...home } = this.#directory(facts.oldMajor, facts.systemIdentifier);
        host.data = { ...home, running: true };
        host.backupData = { kind: 'absent' };
        host.stateIdentifier = facts.systemIdentifier;
        host.pgAutoctl = 'stopped';
        this.#serves(primaryOf(facts).oldVersion);
        delete online.back;
        this.server({ timeline: 3 });
        this.databases(() => ({ timeline: 3 }));
        this.#slots(null, false);
        return;
      }
      case 'stop-follower':
        online.follower = null;
        online.units = [];
        if (host.newData.kind === 'cluster') host.newData = { ...host.newData, running: false };
        return;
      case 'drop-slots':
        this.server({ slots: [] });
        return;
      case 'thaw':
        this.databases(() => ({ frozen: false, published: false, run: null, timeline: null }));
        return;
      case 'remove-copies':
        online.copy = { kind: 'absent' };
        online.copyEnd = null;
        host.newData = { kind: 'absent' };
        host.fingerprint = null;
        return;
      default:
        throw new Error(`the model does not know ${step}`);
    }
  }
}

/** One that is prepared, its window open, and behind these steps. */
export const modelBehind = (facts: ClusterFacts, ...upTo: readonly string[]): OnlineModel => {
  const model = new OnlineModel(facts);
  for (const step of prepareRunbook(facts, model.world())) model.run(step.id);
  model.openWindow();
  for (const step of upTo) model.run(step);
  return model;
};

/** Cut over, and the old version follows. */
export const modelFollowedBack = (facts: ClusterFacts): OnlineModel =>
  modelBehind(facts, 'cut-over', 'identifier', 'adopt', 'follow-back');
