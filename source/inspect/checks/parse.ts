import type { z } from 'zod';
import {
  type CheckInspection,
  databaseEvidenceSchema,
  type NewDirectory,
  onlineCheckLookSchema,
  type Place,
  serverEvidenceSchema,
  type TablespaceInspection,
} from '../../cluster/checks/evidence.ts';
import { parseControlData } from '../../cluster/parse/control-data.ts';
import { redactText } from '../../cluster/parse/redact.ts';
import { parseUnit } from '../../cluster/parse/unit.ts';
import { ok, type Result } from '../../cluster/result.ts';
import { parseAutoctlVersion } from '../../cluster/version.ts';
import { decodeJson, decodeText, linesOf, readWhole } from '../lines.ts';

type Facts = ReadonlyMap<string, string>;

const number = (text: string | undefined): number => {
  const value = Number(text ?? '');
  return Number.isFinite(value) ? value : 0;
};

const placeOf = (map: Facts, key: string): Place => ({
  path: map.get(key) ?? '',
  device: map.get(`${key}.device`) ?? '',
  mountPoint: map.get(`${key}.mount`) ?? '',
  freeBytes: number(map.get(`${key}.free`)) * 1024,
});

const valid = <Value>(schema: z.ZodType<Value>, text: string | null): Value | null => {
  const parsed = schema.safeParse(decodeJson(text));
  return parsed.success ? parsed.data : null;
};

type Look = z.infer<typeof onlineCheckLookSchema>;

/** Statistics that were reset in between tell nothing. */
const writtenNow = (before: Look | null, now: Look | null): Pick<CheckInspection, 'writtenNow'> => {
  if (before === null || now === null || now.at <= before.at || now.written < before.written) return {};
  const seconds = now.at - before.at;
  const rates = Object.entries(now.changes).map(
    ([name, count]) => [name, Math.max(0, count - (before.changes[name] ?? count)) / seconds] as const,
  );
  return {
    writtenNow: {
      seconds,
      walPerSecond: (now.written - before.written) / seconds,
      changesPerSecond: new Map(rates),
    },
  };
};

const controlOf = (text: string | null): CheckInspection['control'] => {
  if (text === null) return null;
  const control = parseControlData(text);
  return control.ok ? control.value : null;
};

const madeFor = (text: string | null): { readonly madeFor?: string } => {
  const identifier = text?.trim() ?? '';
  return /^\d{1,20}$/.test(identifier) ? { madeFor: identifier } : {};
};

const newDirectoryOf = (map: Facts): NewDirectory => {
  switch (map.get('new')) {
    case 'cluster':
      return {
        kind: 'cluster',
        major: number(map.get('new.major')),
        databases: number(map.get('new.databases')),
        running: map.get('new.running') === 'yes',
        control: controlOf(decodeText(map.get('new.control'))),
        ...madeFor(decodeText(map.get('new.made_for'))),
      };
    case 'other':
      return { kind: 'not-a-cluster', entries: number(map.get('new.entries')) };
    default:
      return { kind: 'absent' };
  }
};

const numberOrNull = (text: string | null): number | null => {
  const line = text?.trim() ?? '';
  return /^\d{1,12}$/.test(line) ? Number(line) : null;
};

const transferOf = (map: Facts): CheckInspection['transfer'] => {
  if (map.get('transfer') !== 'asked') return null;
  const rsync = map.get('transfer.rsync') ?? '';
  return {
    rsync: /^\d{1,3}(\.\d{1,3}){1,3}$/.test(rsync) ? rsync : null,
    missing: linesOf(decodeText(map.get('transfer.missing'))),
    sshd: decodeText(map.get('transfer.sshd'))?.trim() ?? null,
  };
};

const tablespacesOf = (map: Facts): CheckInspection['tablespaces'] => {
  const found: TablespaceInspection[] = [];
  for (let at = 0; map.has(`tablespace.${at}`); at += 1) {
    const key = `tablespace.${at}`;
    const place = placeOf(map, key);
    found.push({
      place,
      besideItsParent: place.mountPoint !== place.path && place.device === map.get(`${key}.parent`),
      real: decodeText(map.get(`${key}.real`))?.trim() ?? '',
      foreign: linesOf(decodeText(map.get(`${key}.foreign`))),
      keptNameTaken: map.get(`${key}.taken`) === 'yes',
      ...(map.has(`${key}.copy`) ? { copyOf: decodeText(map.get(`${key}.copy`))?.trim() ?? '' } : {}),
    });
  }
  return found;
};

