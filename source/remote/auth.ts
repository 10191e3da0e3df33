import { access, readFile } from 'node:fs/promises';
import ssh2, { type AnyAuthMethod, type IdentityCallback, type ParsedKey, type PublicKeyEntry } from 'ssh2';
import { messageOf } from '../cluster/result.ts';
import { certificateWords } from './problems.ts';
import type { Hop } from './route.ts';

/** Private keys whose passphrase was asked once; `declined` is not asked again. */
export type Keyring = Map<string, ParsedKey | 'declined'>;

/** One thing to try when the server asks who we are. */
export type Credential =
  | { readonly kind: 'offer'; readonly label: string; readonly method: AnyAuthMethod }
  /** The key is encrypted: its passphrase has to be asked, once everything else was refused. */
  | { readonly kind: 'locked'; readonly label: string; readonly file: string };

export interface Credentials {
  readonly list: readonly Credential[];
  /** What was left out and why: named key files that are absent or unreadable, a declined passphrase. */
  readonly skipped: readonly string[];
}

/** Reads a private key. `locked` when it is encrypted and the passphrase is absent; an Error when it is not a key. */
export const parsePrivateKey = (data: Buffer, passphrase?: string): ParsedKey | 'locked' | Error => {
  const parsed = ssh2.utils.parseKey(data, passphrase);
  if (parsed instanceof Error)
    return passphrase === undefined && /encrypted/i.test(parsed.message) ? 'locked' : parsed;
  return parsed.isPrivateKey() ? parsed : new Error('it holds a public key, not a private one');
};

const publicKeysOf = async (files: readonly string[], skipped: string[]): Promise<ParsedKey[]> => {
  const keys: ParsedKey[] = [];
  for (const file of files)
    try {
      const parsed = ssh2.utils.parseKey(await readFile(`${file}.pub`));
      if (!(parsed instanceof Error)) keys.push(parsed);
    } catch (thrown) {
      skipped.push(`${file}.pub (${messageOf(thrown)})`);
    }
  return keys;
};

type PublicKey = Parameters<ParsedKey['equals']>[0] | PublicKeyEntry | { readonly pubKey: PublicKey };

/** An agent that shows only some of its keys, so that a full agent does not use up the server's MaxAuthTries. */
class NarrowAgent extends ssh2.OpenSSHAgent {
  readonly #wanted: readonly ParsedKey[];

  constructor(socket: string, wanted: readonly ParsedKey[]) {
    super(socket);
    this.#wanted = wanted;
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    super.getIdentities((error, keys) =>
      done(
        error,
        keys?.filter((key) => this.#isWanted(key)),
      ),
    );
  }

  #isWanted(key: PublicKey): boolean {
    if (typeof key === 'object' && 'pubKey' in key) return this.#isWanted(key.pubKey);
    return this.#wanted.some((one) => one.equals(key));
  }
}

const isThere = async (file: string): Promise<boolean> => {
  try {
    await access(file);
    return true;
  } catch {
    // Absent or out of reach: there is nothing to say of it.
    return false;
  }
};

const agentFor = async (hop: Hop, socket: string, skipped: string[]): Promise<Credential> => {
  const agent = hop.identitiesOnly
    ? new NarrowAgent(socket, await publicKeysOf(hop.identityFiles, skipped))
    : socket;
  return { kind: 'offer', label: `agent ${socket}`, method: { type: 'agent', username: hop.user, agent } };
};

/**
 * What to offer to a server, in order. Named key files that need no passphrase come before the agent, because an
 * agent with many keys may use up the server's MaxAuthTries; encrypted files come last, because they mean a question.
 */
export const credentialsFor = async (hop: Hop, keyring: Keyring): Promise<Credentials> => {
  const skipped: string[] = [];
  const ready: Credential[] = [];
  const locked: Credential[] = [];
  for (const file of hop.identityFiles) {
    const held = keyring.get(file);
    if (held === 'declined') {
      skipped.push(`${file} (no passphrase given)`);
      continue;
    }
    let key: ParsedKey | 'locked' | Error;
    try {
      key = held ?? parsePrivateKey(await readFile(file));
    } catch (thrown) {
      if (hop.identitiesNamed) skipped.push(`${file} (${messageOf(thrown)})`);
      continue;
    }
    if (key === 'locked') locked.push({ kind: 'locked', label: file, file });
    else if (key instanceof Error) skipped.push(`${file} (${key.message})`);
    else ready.push({ kind: 'offer', label: file, method: { type: 'publickey', username: hop.user, key } });
  }
  for (const file of [...hop.identityFiles.map((one) => `${one}-cert.pub`), ...(hop.certificateFiles ?? [])])
    if (await isThere(file)) skipped.push(`${file} (${certificateWords})`);
  const agent = hop.agentSocket === null ? [] : [await agentFor(hop, hop.agentSocket, skipped)];
  const list = hop.identitiesNamed ? [...ready, ...agent, ...locked] : [...agent, ...ready, ...locked];
  return { list, skipped };
};
