import { linkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { copyInMaking, copyOf } from '../../../source/runbook/steps/online/names.ts';
import { labCluster } from '../clusters.ts';
import type { Sandbox } from '../sandbox.ts';
import { type Case, isPassing, version } from './case.ts';
import { initdb, lay15, lay17, layControls, layMark, pgUpgrade } from './lay.ts';

/** What the online method makes and removes beside the server that serves, whose directory nothing of it may touch. */

const facts = labCluster({ method: 'online' });
const copyIn = (box: Sandbox): string => copyOf(box.facts);
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
  );
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
export const onlineCases: readonly Case[] = cases.map((one) => ({ ...one, facts }));
