import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hostsOf, primaryOf, secondariesOf } from '../../source/cluster/facts.ts';
import { phases } from '../../source/runbook/language/step.ts';
import { undoWords } from '../../source/runbook/language/undo.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { debianCluster, everyCluster, labCluster, onEveryHost } from './clusters.ts';
import { word } from './word.ts';
import { stepOf, worldAt } from './worlds.ts';

/** What must be true of every upgrade, however the cluster looks. */
describe.each(everyCluster)('%s', (_, facts) => {
  const steps = upgradeRunbook(facts);
  const at = (id: string): number => {
    const index = steps.findIndex((step) => step.id === id);
    expect([id, index >= 0]).toEqual([id, true]);
    return index;
  };
  const primary = primaryOf(facts);
  const secondaries = secondariesOf(facts);

  test('the monitor is stopped and upgraded before the downtime, the old primary before any secondary', () => {
    const order = steps.filter((step) => /^C\..*\.stop$/.test(step.id)).map((step) => step.host);
    expect(order).toEqual(['monitor', primary.alias, ...secondaries.map((node) => node.alias)]);
    for (const name of ['pg-upgrade', 'swap', 'pg-ctl'])
      expect(at(`C.monitor.${name}`)).toBeLessThan(at(`C.${primary.alias}.stop`));
  });

  test('the new monitor starts only when no pg_autoctl of the old version can meet it', () => {
    const start = stepOf(steps, 'D.monitor.start');
    for (const node of facts.nodes) expect(at(`C.${node.alias}.stop`)).toBeLessThan(at(start.id));
    const refused = start.before.filter((one) => !one.holds(worldAt('running', facts)).holds);
    expect(refused.map((one) => one.text)).toContain(
      'no node’s pg_autoctl runs on 15: it would give up on the new monitor, and stop PostgreSQL',
    );
  });

  test('every secondary is in maintenance before the primary is stopped, and it is asked once more right then', () => {
    for (const stop of [stepOf(steps, 'C.monitor.stop'), stepOf(steps, `C.${primary.alias}.stop`)]) {
      for (const node of secondaries) expect(at(`B.${node.alias}.maintenance`)).toBeLessThan(at(stop.id));
      expect(stop.before.map((one) => one.text)).toContain(
        'every secondary is in maintenance, so that stopping the primary starts no failover',
      );
    }
  });

  test('the monitor is up on the new version before any node’s pg_autoctl starts', () => {
    const starts = steps.filter((step) => /^[G-I]\..*\.start$/.test(step.id));
    expect(starts.map((step) => step.host)).toEqual([
      primary.alias,
      ...secondaries.map((node) => node.alias),
    ]);
    for (const start of starts) {
      expect(at('D.monitor.start')).toBeLessThan(at(start.id));
      expect(at('F.monitor.identifier')).toBeLessThan(at(start.id));
      const identified = start.host === primary.alias ? 'E.node_1.hand-over' : `H.${start.host}.state-file`;
      expect(at(identified.replace('node_1', primary.alias))).toBeLessThan(at(start.id));
    }
  });

  test('everything is proven while the old version serves, before the first thing changes for the application', () => {
    const first = steps.findIndex((step) => step.phase !== 'A');
    expect(steps.slice(0, first).every((step) => step.phase === 'A')).toBe(true);
    for (const alias of [primary.alias, 'monitor'])
      for (const name of ['initdb', 'check', 'configuration'])
        expect(at(`A.${alias}.${name}`)).toBeLessThan(first);
    for (const host of hostsOf(facts))
      expect(at(`A.${host.alias}.save`)).toBeLessThan(at(`A.${host.alias}.checks`));
  });

  test('writes stop with one step and come back with one, and the full statistics wait until they have', () => {
    expect(steps.filter((step) => step.writes !== 'unchanged').map((step) => [step.id, step.writes])).toEqual(
      [
        [`C.${primary.alias}.stop`, 'stop'],
        [`G.${primary.alias}.start`, 'resume'],
        ...(secondaries.length === 0
          ? []
          : [
              ['I.monitor.switchover', 'pause'],
              ['I.monitor.switch-back', 'pause'],
            ]),
      ],
    );
    expect(at(`G.${primary.alias}.analyze`)).toBeGreaterThan(at(`G.${primary.alias}.start`));
  });

  test('a secondary gives up its fallback copy only when the new primary takes writes', () => {
    for (const node of secondaries.filter((one) => one.rebuild === 'base-backup'))
      expect(at(`H.${node.alias}.aside`)).toBeGreaterThan(at(`G.${primary.alias}.start`));
  });

  test('links are taken over between the swap and the first start, and the key is gone once the data is there', () => {
    for (const { alias } of secondaries.filter((one) => one.rebuild === 'hard-link')) {
      expect(at(`B.${alias}.link-rehearsal`)).toBeLessThan(at('B.monitor.sync-standbys-0'));
      expect(at(`D.${primary.alias}.swap`)).toBeLessThan(at(`D.${alias}.link`));
      expect(at(`D.${alias}.link`)).toBeLessThan(at(`E.${primary.alias}.private-start`));
      expect(at(`H.${primary.alias}.link-forget`)).toBeGreaterThan(at(`G.${primary.alias}.start`));
      expect(at(`H.${alias}.stream`)).toBeLessThan(at(`H.${alias}.start`));
    }
  });

  test('phases come in their order, and every id is its own', () => {
    const known: readonly string[] = phases.map((phase) => phase.id);
    const order = steps.map((step) => known.indexOf(step.phase));
    expect(order).toEqual([...order].sort((one, other) => one - other));
    expect(new Set(steps.map((step) => step.id)).size).toBe(steps.length);
    for (const step of steps) expect(step.id.startsWith(`${step.phase}.${step.host}.`)).toBe(true);
  });

  test('every step says why it is there, how it is undone, and who runs it', () => {
    const aliases = hostsOf(facts).map((host) => host.alias);
    for (const step of steps) {
      const said = {
        id: step.id,
        title: step.title.length > 3,
        reason: /\.$/.test(step.reason),
        undo: undoWords(step.undo).length > 3,
      };
      expect(said).toEqual({ id: step.id, title: true, reason: true, undo: true });
      expect(aliases).toContain(step.host);
      expect(step.inspects).toEqual(aliases);
      expect(
        [...step.title, ...step.reason, ...undoWords(step.undo)].some((character) => character === '\n'),
      ).toBe(false);
    }
  });

  test('the point of no return is the first start on linked files, and nothing else', () => {
    expect(steps.filter((step) => step.danger === 'point-of-no-return').map((step) => step.id)).toEqual(
      facts.mode === 'link' ? [`E.${primary.alias}.private-start`] : [],
    );
  });

  test('a step that only reads is not the one that stops or changes anything', () => {
    for (const step of steps.filter((one) => one.danger === 'reads')) {
      const script = step.script(worldAt('running', facts));
      expect(script.kind).toBe('ready');
      if (script.kind !== 'ready') continue;
      // The dry run starts and stops a throwaway of its own, and asks systemd how the unit is.
      const own = script.text
        .replaceAll(/"\$new_bin\/pg_ctl" -D "\$t\/new"/g, '')
        .replaceAll(/systemctl (show|list-timers)/g, '')
        .replaceAll(/for tool in [^;]*; do/g, '')
        .replaceAll(/grep -E '.*'/g, '');
      expect(own).not.toMatch(/systemctl|pg_ctl |config set|maintenance|\bupdate pg|set_formation/);
    }
  });
});

