import { existsSync } from 'node:fs';
import type { DemoHost } from '../cluster/host.ts';
import type { Call } from '../hosts/wire.ts';
import { nodeStateOf, readState, writeState } from '../keeper/keeper-state.ts';
import { readSetting, writeSetting, writeSettings } from '../keeper/settings.ts';
import { postgresPort } from '../layout.ts';
import { paceMs } from '../pace.ts';
import { autoctlVersion, maintenanceLog, maintenanceTable } from '../recorded/autoctl.ts';
import { pause } from '../recorded/replay.ts';
import { readControl } from '../servers/control.ts';
import { madeSystemIdentifier } from '../servers/directory.ts';
import { majorOfBin } from '../servers/start.ts';
import { toolOption } from './options.ts';

const time = (): string => new Date().toISOString().slice(11, 19);

/** The line of a log, as pg_autoctl prints it to stderr. */
const say = (call: Call, level: string, text: string): void =>
  call.err(`${time()} ${call.pid} ${level.padEnd(5)} ${text}`);

const configSet = async (call: Call, host: DemoHost): Promise<number> => {
  const [, , name = '', value = ''] = call.args;
  const short = name.split('.').at(-1) ?? name;
  writeSetting(host.paths, short, value);
  call.out(value);
  return 0;
};

interface StateNotice {
  readonly name: string;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly reportedState: string;
  readonly goalState: string;
}

const isNotice = (value: unknown): value is StateNotice =>
  typeof value === 'object' && value !== null && 'reportedState' in value && 'goalState' in value;

const row = ({ name, nodeId, host, port: on, reportedState, goalState }: StateNotice): string =>
  [
    time(),
    name.padStart(25),
    String(nodeId).padStart(5),
    `${host}:${on}`.padStart(25),
    reportedState.padStart(19),
    goalState.padStart(19),
  ].join(' | ');

/** Prints each change of a state until the node is there, or a minute of the demo's time is over. */
const follow = async (call: Call, host: DemoHost, wanted: string): Promise<number> => {
  const forget = host.cluster.monitor.onNotification((channel, payload) => {
    const notice: unknown = channel === 'state' ? JSON.parse(payload) : null;
    if (isNotice(notice)) call.out(row(notice));
  });
  call.out(maintenanceTable);
  for (let tries = 0; tries < 300; tries += 1) {
    const state = readState(host.paths);
    if (state !== null && state.current === wanted && state.assigned === wanted) break;
    await pause(paceMs / 2);
  }
  forget();
  return 0;
};

const maintenance = async (call: Call, host: DemoHost, enable: boolean): Promise<number> => {
  const { monitor } = host.cluster;
  const id = host.nodeId;
  if (id === null) return 1;
  for (const line of maintenanceLog.trimEnd().split('\n')) call.err(`${time()} ${call.pid} ${line}`);
  const answer = enable ? await monitor.startMaintenance(id) : await monitor.stopMaintenance(id);
  if (!answer.ok) {
    say(call, 'ERROR', `Monitor ERROR:  ${answer.error ?? 'it refused'}`);
    return 12;
  }
  return follow(call, host, enable ? 'maintenance' : 'secondary');
};

const drop = async (call: Call, host: DemoHost): Promise<number> => {
  const name = toolOption(call.args, '--hostname') ?? '';
  const answer = await host.cluster.monitor.dropNode({
    host: name,
    port: Number(toolOption(call.args, '--pgport') ?? postgresPort),
    force: call.args.includes('--force'),
  });
  if (answer.ok)
    say(call, 'INFO', `Removing node with hostname "${name}" and port ${postgresPort} from the monitor`);
  else say(call, 'ERROR', answer.error ?? 'it was not dropped');
  return answer.ok ? 0 : 12;
};

