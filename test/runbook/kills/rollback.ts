import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { throughMarker } from '../../../source/runbook/verdict/route.ts';
import { labCluster, newIdentifier, spacedCluster } from '../clusters.ts';
import type { Model } from '../model.ts';
import type { Sandbox } from '../sandbox.ts';
import { word } from '../word.ts';
import { type Case, clustersOf, isPassing, startable, version, versions } from './case.ts';
import {
  has17Written,
  lay15,
  lay17,
  layFallbackCopy,
  layLinked,
  layMark,
  layParts,
  layStopped,
  swapped,
} from './lay.ts';
import { layStateFile, stateFileEnds, stateFileIsWhole } from './lay-state-file.ts';
import { unitEnds, unitFile, unitIsWhole } from './unit.ts';

/** The steps of the rollback. */

const names = (paths: readonly string[]): readonly string[] =>
  paths.map((path) => path.split('/').at(-1) ?? '');
export const ends = (box: Sandbox) => [
  versions(box),
  names(clustersOf(box)),
  names(startable(box)),
  box.node.tablespaces.map((place) => readdirSync(place).sort()),
];
/** Upgraded, and the directories still have their first names. */
const upgraded = (box: Sandbox): void => {
  layLinked(box, box.node.data, box.node.newData);
  layMark(box, box.node.newData);
};
const copied = (box: Sandbox): void => {
  lay15(box, box.node.backupData);
  layMark(box, box.node.backupData);
  lay17(box);
  layStopped(box);
  box.keepFingerprints(box.node.backupData, box.node.data);
};
/** A secondary that was rebuilt from the primary, its fallback copy beside it. */
export const rebuilt = (box: Sandbox): void => {
  layFallbackCopy(box, box.node.backupData);
  layMark(box, box.node.backupData);
  lay17(box);
};
export const through = (alias: string) => (model: Model) => {
  model.host('monitor').markers = [...model.host('monitor').markers, throughMarker(word(alias))];
};
const lost = ['loses-new-writes'] as const;
/** The hand-over is not laid: what 17 wrote before it is the console's own. */
const through15 = ['safe-through', 'loses-new-writes'] as const;
const servedMark = (box: Sandbox): string => join(box.node.workDir, 'done/rollback-served');
const server = (box: Sandbox): string => join(box.node.data, 'postmaster.pid');
/** A server that its pid file stands for, of a process that cannot be. It starts once, as the real one. */
const layPgCtl = (box: Sandbox): void =>
  box.program(
    join(box.node.oldBindir, 'pg_ctl'),
    `server="${server(box)}"`,
    'case "$*" in',
    '*status*) [ -e "$server" ] || exit 3 ;;',
    '*start*) [ ! -e "$server" ] || { echo "another server might be running" >&2; exit 1; }; echo 4194305 > "$server" ;;',
    '*stop*) rm -f "$server" ;;',
    'esac',
  );
const servedEnds = (box: Sandbox) => [box.has(servedMark(box)), box.has(server(box))];
const servedUnsaid = (box: Sandbox): string | null =>
  box.has(server(box)) && !box.has(servedMark(box))
    ? 'a server runs without pg_autoctl, and nothing says so: it would never be handed back'
    : null;
/** Two tablespaces, every secondary by base backup. */
export const spaced: Pick<Case, 'facts'> = {
  facts: {
    ...spacedCluster(),
    nodes: spacedCluster().nodes.map((node) => ({ ...node, rebuild: 'base-backup' })),
  },
};

