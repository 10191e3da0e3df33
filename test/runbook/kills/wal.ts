import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterFacts } from '../../../source/cluster/facts.ts';
import { labCluster, walCluster } from '../clusters.ts';
import type { Sandbox } from '../sandbox.ts';
import { type Case, isPassing } from './case.ts';
import { has17Written, lay15, lay17, layMark, layStopped, swapped as layUpgraded } from './lay.ts';
import { ends as directories, through } from './rollback.ts';

/** A pg_wal that is a symbolic link to another disk: moved out of the new directory, aside with it, and removed with it. */

const facts: ClusterFacts = walCluster(labCluster({ mode: 'copy' }));
const places = (box: Sandbox) => {
  if (box.node.wal === null) throw new Error('its pg_wal lies elsewhere');
  return box.node.wal;
};
const old = (box: Sandbox, directory: string): void => {
  lay15(box, directory);
  box.write(join(places(box).now, '000000010000000000000001'), 'WAL of 15');
  box.sh(`ln -s "${places(box).now}" "${directory}/pg_wal"`);
};
const swapped = (box: Sandbox): void => {
  old(box, box.node.backupData);
  layMark(box, box.node.backupData);
  lay17(box);
  layStopped(box);
  box.keepFingerprints(box.node.backupData, box.node.data);
  box.write(join(box.node.data, 'pg_wal/000000010000000000000007'), 'WAL of 17');
  box.write(join(box.node.data, 'pg_wal/archive_status/x.done'), '');
};
const moved = (box: Sandbox, directory: string, to: string): void => {
  box.sh(
    `mkdir -p "$(dirname "${to}")"; mv "${directory}/pg_wal" "${to}"; ln -s "${to}" "${directory}/pg_wal"`,
  );
};
const link = (path: string): string => {
  try {
    return readlinkSync(path).split('/').slice(-1).join();
  } catch {
    return 'none';
  }
};
const ends = (box: Sandbox) => {
  const lib = join(box.root, 'lib');
  const above = join(places(box).now, '..');
  return [
    directories(box),
    readdirSync(lib)
      .filter((name) => !isPassing(box, name))
      .map((name) => [name, link(join(lib, name, 'pg_wal'))]),
    readdirSync(above).map((name) => [
      name,
      readdirSync(join(above, name)).filter((one) => !one.startsWith('.')),
    ]),
    box.has(join(box.node.data, 'pg_wal.moved')),
  ];
};
/** The old cluster's WAL is nobody's to touch. */
const oldWalIsThere = (box: Sandbox): string | null =>
  box.has(join(places(box).now, '000000010000000000000001')) ? null : 'the WAL of 15 is gone';
/** What 17 has written is found through the link, or under the name from which the script goes on. */
const newWalIsThere = (box: Sandbox): string | null => {
  const name = '000000010000000000000007';
  const found = readdirSync(join(box.root, 'lib')).some((one) =>
    ['pg_wal', 'pg_wal.moved'].some((wal) => box.has(join(box.root, 'lib', one, wal, name))),
  );
  const aside = readdirSync(join(places(box).now, '..')).some((one) =>
    box.has(join(places(box).now, '..', one, name)),
  );
  return found || aside ? null : 'the WAL of 17 is gone';
};
/** Wherever it lies: that of the old cluster goes aside with its directory, where a base backup takes the place. */
const bothAreThere: Case['always'] = (box) => {
  const above = join(places(box).now, '..');
  const old = readdirSync(above).some((one) => box.has(join(above, one, '000000010000000000000001')));
  return old ? newWalIsThere(box) : 'the WAL of 15 is gone';
};
/** What a rollback left in the data directory: pg_wal, and the old place empty beside its neighbors. */
const linksAre = (box: Sandbox, expected: Readonly<Record<string, string>>) => {
  const seen = Object.fromEntries(
    Object.keys(expected).map((name) => [name, link(join(box.root, 'lib', name, 'pg_wal'))]),
  );
  if (JSON.stringify(seen) !== JSON.stringify(expected))
    throw new Error(`the links are ${JSON.stringify(seen)}`);
  return ends(box);
};
const always: Case['always'] = (box) => oldWalIsThere(box) ?? newWalIsThere(box);

