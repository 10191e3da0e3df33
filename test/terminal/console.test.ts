import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { at, numberIn, stepCount } from '../console/fake-cluster.ts';
import { bundled, keys, TestTerminal } from './terminal.ts';

let terminal: TestTerminal | null = null;
const open = (options: ConstructorParameters<typeof TestTerminal>[0]) => {
  terminal = new TestTerminal(options);
  return terminal;
};

beforeAll(bundled, 60_000);
afterEach(() => {
  terminal?.close();
  terminal = null;
});

const atUpgrade = `--done=${at.pgUpgrade}`;
/** What stands on the screen of a step. */
const place = (number: number): string => `${number}/${stepCount}`;
const [upgrade, swap, first] = [numberIn(at.pgUpgrade), numberIn(at.swap), numberIn(at.firstStart)];

/** Without the wait between two presses: these tests press when the screen is ready, not when time has passed. */
const quick = '--guard=0';

describe('sizes', () => {
  test.each([
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 200, rows: 60 },
  ])('three panes and the card at $columns x $rows', async (size) => {
    const console = open({ ...size, args: [atUpgrade, quick] });
    await console.see('1 Monitor', '2 Steps', '3 Step', 'Enter runs this script on node_1', 'q leave');
    expect(console.alternate()).toBe(true);
    expect(console.lines()[0]).toContain('shop  15.20 → 17.12');
    expect(console.lines()[1]).toContain('Rollback: safe');
    expect(console.lines().at(-1)).toContain('q leave');
  });

  test('resized while a step prints, nothing is lost or left over', async () => {
    const console = open({ args: [atUpgrade, '--line-ms=30', '--flood=60', quick] });
    await console.see('Enter runs this script');
    console.press(keys.enter);
    await console.see('3 Output', 'running');
    console.resize(120, 40);
    await console.see(/2 Steps.*3 Output/);
    console.resize(60, 20);
    await console.see('the console needs 80x24');
    console.resize(100, 30);
    await console.see(`${place(swap)} on node_1`, 'Enter runs this script');
    console.press('[');
    await console.see('3 Output', 'line 60 of a long output');
    expect(console.lines()[0]).toContain('shop  15.20 → 17.12');
    expect(console.text().match(/1 Monitor/g)).toHaveLength(1);
  });

  test('begun behind a prompt that was answered ahead, the first line is whole', async () => {
    const prompt = encodeURIComponent(`process.stdout.write('Press Enter to begin. ')`);
    const console = open({
      args: [atUpgrade, quick],
      env: { NODE_OPTIONS: `--import=data:text/javascript,${prompt}` },
    });
    await console.see('2 Steps', 'q leave');
    expect(console.lines()[0]).toMatch(/^shop {2}15\.20/);
  });

  test('too small: Enter confirms nothing', async () => {
    const console = open({ columns: 70, rows: 24, args: [atUpgrade, quick] });
    await console.see('the console needs 80x24');
    console.press(keys.enter);
    await console.see('Window too small: keys are disabled');
    console.press('q');
    await console.see('Nothing is running now');
    console.press('n');
    await console.see('the console needs 80x24');
    console.resize(80, 24);
    await console.see('Enter runs this script', place(upgrade));
  });
});

