import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { parseJournal, type Recorded } from '../../source/engine/journal/entry.ts';
import { type ConsoleHome, createConsoleHome } from '../../test/lab/harness/console-home.ts';
import type { Lab } from '../../test/lab/harness/lab.ts';
import { root } from '../terminal/bundle.ts';

const clusterName = 'bench';

export interface ProductRun {
  readonly wallMs: number;
  readonly journal: readonly Recorded[];
  readonly run: string;
}

const journals = (home: ConsoleHome): readonly { readonly run: string; readonly file: string }[] => {
  const cluster = join(home.directory, 'state/pgaf-upgrade', clusterName);
  return readdirSync(cluster)
    .map((run) => ({ run, file: join(cluster, run, 'journal.ndjson') }))
    .sort((one, other) => one.run.localeCompare(other.run));
};

/** `pgaf-upgrade run --plain --yes`, from its start to its end. `more`: keys of the cluster file, over the lab's own. */
export const upgrade = async (
  lab: Lab,
  more: Readonly<Record<string, unknown>> = {},
): Promise<ProductRun> => {
  const home = await createConsoleHome(lab);
  try {
    const [file = ''] = home.args;
    const config = z.record(z.string(), z.unknown()).parse(parse(readFileSync(file, 'utf8')));
    writeFileSync(file, stringify({ name: clusterName, ...config, ...more }));
    const began = performance.now();
    const code = await new Promise<{ code: number | null; said: string }>((resolve, reject) => {
      const child = spawn(
        process.execPath,
        [`${root}dist/cli.js`, 'run', file, '--plain', '--yes', clusterName],
        { env: { ...process.env, ...home.env }, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let said = '';
      const keep = (text: string) => {
        said = (said + text).slice(-4_000);
      };
      child.stdout.setEncoding('utf8').on('data', keep);
      child.stderr.setEncoding('utf8').on('data', keep);
      child.on('error', reject);
      child.on('close', (ended) => resolve({ code: ended, said }));
    });
    const wallMs = performance.now() - began;
    if (code.code !== 0) throw new Error(`the upgrade ended with ${code.code}:\n${code.said}`);
    const last = journals(home).at(-1);
    if (last === undefined) throw new Error('the upgrade left no journal');
    return { wallMs, run: last.run, journal: parseJournal(readFileSync(last.file, 'utf8')) };
  } finally {
    await home.clear();
  }
};
