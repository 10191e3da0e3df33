import { linkSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Fragment, sh } from '../../../source/cluster/fragment.ts';
import { markFile, markOf } from '../../../source/runbook/shell/ownership.ts';
import { handedBodies } from '../../../source/runbook/steps/online/changing-places.ts';
import { back, there } from '../../../source/runbook/steps/online/cut-over.ts';
import { copyAside, copyInMaking, serveFile } from '../../../source/runbook/steps/online/names.ts';
import { stopsFile } from '../../../source/runbook/steps/online/ready.ts';
import { labCluster, spacedOnlineCluster } from '../clusters.ts';
import { backupSession, layInUse, layReflinks } from '../lay-reflinks.ts';
import { OnlineModel } from '../online-model.ts';
import type { Sandbox } from '../sandbox.ts';
import { type Case, clustersOf, isPassing, version, versions } from './case.ts';
import { initdb, lay15, lay17, layControls, layMark, layParts, pgUpgrade } from './lay.ts';

/** What the online method makes and removes beside the server that serves, whose directory nothing of it may touch. */

const facts = labCluster({ method: 'online' });
const copyIn = (box: Sandbox): string => copyAside(box.facts);
const left = (box: Sandbox): readonly string[] =>
  readdirSync(join(box.root, 'lib'))
    .filter((name) => !isPassing(box, join(box.root, 'lib', name)))
    .sort();

const untouched: Case['always'] = (box) =>
  version(box, box.node.data) === '15' && box.has(join(box.node.data, 'global/pg_control'))
    ? null
    : 'the directory that serves was touched';

const layServing = (box: Sandbox): void => {
  lay15(box);
  layControls(box);
  box.program(
    join(box.node.oldBindir, 'pg_basebackup'),
    'to=$(printf "%s\\n" "$@" | sed -n "s/^--pgdata=//p")',
    `mkdir "$to"; cp -R "${box.node.data}"/. "$to"`,
    'for one; do case $one in --tablespace-mapping=*)',
    `  pair=\${one#*=} from=\${pair%%=*} at=\${pair#*=}`,
    '  mkdir "$at"; cp -R "$from"/PG_15_* "$at"',
    '  for link in "$to"/pg_tblspc/*; do if [ "$(readlink "$link")" = "$from" ]; then ln -sfn "$at" "$link"; fi; done',
    'esac; done',
  );
};
/** What lies in each tablespace, and by place beside it. */
const spaces = (box: Sandbox): readonly unknown[] =>
  box.node.tablespaces.map((own) => [
    readdirSync(own).sort(),
    box.has(`${own}_aside`)
      ? readdirSync(`${own}_aside`)
          .sort()
          .map((name) => [name, readdirSync(join(`${own}_aside`, name)).sort()])
      : null,
  ]);
/** Where it leads from each cluster’s directory. */
const links = (box: Sandbox, directory: string): readonly string[] | null =>
  box.has(join(directory, 'pg_tblspc'))
    ? readdirSync(join(directory, 'pg_tblspc')).map((name) =>
        readlinkSync(join(directory, 'pg_tblspc', name)),
      )
    : null;
/** The server that serves has its parts, whatever becomes of the copy’s. */
const partsStay: Case['always'] = (box, world) =>
  box.node.tablespaces.every((own) => box.has(join(own, 'PG_15_2022/16384/2')))
    ? (untouched(box, world) ?? null)
    : 'a part of the server that serves is gone';
const layCopySpaces = (box: Sandbox): void => {
  layParts(box, copyIn(box), 15, 'pg15_copy');
  for (const own of box.node.tablespaces) layMark(box, join(`${own}_aside`, 'pg15_copy'));
};

