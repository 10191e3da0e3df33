import { afterEach, describe, expect, test, vi } from 'vitest';
import { handlePress } from '../../source/console/keys/input.ts';
import { layoutFor } from '../../source/console/layout.ts';
import { markFound } from '../../source/console/rows/found.ts';
import { progressRows, progressSentence } from '../../source/console/rows/progress.ts';
import { createConsoleStore } from '../../source/console/state/console-store.ts';
import { themeFor } from '../../source/console/theme.ts';
import type { StepProgress } from '../../source/engine/view/controller.ts';
import { progressNews } from '../../source/plain/progress-news.ts';
import { at, doneBefore, numberIn, stepCount } from './fake-cluster.ts';
import { FakeEngine } from './fake-engine.ts';
import { keys, openScreen } from './screen.tsx';

vi.setConfig({ testTimeout: 30_000 });

let close: (() => void) | null = null;
const open = async (...given: Parameters<typeof openScreen>) => {
  const screen = await openScreen(...given);
  close = screen.close;
  return screen;
};
afterEach(() => {
  close?.();
  close = null;
});

const step = at.pgUpgrade;
const done = doneBefore(step);
const number = numberIn(step);
const numbered = (count: number, more: Readonly<Record<number, string>> = {}): string =>
  Array.from({ length: count }, (_, at) => `${more[at] ?? `line ${at}`}\n`).join('');

/** A step runs that has printed this. */
const printed = async (text: string) => {
  const screen = await open({ done }, { columns: 80, rows: 24 });
  await screen.press(keys.enter);
  screen.engine.print(step, text);
  await screen.press();
  return screen;
};

describe('searching the output', () => {
  const places = { 5: 'an ERROR here', 60: 'error: another', 150: 'the last Error' };

  test('begins at the newest place while the end is followed, then goes both ways and round', async () => {
    const { press, lines } = await printed(numbered(200, places));
    expect(await press('/', ...'error')).toContain('in 3 lines');
    expect(await press(keys.enter)).toContain("'error': 3 of 3");
    expect(lines().some((line) => line.startsWith('the last Error'))).toBe(true);
    expect(await press('N')).toContain("'error': 2 of 3");
    expect(await press('N')).toContain('an ERROR here');
    expect(await press('N')).toContain("'error': 3 of 3, from the end again");
    expect(await press('n')).toContain("'error': 1 of 3, from the top again");
  });

  test('begins at what is visible where one has scrolled', async () => {
    const { press } = await printed(numbered(200, places));
    await press('g');
    expect(await press('/', ...'error', keys.enter)).toContain("'error': 1 of 3");
    expect(
      await press(keys.pageDown, keys.pageDown, keys.pageDown, keys.pageDown, keys.pageDown),
    ).not.toContain('ERROR');
    expect(await press('n')).toContain("'error': 2 of 3");
  });

  test('what is not there is said, and Esc keeps the search that was', async () => {
    const { press } = await printed(numbered(200, places));
    expect(await press('/', ...'nothing')).toContain('not in what is shown here');
    expect(await press(keys.enter)).toContain("'nothing' is not in this output.");
    await press('/', ...'error', keys.enter, '/', ...'other', keys.esc);
    expect(await press('n')).toContain("'error': 1 of 3, from the top again");
    expect(await press('/', keys.enter, 'n')).toContain('Nothing was searched for yet');
  });

  test('new output is searched, too', async () => {
    const { engine, press } = await printed(numbered(200, places));
    await press('/', ...'error', keys.enter);
    engine.print(step, 'ERROR at the end\n');
    expect(await press('n')).toContain("'error': 4 of 4");
  });

  test('what the screen no longer holds is counted in the file', async () => {
    const { press, frame } = await printed(
      numbered(9000, { 3: 'error early', 20: 'error early', 8999: 'error late' }),
    );
    await press('/', ...'error', keys.enter);
    await vi.waitFor(async () => {
      await press();
      expect(frame()).toContain("'error': 1 of 1; in 3 lines of the whole log: v opens it");
    }, 20_000);
  });

  test('a place is marked as a whole where the line is folded in the middle of it', () => {
    const rows = markFound(['some err', 'or and e', 'rror'], 'ERROR', 'found');
    const marks = rows.map((row) => row.filter(({ tone }) => tone === 'found').map(({ text }) => text));
    expect(marks).toEqual([['err'], ['or', 'e'], ['rror']]);
    expect(rows.map((row) => row.map(({ text }) => text).join(''))).toEqual(['some err', 'or and e', 'rror']);
  });

  test('letters in the search line are letters, not commands', async () => {
    const { engine, press } = await printed(numbered(3));
    const asked = engine.asked.length;
    expect(await press('/', ...'qsxary?l')).toContain('Find: qsxary?l');
    expect(engine.asked).toHaveLength(asked);
  });
});

