import { linkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keyComment } from '../../../source/runbook/steps/hard-link/names.ts';
import { linkedCluster } from '../clusters.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Case } from './case.ts';
import { lay17, layControls, layFallbackCopy, layMark, layPostgres, startedControl } from './lay.ts';
import { ends } from './rollback.ts';

/** A secondary that takes over the primary's links. */

const aside = (box: Sandbox): void => {
  layFallbackCopy(box, box.node.backupData);
  layMark(box, box.node.backupData);
};
const linked = (box: Sandbox): void => {
  aside(box);
  lay17(box);
  box.sh(`rm "${box.node.data}/base/16384/1"`);
  linkSync(join(box.node.backupData, 'base/16384/1'), join(box.node.data, 'base/16384/1'));
  box.write(join(box.node.workDir, 'fingerprint'), box.control(17));
  layPostgres(box);
};
const startedUnarmed = (box: Sandbox): string | null =>
  box.has(join(box.node.data, 'global/pg_control')) &&
  box.read(join(box.node.data, 'global/pg_control')) === startedControl(box) &&
  !box.has(join(box.node.backupData, 'global/pg_control.do-not-start'))
    ? '17 was started before the directory whose files it shares was disarmed'
    : null;

/** Second names for the files of the old directory, and the new catalogs. */
const rsync = [
  'cd ../../..; cd "$(dirname "$(find "$HOME/../lib" -maxdepth 1 -name data_pg15_bak)")"',
  'mkdir -p data/base/16384 data/global; echo 17 > data/PG_VERSION',
  'for file in data_pg15_bak/base/16384/*; do ln -f "$file" data/base/16384/; done',
  'cat "$HOME/upgraded" > data/global/pg_control',
];

const cases: readonly Case[] = [
  {
    step: 'D.node_2.aside',
    after: 'C.node_3.stop',
    lay: (box) => layFallbackCopy(box),
    ends,
    rows: 15,
  },
  {
    step: 'D.node_2.link',
    after: 'D.monitor.start',
    programs: { rsync },
    lay: (box) => {
      aside(box);
      layControls(box);
      box.sh(`mkdir -p "${box.node.workDir}/link"`);
    },
    ends: (box) => [ends(box), box.read(join(box.node.workDir, 'fingerprint'))],
    rows: 15,
    shares: true,
  },
  {
    step: 'H.node_2.own-files',
    after: 'H.node_1.link-forget',
    lay: (box) => {
      linked(box);
      box.sh(`mkdir -p "${box.node.workDir}/link"`);
      box.write(join(box.node.backupData, 'postgresql-auto-failover.conf'), 'its own');
    },
    ends: (box) => [ends(box), readdirSync(box.node.data).sort(), readdirSync(box.node.workDir)],
    rows: 15,
    shares: true,
  },
  {
    step: 'H.node_2.own-files',
    says: 'the transfer did not finish',
    after: 'H.node_1.link-forget',
    lay: (box) => {
      linked(box);
      box.sh(`rm "${box.node.workDir}/fingerprint"`);
    },
    ends,
    rows: 15,
    shares: true,
  },
  {
    step: 'H.node_2.stream',
    after: 'H.node_2.state-file',
    programs: {
      pg_ctl: [
        'case "$*" in *status*) exit 1 ;; esac',
        'cat "$HOME/started" > "$HOME/../lib/data/global/pg_control"',
      ],
      psql: ['case "$*" in *status*) echo streaming ;; *latest_end_lsn*) echo 0/1 ;; *) echo t ;; esac'],
    },
    lay: (box) => {
      linked(box);
      box.write(join(box.node.data, 'standby.signal'), '');
      box.write(join(box.node.home, 'started'), startedControl(box));
    },
    ends: (box) => [ends(box), readdirSync(join(box.node.backupData, 'global'))],
    rows: 15,
    shares: true,
    always: startedUnarmed,
  },
  {
    step: 'U.node_2.directories',
    of: 'rollback',
    after: 'D.node_2.link',
    lay: linked,
    ends,
    rows: 15,
    verdicts: ['safe'],
    shares: true,
  },
  {
    step: 'U.node_2.directories',
    of: 'rollback',
    says: 'the links are half made',
    after: 'D.node_2.link',
    lay: (box) => {
      linked(box);
      box.sh(
        `rm "${box.node.workDir}/fingerprint" "${box.node.data}/PG_VERSION" "${box.node.data}/global/pg_control"`,
      );
    },
    ends,
    rows: 15,
    shares: true,
  },
  {
    step: 'V.node_1.link-forget',
    of: 'rollback',
    says: 'the file and its directory were made for it',
    after: 'D.node_1.swap',
    lay: (box) => {
      const [primary, node] = box.facts.nodes;
      if (primary === undefined || node === undefined) throw new Error('two nodes');
      box.write(
        join(box.node.home, '.ssh/authorized_keys'),
        `restrict ssh-ed25519 AAAA ${keyComment(primary, node)}\n`,
      );
      for (const name of ['only-2', 'file', 'directory']) box.write(join(box.node.workDir, 'link', name), '');
      box.cluster(box.node.data, 15);
    },
    ends: (box) => [readdirSync(box.node.home).sort(), readdirSync(box.node.workDir)],
    rows: null,
  },
  ...(['H', 'V'] as const).map(
    (phase): Case => ({
      step: `${phase}.node_1.link-forget`,
      ...(phase === 'V' ? { of: 'rollback' } : {}),
      after: phase === 'V' ? 'D.node_1.swap' : 'H.node_3.aside',
      lay: (box) => {
        const [primary, node] = box.facts.nodes;
        if (primary === undefined || node === undefined) throw new Error('two nodes');
        const keys = join(box.node.home, '.ssh/authorized_keys');
        box.write(
          keys,
          `ssh-rsa AAAA somebody@else\nrestrict ssh-ed25519 AAAA ${keyComment(primary, node)}\nssh-rsa BBBB another`,
          0o640,
        );
        box.write(join(box.node.workDir, 'link/only-2'), 'x');
        box.cluster(box.node.data, 15);
      },
      ends: (box) => [
        box.read(join(box.node.home, '.ssh/authorized_keys')),
        box.mode(join(box.node.home, '.ssh/authorized_keys')),
        readdirSync(box.node.workDir),
      ],
      rows: null,
      always: (box) => {
        const keys = join(box.node.home, '.ssh/authorized_keys');
        const text = box.has(keys) ? box.read(keys) : '';
        return text.startsWith('ssh-rsa AAAA somebody@else\n') && /\nssh-rsa BBBB another\n?$/.test(text)
          ? null
          : 'somebody else’s key is gone';
      },
    }),
  ),
];
export const linkCases: readonly Case[] = cases.map((one) => ({ ...one, facts: linkedCluster() }));
