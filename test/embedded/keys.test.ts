import { expect, it, type TestContext } from 'vitest';
import { newestRecord, parseAsciicast, replayed } from '../lab/harness/asciicast.ts';
import { type Console, openConsole } from '../lab/harness/console.ts';
import { enterUntil, leave, type WalkOptions, walk } from '../lab/harness/walk.ts';
import { leftOf, rootIn } from './demo-run.ts';

/** Opens a scenario and takes its invitation to begin. */
const open = async (
  { onTestFinished }: TestContext,
  scenario: string,
  size: { cols: number; rows: number },
): Promise<{ it: Console; root: string }> => {
  const opened = openConsole({ args: ['demo', '--scenario', scenario], ...size });
  onTestFinished(async () => {
    await opened.kill('SIGTERM');
  });
  const screen = await opened.waitFor(/Press Enter to begin/, { timeoutMs: 90_000 });
  expect(screen).toContain(`DEMO, scenario ${scenario}`);
  await opened.press('enter');
  await opened.waitFor(/Enter run steps? 1\b/, { timeoutMs: 60_000 });
  expect(opened.screen()).toMatch(/^(pgaf-upgrade {2})? DEMO {2}demo /);
  return { it: opened, root: rootIn(opened.scrollback() + opened.raw) };
};

/** From the first step on to the next stop, as `G` does. */
const runOnFrom = (): boolean => true;

const toTheEnd = async (screen: Console, how: WalkOptions = { runOnFrom }): Promise<void> => {
  const end = await walk(screen, how);
  if (end !== 'finished') throw new Error(`${end}, not finished:\n${screen.screen()}`);
};

it.concurrent('company, at 80x24: the whole way by keys, step by step, and nothing is left of it', async (test) => {
  const { it: screen, root } = await open(test, 'company', { cols: 80, rows: 24 });
  await toTheEnd(screen, {});
  const record = async () => (await replayed(parseAsciicast(newestRecord(root) ?? ''))).screen;
  await expect
    .poll(async () => (await record()) === screen.screen(), {
      message: 'the record shows what the terminal shows',
    })
    .toBe(true);
  expect(await leave(screen)).toBe(0);
  for (const said of [
    'kim@laptop has approved',
    'pgbouncer says PAUSE',
    'both are there',
    'pgbouncer says RESUME',
    'CHG0123 is closed',
  ])
    expect(screen.raw).toContain(said);
  expect(screen.scrollback()).toMatch(/DEMO demo: every node runs PostgreSQL 17\.12/);
  expect(root).not.toBe('');
  expect(leftOf(root)).toEqual([]);
});

it.concurrent('two-secondaries: each goes back into replication, and nothing is left of it', async (test) => {
  const { it: screen, root } = await open(test, 'two-secondaries', { cols: 120, rows: 40 });
  const stopped = await walk(screen, { until: (text) => /phase E Verify/.test(text), runOnFrom });
  expect(stopped).toBe('stopped-before');
  expect(screen.screen()).toContain('17 has never been started');
  await toTheEnd(screen);
  expect(screen.raw).toContain('Set number_sync_standbys to 1');
  expect(await leave(screen)).toBe(0);
  expect(leftOf(root)).toEqual([]);
});

it.concurrent('pg-upgrade-fails: the cause is on the screen, a runs it again, and it goes on', async (test) => {
  const { it: screen } = await open(test, 'pg-upgrade-fails', { cols: 120, rows: 40 });
  expect(await walk(screen, { runOnFrom })).toBe('failed');
  // It stands below the last lines of the output: the pane gets the whole window, and is paged through.
  const above = (text: string): string => /↑ (\d+) above/.exec(text)?.[1] ?? '0';
  await screen.press('3');
  await screen.waitFor(/▸ 3 Failure/);
  await screen.press('z');
  await screen.waitFor(/zoomed/);
  for (let pages = 0; pages < 8 && !/buffers_backend does not exist/.test(screen.screen()); pages += 1) {
    const before = above(screen.screen());
    await screen.press('page-down');
    await screen.waitFor((text) => above(text) !== before);
  }
  await screen.waitFor(/buffers_backend does not exist/);
  await screen.press('z');
  await screen.waitFor((text) => !text.includes('zoomed'));
  await screen.press('a');
  await screen.waitFor(/that view is dropped now/);
  await screen.waitFor(/Retry step \d+\?/);
  await enterUntil(screen, (text) => !/Retry step \d+\?/.test(text));
  await screen.waitFor(/Enter run steps? 26\b/, { timeoutMs: 90_000 });
  await toTheEnd(screen);
  expect(await leave(screen)).toBe(0);
});

it.concurrent('line-drops: the console says that the line is gone, and comes back by itself', async (test) => {
  const { it: screen } = await open(test, 'line-drops', { cols: 120, rows: 40 });
  // The downtime begins with a stop of its own; behind it comes the stage in which the secondary stops and pg_upgrade runs.
  await walk(screen, { until: (_screen, step) => step >= 22, runOnFrom });
  const stopped = await walk(screen, { until: (_screen, step) => step === 24 });
  expect(stopped).toBe('stopped-before');
  await enterUntil(screen, (text) => !/Enter run steps?/.test(text));
  // Both at the same time: what the demo does, and what the console knows of it.
  await screen.waitFor(
    /DEMO: the SSH connection to node_1 is cut for 4 s[\s\S]*(line .*(lost|gone)|reconnecting)/,
    {
      timeoutMs: 60_000,
    },
  );
  await screen.waitFor(/Step +30\/\d+ on node_1/, { timeoutMs: 90_000 });
  await toTheEnd(screen);
  expect(await leave(screen)).toBe(0);
});

it.concurrent('rollback-after-start: r shows the verdict and its steps, and they lead back to 15', async (test) => {
  const { it: screen } = await open(test, 'rollback-after-start', { cols: 120, rows: 40 });
  await walk(screen, { until: (text) => /▶ +\d+ node_1 .*Start primary/.test(text), runOnFrom });
  const stopped = await walk(screen, {
    until: (text) => /▶ +\d+ node_1 +Collect full statistics/.test(text),
  });
  expect(stopped).toBe('stopped-before');
  await screen.press('r');
  await screen.waitFor(/possible through node_2, but what 17 wrote since/, { timeoutMs: 30_000 });
  await enterUntil(screen, (text) => /ROLLING BACK/.test(text));
  await toTheEnd(screen);
  expect(await leave(screen)).toBe(0);
  expect(screen.scrollback()).toMatch(/DEMO demo: every node runs PostgreSQL 15\.20/);
});
