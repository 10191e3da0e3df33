import type { Readable } from 'node:stream';
import ssh2, { type AuthenticationType, type Client } from 'ssh2';
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
  strictProblem,
  timeoutProblem,
} from './problems.ts';
import type { Hop } from './ssh-config.ts';

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
    const nextMethod = (left: AuthenticationType[] | null) => {
      accepts = left ?? accepts;
      const next = queue.shift();
      if (next === undefined) return false;
      if (next.kind === 'locked') return settle({ kind: 'locked-key', file: next.file });
      tried.push(next.label);
      debugEvent('ssh.authentication', { alias: hop.alias, user: hop.user, offered: next.label });
      return next.method;
    };
    debugEvent('ssh.dial', { alias: hop.alias, host: hop.host, port: hop.port, tunnelled: sock !== null });
    try {
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
