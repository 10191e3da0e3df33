import { rm } from 'node:fs/promises';
import type { Recorded } from '../../source/engine/journal/entry.ts';
import { type Lab, nodeName } from '../../test/lab/harness/lab.ts';
import { atMost, type Bench, type Figure, measured, notMeasured } from '../report/figure.ts';
import { median } from '../report/statistics.ts';
import { type LabSize, labObstacle, labOf, snapshotDirectory } from './open.ts';
import { upgrade } from './product.ts';

/** `GIGABYTES=1,4` for others: of each size a snapshot and three hosts lie on the disk, six times as much in all. */
const sizes = (process.env.GIGABYTES ?? '1,4,8').split(',').map(Number);
/** replication.maximum_backup_rate; null: pg_autoctl's default. */
const rates = [null, '1024M'] as const;

/** node_2 takes over the primary's links, node_3 gets a base backup: both in the same run. */
const config = (lab: Lab): Readonly<Record<string, unknown>> => ({
  nodes: Object.fromEntries(
    lab.nodes.map((host) => [
      nodeName(host),
      { ssh: { host: lab.address(host) }, ...(host === 'node2' ? { rebuild: 'hard-link' } : {}) },
    ]),
  ),
});

/** Seconds from the first line of the journal about these steps to the last. */
const spanOf = (journal: readonly Recorded[], steps: RegExp): number => {
  const times = journal.flatMap((record) =>
    'entry' in record && 'step' in record.entry && steps.test(String(record.entry.step))
      ? [Date.parse(record.at)]
      : [],
  );
  return times.length === 0 ? Number.NaN : (Math.max(...times) - Math.min(...times)) / 1000;
};

interface Rebuilt {
  /** In the downtime: aside and transfer, each by itself; between them pg_upgrade was waited for. */
  readonly linkInDowntime: number;
  readonly linkAfter: number;
  readonly backup: number;
  /** pg_autoctl's log of the linked node names no base backup. */
  readonly copied: boolean;
}

const once = async (lab: Lab, rate: string | null): Promise<Rebuilt> => {
  await lab.reset();
  const { oldBin, pgdata, unit } = lab.settings;
  if (rate !== null)
    for (const host of lab.nodes)
      await lab.pg(
        host,
        `${oldBin}/pg_autoctl config set replication.maximum_backup_rate ${rate} --pgdata ${pgdata}`,
      );
  const { journal } = await upgrade(lab, config(lab));
  const log = await lab.root('node2', `journalctl -u ${unit} --no-pager -q -o cat`);
  return {
    linkInDowntime: spanOf(journal, /^D\.node_2\.aside$/) + spanOf(journal, /^D\.node_2\.link$/),
    linkAfter: spanOf(journal, /^H\.node_2\./),
    backup: spanOf(journal, /^H\.node_3\.(?!aside)/),
    copied: /pg_basebackup/.test(log),
  };
};

/** Of each size: its figures, and what a rebuild by hard links took. */
const measure = async (
  gigabytes: number,
  lab: Lab,
  runs: number,
): Promise<{ readonly figures: readonly Figure[]; readonly linked: number }> => {
  const all: Rebuilt[] = [];
  const figures: Figure[] = [];
  for (const rate of rates) {
    const these: Rebuilt[] = [];
    for (let run = 0; run < runs; run += 1) these.push(await once(lab, rate));
    all.push(...these);
    figures.push({
      what: `${gigabytes} GB, base backup at ${rate ?? 'the default rate'}`,
      value: median(these.map((one) => one.backup)),
      unit: 's',
    });
  }
  if (all.some((one) => one.copied)) throw new Error('pg_autoctl took a base backup of the linked node');
  const downtime = median(all.map((one) => one.linkInDowntime));
  const linked = median(all.map((one) => one.linkInDowntime + one.linkAfter));
  figures.push({
    what: `${gigabytes} GB, hard links`,
    value: linked,
    unit: 's',
    note: `${downtime.toFixed(1)} s of it in the downtime; no base backup in its log`,
  });
  return { figures, linked };
};

export const rebuild: Bench = {
  name: 'rebuild',
  title: 'Rebuild of a secondary',
  usualRuns: 1,
  async run({ runs, say }) {
    const obstacle = labObstacle();
    if (obstacle !== null) return notMeasured(obstacle);
    const figures: Figure[] = [];
    const linked = new Map<number, number>();
    for (const gigabytes of sizes) {
      const size: LabSize = { gigabytes, manyTables: false, secondaries: 2 };
      const lab = await labOf(size, say);
      try {
        const one = await measure(gigabytes, lab, runs);
        linked.set(gigabytes, one.linked);
        figures.push(...one.figures);
        for (const { what, value } of one.figures) say(`${what}: ${value.toFixed(1)} s`);
      } finally {
        await lab.run(['destroy']);
        // Three of them would fill a disk; each is made anew in a minute or two.
        await rm(snapshotDirectory(size), { recursive: true, force: true });
      }
    }
    const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
    figures.push({
      what: `hard links: ${largest} GB, as a multiple of ${smallest} GB`,
      value: (linked.get(largest) ?? Number.NaN) / (linked.get(smallest) ?? Number.NaN),
      unit: '',
      target: atMost(1.5),
    });
    return measured(...figures);
  },
};
