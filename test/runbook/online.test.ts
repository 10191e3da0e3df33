import { describe, expect, test } from 'vitest';
import { primaryOf } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { callOffRunbook, prepareRunbook } from '../../source/runbook/online.ts';
import { whyVoid } from '../../source/runbook/steps/online/evidence.ts';
import { onlineStanding } from '../../source/runbook/verdict/online-standing.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { upgradeStatus } from '../../source/usecases/status/status.ts';
import { labCluster } from './clusters.ts';
import { OnlineModel } from './online-model.ts';
import { worldAt } from './worlds.ts';

const facts = labCluster({ method: 'online' });
const preparation = prepareRunbook(facts, new OnlineModel(facts).world());
const ending = callOffRunbook(facts, new OnlineModel(facts).world());

const unmet = (conditions: Step['before'], model: OnlineModel): readonly string[] =>
  conditions.flatMap(({ text, holds }) => {
    const verdict = holds(model.world());
    return verdict.holds ? [] : [`${text}: ${verdict.found}`];
  });
const next = (steps: readonly Step[], model: OnlineModel): Step | undefined =>
  steps.find((one) => one.probe(model.world()).state !== 'done');
/** Runs what is not done yet, up to and including `last`. */
const prepared = (last = 'follow'): OnlineModel => {
  const model = new OnlineModel(facts);
  for (const step of preparation) {
    model.run(step.id);
    if (step.id.endsWith(`.${last}`)) break;
  }
  return model;
};
const text = (step: Step, model = new OnlineModel(facts)): string => {
  const made = step.script(model.world());
  return made.kind === 'ready' ? made.text : '';
};

test('the preparation goes from begin to end: each step may begin behind the one before, and is seen done', () => {
  const model = new OnlineModel(facts);
  for (const step of preparation) {
    expect(next(preparation, model)?.id).toBe(step.id);
    expect(unmet(step.before, model), step.id).toEqual([]);
    model.run(step.id);
    expect(step.probe(model.world()), step.id).toMatchObject({ state: 'done' });
    expect(unmet(step.after, model), step.id).toEqual([]);
  }
  expect(next(preparation, model)).toBeUndefined();
});

test('it is called off behind every step, and nothing is left', () => {
  for (const until of preparation) {
    const model = prepared(until.id.split('.').at(-1));
    for (const step of ending) {
      if (step.probe(model.world()).state === 'done') continue;
      expect(unmet(step.before, model), `${until.id}: ${step.id}`).toEqual([]);
      model.run(step.id);
      expect(unmet(step.after, model), `${until.id}: ${step.id}`).toEqual([]);
    }
    expect(next(ending, model), until.id).toBeUndefined();
    expect(next(preparation, model)?.id, until.id).toBe('J.node_1.freeze');
  }
});

test('behind a failover the node that was the primary is cleared too, and the others are left alone', () => {
  const model = prepared();
  const world = model.world();
  const [node] = Object.entries(world.hosts).filter(([alias]) => alias === 'node_2');
  if (node?.[1].kind !== 'seen') throw new Error('node_2 is seen');
  const moved: Observations = {
    ...world,
    hosts: {
      ...world.hosts,
      node_2: {
        ...node[1],
        host: { ...node[1].host, online: { ...model.online, copy: { kind: 'absent' }, units: [] } },
      },
    },
  };
  expect(callOffRunbook(facts, moved).map((one) => one.id)).toEqual([
    'X.node_1.stop-follower',
    'X.node_1.drop-slots',
    'X.node_2.stop-follower',
    'X.node_2.drop-slots',
    'X.node_1.thaw',
    'X.node_1.remove-copies',
    'X.node_2.remove-copies',
  ]);
});

test('a later run goes on with what an earlier one has made for this cluster', () => {
  const model = prepared('upgrade-copy');
  const later = prepareRunbook(labCluster({ method: 'online', run: '20261128T010000Z-0001' }), model.world());
  expect(next(later, model)?.id).toBe('L.node_1.start-follower');
});

