import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { at, numberIn, stepCount } from '../console/fake-cluster.ts';
import { bundled, keys, TestTerminal } from './terminal.ts';

let terminal: TestTerminal | null = null;
const open = (options: ConstructorParameters<typeof TestTerminal>[0]) => {
  terminal = new TestTerminal(options);
  return terminal;
};
const quick = '--guard=0';
const atUpgrade = `--done=${at.pgUpgrade}`;
const [upgrade, swap] = [numberIn(at.pgUpgrade), numberIn(at.swap)];
const place = (number: number): string => `${number}/${stepCount}`;

beforeAll(bundled, 60_000);
afterEach(() => {
  terminal?.close();
  terminal = null;
});

const has = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
};

/** The console with a step that has printed and goes on. */
const running = async (more: Partial<ConstructorParameters<typeof TestTerminal>[0]> = {}) => {
  const console = open({ args: [atUpgrade, '--line-ms=40', '--flood=5000', quick], ...more });
  await console.see('Enter runs this script');
  console.press(keys.enter);
  await console.see('line 3 of a long output');
  return console;
};

describe('the whole log', () => {
  test.runIf(has('less'))(
    'in less: its keys are less’s, Ctrl-C too, and leaving it gives the screen back',
    async () => {
      const console = await running();
      console.press('v');
      await console.see(
        `step ${upgrade} on node_1, q goes back to the console`,
        'Performing Consistency Checks',
      );
      console.press(keys.ctrlC, 'z', '1');
      console.press('!');
      await console.see('Command not available');
      console.press('\r', 'q');
      await console.see('1 Monitor', '3 Output', 'following', 'The log: /home/dba');
      expect(console.alternate()).toBe(true);
      // The keys are the console's again, each once.
      console.press('z');
      await console.see('zoomed, z back');
      console.press('z');
      await console.see('1 Monitor');
      console.press('q');
      await console.see('Leave the console?');
      // What stands on the screen can be marked and copied: the mouse is the terminal's own.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is looked for
      expect(console.raw).not.toMatch(/\u001B\[\?(?:9|100\d|101\d)h/);
    },
  );

  test('in one that ends at once, it waits for an Enter, which runs nothing', async () => {
    const console = open({ args: [atUpgrade, '--line-ms=5', quick], env: { PAGER: 'cat' } });
    await console.see(place(upgrade), 'Enter runs this script');
    console.press(keys.enter);
    await console.see(place(swap), 'Enter runs this script');
    console.press('[');
    await console.see('3 Output', 'Upgrade Complete');
    console.press('v');
    await console.see('Performing Consistency Checks', '[Enter goes back to the console]');
    console.press(keys.enter);
    await console.see('1 Monitor', 'The log: /home/dba', place(upgrade));
    expect(console.text()).toContain(`▶ ${swap}`);
  });

  test('in one that is not there: said, and the console goes on', async () => {
    const console = await running({ env: { PAGER: 'no-such-pager' } });
    console.press('v');
    await console.see('The pager “no-such-pager” did not start', '3 Output');
    console.press('1');
    await console.see('▸ 1 Monitor');
  });

  test.runIf(has('less'))(
    'ended by a signal in the middle, both are gone and the terminal is as it was',
    async () => {
      const console = await running();
      console.press('v');
      await console.see('q goes back to the console');
      console.signal('SIGTERM');
      await console.ended();
      expect(console.alternate()).toBe(false);
      expect(console.text()).toContain('exit: SIGTERM');
    },
  );
});

describe('title and bell', () => {
  const titles = (raw: string): readonly string[] =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is looked for
    [...raw.matchAll(/\u001B\]2;([^\u001B]*)\u001B\\/g)].map(([, title]) => title ?? '');
  const bells = (raw: string): number => raw.split('\u0007').length - 1;

  test('follow the run, ring for a failure once, and the title is given back', async () => {
    const console = open({ args: [atUpgrade, `--fail=${at.pgUpgrade}`, '--line-ms=5', quick] });
    await console.see('Enter runs this script');
    console.press(keys.enter);
    await console.see('3 Failure', 'a library is missing');
    console.press('o');
    await console.see('3 Output');
    console.press('z');
    await console.see('zoomed, z back');
    expect(titles(console.raw)).toEqual([
      `shop: step ${upgrade} on node_1 waits for you`,
      `shop: step ${upgrade} on node_1 is running`,
      `shop: step ${upgrade} on node_1 FAILED`,
    ]);
    expect(bells(console.raw)).toBe(1);
    console.press(keys.ctrlC);
    await console.see('Leave the console?');
    console.press('y');
    await console.ended();
    expect(console.raw.split('\u001B[22;2t')).toHaveLength(2);
    expect(console.raw.split('\u001B[23;2t')).toHaveLength(2);
  });

  test('the bell can be switched off', async () => {
    const console = open({
      args: [atUpgrade, `--fail=${at.pgUpgrade}`, '--line-ms=5', quick],
      env: { PGAF_UPGRADE_BELL: 'off' },
    });
    await console.see('Enter runs this script');
    console.press(keys.enter);
    await console.see('3 Failure');
    expect(bells(console.raw)).toBe(0);
  });
});

