import { describe, expect, test } from 'vitest';
import type { Given } from '../../source/commands/flags.ts';
import { commands } from '../../source/commands/table.ts';
import { chosen, help } from '../../source/commands/usage.ts';

const nothing: Given = { plain: false, json: false, list: false, prepare: false, keep: false };
const wrong = (name: string, given: Partial<Given> = {}, rest: readonly string[] = []): string | null => {
  const choice = chosen(name, rest, { ...nothing, ...given });
  return 'wrong' in choice ? choice.wrong : null;
};

describe('what is typed at a shell', () => {
  test('every command is in the help, within 120 columns', () => {
    for (const { name } of commands) expect(help()).toContain(`pgaf-upgrade ${name}`);
    expect(
      help()
        .split('\n')
        .filter((line) => line.length > 120),
    ).toEqual([]);
  });

  test('a command that there is not is refused by name', () => {
    expect(wrong('upgrade')).toBe('there is no command “upgrade”');
  });

  test('an option that another command takes is refused, with the name of that one', () => {
    expect(wrong('rollback', { json: true })).toBe('--json goes with check, status');
    expect(wrong('run', { scenario: 'smooth' })).toBe('--scenario goes with demo');
    expect(wrong('status', { yes: 'prod' })).toBe('--yes goes with demo, run, rollback, cleanup');
  });

  test('two cluster files are one too many, and the demo takes none', () => {
    expect(wrong('run', { named: 'a.yaml' }, ['b.yaml'])).toContain('b.yaml is too much');
    expect(wrong('demo', { named: 'prod.yaml' })).toContain('prod.yaml is too much');
  });

  test('each paper has its formats', () => {
    expect(wrong('plan', { format: 'html' })).toContain('markdown, shell, json');
    expect(wrong('report', { format: 'shell' })).toContain('markdown, html');
    expect(wrong('report', { format: 'html', run: 'x', out: 'y' })).toBeNull();
  });
});
