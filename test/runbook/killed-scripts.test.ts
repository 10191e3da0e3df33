import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type ClusterFacts, primaryOf } from '../../source/cluster/facts.ts';
import { hostIn, isCluster, type World } from '../../source/cluster/world.ts';
import { parseLook } from '../../source/engine/look/parse.ts';
import { lookScript } from '../../source/engine/look/script.ts';
import { isUpgraded } from '../../source/runbook/evidence.ts';
import { markFile, markOf } from '../../source/runbook/ownership.ts';
import { rollbackRunbook } from '../../source/runbook/rollback/rollback.ts';
import type { Step } from '../../source/runbook/step.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackVerdict } from '../../source/runbook/verdict.ts';
import { good, recorded, recordedBytes } from '../cluster/recorded.ts';
import { labCluster, newIdentifier } from './clusters.ts';
import { Sandbox } from './sandbox.ts';
import { modelAfter, stepOf } from './worlds.ts';

/**
 * Destructive scripts in a real shell, everything of them gone at once before each command that changes something in turn,
 * as by a power cut (before every command with PGAF_KILL_EVERY=1): then the disk is looked at, and the script is run again to its end. Another script is one more `Case`.
 */
interface Case {
  readonly step: string;
  readonly rollback?: true;
  /** The step that has run last on the other hosts. */
  readonly after: string;
  readonly mode?: ClusterFacts['mode'];
  readonly lay: (host: Sandbox) => void;
  /** What is there once the script has come to its end, however often it was begun. */
  readonly ends: (host: Sandbox) => unknown;
  /** Must hold at every moment; in words what does not. */
  readonly always: (host: Sandbox, world: World) => string | null;
}

let host: Sandbox;
afterEach(() => host.remove());

const version = (directory: string): string | null =>
  host.has(join(directory, 'PG_VERSION')) ? host.read(join(directory, 'PG_VERSION')).trim() : null;
const versions = ({ node }: Sandbox) => [node.data, node.newData, node.backupData].map(version);

/** A pg_upgrade that links, or copies; it starts the old server, whose checkpoint moves on. */
const upgradePrograms = (sandbox: Sandbox, link: boolean): void => {
  const { node } = sandbox;
  sandbox.write(
    join(node.home, 'moved-on'),
    sandbox.control(15).replace(/^(pg_control last modified: +).*$/m, '$1moved on'),
  );
  sandbox.write(
    join(node.home, 'fresh'),
    recorded('postgresql-17.12/controldata-initdb.txt').replace(
      /^(Database system identifier: +)\d+$/m,
      `$1${newIdentifier}`,
    ),
  );
  sandbox.write(join(node.home, 'upgraded'), sandbox.control(17));
  sandbox.program(
    join(node.newBindir, 'pg_upgrade'),
    'old=$(printf "%s\\n" "$@" | sed -n "s/^--old-datadir=//p"); new=$(printf "%s\\n" "$@" | sed -n "s/^--new-datadir=//p")',
    '[ ! -e "$new/base/16384" ] || { echo "New cluster database is not empty" >&2; exit 1; }',
    '[ -e "$old/global/pg_control" ] || exit 1',
    'cat "$HOME/moved-on" > "$old/global/pg_control"',
    link ? 'mv "$old/global/pg_control" "$old/global/pg_control.old"' : 'true',
    link ? 'ln "$old/base/16384/1" "$new/base/1"' : 'cp "$old/base/16384/1" "$new/base/1"',
    'mkdir "$new/base/16384"; cat "$HOME/upgraded" > "$new/global/pg_control"',
    'mkdir -p "$new/pg_upgrade_output.d/1/log"; echo "rm -rf data" > delete_old_cluster.sh',
  );
  sandbox.program(
    join(node.newBindir, 'initdb'),
    'data=$(printf "%s\\n" "$@" | sed -n "s/^--pgdata=//p"); mkdir -p "$data/base" "$data/global"; echo 17 > "$data/PG_VERSION"; cat "$HOME/fresh" > "$data/global/pg_control"',
  );
};

const layUpgrade = (link: boolean) => (box: Sandbox) => {
  box.cluster(box.node.data, 15, { 'base/16384/1': 'rows of 15' });
  upgradePrograms(box, link);
  box.sh(`"${box.node.newBindir}/initdb" "--pgdata=${box.node.newData}"`);
  box.write(join(box.node.newData, markFile), markOf(box.facts));
};

