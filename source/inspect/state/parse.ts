import type { z } from 'zod';
import { parseSections } from '../../cluster/checks/sections.ts';
import { monitorStateSchema } from '../../cluster/monitor-state.ts';
import {
  type Control,
  type DirectoryView,
  type HostObservation,
  type Liveness,
  serverSchema,
  type TablespaceView,
  type TransferView,
  type UnitView,
} from '../../cluster/observations.ts';
import { parseControlData } from '../../cluster/parse/control-data.ts';
import { parseUnit } from '../../cluster/parse/unit.ts';
import { ok, type Problem, type Result } from '../../cluster/result.ts';
import { isServers } from '../../cluster/server-directories.ts';
import { type ToDo, toDoParts } from '../../cluster/to-do.ts';
import { misfit, ownPath, systemIdentifier } from '../../cluster/words.ts';
import { parseCheckInspection } from '../checks/parse.ts';
import { decodeJson, joinedText, linesOf, readWhole } from '../lines.ts';
import { onlineOf } from './parse-online.ts';

const controlOf = (text: string | null): Control | null => {
  if (text === null) return null;
  const parsed = parseControlData(text);
  if (!parsed.ok) return null;
  const identifier = systemIdentifier.safeParse(parsed.value.systemIdentifier);
  if (!identifier.success) return null;
  const { state, latestCheckpoint, timeline, modified, nextXid } = parsed.value;
  const rewindable = parsed.value.walLogHints || parsed.value.checksumVersion > 0;
  const [epoch = '0', xid = '0'] = nextXid.split(':');
  const next = (BigInt(epoch) << 32n) + BigInt(xid);
  return {
    systemIdentifier: identifier.data,
    state,
    checkpoint: latestCheckpoint,
    redo: parsed.value.redo,
    timeline,
    modified,
    nextXid: String(next),
    rewindable,
  };
};

/** `2026-11-25T19:50:51Z`; null where it is none. */
const timeOf = (said: string | undefined): string | null =>
  said !== undefined && /^[0-9TZ:-]{20}$/.test(said) ? said : null;

const handedOverOf = (map: ReadonlyMap<string, string>): HostObservation['handedOver'] => {
  const control = controlOf(joinedText(map.get('handed-over')));
  const at = timeOf(map.get('handed-over.at'));
  return control === null || at === null ? null : { control, at };
};

/** Two lines, as they are written; anything else is no mark of ours. */
const markOf = (text: string | null): Pick<Extract<DirectoryView, { kind: 'cluster' }>, 'mark'> => {
  const [, run, system] = /^run=([A-Za-z0-9_.-]{1,100})\nsystem=(\d{0,20})\n?$/.exec(text ?? '') ?? [];
  return run === undefined || system === undefined ? {} : { mark: { run, system } };
};

/** What nobody would miss is left out. */
const onlyOf = (names: readonly string[]): Pick<Extract<DirectoryView, { kind: 'cluster' }>, 'only'> => {
  const only = names.filter((name) => !isServers(name) && name !== 'DO-NOT-START.txt');
  return only.length === 0 ? {} : { only };
};

const walOf = (text: string | null): Pick<Extract<DirectoryView, { kind: 'cluster' }>, 'wal'> =>
  text === null || text === '' ? {} : { wal: text };

