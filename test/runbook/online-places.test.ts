import { describe, expect, test } from 'vitest';
import type { Step } from '../../source/runbook/language/step.ts';
import { callOffRunbook, prepareRunbook } from '../../source/runbook/online.ts';
import { onlineRollback, onlineUpgrade } from '../../source/runbook/online-window.ts';
import { arriveSql, leaveSql } from '../../source/runbook/steps/online/carry-over-sql.ts';
import { followsBack } from '../../source/runbook/steps/online/follow-back.ts';
import { onlineStanding } from '../../source/runbook/verdict/online-standing.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { labCluster, newIdentifier } from './clusters.ts';
import { modelBehind, OnlineModel } from './online-model.ts';
import { word } from './word.ts';

/** The cut-over, following back, and the cut back, on a model of the primary's host and the monitor's rows. */

const facts = labCluster({ method: 'online' });
const inPhases = (phases: string, steps: readonly Step[]): readonly Step[] =>
  steps.filter((step) => phases.includes(step.phase));
const cutOverSteps = inPhases('NO', onlineUpgrade(facts));
const unmet = (conditions: Step['before'], model: OnlineModel): readonly string[] =>
  conditions.flatMap(({ text, holds }) => {
    const verdict = holds(model.world());
    return verdict.holds ? [] : [`${text}: ${verdict.found}`];
  });
const through = (steps: readonly Step[], model: OnlineModel): void => {
  for (const step of steps) {
    expect(step.probe(model.world()).state, step.id).not.toBe('done');
    expect(unmet(step.before, model), step.id).toEqual([]);
    model.run(step.id);
    expect(step.probe(model.world()), step.id).toMatchObject({ state: 'done' });
    expect(unmet(step.after, model), step.id).toEqual([]);
  }
};
const prepared = (): OnlineModel => modelBehind(facts);
const followed = (): OnlineModel => {
  const model = prepared();
  for (const step of cutOverSteps) model.run(step.id);
  return model;
};
const cutBackSteps = inPhases('Q', onlineRollback(facts, followed().world()));
const [readyThere, cutOver] = cutOverSteps;
const [readyBack, cutBack] = cutBackSteps;
if (readyThere === undefined || cutOver === undefined || readyBack === undefined || cutBack === undefined)
  throw new Error('the runbooks have steps');

test('there and back, and called off at the end: each step may begin behind the one before, and is seen done', () => {
  const model = prepared();
  through(cutOverSteps, model);
  expect(rollbackVerdict(facts, model.world()).kind).toBe('lossless');
  through(cutBackSteps, model);
  expect(rollbackVerdict(facts, model.world()).kind).toBe('safe');
  const ending = callOffRunbook(facts, model.world());
  for (const step of ending) if (step.probe(model.world()).state !== 'done') model.run(step.id);
  expect(ending.map((one) => one.probe(model.world()).state)).toEqual(ending.map(() => 'done'));
});

test('what has moved is told by moments that only grow, by whichever try it was noted', () => {
  // at `moved = :at` alone, a cut-over that was ended and begun again set no sequence: their last values were given once more
  expect(arriveSql).toContain(
    "where :all or moved > (select coalesce(max(at), '-infinity') from pgaf_upgrade.marker where what = 'ready')",
  );
  expect(leaveSql).toContain('greatest(clock_timestamp(), (select max(at)');
});

test('an archive that is behind is told on the card before the stop, with what becomes of it', () => {
  const model = prepared();
  expect(cutOver.notes(model.world())).toEqual([]);
  const { server } = model.online;
  if (server === null) throw new Error('it answers');
  model.online = {
    ...model.online,
    server: { ...server, archiving: { waiting: 3, seconds: 400, failed: null } },
  };
  for (const step of [cutOver, cutBack])
    expect(step.notes(model.world())).toEqual([
      'the archive is behind: 3 files of WAL wait, one for 400 s. The stop does not wait for it for longer than 2 s; what is not archived then stays with the version that stops',
    ]);
});

