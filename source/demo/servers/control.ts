import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Major } from '../layout.ts';
import { controlData } from '../recorded/postgres.ts';

export type ControlState = 'in production' | 'in archive recovery' | 'shut down' | 'shut down in recovery';

/** What the demo keeps of pg_control; the rest is as recorded. */
export interface ControlFile {
  readonly major: Major;
  readonly systemIdentifier: string;
  readonly state: ControlState;
  readonly modified: number;
  readonly checkpoint: bigint;
  readonly timeline: number;
  readonly nextXid: number;
}

/** A position as PostgreSQL writes it: 0/15B98040. */
export const lsnText = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0')
    .replace(/^0+(?=.)/, '')}`;

const lsnOf = (text: string): bigint => {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
};

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As C's ctime in UTC: Mon Nov 23 01:03:54 2026. */
const timeText = (milliseconds: number): string => {
  const at = new Date(milliseconds);
  return `${days[at.getUTCDay()]} ${months[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)} ${at.toISOString().slice(11, 19)} ${at.getUTCFullYear()}`;
};

const path = (data: string): string => join(data, 'global/pg_control');

const textOf = (control: ControlFile): string => {
  const checkpoint = lsnText(control.checkpoint);
  const segment = control.timeline.toString(16).toUpperCase().padStart(8, '0');
  const log = (control.checkpoint >> 32n).toString(16).toUpperCase().padStart(8, '0');
  const file = ((control.checkpoint & 0xffffffffn) >> 24n).toString(16).toUpperCase().padStart(8, '0');
  const values: Readonly<Record<string, string>> = {
    'pg_control version number': control.major === 15 ? '1300' : '1700',
    'Catalog version number': control.major === 15 ? '202209061' : '202406281',
    'Database system identifier': control.systemIdentifier,
    'Database cluster state': control.state,
    'pg_control last modified': timeText(control.modified),
    'Latest checkpoint location': checkpoint,
    "Latest checkpoint's REDO location": checkpoint,
    "Latest checkpoint's REDO WAL file": segment + log + file,
    "Latest checkpoint's TimeLineID": String(control.timeline),
    "Latest checkpoint's PrevTimeLineID": String(control.timeline),
    "Latest checkpoint's NextXID": `0:${control.nextXid}`,
    "Latest checkpoint's oldestActiveXID": '0',
    'Time of latest checkpoint': timeText(control.modified),
  };
  return controlData
    .split('\n')
    .map((line) => {
      const label = line.slice(0, line.indexOf(':'));
      const value = values[label];
      return value === undefined ? line : `${label}:`.padEnd(38) + value;
    })
    .join('\n');
};

export const writeControl = (data: string, control: ControlFile): void => {
  mkdirSync(dirname(path(data)), { recursive: true });
  writeFileSync(`${path(data)}.new`, textOf(control));
  renameSync(`${path(data)}.new`, path(data));
};

/** Null where there is none: not a cluster, or one that pg_upgrade has linked away or the runbook has disarmed. */
export const readControl = (data: string): ControlFile | null => {
  if (!existsSync(path(data))) return null;
  const values = new Map(
    readFileSync(path(data), 'utf8')
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
  );
  const state = values.get('Database cluster state');
  return {
    major: values.get('pg_control version number') === '1300' ? 15 : 17,
    systemIdentifier: values.get('Database system identifier') ?? '0',
    state:
      state === 'in production' || state === 'in archive recovery' || state === 'shut down'
        ? state
        : 'shut down in recovery',
    modified: Date.parse(`${values.get('pg_control last modified') ?? ''} UTC`),
    checkpoint: lsnOf(values.get('Latest checkpoint location') ?? '0/0'),
    timeline: Number(values.get("Latest checkpoint's TimeLineID") ?? '1'),
    nextXid: Number((values.get("Latest checkpoint's NextXID") ?? '0:3').split(':')[1]),
  };
};