const directoryOf = (map: ReadonlyMap<string, string>, key: string): DirectoryView => {
  const kind = map.get(key);
  if (kind === 'cluster')
    return {
      kind: 'cluster',
      major: Number.parseInt(map.get(`${key}.major`) ?? '', 10) || 0,
      control: controlOf(joinedText(map.get(`${key}.control`))),
      controlRenamed: map.get(`${key}.linked`) === 'yes',
      madeUnstartable: map.get(`${key}.disarmed`) === 'yes',
      hasHardLinks: map.get(`${key}.shared`) === 'yes',
      running: map.get(`${key}.running`) === 'yes',
      standby: map.get(`${key}.standby`) === 'yes',
      databases: Number.parseInt(map.get(`${key}.databases`) ?? '0', 10) || 0,
      hasConfiguration: map.get(`${key}.carried`) === 'yes',
      tablespaces: linesOf(joinedText(map.get(`${key}.tablespaces`))),
      ...onlyOf(linesOf(joinedText(map.get(`${key}.only`)))),
      ...walOf(joinedText(map.get(`${key}.wal`))),
      ...(map.get(`${key}.prepared`) === 'yes' ? { prepared: true as const } : {}),
      ...markOf(joinedText(map.get(`${key}.mark`))),
    };
  if (kind === 'other')
    return { kind: 'not-a-cluster', entries: Number.parseInt(map.get(`${key}.entries`) ?? '0', 10) || 0 };
  return { kind: 'absent' };
};

/** `/PG_15_202209061` lies in the directory itself, `_aside/pg15_bak/PG_15_202209061` in the place beside it. */
const partOf = (path: string): TablespaceView['parts'] => {
  const [, aside = '', major] = /^(?:_aside\/([A-Za-z0-9_]{1,60}))?\/PG_(\d{1,4})_\d{1,12}$/.exec(path) ?? [];
  return major === undefined ? [] : [{ aside, major: Number(major) }];
};

const tablespacesOf = (map: ReadonlyMap<string, string>): readonly TablespaceView[] => {
  const found: TablespaceView[] = [];
  for (let at = 0; map.has(`tablespace.${at}`); at += 1)
    found.push({
      location: joinedText(map.get(`tablespace.${at}`)) ?? '',
      hasAside: map.get(`tablespace.${at}.aside`) === 'yes',
      mayMake: map.get(`tablespace.${at}.above`) === 'yes',
      parts: linesOf(joinedText(map.get(`tablespace.${at}.parts`))).flatMap(partOf),
    });
  return found;
};

/** What steps have noted, a line each: database, what, command. */
const toDoOf = (map: ReadonlyMap<string, string>): readonly ToDo[] =>
  toDoParts.flatMap((part) =>
    linesOf(joinedText(map.get(`to-do/${part}`))).flatMap((line): ToDo[] => {
      const [database = '', what = '', command = ''] = line.split('\t');
      return what === '' ? [] : [{ part, database, what, command }];
    }),
  );

