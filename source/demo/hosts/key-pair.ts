import ssh2 from 'ssh2';

export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

const generate = (passphrase?: string): KeyPair =>
  ssh2.utils.generateKeyPairSync(
    'ed25519',
    passphrase === undefined
      ? { comment: 'pgaf-upgrade demo' }
      : { comment: 'pgaf-upgrade demo', passphrase, cipher: 'aes256-ctr', rounds: 4 },
  );

/** Whether both halves can be read. */
const isWhole = (pair: KeyPair, passphrase?: string): boolean =>
  !(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error) &&
  !(ssh2.utils.parseKey(pair.public) instanceof Error);

/**
 * A new ed25519 key pair. ssh2 cuts the leading zero off a public key that begins with one, one in 256, and then
 * neither it nor OpenSSH can read the file: such a pair is thrown away. Source: github.com/mscdex/ssh2/issues/1513.
 */
export const newKeyPair = (
  passphrase?: string,
  make: (passphrase?: string) => KeyPair = generate,
): KeyPair => {
  for (;;) {
    const pair = make(passphrase);
    if (isWhole(pair, passphrase)) return pair;
  }
};