describe('how far a step is', () => {
  test.each([
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 200, rows: 60 },
  ])('stands below the output at $columns x $rows, through a resize in mid-run', async (size) => {
    const console = open({ ...size, args: [atUpgrade, '--line-ms=120', quick] });
    await console.see('Enter runs this script');
    console.press(keys.enter);
    await console.see(/█+░+ \d+ of 35 stages/);
    console.resize(90, 26);
    await console.see(/^─ 2 Steps {2}\[all/m, /█+░+ \d+ of 35 stages, \d\d:\d\d so far/);
    console.resize(size.columns, size.rows);
    await console.see(place(swap), 'Enter runs this script');
    expect(console.text().match(/ 1 Monitor /g)).toHaveLength(1);
    expect(console.text()).not.toContain('of 35 stages');
  });

  test('NO_COLOR: the bar, what is found and the focus are told without any colour', async () => {
    const console = await running({ env: { NO_COLOR: '1' } });
    console.press('/');
    await console.see('Enter alone ends the search');
    console.press('line');
    await console.see(/Find: line +in \d+ lines/);
    console.press(keys.enter);
    await console.see("'line': ", '▸ 3 Output');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is looked for
    expect(console.raw).not.toMatch(/\u001B\[[\d;]*\b(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[\d;:]*m/);
  });
});

describe('the program as it is shipped', () => {
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  const home = mkdtempSync(join(tmpdir(), 'pgaf-terminal-'));
  const cluster = join(home, 'cluster.yaml');
  // A port on which nothing listens: it stops before anything is asked.
  writeFileSync(
    cluster,
    'name: nowhere\nmonitor: { host: 127.0.0.1, port: 9 }\nssh: { user: nobody }\ntarget: { bindir: /usr/lib/postgresql/17/bin }\n',
  );
  const env = { HOME: home, XDG_STATE_HOME: home };
  afterEach(() => rmSync(join(home, 'state'), { recursive: true, force: true }));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test('TERM=dumb: plain lines and no control sequence at all', async () => {
    const console = open({ program: cli, args: ['run', cluster], env: { ...env, TERM: 'dumb' } });
    expect(await console.ended()).toBe(2);
    expect(console.text()).toContain('Cannot start, nothing was changed');
    expect(console.raw).not.toContain('\u001B');
    expect(console.raw).not.toContain('\u0007');
  });

  test.each([
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 200, rows: 60 },
  ])('a console at $columns x $rows, whose title says that it cannot start', async (size) => {
    const console = open({ ...size, program: cli, args: ['run', cluster], env });
    await console.see('Cannot start. Nothing was changed on any server.', 'leave');
    expect(console.alternate()).toBe(true);
    expect(console.raw).toContain('CANNOT START');
    console.press('q');
    expect(await console.ended()).toBe(2);
    expect(console.alternate()).toBe(false);
  });
});