const create = async (call: Call, host: DemoHost): Promise<number> => {
  const { data, configFile, stateFile } = host.paths;
  if (existsSync(stateFile)) {
    say(call, 'FATAL', `The state file "${stateFile}" exists and there's no init in progress`);
    return 0;
  }
  if (host.serverOn(data) !== null) {
    say(call, 'FATAL', `PostgreSQL is running in "${data}": refusing to initialize a new cluster`);
    return 1;
  }
  const pgCtl = toolOption(call.args, '--pgctl') ?? readSetting(host.paths, 'pg_ctl');
  if (!existsSync(configFile)) writeSettings(host.cluster.layout, host.name, pgCtl, call.environment.monitor);
  const control = readControl(data);
  const registered = await host.cluster.monitor.registerNode({
    name: toolOption(call.args, '--name') ?? host.name,
    host: toolOption(call.args, '--hostname') ?? host.name,
    port: postgresPort,
    candidatePriority: Number(toolOption(call.args, '--candidate-priority') ?? '50'),
    quorum: toolOption(call.args, '--replication-quorum') !== 'false',
    systemIdentifier: control?.systemIdentifier ?? '',
    initialState: 'init',
  });
  if ('error' in registered) {
    say(call, 'ERROR', `Monitor ERROR:  ${registered.error}`);
    return 12;
  }
  const { nodeId, assigned } = registered;
  say(
    call,
    'INFO',
    `Registered node ${nodeId} "${host.name}" (${host.name}:${postgresPort}) in formation "default", group 0, state "${assigned}"`,
  );
  writeState(
    host.paths,
    {
      nodeId,
      systemIdentifier: control?.systemIdentifier ?? (await systemOf(host)) ?? madeSystemIdentifier(),
      current: 'init',
      assigned: nodeStateOf(assigned),
    },
    majorOfBin(pgCtl.replace(/\/pg_ctl$/, '')),
  );
  // The real command takes the first transition itself; the base backup of one that has no data is the service's here.
  say(call, 'INFO', `Transition complete: the state machine is at "${assigned}"`);
  return 0;
};

/** The system identifier of whoever takes the writes. */
const systemOf = async (host: DemoHost): Promise<string | undefined> =>
  host.cluster.hosts.find((one) => one.server !== null && one.name !== 'monitor' && !one.server.inRecovery)
    ?.server?.systemIdentifier;

const show = async (call: Call, host: DemoHost): Promise<number> => {
  const answer = await host.cluster.monitor.sql(
    'select nodename, nodeid, nodehost, nodeport, reportedtli, reportedlsn, health, reportedstate, goalstate from pgautofailover.node order by nodeid',
  );
  if (!answer.ok) {
    say(call, 'ERROR', answer.error);
    return 12;
  }
  call.out(
    '  Name |  Node |   Host:Port |        TLI: LSN |   Connection |      Reported State |      Assigned State\n-------+-------+-------------+-----------------+--------------+---------------------+--------------------',
  );
  for (const [name, id, at, on, tli, lsn, health, reported, assigned] of answer.results[0]?.rows ?? []) {
    const connection = reported === 'secondary' ? 'read-only' : 'read-write';
    call.out(
      `${name} | ${String(id).padStart(5)} | ${at}:${on} | ${`${tli}: ${lsn}`.padStart(15)} | ${(health === '1' ? connection : `${connection} !`).padStart(12)} | ${String(reported).padStart(19)} | ${String(assigned).padStart(19)}`,
    );
  }
  return 0;
};

/** pg_autoctl, as far as the product calls it. */
export const autoctl = async (call: Call, host: DemoHost): Promise<number> => {
  const [verb, noun] = call.args;
  const major = majorOfBin(call.bin);
  if (verb === 'version' || verb === '--version') {
    call.out(
      call.args.includes('--json')
        ? JSON.stringify({
            pg_autoctl: major === 15 ? '2.0' : '2.2-2',
            pgautofailover: major === 15 ? '2.0' : '2.2',
            pg_major: String(major),
          })
        : autoctlVersion[major],
    );
    return 0;
  }
  if (verb === 'config' && noun === 'set') return configSet(call, host);
  if (verb === 'enable' && noun === 'maintenance') return maintenance(call, host, true);
  if (verb === 'disable' && noun === 'maintenance') return maintenance(call, host, false);
  if (verb === 'drop' && noun === 'node') return drop(call, host);
  if (verb === 'create' && noun === 'postgres') return create(call, host);
  if (verb === 'show' && noun === 'state') return show(call, host);
  say(call, 'ERROR', `pg_autoctl ${call.args.join(' ')}: not in the demo`);
  return 1;
};