/** The rows of 15 are on the disk, in its place or aside; and where 17 shares them, 15 could not be started by its name. */
const rowsAreThere = (box: Sandbox): string | null => {
  const place = [box.node.data, box.node.backupData].find((one) => version(one) === '15');
  if (place === undefined) return 'the old cluster is gone';
  return box.has(join(place, 'base/16384/1')) && box.read(join(place, 'base/16384/1')) === 'rows of 15'
    ? null
    : 'rows of the old cluster are gone';
};

const verdictIsSafe = (box: Sandbox, world: World): string | null => {
  const { kind, says } = rollbackVerdict(box.facts, world);
  return kind === 'safe' ? null : `the verdict is ${kind}: ${says}`;
};

/** Both clusters after pg_upgrade --link, which have their data files in common. */
const layLinked = (box: Sandbox, old: string, fresh: string): void => {
  box.cluster(old, 15, { 'base/16384/1': 'rows of 15' });
  box.cluster(fresh, 17, { 'base/16384/1': '' });
  box.keepFingerprints(old, fresh);
  box.sh(`ln -f "${old}/base/16384/1" "${fresh}/base/16384/1"
mv "${old}/global/pg_control" "${old}/global/pg_control.old"`);
};
const clustersOf = (box: Sandbox): readonly string[] => {
  const lib = join(box.root, 'lib');
  return readdirSync(lib)
    .filter((name) => name.startsWith('data'))
    .map((name) => join(lib, name));
};
const abandoned = (box: Sandbox): readonly string[] =>
  clustersOf(box).filter((path) => path.includes('_abandoned'));
/** The versions of the directories on which a server would start. */
const startable = (box: Sandbox): readonly (string | null)[] =>
  clustersOf(box)
    .filter((path) => box.has(join(path, 'global/pg_control')))
    .map(version)
    .sort();
/** They have their files in common: one of them may be startable. */
const bothStartable = (box: Sandbox): string | null =>
  startable(box).length > 1
    ? 'a server could be started on either of two directories that share their files'
    : null;
const rowsOf17AreThere = (box: Sandbox): string | null =>
  clustersOf(box).some((path) => version(path) === '17' && box.has(join(path, 'base/16384/1')))
    ? null
    : 'what 17 holds is gone';

const upgradeCase = (mode: 'link' | 'copy'): Case => ({
  step: 'D.node_1.pg-upgrade',
  after: 'C.node_1.stop',
  mode,
  lay: layUpgrade(mode === 'link'),
  ends: (box) => [
    versions(box),
    box.has(join(box.node.workDir, 'pg_upgrade/tried')),
    box.read(join(box.node.workDir, 'stopped')) === box.control(15),
  ],
  always: (box, world) => {
    const seen = hostIn(world, 'node_1');
    if (isUpgraded(box.facts, box.node, world) && !box.has(join(box.node.workDir, 'fingerprint-old')))
      return 'it counts as upgraded, and nobody knows how the old one stood';
    if (
      seen !== null &&
      isCluster(seen.newData) &&
      isUpgraded(box.facts, box.node, world) &&
      seen.newData.databases === 0
    )
      return 'an empty cluster counts as upgraded';
    return rowsAreThere(box) ?? verdictIsSafe(box, world);
  },
});