const cases: readonly Case[] = [
  {
    step: 'S.monitor.directories',
    after: 'C.monitor.swap',
    lay: (box) => copied(box),
    ends,
    rows: 15,
    verdicts: ['safe'],
  },
  {
    step: 'T.node_1.directories',
    says: 'ended between the disarming and the first start',
    after: 'D.node_1.swap',
    lay: (box) => {
      swapped(box);
      box.sh(`cd "${box.node.backupData}/global"; mv pg_control.old pg_control.do-not-start`);
    },
    ends,
    rows: 15,
    verdicts: ['safe'],
  },
  { step: 'T.node_1.directories', after: 'D.node_1.swap', lay: swapped, ends, rows: 15, verdicts: ['safe'] },
  {
    step: 'T.node_1.directories',
    after: 'D.node_1.pg-upgrade',
    lay: upgraded,
    ends,
    rows: 15,
    verdicts: ['safe'],
  },
  {
    step: 'T.node_1.directories',
    says: 'pg_upgrade was ended while it linked',
    after: 'C.node_1.stop',
    lay: (box) => {
      upgraded(box);
      box.sh(
        `cd "${box.node.workDir}"; rm fingerprint fingerprint-old; mkdir pg_upgrade; echo x > pg_upgrade/tried`,
      );
    },
    ends,
    rows: 15,
    verdicts: ['safe'],
  },
  {
    step: 'T.node_1.directories',
    after: 'D.node_1.swap',
    facts: labCluster({ mode: 'copy' }),
    lay: copied,
    ends,
    rows: 15,
    verdicts: ['safe'],
    always: (box) =>
      clustersOf(box).some((path) => version(box, path) === '17' && box.has(join(path, 'base/16384/1')))
        ? null
        : 'what 17 holds is gone',
  },
  {
    // 17 has taken writes: the rollback is a secondary's fallback copy, and the primary's place is made free.
    step: 'U.node_1.directories',
    after: 'G.node_1.analyze',
    given: through('node_2'),
    lay: (box) => {
      swapped(box);
      has17Written(box);
    },
    ends,
    rows: 17,
    verdicts: through15,
  },
  {
    step: 'U.node_1.directories',
    says: 'its links never came to the swap',
    after: 'D.node_1.pg-upgrade',
    given: through('node_2'),
    lay: upgraded,
    ends,
    rows: 15,
    verdicts: ['safe-through', 'loses-new-writes'],
  },
  {
    step: 'U.node_1.directories',
    after: 'G.node_1.analyze',
    ...spaced,
    given: through('node_2'),
    lay: (box) => {
      swapped(box);
      has17Written(box);
      layParts(box, box.node.backupData, 15, 'pg15_bak');
      layParts(box, box.node.data, 17, '');
    },
    ends,
    rows: 17,
    verdicts: through15,
  },
  {
    // The one that everything goes through: 17 was a copy of the primary's, its fallback copy beside it.
    step: 'T.node_2.directories',
    after: 'H.node_2.join',
    given: through('node_2'),
    lay: rebuilt,
    ends,
    rows: 15,
    verdicts: lost,
  },
  {
    step: 'U.node_2.directories',
    after: 'H.node_2.join',
    given: through('node_3'),
    lay: rebuilt,
    ends,
    rows: 15,
    verdicts: lost,
  },
  {
    step: 'U.node_2.directories',
    says: 'a base backup was under way',
    after: 'H.node_2.start',
    given: through('node_3'),
    lay: (box) => {
      layFallbackCopy(box, box.node.backupData);
      layMark(box, box.node.backupData);
      const staging = join(box.root, 'backups');
      box.write(box.node.configFile, `[replication]\nbackup_directory = ${staging}\n`);
      box.write(
        join(box.node.workDir, 'base-backup'),
        `run=${box.facts.run}\nsystem=${box.facts.systemIdentifier}\ndirectory=${staging}\n`,
      );
      box.cluster(staging, 17, { backup_label: 'START', 'base/16384/1': 'x' });
    },
    ends: (box) => [ends(box), readdirSync(join(box.root, 'backups'))],
    rows: 15,
    verdicts: lost,
  },
  {
    step: 'U.node_2.directories',
    after: 'H.node_2.join',
    given: through('node_3'),
    ...spaced,
    lay: (box) => {
      rebuilt(box);
      layParts(box, box.node.backupData, 15, 'pg15_bak');
      layParts(box, box.node.data, 17, '');
    },
    ends,
    rows: 15,
    verdicts: lost,
  },
  {
    step: 'T.node_1.directories',
    after: 'D.node_1.swap',
    ...spaced,
    lay: (box) => {
      swapped(box);
      layParts(box, box.node.backupData, 15, 'pg15_bak');
      layParts(box, box.node.data, 17, '');
    },
    ends,
    rows: 15,
    verdicts: ['safe'],
  },
  {
    step: 'T.node_2.create',
    after: 'H.node_2.join',
    given: through('node_2'),
    lay: (box) => {
      lay15(box);
      const setting =
        'monitor = postgres://autoctl_node@monitor\\nactive = 1\\ncert_file = server.crt\\nauth_method = trust';
      box.write(
        join(box.node.workDir, 'saved/pg_autoctl.cfg'),
        `${setting.replaceAll('\\n', '\n')}\n`.replace('server.crt', join(box.node.data, 'server.crt')),
      );
      box.write(join(box.node.data, 'server.crt'), 'the old certificate');
      box.write(box.node.configFile, 'of 17');
      layStateFile(box, newIdentifier);
      // It refuses what it has made already, as the real one does where its state file is there.
      box.program(
        box.node.oldAutoctl,
        `[ ! -e "${box.node.stateFile}" ] || { echo "already registered" >&2; exit 1; }`,
        `echo "of 15" > "${box.node.configFile}"; echo new > "${join(box.node.data, 'server.crt')}"; echo registered > "${box.node.stateFile}"`,
      );
    },
    ends: (box) => [
      box.read(box.node.configFile),
      box.read(box.node.stateFile),
      box.read(join(box.node.data, 'server.crt')),
      readdirSync(box.node.data).sort(),
    ],
    rows: 15,
  },
  {
    step: 'T.node_1.serve',
    after: 'D.node_1.swap',
    leftOut: ['monitor'],
    lay: (box) => {
      lay15(box);
      layPgCtl(box);
    },
    ends: servedEnds,
    rows: 15,
    verdicts: ['safe'],
    always: servedUnsaid,
  },
  {
    step: 'T.node_1.hand-back',
    after: 'D.node_1.swap',
    lay: (box) => {
      lay15(box);
      layPgCtl(box);
      box.write(servedMark(box), 'done');
      box.write(server(box), '4194305\n');
    },
    ends: servedEnds,
    rows: 15,
    verdicts: ['safe'],
    always: servedUnsaid,
  },
  {
    step: 'T.node_1.state-file',
    after: 'D.node_1.swap',
    lay: (box) => {
      lay15(box);
      layStateFile(box, newIdentifier);
    },
    ends: stateFileEnds,
    rows: 15,
    always: stateFileIsWhole,
  },
  {
    step: 'U.node_2.state-file',
    after: 'D.node_1.swap',
    lay: (box) => {
      layFallbackCopy(box);
      layStateFile(box, newIdentifier);
    },
    ends: stateFileEnds,
    rows: 15,
    always: stateFileIsWhole,
  },
  ...['S.monitor.unit', 'T.node_1.unit', 'U.node_2.unit'].map(
    (step): Case => ({
      step,
      after: 'D.node_1.swap',
      unit: true,
      lay: (box) => {
        lay15(box);
        const kept = box.read(unitFile(box));
        box.write(unitFile(box), kept.replace('/15/', '/17/'), 0o644);
        box.write(join(box.root, 'var/lib/pgaf-upgrade/pgautofailover.service'), kept, 0o644);
        box.sh('systemctl daemon-reload');
      },
      ends: unitEnds,
      rows: 15,
      always: unitIsWhole,
    }),
  ),
  {
    step: 'V.node_1.prepared',
    after: 'B.node_2.maintenance',
    lay: (box) => {
      lay15(box);
      lay17(box, box.node.newData, '');
      box.sh(`rm -r "${box.node.newData}/base/16384"`);
      layMark(box, box.node.newData);
    },
    ends: (box) => [ends(box), readdirSync(join(box.root, 'lib')).filter((name) => !isPassing(box, name))],
    rows: 15,
    verdicts: ['safe', 'nothing-to-undo'],
  },
  {
    step: 'V.node_1.tidy',
    after: 'D.node_1.swap',
    lay: (box) => {
      lay15(box);
      for (const name of [
        'done/verify',
        'fingerprint',
        'stopped',
        'saved/pg_autoctl.cfg',
        'record.json',
        'pg_upgrade/tried',
      ])
        box.write(join(box.node.workDir, name), name);
      box.write(`${box.node.configFile}.before-rollback`, 'x');
      box.write(`${box.node.stateFile}.pg15`, 'x');
    },
    ends: (box) => [
      readdirSync(box.node.workDir, { recursive: true })
        .map((name) => String(name).replace(/\d{8}T\d{6}Z/, 'TIME'))
        .filter((name) => name !== 'done')
        .sort(),
      readdirSync(join(box.root, 'config')),
    ],
    rows: 15,
  },
];

export const rollbackCases: readonly Case[] = cases.map((one) => ({ ...one, of: 'rollback' }));