describe('what makes it void', () => {
  test('nothing, while it is as it was left', () => {
    expect(whyVoid(facts, prepared().world())).toBeNull();
    expect(whyVoid(facts, new OnlineModel(facts).world())).toBeNull();
  });

  test('a switchover and back, although every slot looks usable again', () => {
    const model = prepared();
    model.server({ timeline: 5 });
    expect(model.online.server?.slots.every((one) => one.active && one.status === 'reserved')).toBe(true);
    expect(whyVoid(facts, model.world())).toBe(
      'a failover or switchover has been since it was begun: the timeline is 5, and was 3',
    );
    const follow = preparation.at(-1);
    expect(follow?.probe(model.world())).toEqual({
      state: 'pending',
      says: 'a failover or switchover has been since it was begun: the timeline is 5, and was 3',
    });
    expect(unmet(follow?.before ?? [], model)[0]).toContain('call it off (pgaf-upgrade call-off)');
  });

  test('not a primary that has promoted itself: its host was restarted, and the same node elected again', () => {
    const model = prepared();
    model.server({ timeline: 4, parent: 3 });
    expect(whyVoid(facts, model.world())).toBeNull();
    const freeze = preparation.find(({ id }) => id.endsWith('freeze'));
    expect(freeze?.probe(model.world())).toMatchObject({ state: 'half' });
    expect(unmet(freeze?.before ?? [], model)).toEqual([]);
    // once more, and nobody has noted the first
    model.server({ timeline: 5, parent: 4 });
    expect(whyVoid(facts, model.world())).toMatch(/the timeline is 5, and was 3/);
    model.databases(() => ({ timeline: 4 }));
    expect(whyVoid(facts, model.world())).toBeNull();
  });

  test.each([
    [
      'the primary is a standby now',
      (model: OnlineModel) => {
        const { server } = model.host;
        if (server !== null) model.host.server = { ...server, inRecovery: true };
      },
      /node_1 is not the primary any more/,
    ],
    [
      'a slot is lost',
      (model: OnlineModel) =>
        model.server({
          slots: (model.online.server?.slots ?? []).map((one) => ({ ...one, status: 'lost' })),
        }),
      /slot pgaf_up_16384 is lost/,
    ],
    [
      'a slot was dropped',
      (model: OnlineModel) => model.server({ slots: (model.online.server?.slots ?? []).slice(1) }),
      /app has no slot, and the copy was taken/,
    ],
    [
      'a database with tables came',
      (model: OnlineModel) => {
        model.online.databases = [
          ...model.online.databases,
          {
            name: 'late',
            oid: 17000,
            tables: 1,
            sequences: 0,
            lacking: 0,
            frozen: false,
            forward: false,
            published: false,
            run: null,
            timeline: null,
          },
        ];
      },
      /late has no slot/,
    ],
  ])('%s', (_, change, why) => {
    const model = prepared();
    change(model);
    expect(whyVoid(facts, model.world())).toMatch(why);
  });
});

test('where the freeze was taken away it does not follow closely, and prepare brings the freeze back', () => {
  const model = prepared();
  model.databases((one) => (one.name === 'app' ? { frozen: false } : {}));
  expect(onlineStanding(facts, model.world())).toMatchObject({
    stage: 'behind',
    says: expect.stringContaining('the freeze is gone in app'),
  });
  expect(next(preparation, model)?.id).toBe('J.node_1.freeze');
});

test('a database with sequences alone has a slot of its own: their places are carried too', () => {
  const model = new OnlineModel(facts);
  model.databases((one) => (one.name === 'app' ? { tables: 0, lacking: 0, sequences: 1 } : {}));
  for (const step of preparation.slice(0, 2)) model.run(step.id);
  expect(next(preparation, model)?.id).toBe('J.node_1.slots');
  model.run('slots');
  expect(next(preparation, model)?.probe(model.world())).toEqual({ state: 'half', says: '1 of 2 slots' });
});

test('the freeze holds in sessions with session_replication_role = replica, and notes the timeline that is written to', () => {
  const freeze = preparation.find(({ id }) => id.endsWith('.freeze'));
  const made = freeze === undefined ? '' : text(freeze);
  expect(made.match(/^alter event trigger pgaf_frozen_\w+ enable always;$/gm)).toHaveLength(3);
  expect(made).toContain('pg_walfile_name(pg_current_wal_lsn())');
});

