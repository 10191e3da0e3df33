import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { expectBack, promise } from './harness/back.ts';
import { withCleanup } from './harness/cleanup.ts';
import { drive } from './harness/drive.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { baseBackups, linkedDesk } from './harness/linked.ts';
import { expectAcknowledgedOn, WriteLoad } from './harness/load.ts';
import { PlainRun } from './harness/plain.ts';
import { expectUpgraded, recordTruth } from './harness/truth.ts';
import { createConsoleHome } from './harness/walk.ts';

/**
 * To 18, on a lab of its own: `OLD=17 NEW=18 fixtures/lab/lab build`, and `create`, before; the same with OLD=15. One pair:
 * `npm run test:pairs -- -t 15.19`.
 */
const opened = withCleanup();
interface Pair {
  readonly old: string;
  readonly target: string;
  readonly snapshot: string;
  readonly majors: { readonly oldMajor: string; readonly newMajor: string };
  /** From where it is rolled back: applications have written on the new version, or not yet. */
  readonly backFrom: 'G.node_1.analyze' | 'E.node_1.hand-over';
  /** The next minor of the old major, which does not go with this target. */
  readonly unpaired: string;
}
const pairs: readonly Pair[] = [
  {
    old: '17.11',
    target: '18.6',
    snapshot: 'pg17',
    majors: { oldMajor: '17', newMajor: '18' },
    backFrom: 'E.node_1.hand-over',
    unpaired: '17.12',
  },
  {
    old: '15.19',
    target: '18.6',
    snapshot: 'pg15-to-18',
    majors: { oldMajor: '15', newMajor: '18' },
    backFrom: 'G.node_1.analyze',
    unpaired: '15.20',
  },
];
const minors = ({ old, target }: Pair): Readonly<Record<string, string>> => ({
  OLD_MINOR: old,
  NEW_MINOR: target,
});

/** Each column's histogram, as it is: what the planner goes by. */
const histograms = (lab: Lab): Promise<string> =>
  lab.psql(
    'node1',
    'app',
    "select schemaname, tablename, attname, md5(histogram_bounds::text), array_length(histogram_bounds, 1) from pg_stats where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'harness_load' and histogram_bounds is not null order by 1, 2, 3",
  );
const extended = (lab: Lab): Promise<string> =>
  lab.psql('node1', 'app', 'select count(*) from pg_statistic_ext_data');

/** Extensions of the monitor that another version is there for. */
const outdatedOnMonitor = async (lab: Lab): Promise<string> =>
  (
    await lab.psql(
      'monitor',
      'pg_auto_failover',
      'select name, installed_version from pg_available_extensions where installed_version <> default_version',
    )
  ).trim();

describe.each(pairs)('$old to $target', (pair) => {
  it('under load, a secondary by hard links: every row, same ids, the statistics kept', async () => {
    const { lab, at } = await linkedDesk(opened, pair.snapshot, minors(pair));
    await lab.psql(
      'node1',
      'app',
      'create table two as select n % 10 a, n % 10 b from generate_series(1, 5000) n; create statistics two_ab on a, b from two; analyze',
    );
    const before = await recordTruth(lab);
    const carried = await histograms(lab);
    expect(carried).not.toBe('');
    expect(await extended(lab)).toContain('1');

    // Up to where the application comes back: nothing may have made the carried statistics coarser.
    const load = await WriteLoad.start(lab, { maxMs: 600_000 });
    const there = await drive(at, { until: (step) => step.id === 'G.node_1.analyze' });
    expect(there.ran).toContain('E.node_1.analyze-1');
    expect(await histograms(lab)).toBe(carried);
    expect(await extended(lab)).toContain('1');

    const run = new PlainRun(at, ['--yes', lab.address('monitor')]);
    opened.console = run;
    await run.until('the end', (text) => /every node runs PostgreSQL 18/.exec(text)?.[0], 300_000);
    expect(await run.exited).toBe(0);
    await load.ended();
    await expectAcknowledgedOn(load, lab, 'node1');
    await lab.psql('node1', 'app', 'drop table public.harness_load');
    expectUpgraded(before, await recordTruth(lab), pair.majors);
    // pgautofailover requires btree_gist, which 18 has a later version of.
    expect(await outdatedOnMonitor(lab)).toBe('');
    expect([await baseBackups(lab, 'node2'), await baseBackups(lab, 'node3')]).toEqual([0, 1]);
  });

  it('and back after the first start, or after the opening, through a fallback copy', async () => {
    const lab = await openLab({ snapshot: pair.snapshot, env: minors(pair) });
    const at = await createConsoleHome(lab);
    opened.home = at;
    const before = await recordTruth(lab);
    await promise(lab);
    const opens = pair.backFrom.startsWith('G');
    const { verdict } = await drive(at, { until: (step) => step.id === pair.backFrom });
    if (opens) await lab.psql('node1', 'app', 'insert into promises values (0)');
    // What is written on the new version is given up, and nothing else.
    expect(verdict.kind).toBe(opens ? 'loses-new-writes' : 'safe-through');
    const [, through] = / through (node_\d)/.exec(verdict.says) ?? [];
    const back = await drive(at, { direction: 'rollback' });
    expect(back.end).toBe('finished');
    await expectBack(lab, before, {
      primary: through === 'node_3' ? 'node3' : 'node2',
      sameIds: false,
    });
  });

  it(`${pair.unpaired} is refused: 18.5 was never released, and 18.6 is of the day of 17.11 and 15.19`, async () => {
    const lab = await openLab({
      snapshot: pair.snapshot,
      env: { OLD_MINOR: pair.unpaired, NEW_MINOR: pair.target },
    });
    const at = await createConsoleHome(lab);
    opened.home = at;
    const checked = spawnSync(process.execPath, ['dist/cli.js', 'check', ...at.args], {
      encoding: 'utf8',
      env: { ...process.env, ...at.env },
    });
    expect(checked.status).toBe(1);
    expect(checked.stdout).toMatch(
      new RegExp(
        `blocker +minors-paired +monitor, node_1\\s+found +${pair.target} is older than ${pair.unpaired}`,
      ),
    );
    expect(checked.stdout).toContain('install 18.7 or later');
  });
});
