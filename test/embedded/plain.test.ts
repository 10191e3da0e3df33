import { cpus, loadavg } from 'node:os';
import { describe, expect, it } from 'vitest';
import { demonstrate, leftOf } from './demo-run.ts';

/** Two cores that are the demo's alone make it in half of that; others that work beside it, before or at its end, get their share. */
const limitSeconds = (...loads: readonly (number | undefined)[]): number =>
  40 * Math.max(1, ...loads.map((load) => (load ?? 0) / cpus().length));

/** rollback-after-start is in not-gnu.test.ts, two-secondaries in test/package: each goes its way once in plain lines. */
describe('scenarios come to their end without a terminal', () => {
  it('smooth, within 40 s, and leaves nothing', async () => {
    const [loadBefore] = loadavg();
    const ran = await demonstrate([]);
    expect(ran.code, ran.text.slice(-3000)).toBe(0);
    expect(ran.text).toMatch(/^DEMO demo: every node runs PostgreSQL 17\.12/m);
    expect(ran.text).toContain('Steps: 47 done, 2 skipped, 0 failed, of 49');
    expect(ran.text.match(/^DEMO: no real server is touched\.$/gm)?.length).toBe(49);
    expect(leftOf(ran.root)).toEqual([]);
    expect(ran.seconds).toBeLessThan(limitSeconds(loadBefore, loadavg()[0]));
  });

  it('pg-upgrade-fails: the cause is shown, and the second try succeeds', async () => {
    const ran = await demonstrate(['--scenario', 'pg-upgrade-fails']);
    expect(ran.code, ran.text.slice(-3000)).toBe(0);
    expect(ran.text).toMatch(
      /FAILED: step \d+, node_1: node_1: “Run pg_upgrade --link” ended with exit code 1/,
    );
    expect(ran.text).toContain('column pg_stat_bgwriter.buffers_backend does not exist');
    expect(ran.text).toContain('Servers:   pg_upgrade began and did not finish');
    expect(ran.text).toMatch(/every node runs PostgreSQL 17\.12/);
  });

  it('line-drops: both commands go on, and their output is whole', async () => {
    const ran = await demonstrate(['--scenario', 'line-drops']);
    expect(ran.code, ran.text.slice(-3000)).toBe(0);
    for (const host of ['node_1', 'node_2'])
      for (const said of [
        'a command that was running there keeps running if the host is up',
        'it answers again; the output continues',
      ])
        expect(ran.text).toMatch(new RegExp(`^\\* ${host}: .*${said}`, 'm'));
    const upgrade = ran.text.split('\n').filter((line) => /^node_1\| .*(ok|notice)$/.test(line));
    expect(new Set(upgrade.filter((line) => /Linking|Restoring global|Sync data/.test(line))).size).toBe(3);
  });
});