test('a table that came by the pass and has no identity is seen', () => {
  const model = prepared();
  model.databases((one) => (one.name === 'app' ? { lacking: 1 } : {}));
  expect(next(preparation, model)?.id).toBe('J.node_1.identities');
});

test('the copy’s end counts once it is promoted: before, the newest history file is the cluster’s own', () => {
  const model = prepared('copy');
  model.online.copyEnd = '0/70F83E0';
  expect(next(preparation, model)?.id).toBe('K.node_1.promote-copy');
  expect(
    preparation.find((one) => one.id.endsWith('upgrade-copy'))?.before[0]?.holds(model.world()),
  ).toMatchObject({
    holds: false,
  });
});

test('a follower that is far behind is waited for, one that nobody reads for is named', () => {
  const model = prepared('subscribe');
  const follow = preparation.at(-1);
  expect(follow?.probe(model.world())).toMatchObject({
    state: 'pending',
    says: 'app is 64000000 bytes behind',
  });
  model.server({ slots: (model.online.server?.slots ?? []).map((one) => ({ ...one, active: false })) });
  expect(follow?.probe(model.world())).toMatchObject({ says: 'nobody reads slot pgaf_up_16384 of app' });
});

describe('where it stands, for status', () => {
  const standing = (model: OnlineModel) => onlineStanding(facts, model.world());

  test.each([
    ['slots', 'preparing', 'it is being prepared: the schema is frozen, and 61 MB of WAL are kept'],
    [
      'subscribe',
      'behind',
      'PostgreSQL 17.12 does not follow closely: app is 64000000 bytes behind; at most 61 MB and 12 s behind; 61 MB of WAL are kept for it',
    ],
    [
      'follow',
      'follows',
      'PostgreSQL 17.12 follows 15.20 on node_1, at most 184 B and 0 s behind; 61 MB of WAL are kept for it',
    ],
  ])('behind %s', (last, stage, says) => {
    expect(standing(prepared(last))).toMatchObject({ stage, says });
  });

  test('nothing, void, and another method', () => {
    expect(standing(new OnlineModel(facts))).toMatchObject({ stage: 'not-begun', databases: [] });
    const model = prepared();
    model.server({ timeline: 4 });
    expect(standing(model)?.says).toBe(
      'the preparation is void: a failover or switchover has been since it was begun: the timeline is 4, and was 3. Call it off with pgaf-upgrade call-off, then prepare again',
    );
    expect(onlineStanding(labCluster(), prepared().world())).toBeNull();
  });

  test('the verdict says that it is not rolled back but called off', () => {
    expect(rollbackVerdict(facts, new OnlineModel(facts).world())).toEqual({
      kind: 'nothing-to-undo',
      says: 'nothing to undo',
    });
    expect(rollbackVerdict(facts, prepared().world())).toEqual({
      kind: 'nothing-to-undo',
      says: 'nothing to undo: 15 serves, 17 follows; it is called off with pgaf-upgrade call-off',
    });
  });

  test('the verdict says in the header that it is void', () => {
    const model = prepared();
    model.server({ timeline: 4 });
    expect(rollbackVerdict(facts, model.world()).says).toBe(
      'nothing to undo: 15 serves, what was prepared is VOID; it is called off with pgaf-upgrade call-off',
    );
  });

  test('it is the way to the upgrade, and never its end', () => {
    expect(upgradeStatus(facts, new OnlineModel(facts).world())).toMatchObject({
      state: 'not-begun',
      total: 10,
    });
    expect(upgradeStatus(facts, prepared().world())).toMatchObject({
      state: 'under-way',
      done: 10,
      next: null,
    });
  });
});