/** `12 dump.sql`, a line each: kilobytes, where they are known, and a name at the top of the data directory. */
const entriesOf = (text: string | null): NonNullable<CheckInspection['entries']> =>
  linesOf(text).flatMap((line) => {
    const [, kilobytes = '', name = ''] = /^(\d{0,15}) (.+)$/.exec(line) ?? [];
    return name === '' ? [] : [{ name, bytes: kilobytes === '' ? null : Number(kilobytes) * 1024 }];
  });

/** Lines of crontabs, as root's verb prints them: whoever has written them, no more than so many and so long, their secrets left out. */
export const parseCrontabs = (text: string): readonly string[] =>
  linesOf(text)
    .filter((line) => /^(crontab of [A-Za-z0-9_.@-]+|\/etc\/[A-Za-z0-9_./@+-]+): /.test(line))
    .slice(0, 40)
    .map((line) => redactText(line.replaceAll(/\p{Cc}/gu, '').slice(0, 500)));

/** Reads the answer to checkInspectionScript. One that did not finish, or whose databases did not all answer, is a problem. */
export const parseCheckInspection = (alias: string, output: string): Result<CheckInspection> => {
  const whole = readWhole(output, `${alias}: the inspection of the host`, 'check again');
  if (!whole.ok) return whole;
  const map = whole.value;
  const text = (key: string): string | null => decodeText(map.get(key));
  const unit = text('unit');
  const parsedUnit = unit === null ? null : parseUnit(unit);
  const names = linesOf(text('names'));
  const answers = linesOf(text('databases')).map((line) => ({
    line,
    database: databaseEvidenceSchema.safeParse(decodeJson(line)).data ?? null,
  }));
  const databases = answers.flatMap(({ database }) => database ?? []);
  const silent = answers.flatMap(({ line, database }, at) =>
    database === null ? [{ name: names[at] ?? '?', said: redactText(line.trim()) }] : [],
  );
  const backup = placeOf(map, 'backup');
  const refused = redactText(text('refused')?.trim() ?? '');
  return ok({
    missingTools: linesOf(text('tools')),
    newAutoctl: parseAutoctlVersion(text('autoctl') ?? ''),
    offeredExtensions: map.has('sharedir') ? linesOf(text('extensions')) : null,
    data: placeOf(map, 'data'),
    ...((map.get('data.type') ?? '') === '' ? {} : { fileSystem: map.get('data.type') ?? '' }),
    parent: placeOf(map, 'parent'),
    newPlace: placeOf(map, 'new_place'),
    wal: placeOf(map, 'wal'),
    parentWritable: map.get('parent_writable') === 'yes',
    stateFile: map.has('state_layout')
      ? { layout: number(map.get('state_layout')), bytes: number(map.get('state_bytes')) }
      : null,
    mountPoints: linesOf(text('mounts')),
    walIsLink: map.get('wal_link') === 'yes',
    linkedConfiguration: linesOf(text('linked')),
    ...(map.get('wal_link') === 'yes'
      ? {
          walBeside: {
            place: placeOf(map, 'wal_parent'),
            writable: map.get('wal_parent_writable') === 'yes',
            taken: map.get('wal_next_there') === 'yes',
          },
        }
      : {}),
    walBytes: number(map.get('wal_bytes')) * 1024,
    entries: entriesOf(text('entries')),
    upgradePort: map.get('upgrade_port') === 'busy' ? 'busy' : 'free',
    newDirectory: newDirectoryOf(map),
    backupDirectoryThere: map.get('backup_there') === 'yes',
    leftBehind: linesOf(text('left_behind')),
    unit: parsedUnit?.ok ? parsedUnit.value : null,
    dependents: linesOf(text('dependents')),
    unreadableUnitFiles: linesOf(text('unit_unreadable')),
    control: controlOf(text('control')),
    ...(map.get('keeper') === 'stopped' ? { autoctlStopped: true } : {}),
    username: map.get('username') || null,
    backupRate: map.get('rate') === '' ? null : (map.get('rate') ?? null),
    backupDirectory: backup.path === '' ? null : backup,
    ...(number(map.get('backup_entries')) > 0
      ? { backupDirectoryEntries: number(map.get('backup_entries')) }
      : {}),
    linkMegabits: numberOrNull(text('link')),
    cron: linesOf(text('cron')).map(redactText),
    ...(refused === '' ? {} : { refused }),
    backupAge: numberOrNull(text('backup_age')),
    transfer: transferOf(map),
    tablespaces: tablespacesOf(map),
    // A server that answered for itself and for no database was not seen; a single one that is silent is told by name.
    server: databases.length > 0 ? valid(serverEvidenceSchema, text('server')) : null,
    ...writtenNow(valid(onlineCheckLookSchema, text('look')), valid(onlineCheckLookSchema, text('looked'))),
    databases,
    ...(silent.length > 0 ? { silentDatabases: silent } : {}),
  });
};