const cases: readonly Case[] = [
  upgradeCase('link'),
  upgradeCase('copy'),
  {
    step: 'D.node_1.swap',
    after: 'D.node_1.pg-upgrade',
    lay: (box) => {
      box.program(join(box.node.newBindir, 'postgres'), 'echo 100');
      box.cluster(box.node.data, 15, {
        'base/16384/1': 'rows of 15',
        'postgresql.conf': 'old',
        'postgresql-auto-failover.conf': 'old',
      });
      box.marked(box.node.newData, 17, { 'postgresql.conf': 'new' });
      box.sh(`mv "${box.node.data}/global/pg_control" "${box.node.data}/global/pg_control.old"`);
      box.write(join(box.node.workDir, 'fingerprint-old'), box.control(15));
      box.write(join(box.node.workDir, 'fingerprint'), box.control(17));
    },
    ends: (box) => [
      versions(box),
      box.read(join(box.node.data, 'postgresql.conf')),
      readdirSync(join(box.root, 'lib')).sort(),
    ],
    always: (box, world) => rowsAreThere(box) ?? verdictIsSafe(box, world),
  },
  {
    step: 'H.node_2.aside',
    after: 'G.node_1.analyze',
    lay: (box) => box.cluster(box.node.data, 15, { 'base/16384/1': 'rows of 15' }),
    ends: versions,
    always: rowsAreThere,
  },
  {
    step: 'T.node_1.directories',
    rollback: true,
    after: 'D.node_1.swap',
    lay: (box) => {
      layLinked(box, box.node.backupData, box.node.data);
      box.write(join(box.node.backupData, markFile), markOf(box.facts));
    },
    ends: (box) => [versions(box), startable(box)],
    always: (box, world) => rowsAreThere(box) ?? bothStartable(box) ?? verdictIsSafe(box, world),
  },
  {
    step: 'T.node_1.directories',
    rollback: true,
    after: 'D.node_1.pg-upgrade',
    lay: (box) => {
      layLinked(box, box.node.data, box.node.newData);
      box.write(join(box.node.newData, markFile), markOf(box.facts));
    },
    ends: (box) => [versions(box), startable(box)],
    always: (box, world) => rowsAreThere(box) ?? bothStartable(box) ?? verdictIsSafe(box, world),
  },
  {
    step: 'T.node_1.directories',
    rollback: true,
    after: 'D.node_1.swap',
    mode: 'copy',
    lay: (box) => {
      box.marked(box.node.backupData, 15, { 'base/16384/1': 'rows of 15' });
      box.cluster(box.node.data, 17, { 'base/16384/1': 'rows of 17' });
      box.keepFingerprints(box.node.backupData, box.node.data);
    },
    ends: (box) => [versions(box), abandoned(box).map((path) => box.read(join(path, 'base/16384/1')))],
    always: (box, world) => rowsAreThere(box) ?? rowsOf17AreThere(box) ?? verdictIsSafe(box, world),
  },
  {
    // 17 has been started and took writes: through a secondary's image, and the primary's place is made free.
    step: 'U.node_1.directories',
    rollback: true,
    after: 'G.node_1.analyze',
    lay: (box) => {
      layLinked(box, box.node.backupData, box.node.data);
      box.write(join(box.node.backupData, markFile), markOf(box.facts));
      box.write(
        join(box.node.data, 'global/pg_control'),
        box.control(17).replace(/^(Latest checkpoint location: +).*$/m, '$10/77000028'),
      );
    },
    ends: (box) => [versions(box), startable(box), abandoned(box).length],
    always: (box) => rowsOf17AreThere(box) ?? bothStartable(box),
  },
];

/** What the disk says now of the host whose script was killed; of the others, what the model says. */
const worldNow = (one: Case, step: Step): World => {
  const world = modelAfter(host.facts, one.after).world();
  const view = good(parseLook(step.host, host.sh(lookScript(host.node, 17, null).text).output));
  return { hosts: { ...world.hosts, [step.host]: { kind: 'seen', at: 0, host: { ...view, unit: null } } } };
};

const begin = (one: Case): { step: Step; text: string } => {
  host = new Sandbox(labCluster({ mode: one.mode ?? 'link' }));
  one.lay(host);
  host.write(join(host.root, 'lib/17/other/PG_VERSION'), 'somebody’s\n');
  const world = modelAfter(host.facts, one.after).world();
  const steps = one.rollback ? rollbackRunbook(host.facts, world).steps : upgradeRunbook(host.facts);
  const step = stepOf(steps, one.step);
  const script = step.script(world);
  if (script.kind !== 'ready') throw new Error(script.needs);
  return { step, text: script.text };
};

describe.each(cases.map((one) => ({ mode: 'link' as const, ...one })))('$step after $after, $mode', (one) => {
  test('killed before every command that changes something, nothing is lost, and begun again it comes to the same end', () => {
    const whole = begin(one);
    expect(host.sh(whole.text)).toMatchObject({ code: 0 });
    const wanted = JSON.stringify(one.ends(host));
    for (let count = 1; ; count += 1) {
      host.remove();
      const { step, text } = begin(one);
      const killed = host.killedAt(
        text,
        count,
        process.env.PGAF_KILL_EVERY === undefined ? 'changing' : 'every',
      );
      if (!killed) {
        expect(count).toBeGreaterThan(2);
        return;
      }
      const at = `killed before command ${count}`;
      expect([at, one.always(host, worldNow(one, step))]).toEqual([at, null]);
      // Killed in initdb or before it, phase A's own step makes the directory again.
      if (one.step.endsWith('pg-upgrade') && version(host.node.newData) === null)
        host.sh(`"${host.node.newBindir}/initdb" "--pgdata=${host.node.newData}"`);
      let ran = host.sh(text);
      if (ran.code !== 0) ran = host.sh(text);
      expect([at, ran.code, ran.code === 0 ? '' : ran.output]).toEqual([at, 0, '']);
      expect([at, JSON.stringify(one.ends(host))]).toEqual([at, wanted]);
      expect(host.read(join(host.root, 'lib/17/other/PG_VERSION'))).toBe('somebody’s\n');
    }
  }, 300_000);
});

