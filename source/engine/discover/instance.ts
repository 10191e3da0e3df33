import { z } from 'zod';
import { type AutoctlConfig, parseAutoctlConfig } from '../../cluster/parse/autoctl-config.ts';
import { parseUnit } from '../../cluster/parse/unit.ts';
import { ok, type Result } from '../../cluster/result.ts';
import { parsePostgresVersion } from '../../cluster/version.ts';
import * as words from '../../cluster/words.ts';
import { runFileSchema } from '../lock/standing.ts';
import { decodeJson, decodeText, linesOf, readWhole } from '../look/lines.ts';

const serverSchema = z.object({
  version: z.string(),
  superuser: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  provider: z.enum(['c', 'i', 'b']),
  providerLocale: z.string().nullable(),
  checksums: z.boolean(),
  walSegmentBytes: z.number().int().positive(),
  socketDirectories: z.string(),
  tablespaces: z.array(z.string()).default([]),
  sources: z.array(z.string()),
  files: z.array(z.string().nullable()),
});
export type LiveServer = z.infer<typeof serverSchema>;

/** One pg_autoctl on a host: its files, its service and what its server says. */
export interface Instance {
  readonly pgdata: string;
  readonly data: string;
  readonly major: number;
  readonly config: AutoctlConfig;
  readonly configFile: string;
  readonly stateFile: string;
  readonly pidFile: string;
  readonly running: boolean;
  /** The running pg_autoctl's program; '' when it does not run. */
  readonly program: string;
  readonly oldBindir: string;
  /** pg_autoctl in the old bindir; '' where packages keep it elsewhere. */
  readonly oldAutoctl: string;
  readonly oldVersion: string;
  readonly port: number;
  readonly socketDirectory: string;
  readonly groupAccess: boolean;
  readonly unit: {
    readonly name: string;
    readonly fragment: string;
    readonly enabled: boolean;
    readonly program: string;
  } | null;
  readonly files: readonly string[];
  readonly directories: readonly string[];
  readonly server: LiveServer | null;
  /** Why there is no `server`. */
  readonly serverError: string;
}

/** What of an instance reaches a script of its host. */
export const instanceWords = z.object({
  pgdata: words.ownPath,
  data: words.ownPath,
  configFile: words.path,
  stateFile: words.path,
  pidFile: words.path,
  oldBindir: words.path,
  oldAutoctl: words.pathOrNone,
  port: words.port,
  socketDirectory: words.pathOrNone,
});

/** What a host answered to the discovery. */
export interface Found {
  readonly home: string;
  readonly user: string;
  readonly newVersion: string;
  readonly newAutoctl: string | null;
  readonly missingTools: readonly string[];
  readonly instances: readonly Instance[];
  /** Something on the host shows that an upgrade or a way back has begun and is not over. */
  readonly underway: boolean;
  /** The record that an earlier run left here, not yet checked. */
  readonly record: unknown;
  /** The run that was begun on this host and has not come to its end; null: there is none. */
  readonly run: string | null;
}

const instanceOf = (map: ReadonlyMap<string, string>, key: string): Instance | null => {
  const text = decodeText(map.get(`${key}.cfg_text`));
  const config = text === null ? null : parseAutoctlConfig(text);
  if (config === null || !config.ok) return null;
  const answer = decodeText(map.get(`${key}.server`));
  const server = serverSchema.safeParse(decodeJson(answer));
  const shown = decodeText(map.get(`${key}.unit_show`));
  const unit = shown === null ? null : parseUnit(shown);
  return {
    pgdata: map.get(key) ?? '',
    data: map.get(`${key}.data`) ?? '',
    major: Number.parseInt(map.get(`${key}.major`) ?? '', 10) || 0,
    config: config.value,
    configFile: map.get(`${key}.cfg`) ?? '',
    stateFile: map.get(`${key}.state`) ?? '',
    pidFile: map.get(`${key}.pid_file`) ?? '',
    running: map.get(`${key}.running`) === 'yes',
    program: map.get(`${key}.program`) ?? '',
    oldBindir: map.get(`${key}.old_bin`) ?? '',
    oldAutoctl: map.get(`${key}.old_autoctl`) ?? '',
    oldVersion: parsePostgresVersion(decodeText(map.get(`${key}.old_version`)) ?? '')?.text ?? '',
    port: Number.parseInt(map.get(`${key}.port`) ?? '', 10) || 0,
    socketDirectory: map.get(`${key}.socket`) ?? '',
    groupAccess: map.get(`${key}.group_access`) === 'yes',
    unit: unit?.ok
      ? {
          name: map.get(`${key}.unit`) ?? '',
          fragment: unit.value.fragmentPath ?? '',
          enabled: unit.value.unitFileState === 'enabled',
          program: unit.value.execStart?.path ?? '',
        }
      : null,
    files: linesOf(decodeText(map.get(`${key}.files`))),
    directories: linesOf(decodeText(map.get(`${key}.directories`))),
    server: server.success ? server.data : null,
    serverError: server.success ? '' : (answer ?? 'no server answered on its socket').trim().slice(0, 400),
  };
};

const unfinished = (text: string | undefined): string | null => {
  const run = runFileSchema.safeParse(decodeJson(decodeText(text)));
  return run.success && run.data.finished === null ? run.data.id : null;
};

/** Reads what the discovery script printed. */
export const parseFound = (alias: string, output: string): Result<Found> => {
  const whole = readWhole(output, `${alias}: the discovery`, 'try again');
  if (!whole.ok) return whole;
  const map = whole.value;
  const instances: Instance[] = [];
  for (let number = 1; map.has(String(number)); number += 1) {
    const instance = instanceOf(map, String(number));
    if (instance !== null) instances.push(instance);
  }
  return ok({
    home: map.get('home') ?? '',
    user: map.get('user') ?? '',
    newVersion: parsePostgresVersion(decodeText(map.get('new_version')) ?? '')?.text ?? '',
    newAutoctl: map.get('new_autoctl') ?? null,
    missingTools: linesOf(decodeText(map.get('missing'))),
    instances,
    underway: map.get('underway') === 'yes',
    record: decodeJson(decodeText(map.get('record'))),
    run: unfinished(map.get('run')),
  });
};
