import { readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import { cleanText } from '../cluster/parse/terminal-text.ts';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import { type Keyring, parsePrivateKey } from './auth.ts';
import type { Answer, Ask, Question } from './host.ts';
import { fingerprintOf, judgeKey, keyTypeOf } from './known-hosts.ts';
import { KnownHostsStore } from './known-hosts-store.ts';
import type { Hop } from './route.ts';

const passphraseTries = 3;

/**
 * Where the questions of all connections meet: one at a time, and none twice. Several hosts that are reached through
 * one unknown bastion, or with one encrypted key, cost the operator one answer; a reconnect in the night costs none.
 */
export class PromptQueue {
  readonly keyring: Keyring = new Map();
  readonly knownHosts = new KnownHostsStore();
  readonly #ask: Ask;
  readonly #sshAnswers = new Map<string, Answer>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Asks whether an unknown host key is the right one; yes is written to the first known hosts file. */
  hostKey(hop: Hop, name: string, key: Buffer): Promise<Result<void>> {
    return this.#inTurn(async () => {
      const lines = await this.knownHosts.read(hop.knownHostsFiles);
      if (!lines.ok) return lines;
      if (judgeKey(lines.value, name, key).kind !== 'unknown') return ok(undefined);
      const fingerprint = fingerprintOf(key);
      const { alias, host } = hop;
      const answer = await this.#ask({
        kind: 'unknown-host-key',
        alias,
        host,
        keyType: keyTypeOf(key),
        fingerprint,
      });
      if (answer.kind === 'yes') return this.knownHosts.accept(hop.knownHostsFiles, name, key);
      const what = `The host key of ${name} (${fingerprint}) was not accepted.`;
      return fail(problem(what, `Compare it with \`ssh-keygen -lf\` on ${host}, then connect again.`));
    });
  }

  /** Asks for the passphrase of a key file, three times at most. A refusal is remembered, not an error. */
  passphrase(hop: Hop, file: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.keyring.has(file)) return;
      for (let attempt = 0; attempt < passphraseTries; attempt += 1) {
        const answer = await this.#ask({ kind: 'passphrase', alias: hop.alias, identityFile: file });
        if (answer.kind !== 'secret') break;
        const key = await unlock(file, answer.secret);
        if (key === null) continue;
        this.keyring.set(file, key);
        return;
      }
      this.keyring.set(file, 'declined');
    });
  }

  /**
   * Asks what this machine's ssh asks. A key that was accepted, and the passphrase of a key file, are not asked for again in this process;
   * `again`: the answer that was given before was not the right one. `stands` as in {@link answers}.
   */
  ofSsh(question: Question, again: boolean, stands: () => boolean): Promise<Answer> {
    return this.#inTurn(async () => {
      if (!stands()) return { kind: 'no' };
      const name =
        question.kind === 'passphrase'
          ? question.identityFile
          : question.kind === 'unknown-host-key'
            ? `${question.host} ${question.fingerprint}`
            : '';
      const kept = again || name === '' ? undefined : this.#sshAnswers.get(name);
      if (kept !== undefined) return kept;
      const answer = await this.#ask(question);
      if (question.kind === 'passphrase' || answer.kind === 'yes') this.#sshAnswers.set(name, answer);
      return answer;
    });
  }

  /**
   * Asks what a server asks at login, one question after the other. Null: nobody answers, or `stands` says that the attempt is over.
   * No answer is kept: a second factor is good for once.
   */
  answers(
    hop: Hop,
    says: string,
    prompts: readonly { readonly prompt: string; readonly echo: boolean }[],
    stands: () => boolean,
  ): Promise<string[] | null> {
    return this.#inTurn(async () => {
      const given: string[] = [];
      for (const { prompt, echo } of prompts) {
        if (!stands()) return null;
        const answer = await this.#ask({
          kind: 'prompt',
          alias: hop.alias,
          host: hop.host,
          says: shownText(says),
          prompt: shownText(prompt),
          echo,
        });
        if (answer.kind !== 'secret') return null;
        given.push(answer.secret);
      }
      return given;
    });
  }
}

/** What a server says before anybody has logged in: one line, without what would move a cursor, and no more than can be read. */
export const shownText = (text: string): string => cleanText(text).replace(/\s+/g, ' ').trim().slice(0, 400);

const unlock = async (file: string, passphrase: string): Promise<ParsedKey | null> => {
  const key = parsePrivateKey(await readFile(file), passphrase);
  return key === 'locked' || key instanceof Error ? null : key;
};

const desks = new WeakMap<Ask, PromptQueue>();

/** The desk of whoever answers: connections with the same `ask` share one. */
export const promptQueueOf = (ask: Ask): PromptQueue => {
  const known = desks.get(ask);
  if (known) return known;
  const desk = new PromptQueue(ask);
  desks.set(ask, desk);
  return desk;
};

/** An `ask` that threw (a closed screen) as a Problem. */
export const questionFailed = (thrown: unknown, host: string) =>
  problem(`The question about ${host} could not be answered.`, 'Connect again.', messageOf(thrown));
