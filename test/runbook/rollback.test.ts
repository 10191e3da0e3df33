import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import { dangerNow, type Step } from '../../source/runbook/language/step.ts';
import { undoWords } from '../../source/runbook/language/undo.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { throughMarker } from '../../source/runbook/verdict/route.ts';
import { debianCluster, labCluster } from './clusters.ts';
import { word } from './word.ts';
import { type Moment, modelAt, stepOf, worldAt } from './worlds.ts';

const planAt = (moment: Moment, facts: ClusterFacts = labCluster()) =>
  rollbackRunbook(facts, worldAt(moment, facts));
const ids = (steps: readonly Step[]): string[] => steps.map((step) => step.id);
const at = (steps: readonly Step[], id: string): number => {
  const index = ids(steps).indexOf(id);
  if (index < 0) throw new Error(`no ${id} in ${ids(steps).join(' ')}`);
  return index;
};
const text = (step: Step): string => {
  const script = step.script({ hosts: {} });
  if (script.kind !== 'ready') throw new Error(`${step.id} needs ${script.needs}`);
  return script.text;
};

test('a server of the new version that serves without pg_autoctl is not stopped without the name typed', () => {
  const facts = labCluster();
  const model = modelAt('finished', facts);
  const primary = model.host('node_1');
  primary.pgAutoctl = 'stopped';
  if (primary.unit !== null) primary.unit = { ...primary.unit, active: false };
  const world = model.world();
  const { steps } = rollbackRunbook(facts, world);
  const stray = stepOf(steps, 'R.node_1.stop-stray');
  expect(dangerNow(stray, world)).toBe('point-of-no-return');
  expect(stray.forfeits(world)).toMatchObject({ kind: 'writes' });
  expect(stray.writes).toBe('stop');
  expect(at(steps, 'R.node_1.stop-stray')).toBeGreaterThan(at(steps, 'R.monitor.stop'));
});

test('the private server of the verification is stopped without one: nobody has written on it', () => {
  const facts = labCluster();
  const world = worldAt('started', facts);
  const stray = stepOf(rollbackRunbook(facts, world).steps, 'R.node_1.stop-stray');
  expect(dangerNow(stray, world)).toBe('changes');
  expect(stray.writes).toBe('unchanged');
});

describe('which rollback is open', () => {
  test.each([
    ['running', 'nothing'],
    ['prepared', 'nothing'],
    ['fenced', 'own'],
    ['primary stopped', 'own'],
    ['all stopped', 'own'],
    ['linked', 'own'],
    ['swapped', 'own'],
    ['monitor back', 'own'],
    ['started', 'fallback-copy'],
    ['verified', 'fallback-copy'],

    ['primary back', 'fallback-copy'],
    ['secondary rebuilt', 'fallback-copy'],
    ['finished', 'fallback-copy'],
  ] as const)('%s: %s', (moment, kind) => {
    expect(planAt(moment).route.kind).toBe(kind);
  });

  test('where nothing was changed there is nothing to take back', () => {
    expect(planAt('running').steps).toEqual([]);
  });

  test('a fallback copy that still stands in its place is taken before one beside a rebuilt secondary', () => {
    const { route } = planAt('secondary rebuilt');
    expect(route).toMatchObject({ kind: 'fallback-copy', node: { alias: 'node_3' } });
  });

  test('a rollback through a fallback copy, once begun, is found again though the fallback copy is promoted by now', () => {
    const facts = labCluster();
    const model = modelAt('verified', facts);
    model.host('monitor').markers = [...model.host('monitor').markers, throughMarker(word('node_2'))];
    const { data } = model.host('node_2');
    if (data.kind !== 'cluster' || data.control === null) throw new Error('the image is there');
    model.host('node_2').data = { ...data, standby: false, control: { ...data.control, state: 'shut down' } };
    expect(rollbackRunbook(facts, model.world()).route).toMatchObject({
      kind: 'fallback-copy',
      node: { alias: 'node_2' },
    });
  });

  test('with the fallback copies gone there is no step at all', () => {
    const facts = labCluster();
    const model = modelAt('finished', facts);
    for (const alias of ['node_2', 'node_3']) model.host(alias).backupData = { kind: 'absent' };
    expect(rollbackRunbook(facts, model.world())).toMatchObject({ route: { kind: 'backup' }, steps: [] });
  });
});