describe('wal_level, where it is replica', () => {
  /** Every node says this level, and this one for its next start. */
  const levels = (on: Readonly<Record<string, readonly [now: string, next: string]>>): Observations => {
    const model = new OnlineModel(facts);
    const world = model.world();
    return {
      ...world,
      hosts: Object.fromEntries(
        Object.entries(world.hosts).map(([alias, seen]) => {
          const [walLevel = 'logical', nextWalLevel = walLevel] = on[alias] ?? [];
          return [
            alias,
            seen.kind !== 'seen' || alias === 'monitor'
              ? seen
              : {
                  ...seen,
                  host: {
                    ...seen.host,
                    online: { ...model.online, server: { walLevel, nextWalLevel, timeline: 3, slots: [] } },
                  },
                },
          ];
        }),
      ),
    };
  };
  const replica = ['replica', 'replica'] as const;
  const ids = (world: Observations) => prepareRunbook(facts, world).map((one) => one.id);

  test('on every node: the secondaries first, then one of them becomes the primary, and the run ends there', () => {
    expect(ids(levels({ node_1: replica, node_2: replica, node_3: replica }))).toEqual([
      'M.node_2.wal-level',
      'M.node_3.wal-level',
      'M.node_1.wal-level',
      'M.monitor.wal-level-promotion',
    ]);
  });

  test('on a secondary alone: it is restarted, and the preparation goes on', () => {
    expect(ids(levels({ node_3: replica })).slice(0, 2)).toEqual(['M.node_3.wal-level', 'J.node_1.freeze']);
  });

  test('nowhere, or not seen: nothing is restarted', () => {
    expect(ids(levels({}))[0]).toBe('J.node_1.freeze');
    expect(ids(worldAt('running', facts))[0]).toBe('J.node_1.freeze');
  });

  test('the primary’s is set for its next start, which is as a secondary', () => {
    const before = levels({ node_1: replica, node_2: replica, node_3: replica });
    const step = prepareRunbook(facts, before).find((one) => one.id === 'M.node_1.wal-level');
    expect(step?.probe(before)).toEqual({ state: 'pending', says: 'it is replica' });
    const set = levels({ node_1: ['replica', 'logical'], node_2: replica, node_3: replica });
    expect(step?.probe(set)).toEqual({ state: 'done', says: 'it is set, and counts from the next start on' });
    expect(step?.writes).toBe('unchanged');
  });

  test('the promotion waits until the node that will be primary has it', () => {
    const world = levels({ node_1: ['replica', 'logical'], node_2: replica, node_3: ['logical', 'logical'] });
    const promotion = prepareRunbook(facts, world).at(-1);
    expect(promotion?.title).toBe('Make node_2 the primary');
    expect(promotion?.writes).toBe('pause');
    const failed = (promotion?.before ?? []).flatMap(({ text: says, holds }) =>
      holds(world).holds ? [] : [says],
    );
    expect(failed).toEqual(['wal_level is logical on node_2']);
  });

  test('a cluster without secondaries restarts its primary, and says that writes pause', () => {
    const [alone] = facts.nodes;
    if (alone === undefined) throw new Error('the lab has nodes');
    const lone = labCluster({ method: 'online', nodes: [alone] });
    const steps = prepareRunbook(lone, levels({ node_1: replica }));
    expect(steps.map((one) => [one.id, one.writes])).toEqual([['M.node_1.wal-level', 'pause']]);
  });
});

test('titles fit into the checklist, and no script has a secret or a here-document that ends early', () => {
  const model = prepared();
  for (const step of [...preparation, ...ending]) {
    expect(step.title.length, step.title).toBeLessThanOrEqual(32);
    expect(text(step, model), step.id).toContain('set -eu');
    expect(text(step, model), step.id).not.toMatch(/password=/i);
  }
});

test('the scripts of the preparation, and of calling it off', async () => {
  const all = [...preparation, ...ending].map(
    (step) => `## ${step.id} (as ${step.as}): ${step.title}\n${text(step)}`,
  );
  await expect(all.join('\n')).toMatchFileSnapshot('__snapshots__/online.sh');
});

test('without systemd the follower is started by the shell, and after a reboot it is found stopped', () => {
  const bare = labCluster({
    method: 'online',
    nodes: labCluster().nodes.map((node) => ({ ...node, service: { kind: 'none' as const } })),
  });
  const start = prepareRunbook(bare, new OnlineModel(bare).world()).find((one) =>
    one.id.endsWith('start-follower'),
  );
  expect(start?.as).toBe(primaryOf(bare).postgres ?? bare.postgres);
  expect(start === undefined ? '' : text(start)).toContain('setsid -f sh');
});
