import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { completionFor } from '../../source/commands/completion.ts';
import { subcommands } from '../../source/commands/table.ts';

/** What bash offers behind these words, the last of which is being typed. */
const offered = (...words: readonly string[]): readonly string[] => {
  const script = `${completionFor('bash', subcommands)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length - 1}
_pgaf_upgrade
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const ran = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', timeout: 20_000 });
  expect([ran.status, ran.stderr]).toEqual([0, '']);
  return ran.stdout.split('\n').filter(Boolean);
};

describe('bash', () => {
  test('offers the commands, and behind one its options', () => {
    expect(offered('pgaf-upgrade', '')).toEqual([...subcommands.map(({ name }) => name), 'help', 'version']);
    expect(offered('pgaf-upgrade', 'ro')).toEqual(['rollback']);
    expect(offered('pgaf-upgrade', 'check', '--p')).toEqual(['--prepare']);
    expect(offered('pgaf-upgrade', 'check', 'prod.yaml', '--j')).toEqual(['--json']);
    expect(offered('pgaf-upgrade', 'help', 'st')).toEqual(['status']);
  });

  test('leaves files to the shell', () => {
    expect(offered('pgaf-upgrade', 'check', 'pro')).toEqual([]);
  });
});

test.each(['bash', 'zsh', 'fish'])('%s knows every command and every option', (shell) => {
  const text = completionFor(shell, subcommands) ?? '';
  for (const { name } of subcommands) expect(text).toContain(name);
  for (const option of ['yes-lose-writes', 'scenario', 'format', 'debug']) expect(text).toContain(option);
});

test('for another shell there is none', () => {
  expect(completionFor('tcsh', subcommands)).toBeNull();
  expect(completionFor('constructor', subcommands)).toBeNull();
});
