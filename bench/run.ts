// npm run bench [NAME…] [-- --runs=5 --minutes=10 --write]
// Runs the benches one after the other, prints a table for each, and says which targets were missed. `--write` keeps the
// figures in docs/development/benchmarks.md. Whatever a bench makes is gone when it ends.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { byKeys } from './lab/by-keys.ts';
import { downtime } from './lab/downtime.ts';
import { overhead } from './lab/overhead.ts';
import { rebuild } from './lab/rebuild.ts';
import { fleet } from './local/fleet.ts';
import { keys } from './local/keys.ts';
import { start } from './local/start.ts';
import { steady } from './local/steady.ts';
import { throughput } from './local/throughput.ts';
import type { Bench, Outcome } from './report/figure.ts';
import { notMeasured } from './report/figure.ts';
import { machine } from './report/machine.ts';
import { missing, type Taken, table } from './report/table.ts';
import { removeBundles } from './terminal/bundle.ts';

const all: readonly Bench[] = [start, throughput, keys, steady, fleet, downtime, byKeys, overhead, rebuild];
const page = new URL('../docs/development/benchmarks.md', import.meta.url);
const mark = '<!-- figures: npm run bench -- --write -->';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    minutes: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});

const unknown = positionals.filter((name) => !all.some((bench) => bench.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no bench ${unknown.join(', ')}: ${all.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}

const take = async (bench: Bench): Promise<Taken> => {
  const directory = mkdtempSync(join(tmpdir(), 'pgaf-bench-'));
  const began = performance.now();
  const say = (text: string) => process.stderr.write(`${bench.name}: ${text}\n`);
  const options = {
    runs: Number(values.runs ?? Number.NaN),
    minutes: Number(values.minutes),
    directory,
    say,
  };
  let outcome: Outcome;
  try {
    outcome = await bench.run({
      ...options,
      runs: Number.isNaN(options.runs) ? (bench.usualRuns ?? 5) : options.runs,
    });
  } catch (thrown) {
    // One bench that fails must not take the figures of the others with it.
    outcome = notMeasured(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return { bench, outcome, tookMs: performance.now() - began };
};

const about = machine();
process.stdout.write(`${about}\n`);
const taken: Taken[] = [];
for (const bench of all) {
  if (positionals.length > 0 && !positionals.includes(bench.name)) continue;
  const one = await take(bench);
  taken.push(one);
  process.stdout.write(`\n${table(one)}`);
}
removeBundles();
const short = missing(taken);
process.stdout.write(`\n${short.length === 0 ? 'Every target was reached.' : short.join('\n')}\n`);

if (values.write) {
  const text = readFileSync(page, 'utf8');
  const before = text.slice(0, text.indexOf(mark) + mark.length);
  writeFileSync(page, `${before}\n\n${about}\n\n${taken.map(table).join('\n')}`);
}
