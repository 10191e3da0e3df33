import { createConsoleHome } from '../../test/lab/harness/console-home.ts';
import { Lab } from '../../test/lab/harness/lab.ts';
import { leave, openRun, walk } from '../../test/lab/harness/walk.ts';
import { atMost, type Bench, measured, notMeasured } from '../report/figure.ts';
import { median } from '../report/statistics.ts';
import { labObstacle } from './open.ts';
import { upgrade } from './product.ts';
import { gapDuring } from './writer.ts';

/** The whole upgrade on the screen, by keys: step by step as far as the stop of the primary, from there to the next stop. */
const upgradeByKeys = async (lab: Lab): Promise<void> => {
  const home = await createConsoleHome(lab);
  const console_ = openRun(home);
  try {
    const end = await walk(console_, { runOnFrom: (screen) => /DOWNTIME BEGINS: asks/.test(screen) });
    if (end !== 'finished') throw new Error(`${end}:\n${console_.screen()}`);
    await leave(console_);
  } finally {
    await console_.kill('SIGTERM');
    await home.clear();
  }
};

export const byKeys: Bench = {
  name: 'by-keys',
  title:
    'Downtime by keys, run to the next stop, against `--yes` (as a client sees it that writes ten times a second)',
  usualRuns: 3,
  async run({ runs, say }) {
    const obstacle = labObstacle();
    if (obstacle !== null) return notMeasured(obstacle);
    const lab = new Lab();
    const kept = (await lab.run(['snaps'])).split('\n').map((line) => line.split(' ')[0]);
    if (!kept.includes(lab.snapshot)) await lab.run(['create']);
    const rounds: { readonly yes: number; readonly keys: number }[] = [];
    try {
      // In turns: what else the machine does is shared by both.
      for (let run = 0; run < runs; run += 1) {
        const yes = await gapDuring(lab, () => upgrade(lab));
        const keys = await gapDuring(lab, () => upgradeByKeys(lab));
        rounds.push({ yes, keys });
        say(`--yes ${yes.toFixed(1)} s, by keys ${keys.toFixed(1)} s`);
      }
    } finally {
      await lab.run(['destroy']);
    }
    return measured(
      { what: '`run --plain --yes`', value: median(rounds.map((one) => one.yes)), unit: 's' },
      {
        what: 'by keys: `G` at the stop of the primary, at the first start, and at the opening',
        value: median(rounds.map((one) => one.keys)),
        unit: 's',
        note: 'each name typed at once',
      },
      {
        what: 'by keys, of `--yes`',
        value: median(rounds.map((one) => one.keys / one.yes)),
        unit: '',
        target: atMost(1.5),
      },
    );
  },
};
