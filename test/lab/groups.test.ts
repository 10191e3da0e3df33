import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withCleanup } from './harness/cleanup.ts';
import { drive } from './harness/drive.ts';
import {
  expectFormationBack,
  expectFormationUpgraded,
  formationTruth,
  openFormation,
} from './harness/formation.ts';
import type { Lab } from './harness/lab.ts';
import { PlainRun } from './harness/plain.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/**
 * A formation of Citus, the coordinator's group and one of workers, in one window and back. On a lab of its own with Citus in it (fixtures/lab/README.md, “Citus”):
 * `npm run test:groups`. Not in CI.
 */
const opened = withCleanup();

const desk = async (): Promise<{ lab: Lab; home: ConsoleHome }> => {
  const lab = await openFormation();
  const home = await createConsoleHome(lab);
  await appendFile(join(home.directory, 'cluster.yaml'), 'upgrade: {mode: copy}\n');
  opened.home = home;
  return { lab, home };
};

/** Steps of the upgrade behind which it is rolled back, on one cluster, one after the other. */
const backFrom = (
  process.env.BACK_FROM ?? 'C.node_1.stop,D.node_3.swap,E.node_1.hand-over,H.node_2.join'
).split(',');

/** Behind each of these places the console is killed and started again; the last one runs to the end. */
const through = async (
  home: ConsoleHome,
  command: 'run' | 'rollback',
  args: readonly string[],
  killedAt: readonly RegExp[],
): Promise<string> => {
  for (const place of killedAt) {
    const run = new PlainRun(home, args, command);
    opened.console = run;
    await run.sees(place, 400_000);
    await run.kill();
  }
  const run = new PlainRun(home, args, command);
  opened.console = run;
  const end = await run.stop(800_000);
  expect(end, run.text.slice(-6000)).toMatchObject({ kind: 'finished' });
  return run.text.slice(run.text.lastIndexOf('Journal and outputs'));
};

describe('a formation of several groups', () => {
  it('is upgraded in one window and back, the console killed in both: Citus’ catalogs and every answer as before', async () => {
    const { lab, home } = await desk();
    const before = await formationTruth(lab);
    const yes = ['--yes', lab.address('monitor')];
    const places = [
      /\nStep \d+ of \d+, node_3: Save Citus’ catalogs/,
      /\nStep \d+ of \d+, node_3: Run pg_upgrade/,
      /\nStep \d+ of \d+, node_1: Restore Citus’ catalogs/,
      /\nStep \d+ of \d+, node_4: Disable maintenance/,
    ];
    console.log(await through(home, 'run', yes, places));
    await expectFormationUpgraded(lab, before);
    // Applications have written since: a rollback gives that up, and nothing else.
    const back = [
      /\nStep \d+ of \d+, node_3: Restore the old directory/,
      /\nStep \d+ of \d+, node_3: Restore Citus’ aggregates/,
    ];
    console.log(await through(home, 'rollback', [...yes, '--yes-lose-writes'], back));
    await expectFormationBack(lab, before);
  });

  it('comes back from wherever it stands, on one cluster', async () => {
    const { lab, home } = await desk();
    const before = await formationTruth(lab);
    for (const step of backFrom) {
      const there = await drive(home, { until: ({ id }) => id === step });
      expect(there.end).toBe('stopped-before');
      const back = await drive(home, { direction: 'rollback' });
      console.log(`${step}: ${there.verdict.says}; ${back.ran.length} steps back`);
      expect(back.end).toBe('finished');
      await expectFormationBack(lab, before, { prepared: there.verdict.kind === 'nothing-to-undo' });
    }
  });
});
