import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostIn, isDataDirectory } from '../../../source/cluster/observations.ts';
import { isUpgraded } from '../../../source/runbook/language/evidence.ts';
import { factsId } from '../../../source/runbook/language/facts-id.ts';
import { markFile } from '../../../source/runbook/shell/ownership.ts';
import { labCluster } from '../clusters.ts';
import type { Sandbox } from '../sandbox.ts';
import { type Case, startable, versions } from './case.ts';
import {
  has17Written,
  initdb,
  lay15,
  lay17,
  layControls,
  layFallbackCopy,
  layLinked,
  layMark,
  layPostgres,
  pgUpgrade,
  startedControl,
  stoppedControl,
  swapped,
} from './lay.ts';
import { layStateFile, stateFileEnds, stateFileIsWhole, withIdentifier } from './lay-state-file.ts';
import { unitEnds, unitIsWhole } from './unit.ts';

/** The steps of the window and of its preparation. */

const work = (box: Sandbox, name: string): string => join(box.node.workDir, name);

export const upgrade = (mode: 'link' | 'copy'): Case => ({
  step: 'D.node_1.pg-upgrade',
  after: 'C.node_1.stop',
  facts: labCluster({ mode }),
  programs: { initdb, pg_upgrade: pgUpgrade(mode === 'link') },
  lay: (box) => {
    lay15(box);
    lay17(box, box.node.newData, '');
    box.sh(`rm -r "${box.node.newData}/base/16384"`);
    layMark(box, box.node.newData);
    layControls(box);
  },
  ends: (box) => [versions(box), startable(box), box.read(work(box, 'stopped')).includes('0/16000028')],
  rows: 15,
  verdicts: ['safe'],
  always: (box, world) => {
    const seen = hostIn(world, 'node_1');
    if (!isUpgraded(box.facts, box.node, world) || seen === null) return null;
    if (!box.has(work(box, 'fingerprint-old')))
      return 'it counts as upgraded, and nobody knows how the old one stood';
    return isDataDirectory(seen.newData) && seen.newData.databases === 0
      ? 'an empty cluster counts as upgraded'
      : null;
  },
});

/** Ended before, behind its start of the old server: what the fallback copies are compared with is from before that. */
const upgradeAgain = (): Case => {
  const first = upgrade('link');
  return {
    ...first,
    says: 'behind a try that was killed',
    lay: (box) => {
      first.lay(box);
      box.write(work(box, 'stopped'), stoppedControl(box));
      box.write(work(box, 'pg_upgrade/tried'), `${factsId(box.facts)}\n`);
      box.write(join(box.node.data, 'global/pg_control'), box.read(join(box.node.home, 'moved-on')));
      box.sh(`mkdir "${box.node.newData}/base/16384"`);
    },
  };
};

