import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ConsoleStoreOptions, createConsoleStore } from '../../../source/console/state/console-store.ts';
import { confirmable, inputMode, shownFace, shownStep } from '../../../source/console/state/selectors.ts';
import { at, doneBefore } from '../fake-cluster.ts';
import { FakeEngine, type FakeOptions, sampleFailure } from '../fake-engine.ts';

let time = 1_000_000;
const now = () => time;
const later = (milliseconds: number) => {
  time += milliseconds;
};

/** A store whose clock stands still until `later`; the card has been on the screen for a while. */
const open = (options: FakeOptions = {}, more: ConsoleStoreOptions = {}) => {
  const engine = new FakeEngine({ now, ...options });
  const store = createConsoleStore(engine, { now, ...more });
  later(1000);
  return {
    engine,
    store,
    state: () => store.state.getState(),
    hint: () => store.state.getState().hint?.text ?? '',
  };
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Enter', () => {
  test('runs the step whose card is shown', () => {
    const { engine, store } = open();
    store.decide.enter();
    expect(engine.asked).toEqual(['confirm A.monitor.save']);
    expect(engine.view.stage.kind).toBe('running');
  });

  test('pressed twice runs one step', () => {
    const { engine, store, hint } = open();
    store.decide.enter();
    engine.finishStep();
    later(100);
    store.decide.enter();
    expect(engine.asked).toHaveLength(1);
    expect(hint()).toContain('too soon');
    later(1000);
    store.decide.enter();
    expect(engine.asked).toHaveLength(2);
  });

  test('held down never runs a second step, however late its first repeat comes', () => {
    const { engine, store } = open();
    store.decide.enter();
    later(50);
    engine.finishStep();
    later(500);
    for (let repeat = 0; repeat < 100; repeat += 1) {
      store.decide.enter();
      later(30);
    }
    expect(engine.asked).toHaveLength(1);
  });

  test('first shows the card when another step, another pane or another face is on the screen', () => {
    for (const away of ['step', 'zoom', 'face'] as const) {
      const { engine, store, state, hint } = open({ done: 3 });
      if (away === 'step') store.go.selectBy(5);
      if (away === 'face') store.go.nextFace();
      if (away === 'zoom') {
        store.go.focus('monitor');
        store.go.toggleZoom();
      }
      expect(confirmable(state())).toBeNull();
      later(1000);
      store.decide.enter();
      expect(engine.asked).toEqual([]);
      expect(confirmable(state())?.id).toBe('A.node_3.save');
      expect(hint()).toContain('waits for you');
      store.decide.enter();
      expect(engine.asked).toEqual([]);
      later(1000);
      store.decide.enter();
      expect(engine.asked).toEqual(['confirm A.node_3.save']);
    }
  });

  test('does nothing in a window that is too small for a card', () => {
    const { engine, store, state } = open();
    store.go.setTooSmall(true);
    later(1000);
    store.decide.enter();
    expect(engine.asked).toEqual([]);
    expect(inputMode(state())).toBe('too-small');
  });

  test('does nothing while a step runs or has failed', () => {
    const { engine, store, hint } = open();
    store.decide.enter();
    later(1000);
    store.decide.enter();
    expect(hint()).toContain('nothing to confirm');
    engine.finishStep(sampleFailure('monitor'));
    later(1000);
    store.decide.enter();
    expect(hint()).toContain('Enter does nothing here');
    expect(engine.asked).toHaveLength(1);
  });
});

describe('the point of no return', () => {
  test('asks for the name of the host and refuses any other', () => {
    const { engine, store, state, hint } = open({ done: doneBefore(at.firstStart) });
    store.decide.enter();
    expect(engine.asked).toEqual([]);
    expect(state().dialog).toEqual({ kind: 'type-name', step: at.firstStart, runs: 'confirm' });
    for (const wrong of ['', 'node_2', 'NODE_1', ' node_1', 'y']) {
      later(1000);
      store.go.type(wrong);
      store.decide.submit();
      expect(engine.asked).toEqual([]);
      expect(hint()).toContain('Type node_1');
    }
    later(1000);
    store.go.type('node_1');
    store.decide.submit();
    expect(engine.asked).toEqual([`confirm ${at.firstStart} node_1`]);
  });

  test('is asked for again when the step is run again', () => {
    const { engine, store, state } = open({ done: doneBefore(at.firstStart) });
    engine.confirm(at.firstStart, 'node_1');
    engine.finishStep(sampleFailure('node_1'));
    store.decide.askRetry();
    expect(state().dialog?.kind).toBe('type-name');
    later(1000);
    store.decide.submit();
    expect(engine.asked).toHaveLength(1);
    store.go.type('node_1');
    later(1000);
    store.decide.submit();
    expect(engine.asked.at(-1)).toBe(`retry ${at.firstStart} node_1`);
  });
});

