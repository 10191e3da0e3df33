import { rm } from 'node:fs/promises';
import { parseConfig } from '../../source/cluster/config.ts';
import type { Recorded } from '../../source/engine/journal/entry.ts';
import type { Lab } from '../../test/lab/harness/lab.ts';
import { atMost, type Bench, type Figure, measured, notMeasured } from '../report/figure.ts';
import { median } from '../report/statistics.ts';
import { type LabSize, labObstacle, labOf, snapshotDirectory } from './open.ts';
import { upgrade } from './product.ts';

const sizes = [1, 4, 8];
const hardLinks = { upgrade: { secondaries: 'hard-link' } };

interface Way {
  readonly name: string;
  readonly rate: string | null;
  readonly config: Readonly<Record<string, unknown>>;
}

const baseBackups: readonly Way[] = [
  { name: 'base backup at the default rate', rate: null, config: {} },
  { name: 'base backup at 1024M', rate: '1024M', config: {} },
];

/** Whether this build knows of it. */
const offersHardLinks = (): boolean =>
  parseConfig(
    `name: bench\nmonitor: { host: 192.0.2.1 }\ntarget: { bindir: /usr/bin }\nupgrade: { secondaries: hard-link }\n`,
    'cluster.yaml',
  ).ok;

/** Seconds from the first confirmed step of the secondary's phase to the end of its last. */
const rebuildSeconds = (journal: readonly Recorded[]): number => {
  const times = journal.flatMap((record) =>
    'entry' in record && 'step' in record.entry && /^H\.node_2\./.test(String(record.entry.step))
      ? [Date.parse(record.at)]
      : [],
  );
  return (Math.max(...times) - Math.min(...times)) / 1000;
};

const once = async (lab: Lab, way: Way): Promise<number> => {
  await lab.reset();
  const { oldBin, pgdata } = lab.settings;
  if (way.rate !== null)
    for (const host of lab.nodes)
      await lab.pg(
        host,
        `${oldBin}/pg_autoctl config set replication.maximum_backup_rate ${way.rate} --pgdata ${pgdata}`,
      );
  return rebuildSeconds((await upgrade(lab, way.config)).journal);
};

export const rebuild: Bench = {
  name: 'rebuild',
  title: 'Rebuild of a secondary',
  usualRuns: 1,
  async run({ runs, say }) {
    const obstacle = labObstacle();
    if (obstacle !== null) return notMeasured(obstacle);
    const links = offersHardLinks();
    const ways = links
      ? [...baseBackups, { name: 'hard links', rate: null, config: hardLinks }]
      : baseBackups;
    const figures: Figure[] = [];
    const linked = new Map<number, number>();
    for (const gigabytes of sizes) {
      const size: LabSize = { gigabytes, manyTables: false, secondaries: 1 };
      const lab = await labOf(size, say);
      try {
        for (const way of ways) {
          const seconds: number[] = [];
          for (let run = 0; run < runs; run += 1) seconds.push(await once(lab, way));
          const value = median(seconds);
          if (way.config === hardLinks) linked.set(gigabytes, value);
          figures.push({ what: `${gigabytes} GB, ${way.name}`, value, unit: 's' });
          say(`${gigabytes} GB, ${way.name}: ${value.toFixed(1)} s`);
        }
      } finally {
        await lab.run(['destroy']);
        // Three of them would fill a disk; each is made anew in a minute or two.
        await rm(snapshotDirectory(size), { recursive: true, force: true });
      }
    }
    const [smallest = Number.NaN, largest = Number.NaN] = [linked.get(1), linked.get(8)];
    figures.push({
      what: 'hard links: 8 GB, as a multiple of 1 GB',
      value: links ? largest / smallest : Number.NaN,
      unit: '',
      target: atMost(1.5),
      note: links ? '' : 'NOT MEASURED: this build does not know upgrade.secondaries: hard-link',
    });
    return measured(...figures);
  },
};
