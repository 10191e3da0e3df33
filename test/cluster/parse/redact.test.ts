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
    ['a shell word of several parts', `PGPASSWORD=x's3cr3t 1'"s3cr3t" psql`, 'PGPASSWORD=**** psql'],
    ['a shell word with an escaped blank', 'PGPASSWORD=x\\ s3cr3t psql', 'PGPASSWORD=**** psql'],
    ['a shell’s $ quotes', "PGPASSWORD=$'s3cr3t' psql", 'PGPASSWORD=**** psql'],
    ['a quoted part, and more', 'PGPASSWORD="x"s3cr3t psql', 'PGPASSWORD="****" psql'],
    ['a list of them', 'radiussecrets="s3cr3t","s3cr3t" x', 'radiussecrets="****" x'],
    [
      'a list of them in a quoted value',
      'radiussecrets="""s3cr3t 1"",""s3cr3t""" x',
      'radiussecrets="****" x',
    ],
    [
      'a command in JSON',
      '{"ssl_passphrase_command":"echo s3cr3t","port":5432}',
      '{"ssl_passphrase_command":"****","port":5432}',
    ],
    ['a command that is not quoted', 'ssl_passphrase_command = echo s3cr3t', 'ssl_passphrase_command = ****'],
    ['pgBackRest’s key for S3', 'repo1-s3-key=s3cr3t', 'repo1-s3-key=****'],
    ['WAL-G’s key', 'WALG_LIBSODIUM_KEY=s3cr3t wal-g', 'WALG_LIBSODIUM_KEY=**** wal-g'],
    ['Azure’s key', 'AZURE_STORAGE_KEY=s3cr3t', 'AZURE_STORAGE_KEY=****'],
    ['a signed address', 'https://x.net/b?sv=1&sig=s3cr3t&se=2', 'https://x.net/b?sv=1&sig=****&se=2'],
    [
      'a password file’s line that a cron job writes',
      'echo "monitor:5432:*:autoctl_node:s3cr3t" > ~/.pgpass',
      'echo "monitor:5432:*:autoctl_node:****" > ~/.pgpass',
    ],
    ['an indented one', '  monitor:*:*:app:s3cr3t', '  monitor:*:*:app:****'],
    ['one with an IPv6 address', '\\:\\:1:5432:*:app:s3cr3t', '\\:\\:1:5432:*:app:****'],
    ['curl -u', 'curl -fsS -u dba:s3cr3t https://x', 'curl -fsS -u dba:**** https://x'],
    ['curl --user', "curl --user 'dba:s3cr3t' https://x", "curl --user 'dba:****' https://x"],
    ['sshpass', 'sshpass -p s3cr3t ssh x', 'sshpass -p **** ssh x'],
    ['sshpass, quoted', "sshpass -p's3cr3t 1' ssh x", 'sshpass -p**** ssh x'],
    ['openssl -k', 'openssl enc -aes256 -k s3cr3t -d', 'openssl enc -aes256 -k **** -d'],
    ['openssl -pass', 'openssl enc -pass pass:s3cr3t -d', 'openssl enc -pass pass:**** -d'],
    ['SQL with U&', "ALTER ROLE a PASSWORD U&'s3cr3t'", "ALTER ROLE a PASSWORD '****'"],
    ['SQL on the next line', "ALTER ROLE a PASSWORD\n  's3cr3t'", "ALTER ROLE a PASSWORD\n  '****'"],
    ['a URI with # and ? in its password', 'postgres://u:s3#cr?s3cr3t@h/db', 'postgres://u:****@h/db'],
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
  'https://monitor:8080/hook?mail=dba@example.com',
  'node_1 at 2001:41:d0:1:2:3:4:5, next hop fe80:12:34:56:78',
  '00:16:3e:11:22:33 is up',
  'date -u +%H:%M:%SZ >ended',
  'from 10:11:12-10:11:20, and <td>03:33:13</td><td>03:33:14</td>',
  '10.0.0.1:5432:app:app:ERROR: relation "x" does not exist',
  'rsync -u dba@node_2:/backup /backup',
  'the password of dba has expired',
  'repo1-s3-key-type=shared',
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
  ' a:5:b:c:d',
  '\\:',
  'sshpass -p',
  'openssl -k',
  'curl -u a:',
  'PGPASSWORD=\\ ',
  "secrets='a',",
  "pass='a'b",
  'x://a:1/',
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