/** Where the published guide breaks on real servers. Each of them is told at its step. */
test.each([
  ['B.node_2.maintenance', 'Step 1', /--name/],
  ['B.monitor.sync-standbys-0', 'Step 1', /refuses 0/],
  ['C.node_1.stop', 'Step 2', /stops the secondary first/],
  ['C.node_1.guard', 'Step 2', /miss the shutdown checkpoint/],
  ['A.node_1.check', 'Step 4', /while 15 still serves/],
  ['A.node_1.initdb', 'Step 4', /en_US\.UTF-8/],
  ['A.monitor.initdb', 'Step 7', /en_US\.UTF-8/],
  ['D.node_1.pg-upgrade', 'Step 4', /delete_old_cluster\.sh/],
  ['D.node_1.swap', 'Step 5', /Every configuration file/],
  ['E.node_1.private-start', 'Step 6', /wait for ever/],
  ['E.node_1.verify', 'Step 6', /update_extensions\.sql/],
  ['C.monitor.pg-upgrade', 'Step 7', /both options always/],
  ['C.monitor.swap', 'Step 8', /Every configuration file/],
  ['D.node_1.unit', 'Step 11', /monitor’s unit only/],
  ['F.monitor.identifier', 'Step 10', /same_system_identifier_within_group/],
  ['E.node_1.hand-over', 'Step 10', /keeps its id/],
  ['H.node_2.state-file', 'Step 12', /keeps its id/],
  ['H.node_2.join', 'Step 12', /disables maintenance/],
] as const)('%s tells the operator how it differs from %s of the guide', (id, place, differs) => {
  const { guide } = stepOf(upgradeRunbook(labCluster()), id);
  expect(guide.step).toBe(place);
  expect(guide.deviation).toMatch(differs);
});

