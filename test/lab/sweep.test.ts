import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectBack, promise } from './harness/back.ts';
import { askWithoutJournal, drive } from './harness/drive.ts';
import { hostOf, type Lab, openLab } from './harness/lab.ts';
import { recordTruth, type Truth } from './harness/truth.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/**
 * Stops the upgrade after every single step, rolls back, and compares the cluster with the one before. Takes over an hour:
 * `npm run test:sweep`. SWEEP=40 begins with step 40, SWEEP=40-45 does those: parts may go side by side, each on a lab of its own.
 * Each step's line is written down when it is done, with its day and commit; a sweep from the first step begins a new table.
 */
const [from = 1, to = Number.POSITIVE_INFINITY] = (process.env.SWEEP ?? '1-').split('-').map((text, at) => {
  if (text !== '') return Number(text);
  return at === 0 ? 1 : Number.POSITIVE_INFINITY;
});
const file = new URL('../../docs/development/rollback-sweep.md', import.meta.url);

interface Swept {
  readonly number: number;
  readonly step: string;
  readonly verdict: string;
  readonly back: number;
  readonly seconds: number;
  readonly trouble: string | null;
}

const swept: Swept[] = [];
let versions = '';

/** A cluster with its truth, on which nothing has been tried yet. */
interface Table {
  readonly lab: Lab;
  readonly home: ConsoleHome;
  readonly before: Truth;
}

const lay = async (): Promise<Table> => {
  const lab = await openLab({ snapshot: 'small' });
  const home = await createConsoleHome(lab);
  return { lab, home, before: await recordTruth(lab) };
};

/** The upgrade up to and with this step; the name of the step, and what is in the header then. */
const goTo = async ({ home }: Table, number: number) => {
  let name = '';
  const driven = await drive(home, {
    optional: 'run',
    until: (step, view) => {
      const at = view.steps.findIndex((one) => one.id === step.id);
      name = view.steps[number - 1]?.id ?? '';
      return at >= number;
    },
  });
  expect(driven.end).not.toBe('failed');
  return { name, driven };
};

const sweepOne = async (table: Table, number: number): Promise<{ swept: Swept; through: boolean }> => {
  await promise(table.lab);
  const { name, driven } = await goTo(table, number);
  const { verdict } = driven;
  const one = { number, step: name, verdict: verdict.says };
  const started = Date.now();
  try {
    const asked = await askWithoutJournal(table.home);
    expect(asked.verdict.kind).toBe(verdict.kind);
    const back = await drive(table.home, { direction: 'rollback' });
    const promoted = back.ran
      .map((step) => /^T\.(.+)\.promote$/.exec(step)?.[1])
      .find((one) => one !== undefined);
    const through = promoted !== undefined;
    const seconds = Math.round((Date.now() - started) / 1000);
    if (verdict.kind === 'nothing-to-undo') expect(back.ran).toEqual([]);
    await expectBack(table.lab, table.before, {
      primary: promoted === undefined ? 'node1' : hostOf(promoted),
      sameIds: !through,
      prepared: verdict.kind === 'nothing-to-undo',
    });
    return { swept: { ...one, back: back.ran.length, seconds, trouble: null }, through };
  } catch (thrown) {
    const trouble = thrown instanceof Error ? thrown.message.slice(0, 2000) : String(thrown);
    return { swept: { ...one, back: 0, seconds: 0, trouble }, through: true };
  }
};

const today = new Date().toISOString().slice(0, 10);
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();

const lineOf = (one: Swept): string =>
  `| ${one.number} | \`${one.step}\` | ${one.verdict.replace(/ since \d\d:\d\d \S+( \(up to \d+ transactions\))?/, ' since HH:MM')} | ${one.back} | ${one.seconds} | ${one.trouble === null ? 'as before' : 'FAILED'} | ${today}, ${commit} |`;

const numberOf = (line: string): number => Number(/^\| (\d+) \|/.exec(line)?.[1] ?? 0);

const page = (lines: readonly string[]): string => {
  const back = lines.filter((line) => line.includes('| as before |')).length;
  return [
    '# A rollback behind every step',
    '',
    `Written by \`npm run test:sweep\`: ${versions}, one monitor, one primary, two secondaries, link mode, on the lab. The upgrade was stopped after each of its ${lines.length} steps and rolled back; then rows, settings, node settings, units and replication were compared with those before, and a write was followed to every secondary. The verdict was asked for a second time without any journal. ${back} of ${lines.length} came back. Times are of a machine that others used.`,
    '',
    '| | after step | verdict | steps of the rollback | seconds | | seen |',
    '|---|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
};

/** Read anew each time: another part of the sweep may have written since. */
const writeDown = (one: Swept): void => {
  const others = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => numberOf(line) > 0 && numberOf(line) !== one.number);
  writeFileSync(
    file,
    page([...others, lineOf(one)].toSorted((left, right) => numberOf(left) - numberOf(right))),
  );
};

describe('a rollback behind every single step', () => {
  it(
    'leads to the cluster that was there before',
    async () => {
      let table = await lay();
      if (from === 1) writeFileSync(file, '');
      versions = `PostgreSQL ${table.before.hosts.node1?.version} → 17`;
      for (let number = from; number <= to; number += 1) {
        const { swept: one, through } = await sweepOne(table, number);
        if (one.step === '') break;
        swept.push(one);
        writeDown(one);
        console.log(
          `${one.number} ${one.step}: ${one.trouble ?? `${one.back} steps back in ${one.seconds} s`} (${one.verdict})`,
        );
        if (!through) continue;
        await table.home.clear();
        table = await lay();
      }
      await table.home.clear();
      expect(swept.filter((one) => one.trouble !== null).map((one) => one.step)).toEqual([]);
      expect(swept.length).toBeGreaterThan(0);
    },
    4 * 3_600_000,
  );
});
