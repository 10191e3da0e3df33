import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './case.ts';
import {
  initdb,
  layControls,
  layFallbackCopy,
  layLinked,
  layMark,
  layParts,
  layPostgres,
  pgUpgrade,
} from './lay.ts';
import { ends, spaced } from './rollback.ts';

/** A cluster with two tablespaces. Its steps of the rollback are in rollback.ts. */
const cases: readonly Case[] = [
  {
    step: 'D.node_1.pg-upgrade',
    after: 'C.node_3.stop',
    programs: { initdb, pg_upgrade: pgUpgrade(true) },
    lay: (box) => {
      layFallbackCopy(box);
      box.sh(
        `cd "${box.node.data}"; rm standby.signal; sed -i 's/shut down in recovery/shut down/' global/pg_control`,
      );
      layParts(box, box.node.data, 15, '');
      layControls(box);
    },
    ends,
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
      layParts(box, box.node.data, 15, '');
      layParts(box, box.node.newData, 17, '');
    },
    ends,
    rows: 15,
    verdicts: ['safe'],
  },
  {
    step: 'H.node_3.aside',
    after: 'H.node_2.aside',
    lay: (box) => {
      layFallbackCopy(box);
      layParts(box, box.node.data, 15, '');
    },
    ends,
    rows: 15,
    verdicts: ['loses-new-writes'],
  },
  ...(['A.node_1.tablespaces', 'V.node_1.tablespaces-gone'] as const).map(
    (step): Case => ({
      step,
      ...(step.startsWith('V') ? { of: 'rollback' } : {}),
      after: step.startsWith('V') ? 'D.node_1.swap' : 'A.node_1.save',
      lay: (box) => {
        layFallbackCopy(box);
        layParts(box, box.node.data, 15, '');
        for (const place of box.node.tablespaces)
          box.sh(step.startsWith('V') ? `mkdir -p "${place}_aside/pg15_bak"` : `rmdir "${place}_aside"`);
      },
      ends: (box) => [ends(box), readdirSync(join(box.root, 'srv')).sort()],
      rows: 15,
    }),
  ),
];
export const spaceCases: readonly Case[] = cases.map((one) => ({ ...one, ...spaced }));
