import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { wildcard } from './wildcard.ts';

/** One usable line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHostLine {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  readonly patterns: string;
  readonly keyType: string;
  readonly key: Buffer;
}

/** What the known hosts say about a key that a server has just shown. */
export type KeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown'; readonly certificateOnly: boolean }
  | { readonly kind: 'changed'; readonly file: string; readonly line: number; readonly keyType: string }
  | { readonly kind: 'revoked'; readonly file: string; readonly line: number };

/**
 * The host key algorithms that are taken, by the key type that known_hosts names. RSA keys sign with SHA-2: `ssh-rsa`, the
 * signature with SHA-1, is refused, as OpenSSH does since 8.8; servers since OpenSSH 7.2 have the others.
 */
const algorithmsOf = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
} as const;

type HostKeyType = keyof typeof algorithmsOf;
export type HostKeyAlgorithm = (typeof algorithmsOf)[HostKeyType][number];

const hostKeyTypes: readonly HostKeyType[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
];

/** Every host key algorithm that is taken. */
export const takenAlgorithms: readonly HostKeyAlgorithm[] = hostKeyTypes.flatMap(
  (type): readonly HostKeyAlgorithm[] => algorithmsOf[type],
);

/** `host`, or `[host]:port` when the port is not 22; lower case, as known_hosts spells it. */
export const knownHostName = (host: string, port: number): string =>
  port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;

/** `SHA256:…` as `ssh-keygen -lf` prints it. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** The type that a public key blob names in its first field; empty when it is malformed. */
export const keyTypeOf = (key: Buffer): string => {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return key.length < 4 + length ? '' : key.toString('latin1', 4, 4 + length);
};

/** Reads known_hosts text. Lines that are not understood are skipped, as OpenSSH does. */
export const parseKnownHosts = (text: string, file: string): KnownHostLine[] =>
  text.split('\n').flatMap((raw, index): KnownHostLine[] => {
    const fields = raw.trim().split(/\s+/);
    if (fields[0] === undefined || fields[0] === '' || fields[0].startsWith('#')) return [];
    const marker = fields[0].startsWith('@') ? fields.shift() : undefined;
    const [patterns, keyType, base64] = fields;
    if (patterns === undefined || keyType === undefined || base64 === undefined) return [];
    if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') return [];
    const key = Buffer.from(base64, 'base64');
    if (keyTypeOf(key) !== keyType) return [];
    const kind = marker === '@revoked' ? 'revoked' : marker === '@cert-authority' ? 'cert-authority' : 'none';
    return [{ file, line: index + 1, marker: kind, patterns, keyType, key }];
  });

const hashedMatches = (pattern: string, name: string): boolean => {
  const [, version, salt, hash] = pattern.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  const wanted = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return wanted.length === actual.length && timingSafeEqual(wanted, actual);
};

/** Whether a line's host field covers `name` (from {@link knownHostName}). A negated match wins over any other. */
export const patternsMatch = (patterns: string, name: string): boolean => {
  if (patterns.startsWith('|')) return hashedMatches(patterns, name);
  let matched = false;
  for (const item of patterns.toLowerCase().split(',')) {
    const negated = item.startsWith('!');
    if (!wildcard(negated ? item.slice(1) : item).test(name)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
};

const isHostKeyType = (type: string): type is HostKeyType => Object.hasOwn(algorithmsOf, type);

/**
 * Judges a key. When the host is known only by another type that we could have negotiated, the key is *changed*:
 * those types were preferred, so a server that does not offer them no longer has the key we know.
 */
export const judgeKey = (lines: readonly KnownHostLine[], name: string, key: Buffer): KeyVerdict => {
  const matching = lines.filter((line) => patternsMatch(line.patterns, name));
  const revoked = matching.find((line) => line.marker === 'revoked' && line.key.equals(key));
  if (revoked) return { kind: 'revoked', file: revoked.file, line: revoked.line };
  const plain = matching.filter((line) => line.marker === 'none');
  if (plain.some((line) => line.key.equals(key))) return { kind: 'known' };
  const type = keyTypeOf(key);
  const other =
    plain.find((line) => line.keyType === type) ?? plain.find((line) => isHostKeyType(line.keyType));
  if (other) return { kind: 'changed', file: other.file, line: other.line, keyType: other.keyType };
  const certificateOnly = plain.length === 0 && matching.some((line) => line.marker === 'cert-authority');
  return { kind: 'unknown', certificateOnly };
};

/** Whether nothing but a certificate authority tells this host's key. */
export const knownByAuthorityAlone = (lines: readonly KnownHostLine[], name: string): boolean => {
  const matching = lines.filter((line) => patternsMatch(line.patterns, name));
  return (
    matching.some((line) => line.marker === 'cert-authority') &&
    !matching.some((line) => line.marker === 'none')
  );
};

/** Message authentication that is taken: none with SHA-1. Every sshd since OpenSSH 5.9 has one of them. */
export const takenMacs = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
] as const;

/**
 * Keys of a RevokedHostKeys file in its plain form, one public key a line; or the number of the first line that is none: it may be
 * one that was meant. Source: ssh_config(5), RevokedHostKeys; OpenSSH, authfile.c, sshkey_in_file, which then fails too.
 */
export const parseRevokedKeys = (text: string): readonly Buffer[] | number => {
  const keys: Buffer[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [type = '', base64 = ''] = line.trim().split(/\s+/);
    if (type === '' || type.startsWith('#')) continue;
    const key = Buffer.from(base64, 'base64');
    if (keyTypeOf(key) !== type) return index + 1;
    keys.push(key);
  }
  return keys;
};

/** All algorithms we accept, those of the types already known for the host first. */
export const preferredAlgorithms = (lines: readonly KnownHostLine[], name: string): HostKeyAlgorithm[] => {
  const known = new Set(
    lines
      .filter((line) => line.marker === 'none' && patternsMatch(line.patterns, name))
      .map((line) => line.keyType),
  );
  const first = hostKeyTypes.filter((type) => known.has(type));
  const rest = hostKeyTypes.filter((type) => !known.has(type));
  return [...first, ...rest].flatMap((type): readonly HostKeyAlgorithm[] => algorithmsOf[type]);
};