/** Promoted: its own timeline's history file is there, and no standby.signal. */
const layCopy = (box: Sandbox): void => {
  lay15(box, copyIn(box));
  layMark(box, copyIn(box));
  box.write(join(copyIn(box), 'pg_wal/00000003.history'), '2\t0/C000000\tno\n');
};
const cases: readonly Case[] = [
  {
    step: 'K.node_1.copy',
    of: 'prepare',
    after: 'A.monitor.configuration',
    lay: layServing,
    ends: (box) => [
      left(box),
      box.has(join(copyIn(box), 'standby.signal')),
      box.read(join(copyIn(box), 'postgresql.auto.conf')).split('# pgaf-upgrade').length,
      box.has(copyInMaking(box.facts)),
    ],
    rows: 15,
    always: untouched,
  },
  {
    step: 'K.node_1.upgrade-copy',
    of: 'prepare',
    after: 'A.monitor.configuration',
    programs: { initdb, pg_upgrade: pgUpgrade(true) },
    lay: (box) => {
      layServing(box);
      layCopy(box);
    },
    ends: (box) => [
      left(box),
      readdirSync(join(copyIn(box), 'global')),
      box.read(join(box.node.workDir, 'fingerprint')) ===
        box.read(join(box.node.newData, 'global/pg_control')),
    ],
    rows: 15,
    always: untouched,
  },
  {
    step: 'X.node_1.remove-copies',
    of: 'call-off',
    after: 'A.monitor.configuration',
    lay: (box) => {
      layServing(box);
      layCopy(box);
      lay17(box, box.node.newData, '');
      layMark(box, box.node.newData);
      box.sh(
        `rm "${box.node.newData}/base/16384/1"; mv "${copyIn(box)}/global/pg_control" "${copyIn(box)}/global/pg_control.old"`,
      );
      linkSync(join(copyIn(box), 'base/16384/1'), join(box.node.newData, 'base/16384/1'));
    },
    ends: left,
    rows: 15,
    always: untouched,
  },
];
/** The servers are changed by root between these; what they write into each other, and what of it does not arrive, is online-places-scripts.test.ts. */
const oneAfterAnother = (
  files: ReturnType<typeof handedBodies>,
  names: readonly ('aside' | 'in-place' | 'home')[],
): Fragment =>
  sh`${names.map(
    (name) => sh`(
  ${files[name]}
  )`,
  )}`;
const bodies = (box: Sandbox, which: typeof there = there) => {
  const model = new OnlineModel(box.facts);
  for (const step of ['upgrade-copy', 'start-follower']) model.run(step);
  const way = which(box.facts, model.world());
  if (way === null) throw new Error('the new version has an identifier');
  return handedBodies(box.facts, way);
};
const layBeforeStop = (box: Sandbox): void => {
  lay15(box);
  layControls(box);
  box.write(join(box.node.data, 'postgresql.conf'), 'port = 5432\n');
  lay17(box, box.node.newData, 'rows of 17');
  layMark(box, box.node.newData);
  box.write(serveFile(box.node, 'new'), 'follows');
  box.write(stopsFile(box.node), 'cut-over\n');
  box.program(join(box.node.newBindir, 'postgres'), 'true');
};
const places = (box: Sandbox) => [
  versions(box),
  [box.node.data, box.node.backupData, box.node.newData].map((at) => box.has(join(at, markFile))),
  ['new', 'old'].map((role) => {
    const file = serveFile(box.node, role === 'new' ? 'new' : 'old');
    return box.has(file) ? (box.read(file).split('\n')[0] ?? '') : null;
  }),
  ['stopped', 'handed-over'].map((name) => box.has(join(box.node.workDir, name))),
];
/** Whichever of them is in the cluster's directory is whole, and the other one is somewhere. */
const both: Case['always'] = (box) =>
  clustersOf(box)
    .map((path) => version(box, path))
    .sort()
    .join() === '15,17'
    ? null
    : 'one of the two is gone';
const changes: readonly Case[] = [
  {
    step: 'N.node_1.cut-over',
    says: 'aside, then the other one in its place',
    after: 'A.monitor.configuration',
    lay: layBeforeStop,
    script: (box) => oneAfterAnother(bodies(box), ['aside', 'in-place']),
    ends: places,
    rows: 15,
    always: both,
  },
  {
    step: 'N.node_1.cut-over',
    says: 'aside, then home',
    after: 'A.monitor.configuration',
    lay: layBeforeStop,
    script: (box) => oneAfterAnother(bodies(box), ['aside', 'home']),
    ends: places,
    rows: 15,
    always: both,
  },
];
/** Copied by reflinks. What runs in a shell of its own, within the session of the backup, can be ended between its commands, too. */
const segments = ['000000030000000000000009', '00000003000000000000000A'] as const;
const byReflinks = {
  step: 'K.node_1.copy',
  says: 'by reflinks',
  of: 'prepare',
  after: 'A.monitor.configuration',
  programs: { sh: ['pgaf_program=; file=$1; shift; . "$file"'] },
  oldPrograms: (box) => ({ psql: backupSession(box, ...segments) }),
  rows: 15,
} as const satisfies Partial<Case>;
const layInUseServing = (box: Sandbox): void => {
  layServing(box);
  layInUse(box, segments);
  layReflinks(box);
};
const reflinked: Case = {
  ...byReflinks,
  lay: layInUseServing,
  ends: (box) => [
    left(box),
    readdirSync(copyIn(box)).sort(),
    readdirSync(join(copyIn(box), 'pg_wal')).sort(),
    box.has(copyInMaking(box.facts)),
  ],
  always: untouched,
};

