import { describe, expect, it } from 'vitest';
import { hostsOf, primaryOf } from '../../source/cluster/facts.ts';
import { groupOfHost, groupsOf, primariesOf, worldOf } from '../../source/cluster/formation.ts';
import { monitorRows } from '../../source/console/rows/monitor.ts';
import { themeFor } from '../../source/console/theme.ts';
import { planMarkdown } from '../../source/reports/plan/markdown.ts';
import { dryRunScript } from '../../source/runbook/checks/dry-run-script.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { rebuildChoices } from '../../source/runbook/timing/rebuild-choice.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { FakeEngine } from '../console/fake-engine.ts';
import { planAt } from '../reports/plans.ts';
import { citusCluster, labCluster, workerIdentifier } from './clusters.ts';
import { Model } from './model.ts';

const facts = citusCluster();
const ids = upgradeRunbook(facts).map(({ id }) => id);
const at = (id: string): number => {
  const found = ids.indexOf(id);
  expect(found, id).toBeGreaterThanOrEqual(0);
  return found;
};

describe('the groups of a formation', () => {
  it('are clusters of one group each, on the same monitor', () => {
    const [coordinator, worker] = groupsOf(facts);
    expect(coordinator?.nodes.map(({ alias }) => alias)).toEqual(['node_1', 'node_2']);
    expect(worker?.nodes.map(({ alias }) => alias)).toEqual(['node_3', 'node_4']);
    expect(worker?.systemIdentifier).toBe(workerIdentifier);
    expect(worker?.group).toBe(1);
    expect(primariesOf(facts).map(({ alias }) => alias)).toEqual(['node_1', 'node_3']);
    expect(groupOfHost(facts, 'node_4')).toBe(worker);
    expect(groupOfHost(facts, 'monitor')).toBe(coordinator);
    expect(hostsOf(facts).map(({ alias }) => alias)).toEqual([
      'monitor',
      'node_1',
      'node_2',
      'node_3',
      'node_4',
    ]);
  });

  it('are not there in a cluster of one: it is its own only group', () => {
    const lab = labCluster();
    expect(groupsOf(lab)).toEqual([lab]);
    expect(groupOfHost(lab, 'node_3')).toBe(lab);
  });

  it('see their own rows of the monitor', () => {
    const world = new Model(facts).world();
    const rows = groupsOf(facts).map((group) => {
      const seen = worldOf(facts, group, world).hosts.monitor;
      return seen?.kind === 'seen' ? seen.host.monitor?.nodes.map(({ name }) => name) : null;
    });
    expect(rows).toEqual([
      ['node_1', 'node_2'],
      ['node_3', 'node_4'],
    ]);
  });
});

