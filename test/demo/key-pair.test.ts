import ssh2 from 'ssh2';
import { expect, test } from 'vitest';
import { type KeyPair, newKeyPair } from '../../source/demo/hosts/key-pair.ts';

const field = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** What ssh2 makes of a key that begins with a zero: 31 bytes are left of 32. */
const cutShort = (pair: KeyPair): KeyPair => ({
  ...pair,
  public: `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(Buffer.alloc(31, 7))]).toString('base64')}`,
});

test('one demo in a hundred did not open, because the key it had just made could not be read', () => {
  const good = newKeyPair();
  const made = [cutShort(good), { ...good, private: good.private.replace(/\n[^-]+/, '\nAAAA') }, good];
  expect(made.map((pair) => ssh2.utils.parseKey(pair.public) instanceof Error)).toEqual([true, false, false]);
  expect(newKeyPair(undefined, () => made.shift() ?? good)).toBe(good);
  expect(made).toEqual([]);
});