describe('through the old primary’s own directory', () => {
  const { steps } = planAt('swapped');

  test('the monitor is back before the primary, the primary before the secondaries', () => {
    expect(at(steps, 'S.monitor.start')).toBeLessThan(at(steps, 'T.node_1.start'));
    expect(at(steps, 'T.node_1.start')).toBeLessThan(at(steps, 'U.node_2.start'));
    expect(at(steps, 'U.node_2.start')).toBeLessThan(at(steps, 'U.node_2.join'));
  });

  test('linked files are given back only after the fingerprint has been compared on the host', () => {
    const script = text(stepOf(steps, 'T.node_1.directories'));
    expect(script.indexOf('cmp -s')).toBeGreaterThan(0);
    expect(script.indexOf('cmp -s')).toBeLessThan(script.indexOf('pg_control.old'));
  });

  test('disable maintenance wants the primary on the node’s own system: otherwise pg_autoctl deletes the fallback copy', () => {
    const join = stepOf(steps, 'U.node_2.join');
    expect(join.before.map((one) => one.text).join('\n')).toContain('it will not be deleted');
    const facts = labCluster();
    const model = modelAt('primary back', facts);
    const guard = join.before.find((one) => one.text.includes('will not be deleted'));
    expect(guard?.holds(model.world()).holds).toBe(false);
  });

  test('a node was ordered out of maintenance before it had reported itself: refused, and nobody gave the order again', () => {
    const reports = stepOf(steps, 'U.node_2.join').before.find(({ text: says }) =>
      says.endsWith('to the monitor again'),
    );
    const model = modelAt('swapped', labCluster());
    // The monitor that came back shows the row of the window, maintenance, reported and assigned.
    const holdsAfter = (seconds: number): boolean | undefined => {
      model.monitor.nodes = model.monitor.nodes.map((row) => ({ ...row, reportAge: seconds }));
      const { monitor } = model;
      model.host('monitor').monitor = monitor;
      return reports?.holds(model.world()).holds;
    };
    expect(holdsAfter(130)).toBe(false);
    expect(holdsAfter(0.4)).toBe(true);
  });
});

describe('a pg_control.old that somebody renamed by hand, as PostgreSQL’s manual tells', () => {
  const renamed = (moment: Moment) => {
    const facts = labCluster();
    const model = modelAt(moment, facts);
    const { backupData } = model.host('node_1');
    if (backupData.kind !== 'cluster') throw new Error('the old directory is aside');
    model.host('node_1').backupData = { ...backupData, controlRenamed: false, madeUnstartable: false };
    return rollbackRunbook(facts, model.world()).route;
  };

  test('is not taken for a whole directory once 17 has run: its files are shared still', () => {
    expect(renamed('started')).toMatchObject({ kind: 'fallback-copy', node: { alias: 'node_2' } });
    expect(renamed('finished').kind).toBe('fallback-copy');
  });

  test('does no harm before that', () => {
    expect(renamed('swapped')).toEqual({ kind: 'own', linked: false });
  });
});

