import { mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseState } from '../../source/inspect/state/parse.ts';
import { stateScript } from '../../source/inspect/state/script.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { partsFollow } from '../../source/runbook/language/tablespace-conditions.ts';
import { markOf, ownershipFunctions } from '../../source/runbook/shell/ownership.ts';
import { keepFunction } from '../../source/runbook/shell/self-checks.ts';
import { script } from '../../source/runbook/shell/shell.ts';
import { partsBegunLines } from '../../source/runbook/shell/tablespaces.ts';
import { emptyDirectory, restoreDirectory } from '../../source/runbook/steps/rollback/directories.ts';
import { setAside } from '../../source/runbook/steps/set-aside.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { good } from '../cluster/recorded.ts';
import { spacedCluster } from './clusters.ts';
import { Sandbox } from './sandbox.ts';
import { stepOf, worldAt } from './worlds.ts';

/** A node with two tablespaces: `fast`, and one with a blank in its name; another server's part lies in the first. */
let host: Sandbox;
const places = () => host.node.tablespaces;
const link = (directory: string, number: number, to: string) => {
  mkdirSync(join(directory, 'pg_tblspc'), { recursive: true });
  symlinkSync(to, join(directory, 'pg_tblspc', String(16_400 + number)));
};
const part = (place: string, major: number) =>
  host.write(join(place, `PG_${major}_2022/5/16403`), `of ${major}`);

beforeEach(() => {
  host = new Sandbox(spacedCluster());
  host.cluster(host.node.data, 15);
  places().forEach((place, number) => {
    part(place, 15);
    link(host.node.data, number, place);
    mkdirSync(`${place}_aside`);
  });
  part(places()[0] ?? '', 13);
});
afterEach(() => host.remove());

const textOf = (step: Step): string => {
  const script = step.script(worldAt('prepared', host.facts));
  if (script.kind !== 'ready') throw new Error(script.needs);
  return script.text;
};
const aside = () => textOf(setAside(host.node)(host.facts, 'H'));
/** What goes before pg_autoctl is started. */
const start = () => textOf(stepOf(upgradeRunbook(host.facts), 'H.node_3.left-parts'));
const home = () => textOf(restoreDirectory(host.node, false)(host.facts, 'T'));

/** The same script, its shell killed as its Nth mv or ln is about to begin. False: it came to its end before. */
const killedAt = (script: string, count: number): boolean => {
  const bin = join(host.root, 'killing');
  host.write(join(host.root, 'count'), '');
  for (const program of ['mv', 'ln'])
    host.program(
      join(bin, program),
      `echo >> "${host.root}/count"`,
      `if [ "$(wc -l < "${host.root}/count")" -ge ${count} ]; then kill -9 $PPID; exit 1; fi`,
      `exec /usr/bin/env PATH="/usr/bin:/bin" ${program} "$@"`,
    );
  return host.sh(`PATH="${bin}:$PATH"\n${script}`).code === null;
};

const seen = () => good(parseState('node_1', host.sh(stateScript(host.node, 17, null).text).output));
const partsIn = (place: string) => readdirSync(place).sort();
const linksOf = (directory: string) =>
  readdirSync(join(directory, 'pg_tblspc')).map((name) => readlinkSync(join(directory, 'pg_tblspc', name)));

const expectSetAside = () => {
  const { node } = host;
  expect(places().map(partsIn)).toEqual([['PG_13_2022'], []]);
  expect(places().map((place) => partsIn(`${place}_aside/pg15_bak`))).toEqual([
    ['PG_15_2022'],
    ['PG_15_2022'],
  ]);
  expect(linksOf(node.backupData)).toEqual(places().map((place) => `${place}_aside/pg15_bak`));
  const view = seen();
  expect(partsFollow(node, view, view.backupData, node.backupData)).toBe(true);
};
const expectHome = (names: readonly string[] = ['PG_15_2022']) => {
  const { node } = host;
  expect(places().map(partsIn)).toEqual([['PG_13_2022', ...names], names]);
  expect(linksOf(node.data)).toEqual(places());
  const view = seen();
  expect(partsFollow(node, view, view.data, node.data)).toBe(true);
};

