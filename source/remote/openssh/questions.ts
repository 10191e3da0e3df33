import { constants } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debugEvent } from '../debug-events.ts';
import type { Answer, Question } from '../host.ts';
import { shownText } from '../prompt-queue.ts';

const pollMs = 40;
const passphrase = /^Enter passphrase for (?:key )?'?(.+?)'?: *$/s;
const unknownHost = /^The authenticity of host '(.+?)' can't be established/s;
const fingerprint = /(\S+) key fingerprint is (SHA256:[A-Za-z0-9+/]+)/;

/** What ssh asks, as a question of ours. Source: OpenSSH, sshconnect.c, check_host_key; sshconnect2.c, load_identity_file. */
export const questionOf = (alias: string, host: string, text: string): Question => {
  const identityFile = passphrase.exec(text)?.[1];
  if (identityFile !== undefined) return { kind: 'passphrase', alias, identityFile };
  const name = unknownHost.exec(text)?.[1];
  const [, keyType, print] = fingerprint.exec(text) ?? [];
  if (name !== undefined && keyType !== undefined && print !== undefined)
    return { kind: 'unknown-host-key', alias, host: name.split(' ')[0] ?? name, keyType, fingerprint: print };
  return { kind: 'prompt', alias, host, says: '', prompt: shownText(text), echo: false };
};

/** What is given to ssh: of a host key the very fingerprint that was shown, which ssh compares. */
const wordsOf = (question: Question, answer: Answer): string | null => {
  if (answer.kind === 'secret') return answer.secret;
  return answer.kind === 'yes' && question.kind === 'unknown-host-key' ? question.fingerprint : null;
};

const messageFrom = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** Gives the answer to the program that asks for ssh, as soon as that reads it; never to nobody, as long as `stands` says so. */
const reply = async (directory: string, words: string | null, stands: () => boolean): Promise<void> => {
  while (stands())
    try {
      // Fails where nobody reads yet, instead of waiting for a reader that may be gone.
      const pipe = await open(join(directory, 'answer'), constants.O_WRONLY | constants.O_NONBLOCK);
      await pipe.write(words === null ? '!\n' : `=${words.replaceAll('\n', '')}\n`);
      await pipe.close();
      return;
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENXIO')) {
        debugEvent('ssh.answer-late', { why: messageFrom(thrown) });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
};

/** The questions of one attempt, until it has ended. */
export class AskpassWatch {
  readonly #directory: string;
  readonly #alias: string;
  readonly #host: string;
  readonly #ask: (question: Question, again: boolean) => Promise<Answer>;
  readonly #refused: (question: Question) => void;
  readonly #seen = new Set<string>();
  readonly #texts = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #stopped = false;

  /** `refused`: nobody answers, so the attempt is over. */
  constructor(
    directory: string,
    hop: { readonly alias: string; readonly host: string },
    ask: (question: Question, again: boolean) => Promise<Answer>,
    refused: (question: Question) => void,
  ) {
    this.#directory = directory;
    this.#alias = hop.alias;
    this.#host = hop.host;
    this.#ask = ask;
    this.#refused = refused;
    this.#timer = setInterval(() => void this.#look(), pollMs);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    let names: string[];
    try {
      names = await readdir(this.#directory);
    } catch (thrown) {
      // It goes with the ssh that it is for.
      debugEvent('ssh.directory-gone', { why: messageFrom(thrown) });
      return this.stop();
    }
    for (const name of names)
      if (name.startsWith('asked.') && !this.#seen.has(name)) {
        this.#seen.add(name);
        await this.#answer(join(this.#directory, name));
      }
  }

  async #answer(directory: string): Promise<void> {
    let text: string;
    let kind: string;
    try {
      [text, kind] = await Promise.all([
        readFile(join(directory, 'text'), 'utf8'),
        readFile(join(directory, 'kind'), 'utf8'),
      ]);
    } catch (thrown) {
      debugEvent('ssh.question-gone', { why: messageFrom(thrown) });
      return;
    }
    const question = questionOf(this.#alias, this.#host, text);
    const again = this.#texts.has(text);
    this.#texts.add(text);
    const answer = await this.#ask(question, again);
    // A wish to touch the key: ssh waits for the finger, not for an answer. Source: ssh-askpass(1), SSH_ASKPASS_PROMPT.
    if (kind === 'none') return;
    const words = wordsOf(question, answer);
    await reply(directory, words, () => !this.#stopped);
    // Without its passphrase a key is left out, and ssh goes on with the others.
    if (words === null && question.kind !== 'passphrase') this.#refused(question);
  }
}