describe('through a fallback copy', () => {
  const { steps } = planAt('primary back');

  test('what the application wrote is given up only with the host’s name typed', () => {
    expect(stepOf(steps, 'R.node_1.stop').danger).toBe('point-of-no-return');
    expect(stepOf(planAt('verified').steps, 'R.node_1.stop').danger).toBe('changes');
  });

  test('the monitor is stopped before the primary: it would make a secondary the primary, which then took writes', () => {
    expect(at(steps, 'R.monitor.stop')).toBeLessThan(at(steps, 'R.node_1.stop'));
    expect(at(steps, 'R.node_1.stop')).toBeLessThan(at(steps, 'R.node_2.stop'));
  });

  test('a host that restarts while directories are moved starts nothing', () => {
    const finished = planAt('finished').steps;
    for (const alias of ['monitor', 'node_1', 'node_2', 'node_3']) {
      expect(at(finished, `R.${alias}.guard`)).toBeLessThan(at(finished, `R.${alias}.stop`));
      expect(stepOf(finished, `R.${alias}.guard`).probe(worldAt('finished')).state).toBe('pending');
    }
    expect(stepOf(steps, 'R.monitor.guard').probe(worldAt('all stopped')).state).toBe('done');
  });

  test('every server is stopped before the monitor forgets the group; the fallback copy is promoted after', () => {
    for (const alias of ['node_1', 'node_2', 'node_3', 'monitor'])
      expect(at(steps, `R.${alias}.stop`)).toBeLessThan(at(steps, 'S.monitor.drop-nodes'));
    expect(at(steps, 'S.monitor.drop-nodes')).toBeLessThan(at(steps, 'T.node_2.promote'));
    expect(at(steps, 'T.node_2.promote')).toBeLessThan(at(steps, 'T.node_2.create'));
  });

  test('the chosen node is dropped last', () => {
    const script = text(stepOf(steps, 'S.monitor.drop-nodes'));
    expect(script.lastIndexOf('--hostname node2')).toBeGreaterThan(script.lastIndexOf('--hostname node3'));
  });

  test('the former primary’s old directory is never moved back: it goes aside and cannot be started there either', () => {
    const script = text(stepOf(steps, 'U.node_1.directories'));
    expect(script).not.toMatch(/mv \S*data_pg15_bak \S*\/data\b/);
    expect(script).toContain('abandon /var/lib/pgsql/data_pg15_bak');
    expect(script.indexOf('pg_control.do-not-start')).toBeGreaterThan(script.indexOf('data_pg15_bak'));
  });

  test('the monitor’s connection string goes through the environment, never over a command line', () => {
    const script = text(stepOf(steps, 'T.node_2.create'));
    expect(script).toContain('export PG_AUTOCTL_MONITOR');
    expect(script).not.toContain('--monitor');
  });
});