describe('searching a card or a failure', () => {
  test('what is typed behind / on a card is what is looked for: no letter of it is a command', async () => {
    const { engine, press } = await open({ done }, { columns: 80, rows: 24 });
    const asked = engine.asked.length;
    // A slow line brings several letters at once.
    expect(await press('/no', ...'de_1')).toMatch(/Find: node_1.*in \d+ lines/);
    expect(await press(keys.enter)).toMatch(/'node_1': 1 of \d+/);
    expect(await press('n')).toMatch(/'node_1': 2 of \d+/);
    expect(await press('N', 'N')).toMatch(/'node_1': (\d+) of \1, from the end again/);
    expect(await press('/', ...'stopx', keys.enter)).toContain("'stopx' is not on this card.");
    expect(engine.asked).toHaveLength(asked);
    expect(engine.view.stage).toMatchObject({ kind: 'confirm', step });
  });

  test('a failure is searched too', async () => {
    const { engine, press, frame } = await open({ failAt: 7, done: 6, lineMs: 0 });
    await press(keys.enter);
    await vi.waitFor(
      async () => {
        await press();
        expect(frame()).toContain('3 Failure');
      },
      { timeout: 20_000 },
    );
    const asked = engine.asked.length;
    expect(await press('/Failed', keys.enter)).toMatch(/'Failed': 1 of \d+/);
    expect(engine.asked).toHaveLength(asked);
  });
});

describe('behind a key that does nothing here', () => {
  const stray = (typed: readonly string[], waitMs: number) => {
    const engine = new FakeEngine({ done });
    let time = 10_000;
    const store = createConsoleStore(engine, {
      now: () => time,
      guard: { shown: 0, pressed: 0, refused: 2_000 },
    });
    const layout = layoutFor({
      columns: 80,
      rows: 24,
      focus: 'output',
      zoom: false,
      nodes: 2,
      staged: false,
      dialog: 0,
    });
    const press = (name: string) => {
      const nothing = () => undefined;
      const theme = themeFor({});
      const state = store.state.getState();
      handlePress(
        { state, store, layout, theme, redraw: nothing, copy: () => true, openLog: nothing, leave: nothing },
        { kind: 'key', name },
      );
    };
    for (const name of typed) press(name);
    time += waitMs;
    press('enter');
    store.dispose();
    return { asked: engine.asked, dialog: store.state.getState().dialog };
  };

  test('no Enter is taken for two seconds, and no letter opens anything', () => {
    for (const typed of [
      ['d'],
      ['y'],
      ['a'],
      ['d', 'a', 't', 'a'],
      ['y', 's', 't', 'o', 'p'],
      ['f', 'p', 'e'],
    ])
      expect(stray(typed, 1_900), typed.join('')).toEqual({ asked: [], dialog: null });
  });

  test('afterwards it is', () => {
    expect(stray(['d'], 2_100).asked).toEqual([`confirm ${step}`]);
    expect(stray([], 0).asked).toEqual([`confirm ${step}`]);
  });
});

describe('the list of steps', () => {
  test('finds by words and by number, and Enter shows the step and runs nothing', async () => {
    const { engine, press, frame } = await open({ done });
    const first = numberIn('H.node_3.pg-ctl');
    expect(await press('l')).toContain(`${stepCount} of ${stepCount} steps`);
    expect(await press(...'node_3 17')).toContain(`of ${stepCount} steps`);
    expect(await press(keys.down)).toContain(`Enter shows step ${first}; it runs nothing.`);
    await press(keys.enter);
    expect(frame()).toContain(`3 Step  ${first}/${stepCount} on node_3`);
    expect(frame()).toContain('Not its turn yet');
    expect(await press('l', ...'7')).toContain('Enter shows step 7;');
    await press(keys.enter);
    expect(frame()).toContain(`3 Output  7/${stepCount}`);
    expect(engine.asked).toEqual([]);
  });

  test('nothing found is said, Esc leaves, and the step that waits is one Enter away', async () => {
    const { engine, press } = await open({ done });
    expect(await press('l', ...'zzz')).toContain('No step has all of that');
    expect(await press(keys.enter)).toContain('No step is found');
    expect(await press('\u0015')).toContain(`${stepCount} of ${stepCount} steps`);
    expect(await press(keys.esc)).toContain('Enter runs this script on node_1');
    expect(engine.asked).toEqual([]);
  });

  test('an Enter pressed twice shows the step that waits, and does not run it', () => {
    let time = 0;
    const engine = new FakeEngine({ done });
    const store = createConsoleStore(engine, { now: () => time, guard: { shown: 300, pressed: 700 } });
    time = 10_000;
    store.go.open({ kind: 'steps', on: step });
    time = 20_000;
    store.decide.jump();
    time = 20_400;
    store.decide.enter();
    expect(engine.asked).toEqual([]);
    time = 22_000;
    store.decide.enter();
    expect(engine.asked).toEqual([`confirm ${step}`]);
    store.dispose();
  });
});

