import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../source/cluster/config.ts';
import { windowEndOf, windowEndWords } from '../../source/cluster/window-end.ts';

/** When a window ends, by the clock on the wall of whoever sits at the console: Berlin's here, with a change of the clocks. */

const before = process.env.TZ;
beforeEach(() => {
  process.env.TZ = 'Europe/Berlin';
});
afterEach(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

const at = (text: string): number => Date.parse(text);
const meant = (text: string, now: string, begun: string | null = null): string => {
  const end = windowEndOf(text, at(now), begun === null ? null : at(begun));
  return end === null ? 'none' : windowEndWords(end);
};

describe('a time of day', () => {
  test('is the next one: later today, or the next day’s', () => {
    expect(meant('03:00', '2026-11-27T22:10+01:00')).toBe('2026-11-28 03:00:00 CET');
    expect(meant('23:30', '2026-11-27T22:10+01:00')).toBe('2026-11-27 23:30:00 CET');
    expect(meant('22:10', '2026-11-27T22:10+01:00')).toBe('2026-11-28 22:10:00 CET');
  });

  test('that has passed in a run which was begun before it has passed, for some hours', () => {
    const begun = '2026-11-27T22:10+01:00';
    expect(meant('03:00', '2026-11-28T03:20+01:00', begun)).toBe('2026-11-28 03:00:00 CET');
    expect(meant('23:30', '2026-11-28T00:10+01:00', begun)).toBe('2026-11-27 23:30:00 CET');
    expect(meant('03:00', '2026-11-28T21:00+01:00', begun)).toBe('2026-11-29 03:00:00 CET');
    // Begun behind it: the next day's is meant.
    expect(meant('22:00', '2026-11-27T22:20+01:00', begun)).toBe('2026-11-28 22:00:00 CET');
  });

  test('that is left out when the clocks are set forward, or comes twice when they are set back, says which moment is meant', () => {
    expect(meant('02:30', '2026-03-28T22:00+01:00')).toBe(
      '2026-03-29 03:30:00 CEST (02:30 is left out that night, when the clocks are set forward: 03:30 CEST is meant)',
    );
    expect(meant('02:30', '2026-10-24T22:00+02:00')).toBe(
      '2026-10-25 02:30:00 CEST (02:30 comes twice that night, when the clocks are set back: the first one, 02:30 CEST, is meant)',
    );
    expect(meant('04:00', '2026-10-24T22:00+02:00')).toBe('2026-10-25 04:00:00 CET');
    // By half an hour, and by two hours.
    process.env.TZ = 'Australia/Lord_Howe';
    expect(meant('01:45', '2026-04-04T20:00+11:00')).toMatch(/comes twice that night/);
    process.env.TZ = 'Antarctica/Troll';
    expect(meant('01:30', '2026-10-24T22:00+02:00')).toMatch(/comes twice that night/);
  });
});

test('a day and a time is that moment, also where it has passed', () => {
  expect(meant('2026-11-26 03:00', '2026-11-27T22:10+01:00')).toBe('2026-11-26 03:00:00 CET');
  expect(meant('2026-11-28T03:00', '2026-11-27T22:10+01:00')).toBe('2026-11-28 03:00:00 CET');
});

test('what is no time of day is refused with its line', () => {
  const wrong = (end: string) => {
    const parsed = parseConfig(
      `monitor: { host: m }\ntarget: { bindir: /x }\nwindow: { end: ${end} }\n`,
      'f.yaml',
    );
    return parsed.ok ? 'taken' : parsed.error.map(({ what }) => what).join();
  };
  for (const end of ['"25:00"', '"3:00"', '03:00:00', '"2026-02-30 03:00"', 'tomorrow', '10800'])
    expect(wrong(end)).toMatch(/^f\.yaml:3: window\.end must be (a time of day here|text)/);
  expect(wrong('"03:00"')).toBe('taken');
  expect(wrong('03:00')).toBe('taken');
});
