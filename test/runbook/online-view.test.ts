import { describe, expect, test } from 'vitest';
import type { Slot } from '../../source/runbook/steps/online/evidence.ts';
import {
  type OnlineLook,
  OnlineLooks,
  type OnlinePace,
  onlineLook,
  paceBetween,
  trendWords,
} from '../../source/runbook/verdict/online-pace.ts';
import { lagWords, onlineStanding } from '../../source/runbook/verdict/online-standing.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { labCluster } from './clusters.ts';
import { modelBehind, modelFollowedBack, OnlineModel } from './online-model.ts';

/** What of the online method is in view while something follows: how far behind, how much WAL is kept, how long that goes well. */

const facts = labCluster({ method: 'online' });
const behind = (...upTo: readonly string[]): OnlineModel => modelBehind(facts, ...upTo);
const followed = (): OnlineModel => modelFollowedBack(facts);

test('the header tells the most that any database is behind, while one follows', () => {
  const said = (model: OnlineModel, pace: OnlinePace | null = null): readonly string[] => {
    const standing = onlineStanding(facts, model.world(), pace);
    return standing === null ? [] : lagWords(standing);
  };
  expect(said(new OnlineModel(facts))).toEqual([]);
  expect(said(behind())[0]).toBe('lag 184 B, 0 s; 61 MB of WAL kept');
  expect(said(behind()).at(-1)).toBe('lag 184 B, 0 s');
  expect(said(followed())[0]).toMatch(/^lag 56 B, 0 s; /);
  const falls: OnlinePace = { walPerSecond: 2e6, trend: { kind: 'falls-behind', bytesPerSecond: 1_200_000 } };
  expect(said(behind(), falls)[0]).toBe(
    'lag 184 B, 0 s; falling behind by 1.1 MB a second; 61 MB of WAL kept',
  );
  expect(said(behind(), falls).at(-1)).toBe('FALLING BEHIND');
});

const withSlots = (model: OnlineModel, slot: Partial<Slot>): OnlineModel => {
  model.server({ slots: (model.online.server?.slots ?? []).map((one) => ({ ...one, ...slot })) });
  return model;
};

test('that a slot is about to be given up for its WAL is told before it is, with how long that lasts', () => {
  const model = withSlots(followed(), { left: 9_000_000_000 });
  expect(onlineStanding(facts, model.world())?.says).toContain('given up when 8.4 GB more are written');
  const pace: OnlinePace = { walPerSecond: 500_000, trend: { kind: 'keeps-up' } };
  expect(onlineStanding(facts, model.world(), pace)?.says).toContain(
    '8.4 GB more are written without being received (max_slot_wal_keep_size; at the present rate in 5 h)',
  );
});

describe('between two looks', () => {
  const look = (second: number, written: number, behind: number, server = '15 3'): OnlineLook => ({
    at: second * 1000,
    server,
    written,
    behind: new Map([
      ['app', behind],
      ['small', 56],
    ]),
  });
  const mega = 1024 ** 2;

  test('it keeps up, catches up, or falls behind', () => {
    const trend = (before: number, now: number) => paceBetween(look(0, 0, before), look(10, 50 * mega, now));
    expect(trend(0, 184)).toEqual({ walPerSecond: 5 * mega, trend: { kind: 'keeps-up' } });
    expect(trend(100 * mega, 70 * mega)?.trend).toMatchObject({
      kind: 'catches-up',
      seconds: expect.closeTo(23.3, 1),
    });
    expect(trend(20 * mega, 60 * mega)?.trend).toEqual({ kind: 'falls-behind', bytesPerSecond: 4 * mega });
    expect(trendWords(trend(20 * mega, 60 * mega))).toBe('falling behind by 4.0 MB a second');
    expect(trendWords(trend(100 * mega, 70 * mega))).toBe('caught up in 23 s');
    expect(trendWords(trend(0, 184))).toBeNull();
  });

  test('of another server, of one moment, or from behind they tell nothing', () => {
    expect(paceBetween(null, look(10, 5, 0))).toBeNull();
    expect(paceBetween(look(0, 0, 0), look(10, 5, 0, '17 3'))).toBeNull();
    expect(paceBetween(look(0, 0, 0), look(0.5, 5, 0))).toBeNull();
    expect(paceBetween(look(0, 9, 0), look(10, 5, 0))).toBeNull();
  });

  test('a console compares with a look that is some seconds old, where it has one', () => {
    const looks = new OnlineLooks();
    expect(looks.see(look(0, 0, 0))).toBeNull();
    expect(looks.see(look(2, 2 * mega, 0))?.walPerSecond).toBe(mega);
    expect(looks.see(look(12, 2 * mega, 0))?.walPerSecond).toBe(0);
    expect(looks.see(look(60, 50 * mega, 0))?.walPerSecond).toBe(mega);
    expect(looks.see(look(61, 0, 0, '17 3'))).toBeNull();
  });

  test('what is read of the server makes them', () => {
    const model = withSlots(followed(), { behind: 4096 });
    expect(onlineLook(facts, model.world())).toBeNull();
    model.server({ written: 123_456 });
    expect(onlineLook(facts, model.world())).toMatchObject({
      written: 123_456,
      server: expect.stringMatching(/^17 /),
    });
    expect(onlineLook(facts, model.world())?.behind.get('app')).toBe(4096);
  });
});

test('what the old version keeps of its own WAL for its secondaries is told, and which of them it cannot serve any more', () => {
  const model = followed();
  const { back } = model.online;
  if (back === undefined) throw new Error('the old version follows');
  const keeper = (id: number, status: string, kept: number | null) =>
    ({ name: `pgautofailover_standby_${id}`, status, bytes: kept }) as const;
  model.online.back = {
    ...back,
    keepers: [keeper(2, 'reserved', 4_000_000), keeper(3, 'extended', 3_221_225_472)],
  };
  expect(onlineStanding(facts, model.world())?.keptForSecondaries).toBe(3_221_225_472);
  expect(rollbackVerdict(facts, model.world()).says).toBe(
    'lossless: PostgreSQL 15 follows, and has what 17 writes',
  );
  model.online.back = { ...back, keepers: [keeper(2, 'reserved', 4_000_000), keeper(3, 'lost', null)] };
  const told = 'a secondary will need a base backup then: on 15 slot pgautofailover_standby_3 is lost';
  expect(rollbackVerdict(facts, model.world())).toMatchObject({
    kind: 'lossless',
    says: expect.stringContaining(told),
  });
  expect(onlineStanding(facts, model.world())?.says).toContain(told);
});