describe('confirming', () => {
  test('steps run one by one, each by its own Enter, with output and follow', async () => {
    const console = open({ args: ['--done=8', '--line-ms=5', quick] });
    await console.see(`${place(9)} on node_1`);
    console.press(keys.enter);
    await console.see(`${place(10)} on node_1`, 'Enter runs this script');
    console.press(keys.enter);
    await console.see(`${place(11)} on node_1`);
    console.press('[');
    await console.see('3 Output', '*Clusters are compatible*');
  });

  test('a second Enter soon after the first runs nothing', async () => {
    // Soon is a minute here: what is tested must not depend on how fast this machine is.
    const console = open({ args: ['--done=1', '--line-ms=1', '--guard=0,60000'] });
    await console.see(`${place(2)} on node_1`, 'Enter runs this script');
    console.press(keys.enter);
    await console.see(`${place(3)} on node_2`, 'Enter runs this script');
    console.press(keys.enter);
    await console.see('too soon after the last change or key press');
    expect(console.text()).toContain(`${place(3)} on node_2`);
  });

  test('an Enter soon after the card came runs nothing', async () => {
    const console = open({ args: ['--done=1', '--line-ms=1', '--guard=60000,0'] });
    await console.see(`${place(2)} on node_1`, 'Enter runs this script');
    console.press(keys.enter);
    await console.see('too soon after the last change or key press');
    expect(console.text()).toContain(`${place(2)} on node_1`);
  });

  test('a paste that holds Enters runs nothing', async () => {
    const console = open({ args: ['--done=1', quick] });
    await console.see(`${place(2)} on node_1`, 'Enter runs this script');
    console.press('\u001B[200~y\r\r\r\u001B[201~');
    await console.see('A paste is not taken as keys');
    expect(console.text()).toContain(`${place(2)} on node_1`);
  });

  test('the point of no return is passed by the right name only', async () => {
    const console = open({ args: [`--done=${at.firstStart}`, '--line-ms=5', quick] });
    await console.see(place(first), 'IRREVERSIBLE');
    console.press(keys.enter);
    await console.see('╔═', 'type the name of the host: node_1');
    console.press(keys.enter);
    await console.see('Nothing was typed');
    await console.typeName('node_2');
    console.press(keys.enter);
    await console.see("'node_2' is not this host");
    console.press('\u0015');
    await console.gone('Host: node_2');
    await console.typeName('node_1');
    console.press(keys.enter);
    await console.see(`${place(first + 1)} on node_1`, 'safe through node_2');
  });

  test('a failure offers its choices, and skipping asks for the reason', async () => {
    const console = open({
      columns: 120,
      rows: 40,
      args: [atUpgrade, `--fail=${at.pgUpgrade}`, '--line-ms=5', quick],
    });
    await console.see(place(upgrade), 'Enter runs this script');
    console.press(keys.enter);
    await console.see('3 Failure', 'Install postgresql-17-postgis-3', 'code 1', 'a retry');
    console.press('s');
    await console.see('Reason:');
    console.press(keys.enter);
    await console.see('A reason is needed');
    console.press(keys.esc);
    await console.see('3 Failure');
    console.press('a');
    await console.see(`Retry step ${upgrade}?`);
    console.press(keys.enter);
    await console.see(`${place(swap)} on node_1`, 'Enter runs this script');
  });
});

describe('questions', () => {
  test('an unknown host key is trusted by y, not by other keys', async () => {
    const console = open({ args: ['--question', '--passphrase', quick] });
    await console.see(
      'Unknown host key',
      '10.0.0.12',
      'ssh-ed25519 SHA256:Nq7Wlk2lV5c0HkG0cT3hJ9oYb1xq8mC2p7sQe4ZtR0A',
    );
    console.press('x');
    await console.see('y: accept and save the key');
    console.press('y');
    await console.see('Passphrase', '/home/dba/.ssh/id_ed25519');
    console.press('abc');
    await console.see('Passphrase: ***');
    expect(console.text()).not.toContain('abc');
    console.press(keys.enter);
    await console.see(`${place(1)} on monitor`);
  });

  test('an unknown host key is refused by Enter, and the console stops', async () => {
    const console = open({ args: ['--question', quick] });
    await console.see('Unknown host key');
    console.press(keys.enter);
    await console.see('Cannot start. Nothing was changed');
    console.press('q');
    expect(await console.ended()).toBe(0);
    expect(console.text()).toContain('exit: stopped');
  });
});

describe('leaving', () => {
  test('q asks, Ctrl-C asks, y leaves, and the terminal is as it was', async () => {
    const console = open({ args: [atUpgrade, '--line-ms=3000', quick] });
    await console.see('Enter runs this script');
    console.press(keys.enter);
    await console.see('running');
    console.press('q');
    await console.see('keeps running on node_1');
    console.press('n');
    await console.gone('Leave the console?');
    console.press(keys.ctrlC);
    await console.see('Leave the console?');
    console.press('y');
    expect(await console.ended()).toBe(0);
    expect(console.alternate()).toBe(false);
    expect(console.raw).toContain('keeps running without this console');
    expect(console.raw).toContain('Journal and outputs: /home/dba');
    expect(console.raw).toContain('\u001B[?25h');
  });
});

