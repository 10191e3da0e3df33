import { describe, expect, test } from 'vitest';
import { flags, type Given } from '../../source/commands/flags.ts';
import { subcommands } from '../../source/commands/table.ts';
import { askedFor, chosen, help, helpOf, wrongOption } from '../../source/commands/usage.ts';

const nothing: Given = {
  plain: false,
  json: false,
  brief: false,
  list: false,
  prepare: false,
  remove: false,
  keep: false,
  yesLoseWrites: false,
  yesRemoveLastCopy: false,
  yesRemoveAbandoned: false,
};
const wrong = (name: string, given: Partial<Given> = {}, rest: readonly string[] = []): string | null => {
  const choice = chosen(name, rest, { ...nothing, ...given });
  return 'wrong' in choice ? choice.wrong : null;
};

describe('what is typed at a shell', () => {
  test('every command is in the help, within 120 columns', () => {
    for (const { name } of subcommands) expect(help()).toContain(`pgaf-upgrade ${name}`);
    expect(
      help()
        .split('\n')
        .filter((line) => line.length > 120),
    ).toEqual([]);
  });

  test('a command that there is not is refused by name', () => {
    expect(wrong('upgrade')).toContain('there is no command “upgrade”: demo, init, check');
  });

  test('an option that another command takes is refused, with the name of that one', () => {
    expect(wrong('rollback', { json: true })).toBe('--json goes with check, status');
    expect(wrong('run', { scenario: 'smooth' })).toBe('--scenario goes with demo');
    expect(wrong('status', { yes: 'prod' })).toBe(
      '--yes goes with demo, rehearse, run, rollback, prepare, call-off, cleanup',
    );
  });

  test('two cluster files are one too many, and the demo takes none', () => {
    expect(wrong('run', { named: 'a.yaml' }, ['b.yaml'])).toContain('b.yaml is one argument too many');
    expect(wrong('demo', { named: 'prod.yaml' })).toContain('prod.yaml is one argument too many');
  });

  test('check and status take several cluster files', () => {
    for (const name of ['check', 'status'])
      expect(wrong(name, { named: 'a.yaml' }, ['b.yaml', 'c.yaml'])).toBeNull();
  });

  test('only papers come in brief', () => {
    expect(wrong('plan', { brief: true })).toBeNull();
    expect(wrong('report', { brief: true, format: 'html' })).toBeNull();
    expect(wrong('check', { brief: true })).toBe('--brief goes with plan, report');
  });

  test('each paper has its formats', () => {
    expect(wrong('plan', { format: 'html' })).toContain('markdown, shell, json');
    expect(wrong('report', { format: 'shell' })).toContain('markdown, html');
    expect(wrong('report', { format: 'html', run: 'x', out: 'y' })).toBeNull();
  });
});

describe('help runs nothing', () => {
  test.each(subcommands.map(({ name }) => name))('%s --help, -h and help %s show its own help', (name) => {
    for (const argv of [
      [name, '--help'],
      [name, 'cluster.yaml', '-h'],
      ['help', name],
      ['--help', name],
    ]) {
      const asked = askedFor(argv);
      expect(asked, argv.join(' ')).toMatchObject({ help: { name } });
    }
    const command = subcommands.find((one) => one.name === name);
    if (command === undefined) throw new Error(name);
    const text = helpOf(command);
    expect(text).toContain(`pgaf-upgrade ${name}`);
    for (const flag of command.flags) expect(text).toContain(flags[flag].shown);
    expect(text.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  test.each([['--help'], ['-h'], ['help'], ['help', 'help']])('%s %s: all of it', (...argv) => {
    expect(askedFor(argv)).toEqual({ help: null });
  });

  test.each([['--version'], ['-V'], ['version'], ['run', '--version']])('%s: the version', (...argv) => {
    expect(askedFor(argv)).toBe('version');
  });

  test('nothing of it is asked for: a command runs', () => {
    expect(askedFor(['run', 'cluster.yaml', '--plain'])).toBeNull();
    expect(askedFor(['run', '--', '--help'])).toBeNull();
  });
});

describe('what was mistyped', () => {
  test.each([
    ['chek', 'check'],
    ['statsu', 'status'],
    ['roll-back', 'rollback'],
    ['cleanpu', 'cleanup'],
  ])('the command %s: did you mean %s?', (typed, meant) => {
    expect(wrong(typed)).toBe(`there is no command “${typed}”; did you mean ${meant}?`);
    expect(askedFor(['help', typed])).toEqual({ wrong: wrong(typed) });
  });

  test.each([
    [['run', '--plian'], 'there is no option --plian; did you mean --plain?'],
    [['run', '--hlep'], 'there is no option --hlep; did you mean --help?'],
    [['run', '--yes-lose-write'], 'there is no option --yes-lose-write; did you mean --yes-lose-writes?'],
    [['run', '-x'], 'there is no option -x'],
    [['run', '--yes'], '--yes needs a value: --yes NAME'],
    [['run', '--yes', '--plain'], '--yes needs a value: --yes NAME'],
    [['run', '--plain=no'], '--plain takes no value'],
  ])('%j', (argv, says) => {
    expect(wrongOption(argv)).toBe(says);
  });

  test('what is right stands', () => {
    expect(wrongOption(['run', 'x.yaml', '--plain', '--yes', 'prod', '--yes-lose-writes'])).toBeNull();
    expect(wrongOption(['plan', '--out=dir', '--format=json', '--', '--odd.yaml'])).toBeNull();
  });

  test('a word that gives something up goes beside --yes, and with the command that may', () => {
    expect(wrong('rollback', { yesLoseWrites: true })).toBe('--yes-lose-writes goes beside --yes NAME');
    expect(wrong('rollback', { yes: 'prod', yesLoseWrites: true })).toBeNull();
    expect(wrong('rollback', { yes: 'prod', yesRemoveLastCopy: true })).toBe(
      '--yes-remove-last-copy goes with cleanup',
    );
  });
});