test('large objects that came behind the checks turn it back, unless they may stay as they are', () => {
  const asks = (largeObjects?: 'leave') => {
    const cluster = { ...facts, ...(largeObjects && { largeObjects }) };
    return inPhases('N', onlineUpgrade(cluster))
      .slice(0, 2)
      .map((step) => {
        const script = step.script(prepared().world());
        return script.kind === 'ready' ? [...new Set(script.text.match(/objects=\w+/g))] : null;
      });
  };
  expect(asks()).toEqual([['objects=refuse'], ['objects=refuse']]);
  expect(asks('leave')).toEqual([['objects=leave'], ['objects=leave']]);
});

test('a cut-over that was ended with nothing in the place is half done, and may go on', () => {
  const model = prepared();
  model.halfWay();
  expect(cutOver.probe(model.world())).toEqual({
    state: 'half',
    says: '15 is set aside, 17 is not in its place',
  });
  expect(unmet(cutOver.before, model)).toEqual([]);
});

test('so is a cut back', () => {
  const model = followed();
  model.halfWay();
  expect(cutBack.probe(model.world())).toEqual({
    state: 'half',
    says: '17 is set aside, 15 is not in its place',
  });
  expect(unmet(cutBack.before, model)).toEqual([]);
});

test('its host lost its power in the cut-over: its pg_autoctl was asked for again, which nobody but the cut-over can start', () => {
  const model = prepared();
  model.halfWay();
  model.host.pgAutoctl = 'stopped';
  const keeper = onlineUpgrade(facts).find(({ id }) => id === 'D.node_1.keeper');
  expect(keeper?.probe(model.world()).state).toBe('done');
  // but one that the unit does not start yet is no part of it
  if (model.host.unit !== null) model.host.unit = { ...model.host.unit, program: word('/old/pg_autoctl') };
  expect(keeper?.probe(model.world()).state).toBe('pending');
});

test.each([
  ['cut-over', prepared, cutOver, '15'],
  ['cut back', followed, cutBack, '17'],
] as const)(
  '%s: its host lost its power behind the stop, and whoever lies stopped in its place was refused by the step that starts it again',
  (_, at, step, major) => {
    const model = at();
    model.liesStopped();
    expect(step.probe(model.world())).toEqual({ state: 'pending', says: `${major} is stopped` });
    expect(unmet(step.before, model)).toEqual([]);
  },
);

describe('what a change of places does before its stop, made ready before', () => {
  const both = [
    ['cut-over', prepared, readyThere, cutOver, 'way-back'],
    ['cut back', followed, readyBack, cutBack, 'cut-over'],
  ] as const;

  test.each(both)('%s: it counts for this one, while it is fresh', (_, at, step, change, other) => {
    const model = at();
    expect(step.probe(model.world()).state).toBe('pending');
    expect(unmet(step.before, model)).toEqual([]);
    model.run('make-ready');
    expect(step.probe(model.world())).toEqual({ state: 'done', says: 'it was made ready 3 s ago' });
    expect(change.notes(model.world())).toEqual([]);
    model.staleReady();
    expect(step.probe(model.world()).state).toBe('pending');
    // the change of places goes on without it, and its card says what that costs
    expect(unmet(change.before, model)).toEqual([]);
    expect(change.notes(model.world())).toEqual([expect.stringContaining('is not fresh any more')]);
    model.online.ready = { what: other, seconds: 3 };
    expect(step.probe(model.world()).state).toBe('pending');
  });

  test.each(both)(
    '%s: behind its stop nobody asks for it again: without a server it could not be done',
    (_, at, step, change) => {
      const half = at();
      half.halfWay();
      const stopped = at();
      stopped.liesStopped();
      const over = at();
      over.run('make-ready');
      over.run(change.id);
      for (const model of [half, stopped, over]) expect(step.probe(model.world()).state).toBe('done');
      expect(change.notes(over.world())).toEqual([]);
      // gone home: it is asked for again
      const home = at();
      home.run('make-ready');
      home.notReady();
      expect(step.probe(home.world()).state).toBe('pending');
    },
  );

  test('it waits until the other version follows closely', () => {
    const model = prepared();
    model.server({
      slots: (model.online.server?.slots ?? []).map((one) => ({ ...one, behind: 64_000_000 })),
    });
    expect(unmet(readyThere.before, model)).toEqual(['17 follows closely: app is 64000000 bytes behind']);
    const late = followed();
    late.server({ slots: [] });
    expect(unmet(readyBack.before, late)).toEqual(['15 follows closely: app has no slot']);
  });
});