describe('after a failure', () => {
  const failed = () => {
    const opened = open({ done: doneBefore(at.pgUpgrade) });
    opened.store.decide.enter();
    opened.engine.finishStep(sampleFailure('node_1'));
    later(1000);
    return opened;
  };

  test('the failure is shown, and running again asks first', () => {
    const { engine, store, state } = failed();
    expect(shownFace(state())).toBe('failure');
    store.decide.askRetry();
    expect(inputMode(state())).toBe('retry');
    store.decide.runAgain();
    expect(engine.asked).toHaveLength(1);
    later(1000);
    store.decide.runAgain();
    expect(engine.asked.at(-1)).toBe(`retry ${at.pgUpgrade}`);
  });

  test('skipping wants a reason unless the step is optional', () => {
    const { engine, store, hint } = failed();
    store.decide.askSkip();
    later(1000);
    store.decide.submit();
    expect(hint()).toContain('reason is needed');
    store.go.type('  done in the ticket 4711 ');
    later(1000);
    store.decide.submit();
    expect(engine.asked.at(-1)).toBe(`skip ${at.pgUpgrade} done in the ticket 4711`);
    const optional = open({ done: doneBefore(at.switchover) });
    optional.store.decide.askSkip();
    later(1000);
    optional.store.decide.submit();
    expect(optional.engine.asked).toEqual([`skip ${at.switchover} `]);
  });

  test('a dialog about a step that went on meanwhile is closed', () => {
    const { engine, store, state, hint } = failed();
    store.decide.askSkip();
    engine.probeAgain(at.pgUpgrade);
    expect(state().dialog).toBeNull();
    expect(hint()).toContain('moved on');
  });

  test('what the engine refuses is shown', () => {
    const { store, hint } = open();
    store.decide.probeAgain();
    expect(hint()).toContain('Refused: the servers do not show');
  });
});

describe('questions', () => {
  const question = {
    kind: 'unknown-host-key',
    alias: 'node_2',
    host: 'h',
    keyType: 'ssh-ed25519',
    fingerprint: 'SHA256:x',
  } as const;

  test('a key is trusted by a y that comes after the question was seen', () => {
    const engine = new FakeEngine({ now, questions: [question] });
    const store = createConsoleStore(engine, { now });
    store.decide.trustKey();
    expect(engine.asked).toEqual([]);
    later(1000);
    store.decide.trustKey();
    expect(engine.asked).toEqual(['answer yes']);
  });

  test('a passphrase is never empty and is forgotten once given', () => {
    const { engine, store, state } = open({
      questions: [{ kind: 'passphrase', alias: 'node_1', identityFile: 'f' }],
    });
    store.decide.giveSecret();
    expect(engine.asked).toEqual([]);
    store.go.type('s3cret');
    later(1000);
    store.decide.giveSecret();
    expect(engine.asked).toEqual(['answer secret s3cret']);
    expect(state().typed).toBe('');
  });
});

describe('the screen', () => {
  test('keeps what the operator reads, and says that a step waits', () => {
    const { engine, store, state, hint } = open({ done: 3 });
    store.decide.enter();
    store.go.selectBy(-2);
    const reading = shownStep(state())?.id;
    engine.finishStep();
    expect(shownStep(state())?.id).toBe(reading);
    expect(hint()).toContain('Step 5 waits');
    store.go.showCurrent();
    expect(shownStep(state())?.id).toBe('A.monitor.checks');
  });

  test('does not draw rows that were read again and are the same, and has them at once', () => {
    const { engine, store, state } = open();
    let told = 0;
    store.state.subscribe((next, before) => {
      if (next.drawn !== before.drawn) told += 1;
    });
    const beats = (count: number) => {
      for (let beat = 0; beat < count; beat += 1) {
        later(1000);
        engine.beat();
        vi.advanceTimersByTime(1000);
        expect(now() - (state().view.monitor.feed.readAt ?? 0)).toBeLessThan(1000);
      }
    };
    beats(30);
    expect(told).toBe(0);
    engine.set({ notices: [{ at: now(), text: 'a line is lost' }] });
    vi.advanceTimersByTime(50);
    expect(state().view.notices).toHaveLength(1);
    expect(told).toBe(1);
    store.dispose();
  });

  test('hears of output at most 30 times a second, and misses none', () => {
    // Without the pace of this machine, which is busy here.
    const { engine, store } = open({}, { intervalMs: 34 });
    let told = 0;
    store.state.subscribe((state, before) => {
      if (state.outputVersion !== before.outputVersion) told += 1;
    });
    for (let line = 0; line < 10_000; line += 1) {
      engine.print('A.monitor.save', `line ${line}\n`);
      if (line % 10 === 0) {
        later(1);
        vi.advanceTimersByTime(1);
      }
    }
    later(100);
    vi.advanceTimersByTime(100);
    expect(told).toBeGreaterThan(25);
    expect(told).toBeLessThanOrEqual(31);
    store.dispose();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('moves between hosts without losing the step that is shown', () => {
    const { store, state } = open({ done: 3 });
    store.go.filterBy(1);
    expect(state().hostFilter).toBe('monitor');
    store.go.filterBy(-1);
    store.go.filterBy(-1);
    expect(state().hostFilter).toBe('node_3');
    store.go.selectBy(1);
    expect(shownStep(state())?.host).toBe('node_3');
  });
});