describe('other terminals', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is looked for
  const colour = /\u001B\[[\d;]*\b(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[\d;:]*m/;

  test('NO_COLOR: no colours, and everything is still said in words', async () => {
    const plain = open({ args: [`--done=${at.firstStart}`, quick], env: { NO_COLOR: '1' } });
    await plain.see('IRREVERSIBLE', '✓ good');
    expect(plain.raw).not.toMatch(colour);
    plain.close();
    const coloured = open({ args: [`--done=${at.firstStart}`, quick] });
    await coloured.see('IRREVERSIBLE');
    expect(coloured.raw).toMatch(colour);
    // Neither black nor white, which vanish on one background or the other.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    expect(coloured.raw).not.toMatch(/\u001B\[(?:30|37|97|90)m/);
  });

  test('without UTF-8 the signs are ASCII', async () => {
    const console = open({ args: [atUpgrade, quick], env: { LANG: 'C', LC_ALL: 'C' } });
    await console.see(`>> ${upgrade}`, `+ ${upgrade - 1}`, '15.20 -> 17.12');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is meant
    expect(console.text()).toMatch(/^[\x00-\x7F]*$/);
  });

  test('TERM=dumb: plain lines, no control sequences, the same answers', async () => {
    const console = open({
      columns: 120,
      rows: 40,
      args: [`--done=${at.switchover}`, '--line-ms=1'],
      env: { TERM: 'dumb' },
    });
    await console.see(
      `Step ${stepCount - 1} of ${stepCount}, monitor`,
      'Run this step on monitor? [y/N/go/skip/rollback/quit]',
    );
    console.press('y\r');
    await console.see(`Step ${stepCount} of ${stepCount}`);
    console.press('skip\r');
    await console.see('Reason (may be empty):');
    console.press('\r');
    expect(await console.ended()).toBe(0);
    expect(console.text()).toContain(`Steps: ${stepCount - 1} done, 1 skipped`);
    expect(console.alternate()).toBe(false);
  });
});

describe('what must not harm the terminal', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s in the middle of a step: the screen is given back, and what goes on is said',
    async (name) => {
      const console = open({ columns: 120, rows: 40, args: [atUpgrade, '--line-ms=500', quick] });
      await console.see('Enter runs this script');
      console.press(keys.enter);
      await console.see('running');
      console.signal(name);
      await console.ended();
      expect(console.alternate()).toBe(false);
      expect(console.text().replaceAll('\n', '')).toContain(
        'keeps running without this console. Start it again to follow.',
      );
      expect(console.text()).toContain(`exit: ${name}`);
    },
  );

  test('a hang-up ends it, though nobody reads any more', async () => {
    const console = open({ args: [atUpgrade, quick] });
    await console.see('Enter runs this script');
    console.signal('SIGHUP');
    await console.ended();
    expect(console.alternate()).toBe(false);
  });

  test('hostile output: clipboard, title, cursor, reset, ten megabytes without a newline, no UTF-8, NUL', async () => {
    const console = open({
      columns: 120,
      rows: 40,
      args: [atUpgrade, '--line-ms=10000', '--hostile', quick],
    });
    await console.see('Enter runs this script');
    console.press(keys.enter);
    await console.see('hostile end', '1 Monitor', '2 Steps', '3 Output');
    expect(console.lines()[0]).toContain('shop  15.20 → 17.12');
    expect(console.alternate()).toBe(true);
    for (const sequence of ['\x1b]52', 'EVIL TITLE\x07', '\x1bc', '\x1b[6n', '\x00'])
      expect(console.raw.includes(sequence), JSON.stringify(sequence)).toBe(false);
    console.press('g');
    await console.see('OVERWRITTEN');
    expect(console.lines()[0]).toContain('shop  15.20 → 17.12');
  });
});
