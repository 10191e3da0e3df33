import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { keyCommands } from '../../source/console/keys/commands.ts';
import { keyLabel, pressOf } from '../../source/console/keys/keys.ts';
import { layoutFor } from '../../source/console/layout.ts';
import { footerRowsOf } from '../../source/console/rows/footer.ts';
import { helpRows } from '../../source/console/rows/help.ts';
import { lagOf } from '../../source/console/rows/lag.ts';
import { visibleOutput } from '../../source/console/rows/output.ts';
import { agesShow, nextTick } from '../../source/console/rows/staleness.ts';
import { dangerAhead } from '../../source/console/rows/step-row.ts';
import { openingState } from '../../source/console/state/state.ts';
import { themeFor } from '../../source/console/theme.ts';
import type { EngineView } from '../../source/engine/view/controller.ts';
import { clock, cut, padRight, tame, widthOf, wrapExact } from '../../source/wording/text.ts';
import { word } from '../runbook/word.ts';
import { at, doneBefore, healthyNodes } from './fake-cluster.ts';
import { FakeEngine } from './fake-engine.ts';
import { FakeOutput } from './fake-output.ts';

const theme = themeFor({});

describe('text', () => {
  test.each(['plain', '升级数据库升级数据库', 'e\u0301'.repeat(20), '👩‍🚀'.repeat(9), 'a升b'])(
    '%s takes exactly the room given',
    (text) => {
      for (const columns of [1, 2, 5, 8, 40]) {
        expect(widthOf(cut(text, columns))).toBeLessThanOrEqual(columns);
        expect(widthOf(padRight(text, columns))).toBe(columns);
        for (const part of wrapExact(text, columns))
          expect(widthOf(part)).toBeLessThanOrEqual(Math.max(2, columns));
      }
    },
  );

  test('folding leaves nothing out', () => {
    const line = `  ${'x'.repeat(30)}  ${'数'.repeat(30)} end`;
    expect(wrapExact(line, 7).join('')).toBe(line);
  });

  test('tabs take their room and control characters are seen', () => {
    expect(tame('a\tb')).toBe('a       b');
    expect(tame('a\u0007b')).toBe('a�b');
  });

  test('clocks', () => {
    expect([clock(0), clock(61_000), clock(3_661_000)]).toEqual(['00:00', '01:01', '1:01:01']);
  });
});

describe('lag', () => {
  test('is the distance of two positions on one timeline', () => {
    expect(healthyNodes.map((node) => lagOf(node, healthyNodes))).toEqual([null, 0n, 16_480n]);
  });

  test('is not known where the timelines differ or nobody takes writes', () => {
    for (const lsn of ['0/0', 'nonsense']) {
      const silent = healthyNodes.map((node) => ({ ...node, lsn: word(lsn) }));
      expect(silent.map((node) => lagOf(node, silent))).toEqual([null, null, null]);
    }
    const other = healthyNodes.map((node, index) => (index === 0 ? { ...node, timeline: 2 } : node));
    expect(other.map((node) => lagOf(node, other))).toEqual([null, null, null]);
    const apart = healthyNodes.map((node) => ({ ...node, reported: 'maintenance' as const }));
    expect(apart.map((node) => lagOf(node, apart))).toEqual([null, null, null]);
  });
});

describe('layout', () => {
  test.each([
    [80, 24, 3],
    [80, 24, 9],
    [109, 50, 4],
    [120, 40, 3],
    [200, 60, 12],
  ])('%i x %i with %i nodes uses every line', (columns, rows, nodes) => {
    for (const focus of ['monitor', 'checklist', 'output'] as const) {
      for (const zoom of [false, true]) {
        const { areas, shape } = layoutFor({
          columns,
          rows,
          nodes,
          focus,
          zoom,
          staged: false,
          dialog: 0,
        });
        const body = rows - 4;
        const beside = shape === 'split' && !zoom;
        const used = areas.monitor.rows + areas.output.rows + (beside ? 0 : areas.checklist.rows);
        expect(used).toBe(body);
        if (!zoom) for (const area of Object.values(areas)) expect(area.rows).toBeGreaterThanOrEqual(4);
      }
    }
  });
});

