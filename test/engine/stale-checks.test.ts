import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseState } from '../../source/inspect/state/parse.ts';
import { stateScript } from '../../source/inspect/state/script.ts';
import { labCluster } from '../runbook/clusters.ts';
import { word } from '../runbook/word.ts';

test('last week’s check does not count as done tonight, last week’s other marks do', () => {
  const home = mkdtempSync(join(tmpdir(), 'pgaf-marks-'));
  try {
    const done = join(home, 'work/done');
    mkdirSync(done, { recursive: true });
    const week = Date.now() / 1000 - 7 * 86_400;
    for (const name of ['check', 'configuration', 'verify']) {
      writeFileSync(join(done, name), 'yes\n');
      utimesSync(join(done, name), week, week);
    }
    writeFileSync(join(done, 'checks'), 'yes\n');
    const facts = labCluster();
    const script = stateScript(
      { ...facts.monitor, home: word(home), workDir: word(join(home, 'work')) },
      facts.newMajor,
      null,
    ).text;
    const { stdout } = spawnSync('sh', ['-s'], { input: script, encoding: 'utf8' });
    const look = parseState('monitor', stdout);
    expect(look.ok && look.value.markers).toEqual(['checks', 'verify']);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
