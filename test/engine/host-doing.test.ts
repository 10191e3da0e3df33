import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { below, type Path, path as pathOf } from '../../source/cluster/words.ts';
import { helperProcessScript } from '../../source/engine/step/host-activity.ts';
import { helperText } from '../../source/runbook/shell/root-helper.ts';
import { helperPath, rootDirectory } from '../../source/runbook/shell/root-verbs.ts';
import { labCluster } from '../runbook/clusters.ts';

const sh = (text: string) => spawnSync('sh', ['-s'], { input: text, encoding: 'utf8', timeout: 30_000 });
const asRoot = process.getuid?.() === 0;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgaf-helper-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The helper of a host, whose systemctl takes its time. */
const silentHelper = (): Path => {
  const facts = { ...labCluster(), root: 'helper' as const };
  const path = below(pathOf.parse(directory), 'helper');
  const text = helperText(facts, facts.monitor)
    .replaceAll(helperPath(facts.monitor), path)
    .replaceAll('systemctl stop', 'sleep 300 #')
    .replaceAll('/etc/systemd/system', directory)
    // It stayed behind on the machine of whoever ran the tests, empty.
    .replaceAll(rootDirectory, join(directory, 'kept'));
  writeFileSync(path, text, { mode: 0o755 });
  return path;
};

test.runIf(asRoot)(
  'a silent call of the helper is shown with what it has started, and its end ends both',
  async () => {
    const path = silentHelper();
    const call = spawn('/bin/sh', [path, 'stop'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => call.on('exit', (code, signal) => resolve(signal ?? code)));
    const listed = () => sh(helperProcessScript(path).text).stdout;
    await expect.poll(listed, { timeout: 10_000 }).toContain('sleep 300');
    expect(listed()).toMatch(
      new RegExp(
        `^process ${call.pid} sh, sleeping: /bin/sh ${path} stop *\\nprocess \\d+ sleep, sleeping: sleep 300 *\\n$`,
      ),
    );
    expect(sh(`/bin/sh ${path} end; echo "code $?"`).stdout).toBe('code 0\n');
    expect(await ended).not.toBe(0);
    expect(listed()).toBe('');
  },
);
