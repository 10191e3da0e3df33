import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const source = resolve(import.meta.dirname, '../../source');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.tsx?$/.test(name),
);

interface Import {
  readonly from: string;
  readonly room: string;
  /** A room of ours, or a package. */
  readonly to: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

const statement = /(?:^|\n)(import|export)\s+(type\s+)?([^'";]*?from\s+)?'([^']+)'|\bimport\('([^']+)'\)/g;

const imports: readonly Import[] = files.flatMap((from) =>
  [...readFileSync(join(source, from), 'utf8').matchAll(statement)].map((match): Import => {
    const [, , type, names = '', fixed, dynamic] = match;
    const target = fixed ?? dynamic ?? '';
    const path = target.startsWith('.') ? relative(source, resolve(source, dirname(from), target)) : target;
    const inner = /\{([^}]*)\}/.exec(names)?.[1]?.split(',') ?? [];
    const allTypes = inner.length > 0 && inner.every((name) => /^\s*(type\s|$)/.test(name));
    const room = (file: string): string =>
      file.startsWith('console/state/')
        ? 'console/state'
        : file.includes('/')
          ? (file.split('/')[0] ?? '')
          : 'cli';
    return {
      from,
      room: room(from),
      to: target.startsWith('.') ? room(path) : (target.replace(/^node:/, '').split('/')[0] ?? ''),
      target: path,
      typeOnly: type !== undefined || allTypes,
    };
  }),
);

/** docs: imports point one way; a room may use those that stand to the right of it. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  cluster: [],
  remote: ['cluster'],
  monitor: ['remote', 'cluster'],
  runbook: ['cluster'],
  inspect: ['runbook', 'cluster'],
  discover: ['inspect', 'runbook', 'monitor', 'remote', 'cluster'],
  engine: ['discover', 'inspect', 'runbook', 'monitor', 'remote', 'cluster'],
  usecases: ['engine', 'discover', 'inspect', 'runbook', 'monitor', 'remote', 'cluster'],
  reports: ['usecases', 'engine', 'runbook', 'cluster'],
  'console/state': ['engine', 'runbook', 'monitor', 'remote', 'cluster'],
  wording: ['console/state', 'usecases', 'engine', 'runbook', 'monitor', 'remote', 'cluster'],
  console: ['console/state', 'wording', 'engine', 'runbook', 'monitor', 'remote', 'cluster'],
  demo: ['cluster'],
  plain: [
    'console',
    'console/state',
    'wording',
    'usecases',
    'engine',
    'runbook',
    'monitor',
    'remote',
    'cluster',
  ],
};
const rooms = Object.keys(mayUse);

test('the imports were read at all', () => {
  expect(imports.length).toBeGreaterThan(200);
  expect(imports.some((one) => one.from === 'engine/run/engine.ts' && one.to === 'runbook')).toBe(true);
});

test('the architecture tells of each room, and of no other', () => {
  const text = readFileSync(resolve(source, '../ARCHITECTURE.md'), 'utf8');
  const table = text.slice(text.indexOf('| room |'), text.indexOf('## The runbook'));
  const told = [...table.matchAll(/^\| `([\w/]+)` \|/gm)].map(([, room = '']) => room);
  expect(told.sort()).toEqual([...rooms, 'commands'].sort());
  expect(new Set(files.map((file) => file.split('/')[0]).filter((room) => !room?.includes('.')))).toEqual(
    new Set(told.map((room) => room.split('/')[0])),
  );
});

test('imports point one way', () => {
  const wrong = imports.filter(
    ({ room, to, target }) =>
      rooms.includes(room) && /\.tsx?$/.test(target) && room !== to && !mayUse[room]?.includes(to),
  );
  expect(wrong.map(({ from, target }) => `${from} → ${target}`)).toEqual([]);
});

const forbidden: readonly (readonly [string, RegExp, RegExp])[] = [
  [
    'cluster, runbook and inspect touch neither network, disk nor processes',
    /^(cluster|runbook|inspect)$/,
    /^(net|tls|dns|http|https|fs|child_process|os|ssh2|pg|react|ink|zustand)$/,
  ],
  [
    'the engine and what is below it draw nothing',
    /^(cluster|runbook|inspect|discover|remote|monitor|engine|usecases|wording)$/,
    /^(react|ink|ink-spinner|zustand)$/,
  ],
  ['the state of the console knows no screen', /^console\/state$/, /^(react|ink|ink-spinner|ssh2|pg)$/],
  ['the screen opens no connection and no file', /^console$/, /^(net|tls|child_process|ssh2|pg)$/],
];

test.each(forbidden)('%s', (_, from, what) => {
  const wrong = imports.filter(
    ({ room, to, target }) => from.test(room) && !target.includes('.ts') && what.test(to),
  );
  expect(wrong.map((one) => `${one.from} → ${one.target}`)).toEqual([]);
});

test('console and its state know hosts, feeds and steps by their types alone', () => {
  const wrong = imports.filter(
    ({ room, to, typeOnly }) =>
      (room === 'console' || room === 'console/state') && (to === 'remote' || to === 'monitor') && !typeOnly,
  );
  expect(wrong.map((one) => `${one.from} → ${one.target}`)).toEqual([]);
});

/** Everything that a room's files use when they run, packages included. */
const reached = (room: string): ReadonlySet<string> => {
  const seen = new Set<string>();
  const reach = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const one of imports) if (one.from === file && !one.typeOnly) reach(one.target);
  };
  for (const file of files) if (file.startsWith(`${room}/`)) reach(file);
  return seen;
};

test('reports are written from what they are given: whatever they use touches neither network nor disk', () => {
  const seen = reached('reports');
  expect(seen.has('reports/report/report.ts')).toBe(true);
  expect(seen.has('engine/journal/entry.ts')).toBe(true);
  expect(
    [...seen].filter((file) =>
      /^(node:)?(net|tls|dns|https?|fs|child_process|os|ssh2|pg|react|ink|zustand)\b/.test(file),
    ),
  ).toEqual([]);
});

test('plain lines share words with the screen, and never what draws it', () => {
  const seen = reached('plain');
  expect(seen.has('plain/run-plain.ts')).toBe(true);
  expect([...seen].filter((file) => /^(react|ink|ink-spinner)\b/.test(file))).toEqual([]);
});

test('nothing of the product knows that there is a demo but its command', () => {
  const knows = imports.filter(({ room, to }) => to === 'demo' && room !== 'demo');
  expect(knows.length).toBeGreaterThan(0);
  expect(new Set(knows.map(({ from }) => from))).toEqual(new Set(['commands/demo.ts']));
});

test('no file of the source grows beyond what one can read in a sitting', () => {
  const long = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:tsx?|sh)$/.test(name))
    .map((name) => ({ name, lines: readFileSync(join(source, name), 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > 400);
  expect(long).toEqual([]);
});