test('nothing is stopped while the new version is behind, a write waits for a secondary, or a failover could start', () => {
  const model = prepared();
  model.server({ slots: (model.online.server?.slots ?? []).map((one) => ({ ...one, behind: 64_000_000 })) });
  expect(unmet(cutOver.before, model)).toEqual([
    '17 follows closely, or the cut-over was begun: app is 64000000 bytes behind',
  ]);
  const waiting = prepared();
  if (waiting.host.server !== null)
    waiting.host.server = { ...waiting.host.server, synchronousStandbyNames: 'ANY 1 (x)' };
  expect(unmet(cutOver.before, waiting)).toEqual(['no write waits for a secondary: it is ANY 1 (x)']);
  const unopened = new OnlineModel(facts);
  for (const step of prepareRunbook(facts, unopened.world())) unopened.run(step.id);
  expect(unmet(cutOver.before, unopened).length).toBeGreaterThanOrEqual(3);
});

describe('the verdict behind the cut-over is lossless, until', () => {
  const slots = (change: object) => (model: OnlineModel) =>
    model.server({ slots: (model.online.server?.slots ?? []).map((one) => ({ ...one, ...change })) });
  test.each([
    [
      'a slot is lost',
      slots({ status: 'lost' }),
      'slot pgaf_back_16384 is lost: the WAL that it needs is gone',
    ],
    ['nobody reads a slot', slots({ active: false }), 'nobody reads slot pgaf_back_16384 of app'],
    ['it is far behind', slots({ behind: 3_000_000_000 }), 'app is 2.8 GB behind'],
    [
      'a failover came',
      (model: OnlineModel) => model.server({ timeline: 2 }),
      'a failover came, timeline 1 → 2',
    ],
    ['a slot was dropped', (model: OnlineModel) => model.server({ slots: [] }), 'app has no slot'],
    [
      'somebody has thawed a database',
      (model: OnlineModel) => model.databases((one) => ({ frozen: one.name !== 'app' })),
      'the freeze is gone in app',
    ],
    [
      'the server does not answer',
      (model: OnlineModel) => {
        model.online.server = null;
      },
      'node_1 does not answer',
    ],
  ])('%s', (_, change, why) => {
    const model = followed();
    expect(rollbackVerdict(facts, model.world())).toEqual({
      kind: 'lossless',
      says: 'lossless: PostgreSQL 15 follows, and has what 17 writes',
    });
    change(model);
    expect(followsBack(facts, model.world())).toEqual({ holds: false, found: why });
    const verdict = rollbackVerdict(facts, model.world());
    expect(verdict.kind).toBe('loses-new-writes');
    expect(verdict.says).toContain(why);
    expect(unmet(cutBack.before, model)[0]).toContain(why);
  });

  test('the primary’s host is restarted, and it has promoted itself: lossless still, and status says so', () => {
    const model = followed();
    model.server({ timeline: 2, parent: 1 });
    expect(rollbackVerdict(facts, model.world()).kind).toBe('lossless');
    expect(onlineStanding(facts, model.world())?.says).toMatch(
      /nothing; its host was restarted and it has promoted itself/,
    );
    model.server({ timeline: 3, parent: 2 });
    expect(followsBack(facts, model.world())).toEqual({
      holds: false,
      found: 'a failover came, timeline 1 → 3',
    });
  });

  test('between the cut-over and following back a rollback begins with that, and the verdict said that writes were lost', () => {
    const model = prepared();
    model.run(cutOver.id);
    expect(rollbackVerdict(facts, model.world())).toEqual({
      kind: 'lossless',
      says: 'lossless: a rollback begins by having PostgreSQL 15 follow, and waits until it has what 17 writes',
    });
    const back = onlineRollback(facts, model.world()).map(({ id }) => id);
    expect(back.indexOf('R.node_1.follow-back')).toBeGreaterThan(-1);
    expect(back.indexOf('R.node_1.follow-back')).toBeLessThan(back.indexOf(cutBack.id));
    // without a slot, or the old version, there is nothing to begin with
    delete model.online.back;
    expect(rollbackVerdict(facts, model.world()).kind).toBe('loses-new-writes');
    const lost = prepared();
    lost.run(cutOver.id);
    lost.server({ slots: [] });
    expect(rollbackVerdict(facts, lost.world()).kind).toBe('loses-new-writes');
  });
});