/** With two tablespaces. */
const withSpaces: readonly Case[] = [
  {
    ...byReflinks,
    lay: (box) => {
      layInUseServing(box);
      layParts(box, box.node.data, 15, '');
    },
    ends: (box) => [left(box), spaces(box), links(box, copyIn(box)), links(box, box.node.data)],
    always: partsStay,
  },
  {
    step: 'K.node_1.copy',
    of: 'prepare',
    after: 'A.monitor.configuration',
    lay: (box) => {
      layServing(box);
      layParts(box, box.node.data, 15, '');
    },
    ends: (box) => [left(box), spaces(box), links(box, copyIn(box)), links(box, box.node.data)],
    rows: 15,
    always: partsStay,
  },
  {
    step: 'K.node_1.upgrade-copy',
    of: 'prepare',
    after: 'A.monitor.configuration',
    programs: { initdb, pg_upgrade: pgUpgrade(true) },
    lay: (box) => {
      layServing(box);
      layParts(box, box.node.data, 15, '');
      layCopy(box);
      layCopySpaces(box);
    },
    ends: (box) => [
      left(box),
      spaces(box),
      links(box, box.node.newData),
      box.read(join(box.node.workDir, 'fingerprint')) ===
        box.read(join(box.node.newData, 'global/pg_control')),
    ],
    rows: 15,
    always: partsStay,
  },
  {
    step: 'X.node_1.remove-copies',
    of: 'call-off',
    after: 'A.monitor.configuration',
    lay: (box) => {
      layServing(box);
      layParts(box, box.node.data, 15, '');
      layCopy(box);
      layCopySpaces(box);
      lay17(box, box.node.newData, '');
      layMark(box, box.node.newData);
      layParts(box, box.node.newData, 17, '');
      box.write(join(box.node.workDir, 'online/tablespaces'), markOf(box.facts));
    },
    ends: (box) => [left(box), spaces(box)],
    rows: 15,
    always: partsStay,
  },
  ...(
    [
      ['aside, then the other one in its place', 'aside', 'in-place'],
      ['aside, then home', 'aside', 'home'],
    ] as const
  ).map(
    ([says, ...files]): Case => ({
      step: 'N.node_1.cut-over',
      says,
      after: 'A.monitor.configuration',
      lay: (box) => {
        layBeforeStop(box);
        layParts(box, box.node.data, 15, '');
        layParts(box, box.node.newData, 17, '');
      },
      script: (box) => oneAfterAnother(bodies(box), files),
      ends: (box) => [
        places(box),
        spaces(box),
        [box.node.data, box.node.backupData, box.node.newData].map((at) => links(box, at)),
      ],
      rows: 15,
      always: both,
    }),
  ),
  {
    step: 'N.node_1.cut-over',
    says: 'and back',
    after: 'A.monitor.configuration',
    lay: (box) => {
      lay17(box);
      box.write(join(box.node.data, 'global/pg_control'), box.control(17));
      lay15(box, box.node.backupData);
      layMark(box, box.node.backupData);
      layParts(box, box.node.data, 17, '');
      layParts(box, box.node.backupData, 15, 'pg15_bak');
      box.write(serveFile(box.node, 'old'), 'follows');
      box.write(stopsFile(box.node), 'way-back\n');
      box.program(join(box.node.oldBindir, 'postgres'), 'true');
    },
    script: (box) => oneAfterAnother(bodies(box, back), ['aside', 'in-place']),
    ends: (box) => [
      versions(box),
      spaces(box),
      [box.node.data, box.node.backupData, box.node.newData].map((at) => links(box, at)),
    ],
    rows: 17,
    always: both,
  },
];
export const onlineCases: readonly Case[] = [
  ...[...cases, reflinked, ...changes].map((one) => ({ ...one, facts })),
  ...withSpaces.map((one) => ({
    ...one,
    // one is enough where they are made and removed, each like the other; and the states are half as many
    facts: one.step.startsWith('N') ? spacedOnlineCluster() : spacedOnlineCluster(['/srv/wide disk']),
  })),
];