describe('output', () => {
  const output = new FakeOutput(1000);
  for (let line = 0; line < 5000; line += 1) output.append(`${line}\n`);
  const window = { columns: 20, rows: 5, wrap: true, needle: '' };
  const shown = (top: number | null) =>
    visibleOutput(output, { ...window, top }, theme).rows.map((row) => row.map(({ text }) => text).join(''));

  test('follows the end, stands where it was scrolled, and survives lines that the ring dropped', () => {
    expect(shown(null)).toEqual(['4995', '4996', '4997', '4998', '4999']);
    expect(shown(4100)).toEqual(['4100', '4101', '4102', '4103', '4104']);
    expect(shown(3)).toEqual(['4000', '4001', '4002', '4003', '4004']);
    expect(shown(4998)).toEqual(['4995', '4996', '4997', '4998', '4999']);
  });

  test('reads no more lines than there are rows', () => {
    let read = 0;
    const line = (at: number) => {
      read += 1;
      return String(at);
    };
    const counting = { firstLine: 0, endLine: 1_000_000, unfinished: '', file: null, bytes: 0, line };
    visibleOutput(counting, { ...window, top: null }, theme);
    visibleOutput(counting, { ...window, top: 500 }, theme);
    expect(read).toBeLessThanOrEqual(10);
  });
});

describe('time', () => {
  test('an idle console ticks with the minutes of its clock, and no more', () => {
    const { view } = new FakeEngine();
    const down = new FakeEngine({ done: doneBefore(at.pgUpgrade) }).view;
    const planned = { ...down, downtime: { kind: 'not-started' } as const };
    expect(nextTick(planned, 60_000_000)).toBe(60_000);
    expect(nextTick(planned, 60_045_000)).toBe(15_000);
    expect(nextTick(down, Date.now())).toBe(1000);
    const { monitor } = view;
    const read = { ...view, monitor: { ...monitor, feed: { ...monitor.feed, readAt: 60_000_000 } } };
    expect(nextTick(read, 60_000_000)).toBe(5_050);
  });

  test('the clock of the downtime alone does not make the panes anew; an age in them does', () => {
    const { view } = new FakeEngine({ done: doneBefore(at.pgUpgrade) });
    const read = view.monitor.feed.readAt ?? 0;
    expect(nextTick(view, read)).toBe(1000);
    expect(agesShow(view, read)).toBe(false);
    const early = new FakeEngine().view;
    expect(agesShow(early, (early.monitor.feed.readAt ?? 0) + 6_000)).toBe(true);
    const hosts = view.hosts.map((host) => ({ ...host, line: 'reconnecting' as const }));
    expect(agesShow({ ...view, hosts }, read)).toBe(true);
    const running = { kind: 'running', since: read } as const;
    const steps = view.steps.map((step, index) => (index === 30 ? { ...step, status: running } : step));
    expect(agesShow({ ...view, steps }, read)).toBe(true);
  });
});

describe('keys', () => {
  const none = {
    upArrow: false,
    downArrow: false,
    leftArrow: false,
    rightArrow: false,
    pageDown: false,
    pageUp: false,
    home: false,
    end: false,
    return: false,
    escape: false,
    ctrl: false,
    shift: false,
    tab: false,
    backspace: false,
    delete: false,
    meta: false,
    super: false,
    hyper: false,
    capsLock: false,
    numLock: false,
  };

  test('Enter is Enter alone', () => {
    expect(pressOf('', { ...none, return: true })).toEqual({ kind: 'key', name: 'enter' });
    for (const held of ['meta', 'ctrl', 'shift'] as const)
      expect(pressOf('', { ...none, return: true, [held]: true })).toBeNull();
    expect(pressOf('\n', none)).toBeNull();
    expect(pressOf('\r\r', none)).toEqual({ kind: 'text', text: '\r\r' });
  });

  test('no key has two meanings at a time: of two commands on it the first says when it does nothing', () => {
    const all = keyCommands.flatMap((command) => command.keys);
    const shared = [...new Set(all.filter((key, at) => all.indexOf(key) !== at))];
    expect(shared).toEqual(['t', 'esc']);
    for (const key of shared) {
      const [first] = keyCommands.filter(({ keys }) => keys.includes(key));
      expect([key, first?.disabled]).toEqual([key, expect.any(Function)]);
    }
  });

  test('docs/console.md names every key as the table does', () => {
    const docs = readFileSync(new URL('../../docs/console.md', import.meta.url), 'utf8');
    for (const { keys, says } of keyCommands)
      expect(docs).toContain(`| ${keys.map(keyLabel).join(', ')} | ${says} |`);
  });
});

