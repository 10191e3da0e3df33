import type { Readable } from 'node:stream';
import ssh2, { type AuthenticationType, type Client, type Prompt } from 'ssh2';
import type { Credentials } from './auth.ts';
import { debugEvent } from './debug-events.ts';
import { dialFastSocket, type FastSocket, readyKey } from './fast-socket.ts';
import {
  fingerprintOf,
  judgeKey,
  type KnownHostLine,
  knownHostName,
  preferredAlgorithms,
  takenMacs,
} from './known-hosts.ts';
import {
  authProblem,
  certificateProblem,
  connectProblem,
  type Failure,
  keyProblem,
  questionsLabel,
  strictProblem,
  timeoutProblem,
  unansweredProblem,
} from './problems.ts';
import type { Hop } from './route.ts';

/** What came of one connection attempt. A question ends the attempt: sshd would not wait for the operator to read. */
export type HopOutcome =
  | { readonly kind: 'ready'; readonly client: Client }
  | { readonly kind: 'unknown-key'; readonly name: string; readonly key: Buffer }
  | { readonly kind: 'locked-key'; readonly file: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

const keepaliveMs = 5_000;
const keepaliveMisses = 3;
/** Signing may wait for a finger on a hardware key. */
const authenticationMs = 60_000;
/** How often the questions may be asked again after a wrong answer; OpenSSH's NumberOfPasswordPrompts. */
const questionRounds = 3;

/** Who answers what the server asks; null: nobody. `stands` tells whether the attempt still waits for the answer. */
export type Interact = (
  says: string,
  prompts: readonly { readonly prompt: string; readonly echo: boolean }[],
  stands: () => boolean,
) => Promise<string[] | null>;

/** The name under which a hop's key is kept in known_hosts. */
export const keyNameOf = (hop: Hop): string =>
  hop.hostKeyAlias === undefined ? knownHostName(hop.host, hop.port) : hop.hostKeyAlias.toLowerCase();

/** Ours, less what HostKeyAlgorithms leaves out; the ones of known keys first. */
const wantedAlgorithms = (hop: Hop, known: readonly KnownHostLine[], name: string) => {
  const { hostKeyAlgorithms } = hop;
  const ours = preferredAlgorithms(known, name);
  return hostKeyAlgorithms === undefined ? ours : ours.filter((one) => hostKeyAlgorithms.includes(one));
};

/**
 * One attempt to reach one host, directly or over `sock` (a channel through the hop before). Its key is always
 * verified; nothing is asked here. Bounded by the hop's timeout up to the key exchange, then by a minute.
 */
export const openHop = (
  hop: Hop,
  sock: Readable | null,
  known: readonly KnownHostLine[],
  credentials: Credentials,
  revoked: readonly Buffer[] = [],
  interact: Interact = async () => null,
): Promise<HopOutcome> => {
  const client: Client = new ssh2.Client();
  const name = keyNameOf(hop);
  const queue = [...credentials.list];
  const tried: string[] = [];
  let accepts: readonly string[] = [];
  let lastError: Error | undefined;
  return new Promise((resolve) => {
    let settled = false;
    let timer = setTimeout(() => refuse(timeoutProblem(hop), false), hop.timeoutMs);
    const settle = (outcome: HopOutcome): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      const why = outcome.kind === 'failed' ? outcome.failure.problem.what : null;
      debugEvent('ssh.attempt-ended', { alias: hop.alias, outcome: outcome.kind, why });
      if (outcome.kind !== 'ready') client.destroy();
      resolve(outcome);
    };
    const refuse = (problem: Failure['problem'], final: boolean): void =>
      settle({ kind: 'failed', failure: { problem, final } });
    const refuseError = (error: Error & { level?: string }): void => {
      const message = error.message;
      if (error.level === 'client-authentication' || /authentication failures/i.test(message))
        settle({
          kind: 'failed',
          failure: {
            problem: authProblem(hop, tried, credentials.skipped, accepts, message),
            final: false,
            patient: true,
          },
        });
      else refuse(connectProblem(hop, error), false);
    };

    let swift: FastSocket | null = null;
    client.on('handshake', () => {
      // Again after each exchange of new keys.
      const copies = readyKey(client);
      swift?.reuse(copies);
      if (settled) return;
      clearTimeout(timer);
      timer = setTimeout(
        () => refuse(timeoutProblem(hop, 'waiting for authentication'), false),
        authenticationMs,
      );
    });
    client.on('ready', () => settle({ kind: 'ready', client }));
    client.on('error', (error) => {
      lastError = error;
      // An agent that cannot be asked is one method less; ssh2 goes on with the next by itself.
      if (error.level === 'agent') tried.push(`(agent: ${error.message})`);
      else refuseError(error);
    });
    client.on('close', () => refuseError(lastError ?? new Error('the server closed the connection')));

    const verify = (key: Buffer): boolean => {
      const file = hop.revokedKeysFile;
      if (file !== undefined && revoked.some((one) => one.equals(key))) {
        const verdict = { kind: 'revoked', file, line: 0 } as const;
        refuse(keyProblem(hop, name, fingerprintOf(key), verdict), true);
        return false;
      }
      const verdict = judgeKey(known, name, key);
      debugEvent('ssh.host-key', {
        alias: hop.alias,
        fingerprint: fingerprintOf(key),
        verdict: verdict.kind,
      });
      if (verdict.kind === 'known') return true;
      if (verdict.kind !== 'unknown') refuse(keyProblem(hop, name, fingerprintOf(key), verdict), true);
      else if (verdict.certificateOnly) refuse(certificateProblem(hop, name), true);
      else if (hop.strict) refuse(strictProblem(hop, name, fingerprintOf(key)), true);
      else settle({ kind: 'unknown-key', name, key });
      return false;
    };
    let rounds = 0;
    /** A person answers in their own time; how long sshd waits for it is its LoginGraceTime. */
    const asked = (
      name: string,
      instructions: string,
      _language: string,
      prompts: readonly Prompt[],
      finish: (answers: string[]) => void,
    ): void => {
      const said = [name, instructions].filter((one) => one.trim() !== '').join(' ');
      clearTimeout(timer);
      const questions = prompts.map(({ prompt, echo }) => ({ prompt, echo: echo === true }));
      void interact(said, questions, () => !settled).then((answers) => {
        if (settled) return;
        if (answers === null)
          return refuse(unansweredProblem(hop, questions[0]?.prompt ?? '', tried, credentials.skipped), true);
        timer = setTimeout(
          () => refuse(timeoutProblem(hop, 'waiting for authentication'), false),
          authenticationMs,
        );
        finish(answers);
      });
    };
    const byQuestions = () => {
      if (!accepts.includes('keyboard-interactive') || rounds === questionRounds) return false;
      rounds += 1;
      tried.push(questionsLabel);
      return { type: 'keyboard-interactive' as const, username: hop.user, prompt: asked };
    };
    const nextMethod = (left: AuthenticationType[] | null) => {
      accepts = left ?? accepts;
      // The key was taken, and something else is asked for beside it.
      if (accepts.length > 0 && !accepts.includes('publickey')) return byQuestions();
      const next = queue.shift();
      // Without a key to offer: what the server accepts is to be learned first.
      if (next === undefined && left === null) return { type: 'none' as const, username: hop.user };
      if (next === undefined) return byQuestions();
      if (next.kind === 'locked') return settle({ kind: 'locked-key', file: next.file });
      tried.push(next.label);
      debugEvent('ssh.authentication', { alias: hop.alias, user: hop.user, offered: next.label });
      return next.method;
    };
    debugEvent('ssh.dial', { alias: hop.alias, host: hop.host, port: hop.port, tunnelled: sock !== null });
    try {
      // Its end was told before anybody listened, as of a ProxyCommand that fails at once: ssh2 would wait for a greeting.
      if (sock?.destroyed === true) throw new Error('what carries the connection has ended');
      if (sock === null) swift = dialFastSocket(hop.host, hop.port);
      const carrier = sock ?? swift?.socket;
      client.connect({
        username: hop.user,
        ...(carrier === undefined ? {} : { sock: carrier }),
        readyTimeout: 0,
        keepaliveInterval: keepaliveMs,
        keepaliveCountMax: keepaliveMisses,
        algorithms: { serverHostKey: wantedAlgorithms(hop, known, name), hmac: [...takenMacs] },
        // The callback form: ssh2 takes a promise, even of false, for a yes.
        hostVerifier: (key: Buffer, done: (accepted: boolean) => void): void => done(verify(key)),
        authHandler: nextMethod,
      });
      // A handshake, or opening a channel, is several small packets: with Nagle each of them costs 40 ms.
      client.setNoDelay(true);
    } catch (thrown) {
      refuseError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  });
};
