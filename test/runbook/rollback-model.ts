import { hostsOf, isNode, type NodeFacts, primaryOf } from '../../source/cluster/facts.ts';
import { groupOfHost } from '../../source/cluster/formation.ts';
import type { DirectoryView } from '../../source/cluster/observations.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { dropInFile } from '../../source/runbook/shell/service.ts';
import { isServed } from '../../source/runbook/steps/rollback/serve.ts';
import { type Model, shutdownCheckpoint } from './model.ts';
import { word } from './word.ts';

/** Which copy is chosen stands in the script alone: the marker that it makes. */
const throughMark = (step: Step, model: Model): string => {
  const script = step.script(model.world());
  return (script.kind === 'ready' ? /rollback-through-\w+/.exec(script.text)?.[0] : undefined) ?? '';
};

/**
 * What the steps of a rollback do on the model of the cluster, as seen on the lab. The steps are known by their ids; of `directories`,
 * which gives an old directory its place or makes the place free, by its title too.
 */

type Cluster = Extract<DirectoryView, { kind: 'cluster' }>;
const absent: DirectoryView = { kind: 'absent' };

const only = (directory: DirectoryView): Cluster => {
  if (directory.kind !== 'cluster') throw new Error('there is no cluster in this directory');
  return directory;
};
const plain = ({ mark: _mark, ...directory }: Cluster): Cluster => directory;

/** Whether the model's primary came to its shutdown, so that a standby stopped behind it ends with that checkpoint. */
const primaryWasShutDown = (model: Model, of: string): boolean => {
  const { data, backupData, stopped } = model.host(primaryOf(groupOfHost(model.facts, of)).alias);
  const old = [data, backupData].find((one) => one.kind === 'cluster' && one.major === model.facts.oldMajor);
  return stopped !== null || (old?.kind === 'cluster' && old.control?.state === 'shut down');
};

const stop = (model: Model, alias: string): void => {
  const host = model.host(alias);
  const facts = hostsOf(model.facts).find((one) => one.alias === alias);
  host.pgAutoctl = 'stopped';
  if (host.unit !== null) host.unit = { ...host.unit, active: false, held: true };
  if (host.data.kind === 'cluster' && host.data.running && host.data.control !== null) {
    const { standby, major, control } = host.data;
    const whole = standby && major === model.facts.oldMajor && primaryWasShutDown(model, alias);
    const checkpoint = whole
      ? shutdownCheckpoint
      : major === model.facts.oldMajor && facts !== undefined && isNode(facts) && !standby
        ? shutdownCheckpoint
        : control.checkpoint;
    const state = standby ? 'shut down in recovery' : 'shut down';
    host.data = {
      ...host.data,
      running: false,
      control: {
        ...control,
        state,
        checkpoint,
        modified: model.now,
        ...(whole || !standby ? { redo: checkpoint } : {}),
      },
    };
  }
  host.server = null;
};

const writes = (model: Model, node: NodeFacts, autoctl: boolean): void => {
  const host = model.host(node.alias);
  const data = only(host.data);
  if (data.control === null) throw new Error('without pg_control nothing starts');
  host.data = {
    ...data,
    running: true,
    control: { ...data.control, state: 'in production', modified: model.now },
  };
  host.server = model.server(node.oldVersion);
  if (!autoctl) return;
  host.pgAutoctl = 'runs';
  if (host.unit !== null) host.unit = { ...host.unit, active: true, held: false, enabled: true };
};