export const upgradeCases: readonly Case[] = [
  {
    step: 'A.node_1.save',
    after: 'A.monitor.save',
    unit: true,
    lay: (box) => {
      lay15(box);
      box.write(box.node.configFile, 'configuration');
      layStateFile(box, box.facts.systemIdentifier);
      box.write(work(box, 'record.json'), '{"of": "an earlier run"}');
      for (const name of ['fingerprint', 'fingerprint-old', 'stopped', 'handed-over', 'done/analyze'])
        box.write(work(box, name), 'of an earlier run');
    },
    ends: (box) => [
      readdirSync(box.node.workDir).sort(),
      readdirSync(work(box, 'done')),
      readdirSync(work(box, 'saved')).map((name) => readFileSync(join(work(box, 'saved'), name), 'latin1')),
    ],
    rows: 15,
    always: (box) => {
      try {
        JSON.parse(box.read(work(box, 'record.json')));
        return null;
      } catch {
        return 'the record is not whole';
      }
    },
  },
  {
    step: 'A.node_1.initdb',
    after: 'A.node_3.checks',
    programs: { initdb },
    lay: (box) => {
      lay15(box);
      layControls(box);
      // An empty directory at the place, as a package makes it.
      box.sh(`mkdir "${box.node.newData}"`);
    },
    ends: (box) => [versions(box), box.read(join(box.node.newData, markFile)), startable(box)],
    rows: 15,
  },
  {
    step: 'A.node_1.configuration',
    after: 'A.node_1.check',
    lay: (box) => {
      lay15(box);
      lay17(box, box.node.newData);
      layMark(box, box.node.newData);
      layPostgres(box);
    },
    ends: (box) => [readdirSync(box.node.workDir), box.read(join(box.node.data, 'postgresql.conf'))],
    rows: 15,
  },
  upgrade('link'),
  upgrade('copy'),
  upgradeAgain(),
  {
    step: 'C.monitor.swap',
    after: 'C.monitor.pg-upgrade',
    lay: (box) => {
      layPostgres(box);
      lay15(box);
      lay17(box, box.node.newData);
      layMark(box, box.node.newData);
      box.keepFingerprints();
    },
    ends: (box) => [versions(box), box.read(join(box.node.data, 'postgresql.conf')), startable(box)],
    rows: 15,
    verdicts: ['safe'],
  },
  {
    step: 'D.node_1.swap',
    after: 'D.node_1.pg-upgrade',
    lay: (box) => {
      layPostgres(box);
      layLinked(box, box.node.data, box.node.newData);
      layMark(box, box.node.newData);
    },
    ends: (box) => [versions(box), box.read(join(box.node.data, 'postgresql.conf')), startable(box)],
    rows: 15,
    verdicts: ['safe'],
  },
  {
    step: 'E.node_1.private-start',
    after: 'D.monitor.start',
    programs: { pg_ctl: [`cat "$HOME/started" > "$PWD/../lib/data/global/pg_control"`] },
    lay: (box) => {
      swapped(box);
      box.write(join(box.node.home, 'started'), startedControl(box));
    },
    ends: (box) => [versions(box), startable(box), readdirSync(join(box.node.backupData, 'global'))],
    rows: 15,
    verdicts: ['safe', 'safe-through'],
    always: (box) =>
      box.read(join(box.node.data, 'global/pg_control')) !== box.control(17) &&
      !box.has(join(box.node.backupData, 'global/pg_control.do-not-start'))
        ? '17 was started before its old directory was disarmed'
        : null,
  },
  {
    step: 'E.node_1.hand-over',
    after: 'E.node_1.analyze-1',
    lay: (box) => {
      swapped(box);
      has17Written(box);
      box.write(box.node.stateFile, withIdentifier(box.facts.systemIdentifier), 0o640);
      for (const name of ['verify', 'analyze-1']) box.write(work(box, `done/${name}`), 'done');
    },
    ends: (box) => [stateFileEnds(box), box.read(work(box, 'handed-over')), startable(box)],
    rows: 17,
    verdicts: ['safe-through', 'loses-new-writes'],
    always: stateFileIsWhole,
  },
  {
    step: 'H.node_2.aside',
    after: 'G.node_1.analyze',
    lay: (box) => layFallbackCopy(box),
    ends: (box) => [versions(box), readdirSync(join(box.root, 'lib')).sort()],
    rows: 15,
    verdicts: ['loses-new-writes'],
  },
  {
    step: 'H.node_2.state-file',
    after: 'H.node_2.pg-ctl',
    lay: (box) => {
      layFallbackCopy(box, box.node.backupData);
      layMark(box, box.node.backupData);
      layStateFile(box, box.facts.systemIdentifier);
    },
    ends: stateFileEnds,
    rows: 15,
    always: stateFileIsWhole,
  },
  ...['C.monitor', 'D.node_1', 'H.node_2'].map(
    (which): Case => ({
      step: `${which}.unit`,
      after: `${which}.pg-ctl`,
      unit: true,
      lay: (box) => swapped(box),
      ends: unitEnds,
      rows: 15,
      always: unitIsWhole,
    }),
  ),
  ...['C.node_1.guard', 'I.node_1.unguard'].map(
    (step): Case => ({
      step,
      after: step.startsWith('C') ? 'C.monitor.guard' : 'I.monitor.unguard',
      unit: true,
      lay: (box) => {
        lay15(box);
        box.sh(step.startsWith('C') ? 'systemctl enable' : 'systemctl disable');
        if (step.startsWith('I')) {
          const drop = join(box.root, 'run/systemd/system/pgautofailover.service.d/pgaf-upgrade.conf');
          box.write(drop, '[Service]\n');
          box.write(join(box.root, 'run/pgaf-upgrade/pgautofailover.service.hold'), 'held\n');
          box.sh('systemctl daemon-reload');
        }
      },
      ends: (box) => [
        readdirSync(join(box.root, 'systemd')).sort(),
        readdirSync(join(box.root, 'run'), { recursive: true }),
      ],
      rows: 15,
    }),
  ),
];