/** The clean-up of a directory that a rollback has left, with its WAL, which went aside with it. */
const abandoned = (
  name: string,
  lay: typeof lay15,
  wal: string,
  asideOf: (box: Sandbox) => string,
): Case => ({
  step: `W.node_1.remove-data_${name}`,
  of: 'cleanup',
  after: 'I.monitor.final',
  lay: (box) => {
    const directory = `${box.node.data}_${name}`;
    old(box, box.node.data);
    lay(box, directory);
    layMark(box, directory);
    box.write(join(directory, 'pg_wal/000000010000000000000007'), wal);
    const aside = asideOf(box);
    moved(box, directory, aside);
    layMark(box, aside);
  },
  ends,
  rows: 15,
  always: oldWalIsThere,
});

const cases: readonly Case[] = [
  { step: 'G.node_1.wal', after: 'F.monitor.identifier', lay: swapped, ends, rows: 15, always },
  {
    step: 'G.node_1.wal',
    says: 'an earlier try was ended before the link, and 17 has run since',
    after: 'F.monitor.identifier',
    lay: (box) => {
      swapped(box);
      box.write(join(places(box).next, '000000010000000000000005'), 'older WAL of 17');
      box.write(
        join(box.node.workDir, 'wal-directory'),
        `run=${box.facts.run}\nsystem=${box.facts.systemIdentifier}\ndirectory=${places(box).next}\n`,
      );
    },
    ends,
    rows: 15,
    always,
  },
  {
    step: 'T.node_1.directories',
    of: 'rollback',
    after: 'G.node_1.start',
    lay: (box) => {
      swapped(box);
      moved(box, box.node.data, places(box).next);
    },
    ends,
    rows: 15,
    always,
  },
  {
    // 17 has taken writes: both directories go aside, each with its WAL, and the place of the old one's is free for what comes.
    step: 'U.node_1.directories',
    of: 'rollback',
    facts: walCluster(),
    after: 'G.node_1.analyze',
    given: through('node_2'),
    lay: (box) => {
      layUpgraded(box);
      has17Written(box);
      box.write(join(places(box).now, '000000010000000000000001'), 'WAL of 15');
      box.sh(`ln -s "${places(box).now}" "${box.node.backupData}/pg_wal"`);
      box.write(join(box.node.data, 'pg_wal/000000010000000000000007'), 'WAL of 17');
      moved(box, box.node.data, places(box).next);
    },
    ends: (box) =>
      linksAre(box, {
        data_pg15_abandoned: 'main_pg15_abandoned',
        data_pg17_abandoned_2: 'main_pg17_abandoned_2',
      }),
    rows: 17,
    always: bothAreThere,
  },
  {
    step: 'U.node_1.wal',
    of: 'rollback',
    facts: walCluster(),
    after: 'G.node_1.analyze',
    given: through('node_2'),
    lay: (box) => {
      lay15(box);
      box.write(join(box.node.data, 'pg_wal/000000010000000000000007'), 'WAL of its base backup');
      box.sh(`mkdir -p "${join(places(box).now, '..')}"`);
    },
    ends: (box) => linksAre(box, { data: 'main' }),
    rows: 15,
    always: newWalIsThere,
  },
  {
    step: 'U.node_1.wal',
    says: 'somebody’s directory has the name',
    of: 'rollback',
    facts: walCluster(),
    after: 'G.node_1.analyze',
    given: through('node_2'),
    lay: (box) => {
      lay15(box);
      box.write(join(box.node.data, 'pg_wal/000000010000000000000007'), 'WAL of its base backup');
      box.write(join(places(box).now, 'somebody'), 'his own');
    },
    ends: (box) => linksAre(box, { data: 'none' }),
    rows: 15,
    always: (box) =>
      box.has(join(places(box).now, 'somebody')) ? newWalIsThere(box) : 'somebody’s file is gone',
  },
  abandoned('pg15_abandoned', lay15, 'older WAL of 15', (box) => `${places(box).now}_pg15_abandoned`),
  abandoned('pg17_abandoned_2', lay17, 'WAL of 17', (box) => `${places(box).next}_abandoned_2`),
];
export const walCases: readonly Case[] = cases.map((one) => ({ facts, ...one }));