describe('the upgrade of a formation', () => {
  it('has no step twice', () => {
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('stops the coordinator before any worker, and starts it behind them', () => {
    expect(at('C.node_1.stop')).toBeLessThan(at('C.node_3.stop'));
    expect(at('G.node_3.start')).toBeLessThan(at('G.node_1.start'));
  });

  it('saves Citus’ catalogs of every primary before the first stop, and restores them before anything is handed over', () => {
    for (const { alias } of primariesOf(facts)) {
      expect(at(`C.${alias}.checkpoint`)).toBeLessThan(at(`C.${alias}.citus-prepare`));
      expect(at(`C.${alias}.citus-prepare`)).toBeLessThan(at('C.node_1.stop'));
      expect(at(`E.${alias}.citus-finish`)).toBeLessThan(at(`E.${alias}.verify`));
    }
    for (const step of upgradeRunbook(facts).filter(({ id }) => id.endsWith('hand-over')))
      expect(step.parallel?.after).toEqual([
        'node_1 look',
        'node_1 statistics',
        'node_3 look',
        'node_3 statistics',
      ]);
  });

  it('counts the downtime from the coordinator’s stop to its start', () => {
    const steps = upgradeRunbook(facts);
    expect(steps.filter(({ writes }) => writes === 'stop').map(({ id }) => id)).toEqual(['C.node_1.stop']);
    expect(steps.filter(({ writes }) => writes === 'resume').map(({ id }) => id)).toEqual(['G.node_1.start']);
  });

  it('has one step for the monitor, which holds what it must for every group', () => {
    const stop = upgradeRunbook(facts).filter(({ id }) => id === 'C.monitor.stop');
    expect(stop).toHaveLength(1);
    expect(stop[0]?.before.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['node_2 streams from node_1', 'node_4 streams from node_3']),
    );
    expect(ids.filter((id) => id.startsWith('F.monitor.identifier'))).toEqual([
      'F.monitor.identifier',
      'F.monitor.identifier-1',
    ]);
  });

  it('is not begun while a secondary of workers is not in maintenance', () => {
    const model = new Model(facts);
    model.row('node_2', 'maintenance');
    const [stop] = upgradeRunbook(facts).filter(({ id }) => id === 'C.monitor.stop');
    const unmet = stop?.before.filter((one) => !one.holds(model.world()).holds).map(({ text }) => text);
    expect(unmet).toContain(
      'every secondary is in maintenance, so that stopping the primary starts no failover',
    );
  });
});

describe('the rollback of a formation', () => {
  it('takes every group back in one run, the coordinator stopped first and started last', () => {
    const model = new Model(facts);
    for (const { alias } of primariesOf(facts)) {
      model.row(alias, 'wait_primary');
    }
    model.row('node_2', 'maintenance');
    model.row('node_4', 'maintenance');
    const plan = rollbackRunbook(facts, model.world());
    expect(plan.route).toEqual({ kind: 'own', linked: false });
    const back = plan.steps.map(({ id }) => id);
    expect(new Set(back).size).toBe(back.length);
    expect(back.indexOf('R.node_1.stop')).toBeLessThan(back.indexOf('R.node_3.stop'));
    expect(back.indexOf('T.node_3.start')).toBeLessThan(back.indexOf('T.node_1.start'));
    expect(back).toContain(`T.${primaryOf(facts).alias}.citus-repair`);
  });
});

describe('the rollback of a formation with a worker left out', () => {
  it('keeps its record until the worker is back, too: it finds what that node has to take back', () => {
    const model = new Model(facts);
    for (const { alias } of primariesOf(facts)) model.row(alias, 'wait_primary');
    model.row('node_2', 'maintenance');
    model.row('node_4', 'maintenance');
    const tidy = rollbackRunbook(facts, model.world()).steps.find(({ id }) => id === 'V.monitor.tidy');
    const found = () => tidy?.before.map((one) => one.holds(model.world()));
    expect(found()).toEqual([{ holds: true }]);
    model.unreachable.add('node_4');
    expect(found()).toEqual([{ holds: false, found: 'node_4 does not answer' }]);
    expect(tidy?.inspects).toContain('node_4');
  });
});

describe('the clean-up of a formation', () => {
  const model = new Model(facts);
  for (const { id } of upgradeRunbook(facts)) model.run(id);
  const lossOf = (alias: string) =>
    cleanupRunbook(facts, model.world())
      .find(({ id }) => id === `W.${alias}.remove`)
      ?.forfeits(model.world());

  it('asks for the name of the first primary whose old directory goes: no group rolls back without every one of them', () => {
    expect(rollbackVerdict(facts, model.world()).kind).toBe('loses-new-writes');
    for (const { alias } of primariesOf(facts))
      expect(lossOf(alias)?.text).toMatch(/the rollback of all groups.*NO backup of groups 0 and 1/);
    for (const alias of ['monitor', 'node_2', 'node_4']) expect(lossOf(alias)).toBeNull();
    model.host('node_3').backupData = { kind: 'absent' };
    expect(lossOf('node_1')).toBeNull();
    expect(rollbackVerdict(facts, model.world()).kind).toBe('unknown');
  });

  it('looks for a backup of each group', () => {
    expect(cleanupRunbook(facts, model.world()).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['W.node_1.backup', 'W.node_3.backup']),
    );
  });
});

describe('the verdict of a formation', () => {
  it('tells of every group that would lose what it wrote', () => {
    const model = new Model(facts);
    for (const { id } of upgradeRunbook(facts)) model.run(id);
    expect(rollbackVerdict(facts, model.world()).says).toMatch(/is lost \(group 0; more in group 1\)$/);
  });

  it('is the worst of its groups', () => {
    const model = new Model(facts);
    model.row('node_2', 'maintenance');
    model.row('node_4', 'maintenance');
    expect(rollbackVerdict(facts, model.world()).kind).toBe('safe');
    model.unreachable.add('node_3');
    expect(rollbackVerdict(facts, model.world())).toEqual({
      kind: 'unknown',
      says: 'node_3 cannot be inspected',
    });
  });
});

describe('a formation’s record', () => {
  it('has all groups, whichever host it is saved on', () => {
    const saved = upgradeRunbook(facts).filter(({ id }) => id.endsWith('.save'));
    expect(saved).toHaveLength(5);
    for (const step of saved) {
      const script = step.script(new Model(facts).world());
      expect(script.kind === 'ready' ? script.text : '').toContain(workerIdentifier);
    }
  });
});