describe('the whole log', () => {
  const seat = (pager: NonNullable<NonNullable<Parameters<typeof openScreen>[1]>['pager']>) => ({ pager });

  test('goes to the pager as the lines that the screen knows, with what was looked for', async () => {
    const given: { text: string; title: string; needle: string }[] = [];
    const screen = await open(
      { done },
      seat(async (text, { title, needle }) => {
        const lines: string[] = [];
        for await (const piece of text) lines.push(...piece);
        given.push({ text: lines.join('\n'), title, needle });
        return null;
      }),
    );
    await screen.press(keys.enter);
    screen.engine.print(step, 'one\n\u001B]0;EVIL\u0007two\nunfinished');
    await screen.press('/', 't', keys.enter, 'v');
    await vi.waitFor(() => expect(given).toHaveLength(1), 20_000);
    expect(given).toEqual([{ text: 'one\ntwo\nunfinished', title: `step ${number} on node_1`, needle: 't' }]);
    await vi.waitFor(async () => expect(await screen.press()).toContain('The log: /home/dba'), 20_000);
  });

  test('without output there is none to open; a pager that cannot start is said', async () => {
    const screen = await open(
      { done },
      seat(async () => 'The pager “lass” did not start.'),
    );
    expect(await screen.press('v')).toContain('This step has printed nothing');
    await screen.press(keys.enter);
    screen.engine.print(step, 'one\n');
    await screen.press('v');
    await vi.waitFor(async () => expect(await screen.press()).toContain('“lass” did not start'), 20_000);
  });
});

describe('how far a step is', () => {
  const theme = themeFor({});
  const { view } = new FakeEngine({ done });
  const running = view.steps.map((one) => ({ ...one, status: { kind: 'running', since: 0 } as const }))[
    number - 1
  ];
  const copy: StepProgress = {
    unit: 'bytes',
    done: 3 * 1024 ** 3,
    total: 12 * 1024 ** 3,
    doing: 'copying',
    at: 60_000,
    rate: 50 * 1024 ** 2,
    leftMs: 184_000,
  };
  const rows = (progress: StepProgress, columns: number, now = 60_000) => {
    if (running === undefined) throw new Error('there is no such step');
    return progressRows(progress, running, columns, now, theme).map((row) =>
      row.map(({ text }) => text).join(''),
    );
  };

  test.each([40, 61, 80, 120, 200])('fits into %i columns', (columns) => {
    for (const row of rows(copy, columns)) expect([...row].length).toBeLessThanOrEqual(columns);
    expect(rows(copy, columns)[0]).toMatch(/█░/);
    expect(rows(copy, columns).join(' ')).toContain('3.0 GB of 12 GB, 25 %');
  });

  test('says rate, time so far, and time to go that shrinks between two readings', () => {
    expect(rows(copy, 100)[0]).toContain('50 MB/s, 01:00 so far, about 03:04 left');
    expect(rows(copy, 100, 70_000)[0]).toContain('about 02:54 left');
    expect(rows({ ...copy, leftMs: 200 }, 100)[0]).toContain('almost done');
    expect(rows(copy, 120, 90_000)[0]).toContain('as of 30 s ago');
  });

  test('claims no share and no end where the whole is not known', () => {
    const [first] = rows({ ...copy, total: null, leftMs: null }, 100);
    expect(first).toBe('3.0 GB, 50 MB/s, 01:00 so far, total unknown');
  });

  test('a count of uneven stages is no share of the time; longer than expected is said', () => {
    const stages: StepProgress = { ...copy, unit: 'results', done: 28, total: 35, rate: null, leftMs: 0 };
    expect(rows(stages, 100)[0]).toMatch(/^█+░+ 28 of 35 stages, 01:00 so far, longer than expected$/);
    expect(rows(stages, 100)[0]).not.toContain('%');
  });

  test('plain lines say it at each tenth, and not too often', () => {
    if (running === undefined) throw new Error('there is no such step');
    let now = 1000;
    const news = progressNews(() => now);
    const at = (time: number, done: number) => {
      now = time;
      const told = { ...copy, done: done * 1024 ** 3, at: time };
      return news({ ...view, steps: [running], progress: { [running.id]: told } });
    };
    expect(at(1000, 3)).toEqual([]);
    expect(at(6000, 3)).toEqual([`* node_1: ${progressSentence({ ...copy, at: 6000 }, 0, 6000)}`]);
    expect(at(8000, 6)).toEqual([]);
    expect(at(12_000, 6)).toHaveLength(1);
    expect(at(40_000, 6)).toEqual([]);
    expect(at(75_000, 6)).toHaveLength(1);
  });
});
