import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isFallbackCopy } from '../../../source/runbook/language/fallback-copies.ts';
import { labCluster } from '../clusters.ts';
import type { Sandbox } from '../sandbox.ts';
import { type Case, isPassing } from './case.ts';
import { has17Written, lay15, lay17, layFallbackCopy, layMark, layParts, swapped } from './lay.ts';
import { ends, spaced } from './rollback.ts';

/** What goes days later. What is half removed must count for nothing, and be known as ours still. */

const left = (box: Sandbox) => [
  ends(box),
  readdirSync(join(box.root, 'lib')).filter((name) => !isPassing(box, name)),
];
const halfCounts: Case['always'] = (box, world) => {
  const node = box.facts.nodes.find(({ alias }) => alias === 'node_2');
  const rows = [join(box.node.backupData, 'base/16384/1')];
  for (const place of box.node.tablespaces) rows.push(join(`${place}_aside`, 'pg15_bak/PG_15_2022/16384/2'));
  return node !== undefined && isFallbackCopy(box.facts, node, world) && !rows.every((path) => box.has(path))
    ? 'what is half removed counts as a fallback copy'
    : null;
};
const abandoned = (box: Sandbox, major: 15 | 17): string => `${box.node.data}_pg${major}_abandoned_2`;

const cases: readonly Case[] = [
  {
    step: 'W.node_1.remove',
    after: 'I.monitor.final',
    lay: (box) => {
      swapped(box);
      has17Written(box);
      box.sh(`cd "${box.node.backupData}/global"; mv pg_control.old pg_control.do-not-start`);
    },
    ends: left,
    rows: 17,
  },
  {
    step: 'W.node_2.remove',
    after: 'I.monitor.final',
    lay: (box) => {
      layFallbackCopy(box, box.node.backupData);
      layMark(box, box.node.backupData);
      lay17(box);
    },
    ends: left,
    rows: 17,
    always: halfCounts,
  },
  {
    step: 'W.node_2.remove',
    after: 'I.monitor.final',
    ...spaced,
    lay: (box) => {
      layFallbackCopy(box, box.node.backupData);
      layMark(box, box.node.backupData);
      layParts(box, box.node.backupData, 15, 'pg15_bak');
      lay17(box);
      layParts(box, box.node.data, 17, '');
    },
    ends: left,
    rows: 17,
    always: halfCounts,
  },
  {
    step: 'W.node_1.remove-data_pg17_abandoned_2',
    says: 'behind a way back',
    after: 'I.monitor.final',
    facts: labCluster({ mode: 'copy' }),
    lay: (box) => {
      lay15(box);
      lay17(box, abandoned(box, 17));
      layMark(box, abandoned(box, 17));
    },
    ends: left,
    rows: 15,
  },
  {
    step: 'W.node_2.tidy',
    after: 'I.monitor.final',
    lay: (box) => {
      lay17(box);
      for (const name of ['done/verify', 'fingerprint', 'saved/pg_autoctl.cfg', 'record.json'])
        box.write(join(box.node.workDir, name), name);
    },
    ends: (box) =>
      readdirSync(box.node.workDir)
        .filter((name) => name !== 'done')
        .map((name) => name.replace(/\d{8}T\d{6}Z/, 'TIME'))
        .sort(),
    rows: 17,
  },
];
export const cleanupCases: readonly Case[] = cases.map((one) => ({ ...one, of: 'cleanup' }));