describe('a script that moves something proves first', () => {
  const swap = cases.find((one) => one.step === 'D.node_1.swap');
  const beginSwap = () => {
    if (swap === undefined) throw new Error('no swap');
    return begin(swap).text;
  };
  const left = () => expect(versions(host)).toEqual(['15', '17', null]);

  test('a server that runs on a directory: the swap moved it all the same', () => {
    const text = beginSwap();
    host.write(join(host.node.data, 'postmaster.pid'), `${process.pid}\n`);
    expect(host.sh(text)).toMatchObject({
      code: 1,
      output: expect.stringContaining(`names process ${process.pid}`),
    });
    left();
  });

  test('15 has run since pg_upgrade: the swap put the outdated directory in its place', () => {
    const text = beginSwap();
    host.write(join(host.node.workDir, 'fingerprint-old'), `${host.control(15)}another moment\n`);
    expect(host.sh(text)).toMatchObject({ code: 1, output: expect.stringContaining('has run on') });
    left();
  });

  test('a fingerprint that a power cut has left empty is none', () => {
    const text = beginSwap();
    host.write(join(host.node.workDir, 'fingerprint-old'), '');
    expect(host.sh(text).code).toBe(1);
    left();
  });

  test('a new directory on another file system: it was copied in the downtime, and a half copy counted as done', () => {
    host = new Sandbox();
    const elsewhere = '/dev/shm/pgaf-swap-test/data';
    const facts = { ...host.facts, nodes: host.facts.nodes.map((node) => ({ ...node, newData: elsewhere })) };
    host.program(join(host.node.newBindir, 'postgres'), 'echo 100');
    host.cluster(host.node.data, 15);
    host.marked(elsewhere, 17);
    host.keepFingerprints(host.node.data, elsewhere);
    const script = stepOf(upgradeRunbook(facts), 'D.node_1.swap').script(modelAfter(facts, null).world());
    const ran = host.sh(script.kind === 'ready' ? script.text : '');
    const there = host.has(elsewhere);
    host.sh('rm -rf /dev/shm/pgaf-swap-test');
    expect(ran).toMatchObject({ code: 1, output: expect.stringContaining('different file systems') });
    expect([there, version(host.node.data)]).toEqual([true, '15']);
  });

  test('a secondary’s directory of another system is left where it is', () => {
    const { text } = begin(cases.find((one) => one.step === 'H.node_2.aside') ?? upgradeCase('link'));
    host.write(
      join(host.node.data, 'global/pg_control'),
      host.control(15).replace(/^(Database system identifier: +)\d+/m, '$142'),
    );
    expect(host.sh(text)).toMatchObject({ code: 1, output: expect.stringContaining('is not of the system') });
    expect(versions(host)).toEqual(['15', null, null]);
  });

  test('a retry of pg_upgrade removed a directory in which a server ran', () => {
    const { text } = begin(upgradeCase('copy'));
    host.write(join(host.node.workDir, 'pg_upgrade/tried'), 'x\n');
    host.write(join(host.node.newData, 'postmaster.pid'), `${process.pid}\n`);
    expect(host.sh(text).code).toBe(1);
    expect(version(host.node.newData)).toBe('17');
  });

  test('a new directory that 15 has outrun is made anew, with the stop that counts now', () => {
    const { text } = begin(upgradeCase('copy'));
    expect(host.sh(text).code).toBe(0);
    expect(host.sh(text)).toMatchObject({ code: 0, output: expect.stringContaining('has finished already') });
    // Somebody starts 15, and an application writes.
    const since = host.control(15).replace(/^(Latest checkpoint location: +).*$/m, '$10/99000028');
    host.write(join(host.node.data, 'global/pg_control'), since);
    host.write(join(host.node.data, 'base/16384/1'), 'rows of 15');
    const again = host.sh(text);
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('is made anew') });
    expect(host.read(join(host.node.workDir, 'stopped'))).toBe(since);
  });

  test('what pg_autoctl holds is not changed while it runs', () => {
    host = new Sandbox();
    host.write(host.node.stateFile, recordedBytes('pg_auto_failover-2.0/node1.state'));
    host.write(join(host.node.data, 'postmaster.pid'), `${process.pid}\n${host.node.data}\n1\n5432\n`);
    host.program(host.node.newAutoctl, 'echo "$*" >> "$HOME/asked"');
    expect(host.run('D.node_1.pg-ctl')).toMatchObject({
      code: 1,
      output: 'PostgreSQL runs on port 5432: stop it first\n',
    });
    expect(host.has(join(host.root, 'home/asked'))).toBe(false);
    expect(primaryOf(host.facts).port).toBe(5432);
  });
});