test('the monitor is always copied, with both options, whatever becomes of the primary', () => {
  for (const mode of ['link', 'clone', 'copy'] as const) {
    const facts = labCluster({ mode });
    const script = stepOf(upgradeRunbook(facts), 'C.monitor.pg-upgrade').script(worldAt('verified', facts));
    if (script.kind !== 'ready') throw new Error(script.needs);
    expect(script.text).toContain(
      "--new-options='-c shared_preload_libraries=pgautofailover -c max_worker_processes=0 -c jit=off'",
    );
    expect(script.text).not.toMatch(/--link|--clone|mv .*pg_control\.old/);
  }
});

test('logical slots of 17 are carried into a server that decodes and trusts their plugins', () => {
  const lab = labCluster();
  const decoding = { slots: 12, plugins: [word('pgoutput'), word('wal2json')] };
  const facts = { ...lab, nodes: lab.nodes.map((node) => ({ ...node, decoding })) };
  const runbook = upgradeRunbook(facts);
  for (const step of ['D.node_1.pg-upgrade', 'A.node_1.check']) {
    const script = stepOf(runbook, step).script(worldAt('verified', facts));
    if (script.kind !== 'ready') throw new Error(script.needs);
    expect(script.text).toContain(
      "--new-options='-c wal_level=logical -c max_replication_slots=12 -c output_plugin_libraries=pgoutput,wal2json -c jit=off'",
    );
  }
});

test('what initdb chooses is not known until it has run, and the steps that need it say so', () => {
  const steps = upgradeRunbook(labCluster());
  for (const id of ['F.monitor.identifier', 'E.node_1.hand-over', 'H.node_2.state-file']) {
    const step = stepOf(steps, id);
    expect(step.script(worldAt('running'))).toEqual({
      kind: 'unresolved',
      needs: 'the new system identifier, which initdb chooses',
    });
    expect(step.script(worldAt('prepared')).kind).toBe('ready');
  }
});

test('a unit file that a package brought is not edited: the copy in /etc is', () => {
  const facts = onEveryHost(labCluster(), () => ({
    service: {
      kind: 'systemd',
      unit: 'pg.service',
      fragment: '/usr/lib/systemd/system/pg.service',
      enabled: true,
    },
  }));
  const script = stepOf(upgradeRunbook(facts), 'D.node_1.unit').script(worldAt('swapped', facts));
  if (script.kind !== 'ready') throw new Error(script.needs);
  expect(script.text).toContain('own=/etc/systemd/system/pg.service kept=/var/lib/pgaf-upgrade/pg.service');
  expect(script.text).toContain('was=/usr/lib/systemd/system/pg.service; [ ! -e "$own" ] || was=$own');
  expect(script.text).toContain('cp -p "$was" "$kept.new"');
  expect(script.text).not.toMatch(/(sed -i|>|mv .*) \/usr\/lib\/systemd/);
});

test('with one pg_autoctl for every version there is no unit to edit', () => {
  expect(upgradeRunbook(debianCluster()).filter((step) => step.id.endsWith('.unit'))).toEqual([]);
});

test('18 makes checksums by default, so a cluster without them says that it wants none', () => {
  const to = (newMajor: number): string => {
    const script = stepOf(upgradeRunbook(labCluster({ newMajor })), 'A.node_1.initdb').script(
      worldAt('running'),
    );
    return script.kind === 'ready' ? script.text : '';
  };
  expect(to(18)).toContain('--no-data-checksums');
  expect(to(17)).not.toContain('checksums');
});

test('an undo with blanks and quotes in its paths can be pasted: “rm -r /srv/pg data” would be another directory', () => {
  const stub = 'rm() { printf \'%s\\n\' "$@"; }; mv() { rm "$@"; }; mkdir() { rm "$@"; }';
  const words = upgradeRunbook(debianCluster()).flatMap((step) =>
    undoWords(step.undo)
      .replace(/^\$ /, '')
      .split('; ')
      .filter((part) => /^(rm|mv|mkdir) /.test(part))
      .flatMap((part) => {
        const { stdout, status } = spawnSync('sh', ['-c', `${stub}; ${part}`], { encoding: 'utf8' });
        expect([step.id, status]).toEqual([step.id, 0]);
        return stdout
          .trimEnd()
          .split('\n')
          .filter((word) => !word.startsWith('-'));
      }),
  );
  expect(words.length).toBeGreaterThan(10);
  const { workDir, data, newData, backupData, stateFile } = debianCluster().monitor;
  const known = [workDir, data, newData, backupData, dirname(newData), stateFile, `${stateFile}.pg15`];
  expect(words.filter((word) => !known.includes(word))).toEqual([]);
});
