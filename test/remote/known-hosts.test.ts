import { createHmac } from 'node:crypto';
import ssh2 from 'ssh2';
import { expect, test } from 'vitest';
import { type KeyPair, newKeyPair } from '../../source/demo/hosts/key-pair.ts';
import {
  fingerprintOf,
  judgeKey,
  knownHostName,
  parseKnownHosts,
  patternsMatch,
  preferredAlgorithms,
} from '../../source/remote/known-hosts.ts';
import { newEcdsaKey } from './sshd.ts';

const blob = (pair: KeyPair): Buffer => {
  const parsed = ssh2.utils.parseKey(pair.public);
  if (parsed instanceof Error) throw parsed;
  return parsed.getPublicSSH();
};
const words = (pair: KeyPair): string => pair.public.split(' ').slice(0, 2).join(' ');
const [one, two, ecdsa] = [newKeyPair(), newKeyPair(), newEcdsaKey()];
const judge = (text: string, name: string, pair: KeyPair) =>
  judgeKey(parseKnownHosts(text, 'kh'), name, blob(pair));

const hashed = (name: string): string => {
  const salt = Buffer.from('twenty bytes of salt');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

test.each([
  ['plain', 'db1', 'db1'],
  ['a comma list', 'other,db1,10.0.0.1', '10.0.0.1'],
  ['a wildcard', 'db?.example.*', 'db1.example.net'],
  ['another port', '[db1]:2222', '[db1]:2222'],
  ['hashed', hashed('db1'), 'db1'],
  ['hashed with a port', hashed('[db1]:2222'), '[db1]:2222'],
  ['upper case', 'DB1', 'db1'],
])('knows a host that is written %s', (_case, pattern, name) => {
  expect(judge(`# a comment\n\n${pattern} ${words(one)} root@db1\n`, name, one)).toEqual({ kind: 'known' });
});

test.each([
  ['another host', 'db2', 'db1'],
  ['a negation', '*.example.net,!db1.example.net', 'db1.example.net'],
  ['another port', 'db1', '[db1]:2222'],
  ['a prefix', 'db', 'db1'],
  ['a dot that is no wildcard', 'db1.net', 'db1xnet'],
  ['another hash', hashed('db2'), 'db1'],
])('does not know a host by %s', (_case, pattern, name) => {
  expect(judge(`${pattern} ${words(one)}\n`, name, one)).toEqual({ kind: 'unknown', certificateOnly: false });
});

test('a negation wins wherever it stands', () => {
  expect(patternsMatch('!db1,*', 'db1')).toBe(false);
  expect(patternsMatch('*,!db1', 'db2')).toBe(true);
});

test('a changed key names the file and the line', () => {
  expect(judge(`#\ndb1 ${words(one)}\n`, 'db1', two)).toEqual({
    kind: 'changed',
    file: 'kh',
    line: 2,
    keyType: 'ssh-ed25519',
  });
});

test('several keys for one host are all good; a type that is not known there is a change', () => {
  const text = `db1 ${words(one)}\ndb1 ${words(ecdsa)}\n`;
  expect(judge(text, 'db1', ecdsa)).toEqual({ kind: 'known' });
  expect(judge(`db1 ${words(ecdsa)}\n`, 'db1', one)).toMatchObject({ kind: 'changed', line: 1 });
});

test('revoked wins over known', () => {
  const text = `db1 ${words(one)}\n@revoked * ${words(one)}\n`;
  expect(judge(text, 'db1', one)).toEqual({ kind: 'revoked', file: 'kh', line: 2 });
  expect(judge(`@revoked * ${words(two)}\ndb1 ${words(one)}\n`, 'db1', one)).toEqual({ kind: 'known' });
});

test('a certificate authority alone is not enough, and is told apart', () => {
  const authority = `@cert-authority *.net ${words(two)}\n`;
  expect(judge(authority, 'db1.net', one)).toEqual({ kind: 'unknown', certificateOnly: true });
  expect(judge(`${authority}db1.net ${words(one)}\n`, 'db1.net', one)).toEqual({ kind: 'known' });
});

test('skips lines that are malformed', () => {
  const text = `db1\ndb1 ssh-ed25519 AAAA\n@strange db1 ${words(one)}\ndb1 ssh-rsa ${words(one).split(' ')[1]}\n`;
  expect(parseKnownHosts(text, 'kh')).toEqual([]);
});

test('prefers the algorithms of the keys it knows', () => {
  const lines = parseKnownHosts(`db1 ${words(ecdsa)}\ndb1 ssh-rsa ${rsa}\n`, 'kh');
  expect(preferredAlgorithms(lines, 'db1').slice(0, 4)).toEqual([
    'ecdsa-sha2-nistp256',
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-ed25519',
  ]);
  expect(preferredAlgorithms(lines, 'db2')[0]).toBe('ssh-ed25519');
});

test('writes names and fingerprints as OpenSSH does', () => {
  expect(knownHostName('DB1', 22)).toBe('db1');
  expect(knownHostName('db1', 2222)).toBe('[db1]:2222');
  expect(knownHostName('FD00::11', 22)).toBe('fd00::11');
  expect(knownHostName('fd00::11', 2222)).toBe('[fd00::11]:2222');
  const github = Buffer.from(
    'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl',
    'base64',
  );
  expect(fingerprintOf(github)).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
});

const rsa = Buffer.concat([
  Buffer.from([0, 0, 0, 7]),
  Buffer.from('ssh-rsa'),
  Buffer.from([0, 0, 0, 0]),
]).toString('base64');