const directories = (model: Model, step: Step, alias: string): void => {
  const host = model.host(alias);
  const { oldMajor, newMajor } = model.facts;
  const isNew = (one: DirectoryView) => one.kind === 'cluster' && one.major === newMajor;
  const aside = (name: string): void => {
    host.abandoned = [...host.abandoned, word(`${alias}${name}`)];
  };
  if (step.title === 'Clear the way for a base backup') {
    if (isNew(host.data)) {
      aside(`_pg${newMajor}_abandoned`);
      host.data = absent;
    }
    if (host.data.kind === 'cluster' && host.data.controlRenamed) {
      aside(`_pg${oldMajor}_abandoned`);
      host.data = absent;
    }
    if (host.backupData.kind === 'cluster') {
      aside(`_pg${oldMajor}_abandoned`);
      host.backupData = absent;
    }
  } else {
    if (host.backupData.kind === 'cluster') {
      if (isNew(host.data)) aside(`_pg${newMajor}_abandoned`);
      host.data = plain(host.backupData);
      host.backupData = absent;
    }
    host.data = { ...plain(only(host.data)), controlRenamed: false, madeUnstartable: false };
    if (host.data.hasHardLinks && alias !== primaryOf(groupOfHost(model.facts, alias)).alias)
      host.data = { ...host.data, hasHardLinks: false };
  }
  host.newData = absent;
  host.transfer = { ...host.transfer, publicKey: null, lines: [] };
};