test('the help says which guide is meant, its address whole at 80 columns', () => {
  const rows = helpRows({ kind: 'safe', says: '' }, 78, theme);
  const text = rows.map((row) => row.map((part) => part.text).join(''));
  expect(
    text.filter((row) => row.includes('https://knowledge.broadcom.com/external/article/440339')),
  ).toHaveLength(1);
});

test('the help tells of every key in whole sentences where the window is narrow: they were cut at 80 columns', () => {
  const rows = helpRows({ kind: 'safe', says: '' }, 80, theme).map((row) =>
    row.map((part) => part.text).join(''),
  );
  expect(rows.filter((row) => widthOf(row) > 80)).toEqual([]);
  const text = rows.join(' ').replace(/\s+/g, ' ');
  for (const { says } of keyCommands) expect(text).toContain(says);
});

test('what a step still misses is not said of it any more once it has been run', () => {
  const { view } = new FakeEngine({ done: doneBefore(at.pgUpgrade) });
  const { stage } = view;
  if (stage.kind !== 'confirm') throw new Error(stage.kind);
  const said = 'node_1: this step is not done yet: nothing saved yet.';
  const notices = [{ at: 0, text: said, whileWaits: stage.step }];
  const footer = (shown: EngineView): string =>
    footerRowsOf(openingState(shown), 120)
      .flatMap((row) => row.map((part) => part.text))
      .join('');
  expect(footer({ ...view, notices })).toContain(said);
  const next = view.steps[view.steps.findIndex(({ id }) => id === stage.step) + 1];
  if (next === undefined) throw new Error('no step behind it');
  expect(footer({ ...view, notices, stage: { ...stage, step: next.id } })).not.toContain('not done yet');
});

test('a line that fits into the pane is not folded: at 120 columns each of pg_upgrade’s was, by its last letter', () => {
  const line = `${'Setting oldest XID for new cluster'.padEnd(62)}ok`;
  const window = { top: 0, rows: 5, wrap: true, needle: '' };
  const { areas } = layoutFor({
    columns: 120,
    rows: 40,
    focus: 'output',
    zoom: false,
    nodes: 2,
    staged: false,
    dialog: 0,
  });
  const output = new FakeOutput();
  output.append(`${line}\n`);
  const rows = (columns: number) => visibleOutput(output, { ...window, columns }, theme).rows;
  expect(rows(areas.output.columns)).toHaveLength(1);
  expect(rows(63)).toHaveLength(2);
});

const keysOf = (view: EngineView, columns: number): string =>
  footerRowsOf(openingState(view), columns)
    .map((row) => row.map((part) => part.text).join(''))
    .join('\n');

test('the rollback’s key stands in the footer of the stop, and of a group, in a narrow window: the key that skips stood there', () => {
  for (const step of [at.stop, at.pgUpgrade]) {
    const { view } = new FakeEngine({ done: doneBefore(step) });
    const keys = keysOf(view, 80);
    expect(keys).toMatch(/Enter .* G run to .* r rollback .*\? help {2}q leave$/);
    expect(widthOf(keys.split('\n').at(-1) ?? '')).toBeLessThanOrEqual(80);
  }
});

test('between two steps that run on without asking no Enter is offered: the footer did', () => {
  const { view } = new FakeEngine({ done: doneBefore(at.pgUpgrade) });
  const keys = keysOf({ ...view, runsOn: { ending: false } }, 80);
  expect(keys).not.toContain('Enter');
  expect(keys).toContain('Runs on to step');
  expect(keys).toContain('Esc ask again after this step');
});

test('a step that the servers show as done is no danger ahead: a rollback behind the stop said that the downtime begins', () => {
  const { view } = new FakeEngine();
  const stop = view.steps.find(({ asksName }) => asksName === 'downtime');
  if (stop === undefined) throw new Error('no stop');
  expect(dangerAhead({ ...stop, shownDone: false })).toBe('DOWNTIME BEGINS');
  expect(dangerAhead({ ...stop, shownDone: true })).toBe(null);
});
