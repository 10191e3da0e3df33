import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { localClock, localMoment, localTime, localTimeOfDay, localZone } from '../../source/cluster/times.ts';

const before = process.env.TZ;
afterEach(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

const winter = '2026-01-25T02:12:45.900Z';
const summer = '2026-07-25T02:12:45Z';

describe('in Berlin', () => {
  beforeEach(() => {
    process.env.TZ = 'Europe/Berlin';
  });

  test('a time has its date and its zone, in winter and in summer', () => {
    expect(localTime(winter)).toBe('2026-01-25 03:12:45 CET');
    expect(localTime(Date.parse(summer))).toBe('2026-07-25 04:12:45 CEST');
    expect(localMoment(summer)).toBe('2026-07-25 04:12:45');
    expect(localTimeOfDay(winter)).toBe('03:12:45');
  });

  test('a clock has the date only where it is another day here, not in UTC', () => {
    const lateEvening = Date.parse('2026-01-25T22:30:00Z');
    const night = Date.parse('2026-01-25T23:30:00Z');
    expect(localClock(night, night + 60_000)).toBe('00:30:00 CET');
    expect(localClock(lateEvening, night)).toBe('2026-01-25 23:30:00 CET');
  });
});

test.each([
  ['America/New_York', 'EST'],
  ['Asia/Kolkata', 'GMT+5:30'],
  ['UTC', 'UTC'],
])('the zone of %s is %s', (zone, name) => {
  process.env.TZ = zone;
  expect(localZone(winter)).toBe(name);
});

test('where there is no time, nothing is invented', () => {
  expect(localTime(null)).toBe('–');
  expect(localTime('yesterday')).toBe('–');
  expect(localTimeOfDay('yesterday')).toBe('--:--:--');
});