/** What a successful run of a step's script does. */
export const runBack = (model: Model, step: Step): void => {
  const [, phase = '', alias = '', name = ''] = /^([R-V])\.(.+)\.([^.]+)$/.exec(step.id) ?? [];
  const facts = hostsOf(model.facts).find((one) => one.alias === alias);
  if (facts === undefined) throw new Error(`${step.id} is on no host of this cluster`);
  const host = model.host(alias);
  const node = isNode(facts) ? facts : null;
  const group = groupOfHost(model.facts, alias);
  const writer = (): NodeFacts => {
    const one = group.nodes.find(({ alias: it }) => {
      const { server } = model.host(it);
      // One that is away may serve on the new version still.
      return (
        server?.version.startsWith(`${model.facts.oldMajor}.`) === true &&
        !server.inRecovery &&
        server.listenAddresses !== ''
      );
    });
    if (one === undefined) throw new Error('nobody takes the writes');
    return one;
  };
  const rows = model.monitor.nodes;
  const undone = /^undo-custom-(.+)$/.exec(name)?.[1];
  if (undone !== undefined) {
    const its = new RegExp(`^custom-${undone}(\\.node_\\d)?(\\.begun)?$`);
    host.markers = host.markers.filter((one) => !its.test(one));
    model.publish();
    return;
  }
  if (name.startsWith('custom-')) {
    host.markers = [...host.markers, name];
    model.publish();
    return;
  }
  switch (name) {
    case 'guard':
      if (host.unit !== null)
        host.unit = {
          ...host.unit,
          killMode: 'mixed',
          enabled: false,
          dropIns: [dropInFile(word('pgautofailover.service'))],
        };
      break;
    case 'stop':
    case 'stop-stray':
      stop(model, alias);
      break;
    case 'choose':
      host.markers = [...host.markers, throughMark(step, model)];
      break;
    case 'directories':
      directories(model, step, alias);
      break;
    case 'pg-ctl':
      host.pgCtl = `${facts.oldBindir}/pg_ctl`;
      break;
    case 'wal':
      if (host.data.kind === 'cluster' && facts.wal !== null)
        host.data = { ...host.data, wal: facts.wal.now };
      else host.markers = [...host.markers, 'wal-stays'];
      break;
    case 'unit':
      if (host.unit !== null) host.unit = { ...host.unit, program: facts.oldAutoctl };
      break;
    case 'state-file':
      host.stateIdentifier = group.systemIdentifier;
      break;
    case 'serve':
      if (node !== null) writes(model, node, false);
      host.markers = [...host.markers, 'rollback-served'];
      break;
    case 'hand-back':
      if (!isServed(host)) throw new Error('it is pg_autoctl’s');
      stop(model, alias);
      host.markers = host.markers.filter((one) => one !== 'rollback-served');
      break;
    case 'drop-nodes':
      model.monitor.nodes = [];
      host.markers = [...host.markers, 'rollback-dropped'];
      break;
    case 'citus-repair':
      host.markers = [...host.markers, name];
      break;
    case 'promote': {
      const data = only(host.data);
      if (data.control === null) throw new Error('it has no pg_control');
      host.data = {
        ...data,
        standby: false,
        control: data.standby ? { ...data.control, state: 'shut down', modified: model.now } : data.control,
      };
      break;
    }
    case 'create': {
      const before = model.facts.before.find((row) => row.name === alias);
      if (before === undefined || node === null) throw new Error('only a node is registered');
      const first = rows.length === 0;
      if (first && node.priority === 0 && !step.reason.includes('must have a priority'))
        throw new Error('the monitor takes no first node without a priority');
      const state = first ? 'single' : 'wait_standby';
      model.monitor.nodes = [
        ...rows,
        {
          ...before,
          id: 10 + rows.length,
          priority: first ? Math.max(node.priority, 1) : node.priority,
          reported: state,
          assigned: state,
        },
      ];
      host.pgCtl = `${facts.oldBindir}/pg_ctl`;
      host.stateIdentifier = group.systemIdentifier;
      host.markers = [...host.markers, 'rollback-created'];
      break;
    }
    case 'start':
      if (node === null) {
        host.data = { ...only(host.data), running: true };
        host.server = model.server(facts.oldVersion);
        host.pgAutoctl = 'runs';
        if (host.unit !== null) host.unit = { ...host.unit, active: true, held: false, enabled: true };
        model.monitor.serverVersion = facts.oldVersion;
        model.monitor.extensionVersion = model.facts.monitor.extensionVersion;
        model.monitor.defaultExtensionVersion = model.facts.monitor.extensionVersion;
      } else if (phase === 'T') {
        writes(model, node, true);
        model.row(alias, group.nodes.length === 1 || rows.length === 1 ? 'single' : 'wait_primary');
        // Standbys that run connect to it again by themselves.
        for (const one of group.nodes) {
          if (model.host(one.alias).server?.inRecovery !== true || model.host(one.alias).pgAutoctl !== 'runs')
            continue;
          model.joined(one, node, model.facts.oldMajor, true);
          if (rows.find((row) => row.name === one.alias)?.assigned === 'secondary')
            model.row(alias, 'primary');
        }
      } else {
        host.pgAutoctl = 'runs';
        if (host.unit !== null) host.unit = { ...host.unit, active: true, held: false };
        // Registered anew it joins with its start; else it waits in maintenance, and streams.
        const anew = host.markers.includes('rollback-created');
        if (anew || host.data.kind === 'cluster') model.joined(node, writer(), model.facts.oldMajor, true);
        const back = rows.find((row) => row.name === alias)?.assigned === 'secondary';
        if (anew) model.row(alias, 'secondary');
        if (anew || (back && host.data.kind === 'cluster')) model.row(writer().alias, 'primary');
      }
      break;
    case 'join':
      if (node === null) throw new Error('only a node joins');
      if (host.pgAutoctl !== 'runs') throw new Error('its pg_autoctl does not run');
      model.joined(node, writer(), model.facts.oldMajor, true);
      model.row(alias, 'secondary');
      model.row(writer().alias, 'primary');
      host.inMaintenance = false;
      break;
    case 'sync-standbys':
      model.monitor.numberSyncStandbys = model.facts.numberSyncStandbys;
      break;
    case 'priority':
      model.monitor.nodes = rows.map((row) => (row.name === writer().alias ? { ...row, priority: 0 } : row));
      break;
    case 'unguard':
      model.unguard(facts);
      break;
    case 'prepared':
      host.newData = absent;
      break;
    case 'link-forget':
      host.transfer = { ...host.transfer, hostKeys: [], authorized: [] };
      break;
    case 'final':
      break;
    case 'tidy':
      host.markers = [];
      host.fingerprint = null;
      host.oldFingerprint = null;
      host.stopped = null;
      host.handedOver = null;
      break;
    default:
      throw new Error(`the model does not know what ${step.id} does`);
  }
  model.publish();
};
