import { describe, expect, test } from 'vitest';
import { pausesWords } from '../../source/cluster/amounts.ts';
import { type PauseMoments, pauseMomentsIn } from '../../source/cluster/parse/pause-moments.ts';
import { pausesIn } from '../../source/engine/journal/downtimes.ts';
import type { Entry, Recorded } from '../../source/engine/journal/entry.ts';
import { downtimeWords } from '../../source/wording/closing.ts';
import { FakeEngine } from '../console/fake-engine.ts';

const probe = { state: 'done', says: 'it was done' } as const;
const confirmed = (step: string): Entry => ({
  kind: 'confirmed',
  step,
  host: 'monitor',
  as: 'postgres',
  typed: null,
  job: 'run/step.1',
  script: 'true',
});
const done = (step: string): Entry => ({ kind: 'done', step, by: 'run', probe, verdict: '' });
const at = (second: number, entry: Entry): Recorded => ({
  at: new Date(Date.UTC(2026, 10, 26, 15, 0, second)).toISOString(),
  entry,
});
const stepOf = (id: string) => ({
  writes: id.includes('switch') ? ('pause' as const) : ('unchanged' as const),
});

test('a switchover counts from its confirmation to its end, a failed one too; what was found done or has no end does not', () => {
  const records = [
    at(0, confirmed('I.monitor.final')),
    at(4, done('I.monitor.final')),
    at(5, confirmed('I.monitor.switchover')),
    at(13, { kind: 'failed', step: 'I.monitor.switchover', what: 'it waits', unmet: [], probe: null }),
    at(14, done('I.monitor.switchover')),
    at(20, confirmed('I.monitor.switch-back')),
    at(27, done('I.monitor.switch-back')),
    at(30, confirmed('I.monitor.switchover')),
  ];
  expect(pausesIn(records, stepOf)).toEqual([
    { step: 'I.monitor.switchover', host: null, ms: 8_000, measured: false },
    { step: 'I.monitor.switch-back', host: null, ms: 7_000, measured: false },
  ]);
  expect(pausesIn(records, () => undefined)).toEqual([]);
});

test('it is said as the most that it can have been, and counted beside the downtime', () => {
  const { view } = new FakeEngine();
  const pauses = [
    { step: 'I.monitor.switchover', host: 'monitor', ms: 8_000, measured: false },
    { step: 'I.monitor.switch-back', host: 'monitor', ms: 7_000, measured: false },
  ];
  expect(pausesWords([])).toBeNull();
  expect(pausesWords(pauses.slice(0, 1))).toBe('at most 8.0 s in a switchover');
  expect(downtimeWords(view)).toBeNull();
  expect(downtimeWords({ ...view, pauses })).toBe('at most 15 s in 2 switchovers');
  expect(downtimeWords({ ...view, pauses, downtime: { kind: 'over', since: 0, until: 6_400 } })).toBe(
    '6.4 s, and at most 15 s in 2 switchovers',
  );
});

describe('of a change of places', () => {
  const ended = (step: string, exitCode: number, pause?: PauseMoments): Entry => ({
    kind: 'ended',
    step,
    job: 'run/step.1',
    exitCode,
    tookMs: 79_000,
    outputFrom: 0,
    outputTo: 0,
    ...(pause === undefined ? {} : { pause }),
  });
  const failed = (step: string): Entry => ({ kind: 'failed', step, what: '', unmet: [], probe: null });
  const [over, back] = ['N.node_1.cut-over', 'Q.node_1.cut-back'];
  const pause = { writes: 'pause', host: 'node_1' } as const;
  const told = (...entries: readonly Entry[]) =>
    pausesWords(
      pausesIn(
        entries.map((entry, second) => at(second, entry)),
        () => pause,
      ),
    );

  test('a step of 79 s that stopped the writes for 6 s said “at most 79 s”: it counts what the host has measured', () => {
    expect(
      told(
        confirmed(over),
        ended(over, 0, { stopped: 100.02, serving: 105.94 }),
        done(over),
        confirmed(back),
        ended(back, 0, { stopped: 900.5, serving: 901.24 }),
        done(back),
      ),
    ).toBe('5.9 s (node_1, cut over) and 0.7 s (node_1, cut back)');
  });

  test('refused before the stop it was no pause; turned back it was one', () => {
    const none = { stopped: null, serving: null };
    expect(told(confirmed(over), ended(over, 1, none), failed(over))).toBeNull();
    expect(
      told(
        confirmed(over),
        ended(over, 1, { stopped: 10, serving: 12.3 }),
        failed(over),
        confirmed(over),
        ended(over, 0, { stopped: 60, serving: 60.9 }),
        done(over),
      ),
    ).toBe('2.3 s (node_1, cut over) and 0.9 s (node_1, cut over)');
  });

  test('ended between the stop and the opening, it goes on to where the next try opens', () => {
    const open = [confirmed(over), ended(over, 137, { stopped: 10, serving: null }), failed(over)];
    expect(told(...open)).toBeNull();
    const next = { stopped: 31.2, serving: 32 };
    expect(told(...open, confirmed(over), ended(over, 0, next), done(over))).toBe('22 s (node_1, cut over)');
    // the host was booted in between: its clock has begun anew, and the console's counts
    const booted = { stopped: 3.2, serving: 4 };
    expect(told(...open, confirmed(over), ended(over, 0, booted), done(over))).toBe(
      'at most 5.0 s in the change of places',
    );
  });

  test('an older journal says nothing of it, nor does one where the end is not known', () => {
    expect(told(confirmed(over), ended(over, 0), done(over))).toBe('at most 2.0 s in the change of places');
    expect(told(confirmed(over), done(over))).toBe('at most 1.0 s in the change of places');
  });

  test('found running by another console it counts by the host’s clock, and else not at all', () => {
    const attached: Entry = {
      kind: 'attached',
      step: over,
      host: 'node_1',
      job: 'run/step.1',
      fromByte: 0,
      outputFrom: 0,
    };
    expect(told(attached, ended(over, 0, { stopped: 1, serving: 2.5 }), done(over))).toBe(
      '1.5 s (node_1, cut over)',
    );
    expect(told(attached, done(over))).toBeNull();
  });

  test('behind a custom step that makes applications wait, the whole of both counts', () => {
    const hold = 'N.node_1.custom-pause-pooler';
    expect(
      told(
        confirmed(hold),
        done(hold),
        confirmed(over),
        ended(over, 0, { stopped: 1, serving: 2 }),
        done(over),
      ),
    ).toBe('at most 3.0 s in the change of places');
  });

  test('its moments are read from the lines of its own try', () => {
    const first = ['writes stop: 10.01 s since boot', 'turned back', 'writes go on: 12.31 s since boot'];
    expect(pauseMomentsIn(first)).toEqual({ stopped: 10.01, serving: 12.31 });
    expect(pauseMomentsIn([...first, 'writes stop: 60.00 s since boot'])).toEqual({
      stopped: 60,
      serving: null,
    });
    expect(pauseMomentsIn(['writes stop:  s since boot', 'all is ready'])).toEqual({
      stopped: null,
      serving: null,
    });
  });
});