describe('every script of the rollback and of the clean-up', () => {
  const facts = [labCluster(), debianCluster()];
  const all = facts.flatMap((cluster) => [
    ...(
      ['fenced', 'all stopped', 'linked', 'swapped', 'verified', 'primary back', 'finished'] as const
    ).flatMap((moment) => {
      try {
        return planAt(moment, cluster).steps;
      } catch (thrown) {
        // The model's other clusters lack some of the lab's moments.
        if (String(thrown).includes('the runbook has no step')) return [];
        throw thrown;
      }
    }),
    ...cleanupRunbook(cluster, worldAt('finished', cluster)),
  ]);

  test('is POSIX sh', () => {
    expect(all.length).toBeGreaterThan(100);
    // All of them in one go, each in its own subshell: starting a shell for each takes a while on a busy machine.
    const input = [...new Set(all.map(text))].map((script) => `(\n${script})\n`).join('');
    const { status, stderr } = spawnSync('sh', ['-n'], { input, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('says why, and what undoes it', () => {
    for (const step of all) {
      expect(step.reason, step.id).not.toBe('');
      expect(undoWords(step.undo), step.id).not.toBe('');
    }
  });
});

test('to set aside the last fallback copy is a rename that a rollback takes back: nothing is given up, and no name is typed', () => {
  for (const moment of ['primary back', 'secondary aside'] as const)
    for (const alias of ['node_2', 'node_3']) {
      const step = stepOf(upgradeRunbook(labCluster()), `H.${alias}.aside`);
      expect(dangerNow(step, worldAt(moment)), `${moment}, ${alias}`).toBe('changes');
    }
});

describe('what is given up has a kind of its own', () => {
  const facts = labCluster();

  test('a rollback that loses writes says so where the writes end, one that loses none does not', () => {
    const stop = (moment: Moment) => stepOf(planAt(moment).steps, 'R.node_1.stop');
    const world = worldAt('finished');
    expect(stop('finished').forfeits(world)).toMatchObject({ kind: 'writes' });
    expect(stop('verified').forfeits(world)).toBeNull();
  });

  test('the last fallback copy is another thing than those before it', () => {
    const model = modelAt('finished', facts);
    const kind = (alias: string) =>
      stepOf(cleanupRunbook(facts, model.world()), `W.${alias}.remove`).forfeits(model.world())?.kind;
    expect(['monitor', 'node_1', 'node_2', 'node_3'].map(kind)).toEqual(Array(4).fill(undefined));
    model.host('node_2').backupData = { kind: 'absent' };
    expect(['monitor', 'node_1', 'node_3'].map(kind)).toEqual([undefined, undefined, 'last-copy']);
  });

  test('an abandoned cluster of the new version is the only copy of what was written on it', () => {
    const model = modelAt('running', facts);
    model.host('node_1').abandoned = [
      word('/var/lib/pgsql/data_pg17_abandoned'),
      word('/var/lib/pgsql/data_pg15_abandoned'),
    ];
    const steps = cleanupRunbook(facts, model.world());
    const kinds = [17, 15].map(
      (major) => stepOf(steps, `W.node_1.remove-data_pg${major}_abandoned`).forfeits(model.world())?.kind,
    );
    expect(kinds).toEqual(['abandoned', undefined]);
  });
});

describe('clean-up', () => {
  test('takes what rollbacks have left aside, each after its own proof, and nothing with another name', () => {
    const facts = labCluster();
    const model = modelAt('running', facts);
    model.host('node_1').abandoned = [
      word('/var/lib/pgsql/data_pg17_abandoned'),
      word('/var/lib/pgsql/data_pg15_abandoned_2'),
      word('/var/lib/pgsql/data_pgx_abandoned'),
    ];
    const removals = cleanupRunbook(facts, model.world()).filter((step) => step.id.includes('abandoned'));
    expect(ids(removals)).toEqual([
      'W.node_1.remove-data_pg17_abandoned',
      'W.node_1.remove-data_pg15_abandoned_2',
    ]);
    expect(text(stepOf(removals, 'W.node_1.remove-data_pg17_abandoned'))).toContain('PG_VERSION")" = 17 ]');
    for (const step of removals) {
      expect(step.danger).toBe('point-of-no-return');
      expect(step.before.every((one) => one.holds(model.world()).holds)).toBe(true);
    }
  });

  test('takes the marks of the upgrade away last, and not while a fallback copy is kept', () => {
    const facts = labCluster();
    const model = modelAt('finished', facts);
    const last = cleanupRunbook(facts, model.world()).at(-1);
    expect(last?.id).toBe('W.monitor.tidy');
    expect(last?.before.map((one) => one.holds(model.world()).holds)).toEqual([false]);
    for (const host of model.hosts.values()) host.backupData = { kind: 'absent' };
    expect(last?.before.map((one) => one.holds(model.world()).holds)).toEqual([true]);
  });

  const steps = cleanupRunbook(labCluster(), worldAt('finished'));

  test('asks for the host’s name each time, and takes the fallback copies last, and the monitor’s directory behind them: a rollback begins with it', () => {
    const removals = steps.filter((step) => step.id.endsWith('.remove'));
    expect(removals.map((step) => step.host)).toEqual(['node_1', 'node_2', 'node_3', 'monitor']);
    expect(new Set(removals.map((step) => step.danger))).toEqual(new Set(['point-of-no-return']));
  });

  test('proves on the host that the directory is the old version’s, not the running one, and not in use', () => {
    const script = text(stepOf(steps, 'W.node_1.remove'));
    for (const proof of ['PG_VERSION', 'readlink -f', '/proc/']) expect(script).toContain(proof);
    expect(script.indexOf('rm -rf')).toBeGreaterThan(script.indexOf('/proc/'));
    expect(script).not.toContain('delete_old_cluster');
  });
});