/** A public key as sshd and ssh-keygen write it, its comment left out; null: it is none. */
const publicKeyOf = (line: string): string | null =>
  /^((?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{40,2000}={0,2})(?: [ -~]*)?$/.exec(
    line,
  )?.[1] ?? null;

const transferOf = (map: ReadonlyMap<string, string>): TransferView => {
  const [key = ''] = linesOf(joinedText(map.get('link/key.pub')));
  return {
    publicKey: key.startsWith('ssh-ed25519 ') ? publicKeyOf(key) : null,
    lines: linesOf(joinedText(map.get('link/lines'))),
    tried: map.get('link/rehearsed') === 'yes',
    hostKeys: linesOf(joinedText(map.get('link/host_keys'))).flatMap((line) => publicKeyOf(line) ?? []),
    authorized: linesOf(joinedText(map.get('authorized'))),
  };
};

const unitOf = (text: string | null, held: boolean): UnitView | null => {
  if (text === null) return null;
  const unit = parseUnit(text);
  return unit.ok
    ? {
        loaded: unit.value.loadState === 'loaded',
        active: unit.value.activeState === 'active' || unit.value.activeState === 'activating',
        enabled: unit.value.unitFileState === 'enabled',
        killMode: unit.value.killMode,
        program: unit.value.execStart?.path ?? '',
        dropIns: unit.value.dropInPaths,
        activeSince: unit.value.activeEnterTimestamp,
        held,
      }
    : null;
};

const livenessOf = (said: string | undefined): Liveness =>
  said === 'runs' || said === 'stopped' ? said : 'unknown';

const json = <Value>(schema: z.ZodType<Value>, text: string | null): Value | null => {
  const parsed = schema.safeParse(decodeJson(text));
  return parsed.success ? parsed.data : null;
};

/** What the monitor's database says; an answer that does not fit is no silence, and said as what it is. */
const monitorOf = (text: string | null): Pick<HostObservation, 'monitor' | 'misfit'> => {
  const said = decodeJson(text);
  const parsed = monitorStateSchema.safeParse(said);
  if (parsed.success) return { monitor: parsed.data };
  if (said === null || said === undefined) return { monitor: null };
  const { what, cause } = misfit(parsed.error, said, 'the monitor’s answer', '');
  return { monitor: null, misfit: `${what} ${cause ?? ''}`.trim() };
};

/** What is no such word was not seen. */
const wordOrNull = <Value>(schema: z.ZodType<Value>, text: string | undefined): Value | null => {
  const parsed = schema.safeParse(text);
  return parsed.success ? parsed.data : null;
};

const checksOf = (alias: string, map: ReadonlyMap<string, string>): HostObservation['checks'] => {
  const inspected = joinedText(map.get('checks/look'));
  const log = joinedText(map.get('checks/log'));
  if (inspected === null && log === null) return null;
  const parsed = inspected === null ? null : parseCheckInspection(alias, inspected);
  return {
    inspection: parsed?.ok ? parsed.value : null,
    dryRun: log === null ? null : parseSections(log),
  };
};

/** Reads what the inspection printed. One that did not finish is a problem, not half a truth. */
export const parseState = (alias: string, output: string): Result<HostObservation, Problem> => {
  const whole = readWhole(
    output,
    `${alias}: the inspection of the host`,
    'inspect again; if it stays so, run the command by hand',
  );
  if (!whole.ok) return whole;
  const map = whole.value;
  const toDo = toDoOf(map);
  const receiving = linesOf(joinedText(map.get('receiving')));
  return ok({
    alias,
    data: directoryOf(map, 'data'),
    newData: directoryOf(map, 'new'),
    backupData: directoryOf(map, 'backup'),
    tablespaces: tablespacesOf(map),
    unit: unitOf(joinedText(map.get('unit')), map.get('held') === 'yes'),
    pgAutoctl: livenessOf(map.get('autoctl')),
    pgCtl: joinedText(map.get('pg_ctl'))?.split('\n')[0]?.trim() ?? null,
    stateIdentifier: wordOrNull(systemIdentifier, map.get('state')),
    inMaintenance: map.get('maintenance') === 'yes',
    server: json(serverSchema, joinedText(map.get('server'))),
    fingerprint: controlOf(joinedText(map.get('fingerprint'))),
    oldFingerprint: controlOf(joinedText(map.get('fingerprint-old'))),
    handedOver: handedOverOf(map),
    stopped: controlOf(joinedText(map.get('stopped'))),
    stoppedAt: timeOf(map.get('stopped.at')),
    controlWritten: timeOf(map.get('data.written')),
    markers: [...linesOf(joinedText(map.get('markers')))].sort(),
    ...(map.has('saved.differs')
      ? {
          saved: {
            differs: linesOf(joinedText(map.get('saved.differs'))),
            old: map.get('saved.old') === 'yes',
          },
        }
      : {}),
    ...(toDo.length > 0 ? { toDo } : {}),
    ...(receiving.length > 0 ? { receiving } : {}),
    transfer: transferOf(map),
    ...onlineOf(map, directoryOf(map, 'online.copy')),
    abandoned: linesOf(joinedText(map.get('abandoned'))).flatMap((one) => ownPath.safeParse(one).data ?? []),
    leftovers: linesOf(joinedText(map.get('leftovers'))).flatMap((one) => ownPath.safeParse(one).data ?? []),
    checks: checksOf(alias, map),
    deleteScripts: linesOf(joinedText(map.get('delete_scripts'))),
    upgradePortBusy: map.get('upgrade_port') === 'busy',
    ...monitorOf(joinedText(map.get('monitor'))),
  });
};
