import { atMost, type Bench, measured, notMeasured } from '../report/figure.ts';
import { median } from '../report/statistics.ts';
import { labObstacle, labOf } from './open.ts';
import { upgrade } from './product.ts';
import { labScript } from './script.ts';
import { gapDuring } from './writer.ts';

export const downtime: Bench = {
  name: 'downtime',
  title: 'Downtime, as a client that writes ten times a second sees it (2 GB, 5,000 tables)',
  usualRuns: 3,
  async run({ runs, say }) {
    const obstacle = labObstacle();
    if (obstacle !== null) return notMeasured(obstacle);
    const lab = await labOf({ gigabytes: 2, manyTables: true, secondaries: 2 }, say);
    const rounds: { readonly guide: number; readonly product: number; readonly floor: number }[] = [];
    try {
      for (let run = 0; run < runs; run += 1) {
        const guide = await gapDuring(lab, () => labScript(lab, 'guide.sh', say));
        const product = await gapDuring(lab, () => upgrade(lab));
        await lab.reset();
        const floor = Number(await labScript(lab, 'floor.sh', say));
        rounds.push({ guide, product, floor });
        say(`guide ${guide.toFixed(1)} s, product ${product.toFixed(1)} s, floor ${floor.toFixed(1)} s`);
      }
    } finally {
      await lab.run(['destroy']);
    }
    return measured(
      {
        what: 'the guide, scripted without thinking time',
        value: median(rounds.map((one) => one.guide)),
        unit: 's',
      },
      { what: '`run --plain --yes`', value: median(rounds.map((one) => one.product)), unit: 's' },
      {
        what: 'the floor: stop, pg_upgrade --link, start',
        value: median(rounds.map((one) => one.floor)),
        unit: 's',
        note: 'by the clock; the other two by the client',
      },
      {
        what: 'of the guide’s downtime',
        value: median(rounds.map((one) => one.product / one.guide)),
        unit: '',
        target: atMost(0.35),
      },
      {
        what: 'of the floor',
        value: median(rounds.map((one) => one.product / one.floor)),
        unit: '',
        target: atMost(1.25),
      },
    );
  },
};
