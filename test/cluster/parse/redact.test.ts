import { describe, expect, it, test } from 'vitest';
import { redactAll, redactText } from '../../../source/cluster/parse/redact.ts';

describe('secrets that a host may send', () => {
  it.each([
    [
      'a URI',
      'postgres://autoctl_node:s3cr3t@monitor:5432/db',
      'postgres://autoctl_node:****@monitor:5432/db',
    ],
    ['a URI in mid-text', 'cannot reach x://u:s3cr3t@h, tried y', 'cannot reach x://u:****@h, tried y'],
    ['a conninfo string', 'host=x user=y password=s3cr3t', 'host=x user=y password=****'],
    [
      'doubled quotes, as in postgresql.auto.conf',
      "primary_conninfo = 'user=x password=''s3cr3t it is'' host=y'",
      "primary_conninfo = 'user=x password=**** host=y'",
    ],
    ['JSON', '{"password": "s3cr3t", "x": 1}', '{"password": "****", "x": 1}'],
    ['JSON within JSON', '{\\"password\\": \\"s3cr3t\\"}', '{\\"password\\": ****}'],
    ['YAML', 'password: s3cr3t', 'password: ****'],
    ['the environment', 'PGPASSWORD=s3cr3t pg_dump x', 'PGPASSWORD=**** pg_dump x'],
    ['an option', 'pgbackrest --repo1-cipher-pass s3cr3t info', 'pgbackrest --repo1-cipher-pass **** info'],
    ['an option with =', 'pgbackrest --repo1-cipher-pass=s3cr3t', 'pgbackrest --repo1-cipher-pass=****'],
    ['AWS', 'AWS_SECRET_ACCESS_KEY=s3cr3t aws', 'AWS_SECRET_ACCESS_KEY=**** aws'],
    ['LDAP', 'ldapserver=x ldapbindpasswd=s3cr3t', 'ldapserver=x ldapbindpasswd=****'],
    ['RADIUS', 'radiussecrets="s3cr3t"', 'radiussecrets="****"'],
    ['a password file', 'monitor:5432:*:autoctl_node:s3cr3t', 'monitor:5432:*:autoctl_node:****'],
    ['SQL', "ALTER ROLE a PASSWORD 's3''cr3t' LOGIN", "ALTER ROLE a PASSWORD '****' LOGIN"],
    ['SQL with escapes', "ALTER ROLE a PASSWORD E's3\\'cr3t'", "ALTER ROLE a PASSWORD '****'"],
    ['SQL with dollars', 'ALTER ROLE a PASSWORD $$s3cr3t$$', "ALTER ROLE a PASSWORD '****'"],
    ['SQL with a tag', 'ALTER ROLE a PASSWORD $x$s3cr3t$x$', "ALTER ROLE a PASSWORD '****'"],
    ['a verifier', 'SCRAM-SHA-256$4096:c2FsdA==$s3cr3t:s3cr3t', 'SCRAM-SHA-256$****'],
    ['an old verifier', 'app | md5aabbccddeeff00112233445566778899', 'app | md5****'],
    ['a header', 'Authorization: Bearer s3cr3t', 'Authorization: Bearer ****'],
    ['a query string', 'postgresql://h/db?user=u&password=s3cr3t', 'postgresql://h/db?user=u&password=****'],
    ['a command that prints one', "ssl_passphrase_command = 'echo s3cr3t'", 'ssl_passphrase_command = ****'],
    ['a quote that is never closed', "password='s3cr3t and more\nnext line", 'password=****\nnext line'],
    ['several in a line', 'password=s3cr3t token=s3cr3t x', 'password=**** token=**** x'],
  ])('%s', (_case, text, shown) => {
    expect(redactText(text)).toBe(shown);
    expect(redactText(text)).not.toContain('s3cr3t');
  });
});

test.each([
  'dba ALL=(postgres,root) NOPASSWD: /usr/bin/sh',
  'FATAL: password authentication failed for user "app"',
  'password_encryption = scram-sha-256',
  '14 checks passed: all of them',
  'The key of node_1 (10.0.0.1) is not known yet.',
  'passfile=/home/dba/.pgpass',
  'sudo: a password is required',
  'psql --no-password -d x',
  'Passphrase of ~/.ssh/id_ed25519 (for node_1): ',
  '10:11:12 node_1 primary, postgres://monitor:5432/db',
])('leaves alone: %s', (text) => {
  expect(redactText(text)).toBe(text);
});

test('reaches into what becomes JSON', () => {
  expect(redactAll({ a: ['password=x', 1, null], b: { c: 'x://u:p@h' } })).toEqual({
    a: ['password=****', 1, null],
    b: { c: 'x://u:****@h' },
  });
});

const megabyte = 1_000_000;
/** What made the patterns of before begin anew at each character: 100 kB of it took seconds. */
const hostile: readonly (readonly [string, string])[] = [
  'a.',
  'x://y:',
  'x://',
  "password '",
  'password=',
  "password=''",
  'password="\n',
  "secret='",
  'pass',
  'pass-',
  '--pass ',
  '\\a',
  'a:5:',
  'password $a',
  'password\\',
].map((unit) => [
  JSON.stringify(unit),
  `password='\\${unit.repeat(Math.ceil(megabyte / unit.length))} password`,
]);

test.each(hostile)('a megabyte of %s is read in proportion to its length', (_unit, text) => {
  const times = [0, 1, 2].map(() => {
    const began = process.cpuUsage();
    redactText(text);
    return process.cpuUsage(began).user / 1000;
  });
  // 5 to 90 ms on two cores; the margin is for a machine with other work.
  expect(Math.min(...times)).toBeLessThan(300);
});
