import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { shellQuoted, sqlIdentifier, sqlLiteral } from '../../source/cluster/quote.ts';

describe('sh', () => {
  it('leaves plain words alone', () => {
    expect(shellQuoted('/opt/vmware/postgres/17/bin/pg_upgrade')).toBe(
      '/opt/vmware/postgres/17/bin/pg_upgrade',
    );
    expect(shellQuoted('a=b:c@d%e+f-g')).toBe('a=b:c@d%e+f-g');
  });

  it('quotes the empty word, so that it does not vanish', () => {
    expect(shellQuoted('')).toBe("''");
  });

  it('closes and opens the quotes around a quote', () => {
    expect(shellQuoted("it's")).toBe(`'it'\\''s'`);
  });

  it('refuses NUL', () => {
    expect(() => shellQuoted('a\0b')).toThrow(TypeError);
  });

  it.each([
    '',
    '~',
    '*',
    '$HOME',
    '`id`',
    '$(id)',
    "'",
    "''",
    '\\',
    'a\nb',
    '\n',
    ' a ',
    '!x',
    '#',
    '-n',
    'ü €',
    '\t;&|<>()',
  ])('reaches a program unchanged through a real shell: %j', (word) => {
    const output = execFileSync('sh', ['-c', `printf '%s|' ${shellQuoted(word)} end`], { encoding: 'utf8' });
    expect(output).toBe(`${word}|end|`);
  });
});

describe('SQL', () => {
  it('doubles quotes in literals', () => {
    expect(sqlLiteral("o'clock")).toBe("'o''clock'");
  });

  it('makes a backslash mean itself whatever standard_conforming_strings says', () => {
    expect(sqlLiteral("a\\'b")).toBe(` E'a\\\\''b'`);
  });

  it('always quotes identifiers', () => {
    expect(sqlIdentifier('user')).toBe('"user"');
    expect(sqlIdentifier('a"b')).toBe('"a""b"');
  });

  it('refuses NUL', () => {
    expect(() => sqlLiteral('\0')).toThrow(TypeError);
    expect(() => sqlIdentifier('\0')).toThrow(TypeError);
  });
});