describe('sessions on one node of Citus', () => {
  it('change that node alone, and see its shards: isolated it reaches no other, and vacuumdb’s question fails otherwise', () => {
    const world = new Model(facts).world();
    for (const id of ['E.node_1.verify', 'E.node_3.analyze-1']) {
      const script = upgradeRunbook(facts)
        .find((step) => step.id === id)
        ?.script(world);
      expect(script?.kind === 'ready' ? script.text : '').toContain(
        '-c citus.enable_ddl_propagation=off -c citus.override_table_visibility=off',
      );
    }
  });
});

describe('a node that comes back in a rollback', () => {
  it('is not ordered out of maintenance before it has reported itself: the old monitor’s row is of the window', () => {
    const model = new Model(facts);
    for (const { alias } of primariesOf(facts)) model.row(alias, 'wait_primary');
    model.row('node_2', 'maintenance');
    model.row('node_4', 'maintenance');
    const join = rollbackRunbook(facts, model.world()).steps.find(({ id }) => id === 'U.node_4.join');
    const reports = (seconds: number): boolean | undefined => {
      model.monitor.nodes = model.monitor.nodes.map((row) => ({ ...row, reportAge: seconds }));
      model.publish();
      return join?.before
        .find(({ text }) => text === 'node_4 reports to the monitor again')
        ?.holds(model.world()).holds;
    };
    expect(reports(130)).toBe(false);
    expect(reports(0.4)).toBe(true);
  });
});

describe('a try that is gone on with behind citus_prepare_pg_upgrade()', () => {
  const scriptOf = (cluster: typeof facts, id: string): string => {
    const script = upgradeRunbook(cluster)
      .find((step) => step.id === id)
      ?.script(new Model(cluster).world());
    return script?.kind === 'ready' ? script.text : '';
  };

  it('does not take the copies that it left in public for tables that were lost', () => {
    for (const id of ['C.node_3.checkpoint', 'E.node_3.verify', 'G.node_3.compare'])
      expect(scriptOf(facts, id), id).toContain('pg_dist_placement');
    expect(scriptOf(labCluster(), 'C.node_1.checkpoint')).not.toContain('pg_dist');
  });

  it('saves the catalogs once more while the coordinator works, and never behind its stop', () => {
    const model = new Model(facts);
    const steps = upgradeRunbook(facts);
    const prepare = steps.find(({ id }) => id === 'C.node_3.citus-prepare');
    for (const step of steps) {
      if (step.id === 'C.node_1.stop') break;
      model.run(step.id);
    }
    expect(prepare?.probe(model.world()).state).toBe('pending');
    model.run('C.node_1.stop');
    expect(prepare?.probe(model.world()).state).toBe('done');
  });
});

describe('the dry run of a database with Citus', () => {
  const restored = (cluster: typeof facts): string => dryRunScript(cluster, primaryOf(cluster)).text;

  it('ended at the aggregate any_value, which citus_prepare_pg_upgrade() drops', () => {
    expect(restored(facts)).toContain('--use-list');
    expect(restored(facts)).toContain('any_value');
    expect(restored(citusCluster({ oldMajor: 16 }))).not.toContain('any_value');
    expect(restored(labCluster())).not.toContain('--use-list');
  });
});

describe('what a person reads of several groups', () => {
  it('tells the group of each node and each identifier in the plan', () => {
    const plan = planMarkdown(planAt('running', facts));
    expect(plan).toContain('| `node_3` | primary, group 1 |');
    expect(plan).toContain(`\`${workerIdentifier}\` (group 1)`);
    expect(planMarkdown(planAt())).not.toContain('group 0');
  });

  it('has them one below the other in the monitor’s pane, with their numbers', () => {
    const { view } = new FakeEngine();
    const { monitor } = view;
    const { state } = monitor.feed;
    if (state === null) throw new Error('the monitor is there');
    const nodes = [facts.before[0], facts.before[2], facts.before[1], facts.before[3]].flatMap(
      (row) => row ?? [],
    );
    const several = {
      ...view,
      monitor: { ...monitor, feed: { ...monitor.feed, state: { ...state, nodes } } },
    };
    const rows = monitorRows(several, 100, 8, 0, themeFor({})).map((row) =>
      row.map(({ text }) => text).join(''),
    );
    expect(rows.slice(1, 5).map((row) => /\d\/node_\d/.exec(row)?.[0])).toEqual([
      '0/node_1',
      '0/node_2',
      '1/node_3',
      '1/node_4',
    ]);
  });

  it('estimates the rebuild of every group’s secondaries', () => {
    expect(rebuildChoices(facts, new Map()).map(({ node }) => node)).toEqual(['node_2', 'node_4']);
  });
});
