import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { primaryOf } from '../../source/cluster/facts.ts';
import { parallelGroup, parallelGroups, tracksOf } from '../../source/runbook/language/parallel.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { everyCluster, labCluster } from './clusters.ts';
import { Model } from './model.ts';
import { stepOf } from './worlds.ts';

/** How many steps of each track have run: every point that the tracks of a group can reach, and one way to it. */
const reachable = (tracks: readonly (readonly Step[])[]): readonly (readonly number[])[] => {
  const waits = (track: readonly Step[]): readonly number[] =>
    (track[0]?.parallel?.after ?? []).map((name) =>
      tracks.findIndex((one) => one[0]?.parallel?.track === name),
    );
  const found = new Map<string, readonly number[]>();
  const go = (at: readonly number[]): void => {
    if (found.has(at.join())) return;
    found.set(at.join(), at);
    tracks.forEach((track, index) => {
      const free = waits(track).every((other) => (at[other] ?? 0) === tracks[other]?.length);
      if ((at[index] ?? 0) < track.length && free)
        go(at.map((count, other) => (other === index ? count + 1 : count)));
    });
  };
  go(tracks.map(() => 0));
  return [...found.values()];
};

/** The cluster as it is before a stage. */
const modelBefore = (facts: ClusterFacts, steps: readonly Step[], stage: readonly Step[]): Model => {
  const model = new Model(facts);
  for (const step of steps) {
    if (step === stage[0]) break;
    model.run(step.id);
  }
  return model;
};

describe.each([...everyCluster, ['the lab’s cluster, cloned', labCluster({ mode: 'clone' })]] as const)(
  '%s: at every point that tracks can reach',
  (_, facts) => {
    const steps = upgradeRunbook(facts);
    const stages = parallelGroups(steps).filter((stage) => tracksOf(stage).length > 1);

    test('the next step of each track finds what it needs and is pending; what has run is done', () => {
      const wrong: string[] = [];
      for (const stage of stages) {
        const tracks = tracksOf(stage);
        for (const at of reachable(tracks)) {
          const model = modelBefore(facts, steps, stage);
          // The lane that is written last runs first: another order than the checklist's.
          const ran = tracks.map((track, index) => track.slice(0, at[index])).reverse();
          const ahead = (track: readonly Step[]) => (track[0]?.parallel?.after.length ?? 0) > 0;
          for (const step of [...ran.filter((track) => !ahead(track)), ...ran.filter(ahead)].flat())
            model.run(step.id);
          const world = model.world();
          for (const step of ran.flat()) {
            if (/\.checkpoint-for-/.test(step.id)) continue;
            if (step.probe(world).state !== 'done') wrong.push(`at ${at}: ${step.id} is not done`);
          }
          tracks.forEach((track, index) => {
            const next = track[at[index] ?? 0];
            const waits = (track[0]?.parallel?.after ?? []).some((name) =>
              tracks.some((one, other) => one[0]?.parallel?.track === name && (at[other] ?? 0) < one.length),
            );
            if (next === undefined || waits) return;
            if (next.probe(world).state === 'done' && !next.id.endsWith('.left-parts'))
              wrong.push(`at ${at}: ${next.id} is done already`);
            for (const one of next.before)
              if (!one.holds(world).holds) wrong.push(`at ${at}: ${next.id} wants ${one.text}`);
          });
        }
      }
      expect(wrong).toEqual([]);
    });

    test('there is a rollback, and it is not worse than before the stage', () => {
      const rank: Record<string, number> = {
        // Before the fence nothing is to be undone; a stopped primary starts where it stands: as safe.
        'nothing-to-undo': 0,
        safe: 0,
        'safe-through': 1,
        'loses-new-writes': 2,
        unknown: 3,
        'backup-only': 4,
      };
      const worst = (kind: string): number => rank[kind] ?? Number.NaN;
      const worse: string[] = [];
      for (const stage of stages) {
        const tracks = tracksOf(stage);
        const first = rollbackVerdict(facts, modelBefore(facts, steps, stage).world()).kind;
        for (const at of reachable(tracks)) {
          const model = modelBefore(facts, steps, stage);
          for (const step of tracks.flatMap((track, index) => track.slice(0, at[index]))) model.run(step.id);
          const world = model.world();
          const verdict = rollbackVerdict(facts, world);
          if (!(worst(verdict.kind) <= worst(first))) worse.push(`${stage[0]?.id} at ${at}: ${verdict.kind}`);
          // Without a secondary nothing but a backup leads back once linked files have been changed.
          const open = !['nothing-to-undo', 'backup-only'].includes(verdict.kind);
          if (open && rollbackRunbook(facts, world).steps.length === 0)
            worse.push(`${stage[0]?.id} at ${at}: no steps`);
        }
      }
      expect(worse).toEqual([]);
    });
  },
);

describe('the first start on linked files', () => {
  const facts = labCluster();
  const steps = upgradeRunbook(facts);
  const start = stepOf(steps, 'E.node_1.private-start');

  test('waits for the stage before it, and alone it never is beside anything', () => {
    expect(start.parallel).toBeNull();
    const stage = parallelGroup(steps, stepOf(steps, 'D.node_1.pg-upgrade'));
    expect(stage.map((step) => step.id)).toContain('C.node_2.stop');
    expect(steps.indexOf(start)).toBe(steps.indexOf(stage.at(-1) ?? start) + 1);
  });

  test('is refused as long as no secondary’s fallback copy is proven, wherever the lanes stand', () => {
    const stage = parallelGroup(steps, stepOf(steps, 'D.node_1.pg-upgrade'));
    const tracks = tracksOf(stage);
    for (const at of reachable(tracks)) {
      const model = modelBefore(facts, steps, stage);
      const ran = tracks.flatMap((track, index) => track.slice(0, at[index])).map((step) => step.id);
      for (const id of ran) model.run(id);
      const refused = start.before.some((one) => !one.holds(model.world()).holds);
      const proven = ran.some((id) => /^C\.node_[23]\.stop$/.test(id));
      expect([at.join(), refused]).toEqual([at.join(), !(proven && ran.includes('D.node_1.swap'))]);
    }
  });

  test('while pg_upgrade runs, half way, the old directory is the rollback', () => {
    const model = modelBefore(facts, steps, parallelGroup(steps, stepOf(steps, 'D.node_1.pg-upgrade')));
    const host = model.host(primaryOf(facts).alias);
    const { data } = host;
    if (data.kind !== 'cluster' || data.control === null) throw new Error('it was stopped');
    host.stopped = data.control;
    host.upgradePortBusy = true;
    for (const half of [
      { running: true, control: { ...data.control, state: 'in production', checkpoint: '0/17000028' } },
      { controlRenamed: true, hasHardLinks: true, control: { ...data.control, checkpoint: '0/17000028' } },
    ]) {
      host.data = { ...data, ...half };
      expect(rollbackVerdict(facts, model.world()).kind).toBe('safe');
      const stop = stepOf(steps, 'C.node_2.stop');
      expect(stop.before.filter((one) => !one.holds(model.world()).holds).map((one) => one.text)).toEqual([]);
    }
  });
});