describe('broken off where neither version lies in the place', () => {
  const broken = (...upTo: readonly string[]): OnlineModel => {
    const model = modelBehind(facts, ...upTo);
    const { host } = model;
    if (upTo.length > 0 && host.data.kind === 'cluster' && host.data.control !== null)
      host.handedOver = {
        control: { ...host.data.control, modified: 'earlier' },
        at: '2026-11-28T02:00:00Z',
      };
    model.halfWay();
    host.pgAutoctl = 'stopped';
    host.stateIdentifier = word(newIdentifier); // what comes writes its own there, sooner or later
    return model;
  };

  test('on the way there nothing is lost, whatever the state file of pg_autoctl says by then', () => {
    expect(rollbackVerdict(facts, broken().world())).toEqual({
      kind: 'safe',
      says: 'safe, no data loss: PostgreSQL 17 has never served, and 15 goes home',
    });
  });

  test('on the way back 15 was said to be safe to restart in place, and nobody knew whether it had everything', () => {
    const model = broken('cut-over', 'identifier', 'adopt', 'follow-back');
    for (const identifier of [model.host.stateIdentifier, facts.systemIdentifier]) {
      model.host.stateIdentifier = identifier;
      expect(rollbackVerdict(facts, model.world())).toEqual({
        kind: 'lossless',
        says: 'lossless: PostgreSQL 17 is stopped; a rollback verifies that 15 has all of it, or has 17 serve on',
      });
    }
  });
});

test('a server that pg_autoctl has not taken over yet runs under a unit of ours: a rollback right behind the cut-over did not stop it', () => {
  const model = prepared();
  model.run(cutOver.id);
  const made = cutBack.script(model.world());
  const text = made.kind === 'ready' ? made.text : '';
  const stop = text.indexOf('--job-mode=replace-irreversibly');
  expect(stop).toBeGreaterThan(-1);
  expect(text.slice(stop, text.indexOf('/online/aside </dev/null', stop))).toMatch(
    /systemctl stop pgaf-upgrade-\w+-new\.service/,
  );
});

test('the servers are started on a socket of their own, and none of what goes into the WAL is raised', () => {
  const made = cutOver.script(prepared().world());
  if (made.kind !== 'ready') throw new Error(made.needs);
  const serve = made.text.split('\n').filter((line) => line.includes('/bin/postgres'));
  expect(serve.length).toBeGreaterThan(0);
  expect(made.text).not.toMatch(
    /-c (?:max_connections|max_worker_processes|max_wal_senders|max_prepared_transactions|max_locks_per_transaction|wal_level)=/,
  );
  expect(made.text).toContain('-c listen_addresses= ');
  expect(made.text).toContain('synchronous_standby_names is $names: the first write would wait');
});

test('the scripts of both ways', async () => {
  const model = prepared();
  const all = [...cutOverSteps, ...cutBackSteps].map((step) => {
    expect(step.title.length, step.title).toBeLessThanOrEqual(32);
    const made = step.script(model.world());
    return `## ${step.id} (as ${step.as}): ${step.title}\n${made.kind === 'ready' ? made.text : ''}`;
  });
  await expect(all.join('\n')).toMatchFileSnapshot('__snapshots__/online-places.sh');
});

test('a transaction that is prepared would be on no side: nothing is stopped, and one of the last moment turns the change back', () => {
  const model = prepared();
  const { server } = model.host;
  if (server === null) throw new Error('it serves');
  const left = { gid: 'pay-7', database: 'app', seconds: 40 };
  model.host.server = { ...server, prepared: [left] };
  expect(unmet(cutOver.before, model).join()).toContain('pay-7 in app is, for 40 s');
  const made = cutOver.script(prepared().world());
  const text = made.kind === 'ready' ? made.text : '';
  const [before = '', stopped = ''] = text.split('# written by pgaf-upgrade: PostgreSQL 17 serves');
  expect(before).toContain('pg_prepared_xacts');
  expect(stopped.split('everything is ready')[0]).not.toContain('pg_prepared_xacts');
});