describe('a data directory that goes aside', () => {
  test('takes its parts with it, and comes home with them; other servers’ stay', () => {
    expect(host.sh(aside()).code).toBe(0);
    expectSetAside();
    expect(host.sh(home()).code).toBe(0);
    expectHome();
    for (const place of places()) expect(partsIn(`${place}_aside`)).toEqual([]);
  });

  test('killed wherever it was, there and back, it goes on when it is begun again', () => {
    const points = { there: 0, back: 0 };
    while (killedAt(aside(), points.there + 1)) {
      points.there += 1;
      const view = seen();
      expect(view.data.kind).toBe('cluster');
      expect(host.sh(aside()).code).toBe(0);
      expectSetAside();
      expect(host.sh(home()).code).toBe(0);
      expectHome();
    }
    while (killedAt(home(), points.back + 1)) {
      points.back += 1;
      const view = seen();
      // Half home is not home: the step is asked for again.
      expect(partsFollow(host.node, view, view.data, host.node.data)).toBe(false);
      expect(host.sh(home()).code).toBe(0);
      expectHome();
      expect(host.sh(aside()).code).toBe(0);
    }
    expect(points).toEqual({ there: 8, back: 7 });
  });

  test('killed on its way aside, the rollback brings home what had gone', () => {
    for (let count = 1; count <= 7; count += 1) {
      expect(killedAt(aside(), count)).toBe(true);
      expect(host.sh(home()).code).toBe(0);
      expectHome();
    }
  });
});

describe('the new cluster', () => {
  beforeEach(() => {
    host.sh(aside());
    host.cluster(host.node.data, 17);
    places().forEach((place, number) => {
      part(place, 17);
      link(host.node.data, number, place);
    });
  });

  test('abandoned, takes its parts with it, killed wherever it was; nothing of it is lost', () => {
    for (let count = 1; killedAt(home(), count); count += 1) expect(count).toBeLessThan(20);
    expect(host.sh(home()).code).toBe(0);
    expectHome();
    const [name = ''] = readdirSync(join(host.root, 'lib')).filter((one) => one.includes('abandoned'));
    expect(name).toBe('data_pg17_abandoned');
    for (const place of places())
      expect(host.read(join(`${place}_aside/pg17_abandoned`, 'PG_17_2022/5/16403'))).toBe('of 17');
  });

  test('both abandoned, the place is free for a base backup', () => {
    expect(host.sh(textOf(emptyDirectory(host.node)(host.facts, 'T'))).code).toBe(0);
    expect(places().map(partsIn)).toEqual([['PG_13_2022'], []]);
    for (const place of places())
      expect(partsIn(`${place}_aside`).sort()).toEqual(['pg15_abandoned', 'pg17_abandoned']);
  });
});

test('what a base backup that was killed has left in a tablespace is taken away before the next one', () => {
  host.sh(aside());
  for (const place of places()) part(place, 17);
  host.write(join(host.node.workDir, 'tablespaces'), markOf(host.facts));
  expect(host.sh(start()).code).toBe(0);
  expect(places().map(partsIn)).toEqual([['PG_13_2022'], []]);
});

test('a part of 17 in a tablespace’s directory that this run has not begun to make was removed: it may be another cluster’s', () => {
  host.sh(aside());
  for (const place of places()) part(place, 17);
  host.write(join(host.node.workDir, 'tablespaces'), 'run=another\nsystem=1\n');
  expect(host.sh(start()).code).toBe(0);
  expect(places().map(partsIn)).toEqual([['PG_13_2022', 'PG_17_2022'], ['PG_17_2022']]);
  const begun = host.sh(
    script(ownershipFunctions(host.facts), keepFunction, partsBegunLines(host.node, host.facts.newMajor))
      .text,
  );
  expect(begun).toMatchObject({ code: 1, output: expect.stringContaining('this upgrade has not made it') });
});

test('while the new directory is there nothing of it is taken away', () => {
  host.sh(aside());
  host.cluster(host.node.data, 17);
  for (const place of places()) part(place, 17);
  expect(host.sh(start()).code).toBe(0);
  expect(places().map(partsIn)).toEqual([['PG_13_2022', 'PG_17_2022'], ['PG_17_2022']]);
});
