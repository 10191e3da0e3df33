import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import { credentialsFor } from './auth.ts';
import { type HopOutcome, keyNameOf, openHop } from './hop.ts';
import { type Failure, hopName } from './problems.ts';
import { type PromptQueue, questionFailed } from './prompt-queue.ts';
import { startProxy } from './proxy-command.ts';
import { revokedKeys } from './revoked-keys.ts';
import type { Hop, SshRoute } from './route.ts';
import { Ssh2Transport } from './ssh2-transport.ts';
import type { Transport } from './transport.ts';

/** More rounds than any honest sequence of questions needs: one per hop's key and one per encrypted key file. */
const maximumRounds = 32;

const tunnel = (client: Client, via: Hop, to: Hop): Promise<Result<ClientChannel, Failure>> =>
  new Promise((resolve) => {
    const failed = (cause: string) => {
      const what = `${hopName(via)} cannot reach ${hopName(to)}.`;
      const remedy = `Try \`ssh ${to.host}\` on ${via.host}; its sshd must allow TCP forwarding (AllowTcpForwarding).`;
      resolve(fail({ problem: problem(what, remedy, cause), final: false }));
    };
    const timer = setTimeout(() => failed(`no answer within ${to.timeoutMs / 1000} s`), to.timeoutMs);
    client.forwardOut('127.0.0.1', 0, to.host, to.port, (error, channel) => {
      clearTimeout(timer);
      if (error) failed(error.message);
      else resolve(ok(channel));
    });
  });

const attempt = async (hop: Hop, sock: Duplex | null, desk: PromptQueue): Promise<HopOutcome> => {
  const known = await desk.knownHosts.read(hop.knownHostsFiles);
  if (!known.ok) return { kind: 'failed', failure: { problem: known.error, final: true } };
  const revoked = await revokedKeys(hop);
  if (!revoked.ok) return { kind: 'failed', failure: { problem: revoked.error, final: true } };
  const credentials = await credentialsFor(hop, desk.keyring);
  return openHop(hop, sock, known.value, credentials, revoked.value, (says, prompts, stands) =>
    desk.answers(hop, says, prompts, stands),
  );
};

/** Asks what the attempt could not decide. Null: asked, try again. */
const consult = async (hop: Hop, outcome: HopOutcome, desk: PromptQueue): Promise<Failure | null> => {
  try {
    if (outcome.kind === 'locked-key') await desk.passphrase(hop, outcome.file);
    if (outcome.kind !== 'unknown-key') return null;
    const answer = await desk.hostKey(hop, outcome.name, outcome.key);
    return answer.ok ? null : { problem: answer.error, final: true };
  } catch (thrown) {
    return { problem: questionFailed(thrown, hopName(hop)), final: true };
  }
};

/**
 * Reaches the last hop of a route through all others. A question ends the attempt and starts it anew once answered,
 * so no server waits in mid-handshake and every key is verified by the same rule. The clients before the last
 * are ended with it.
 */
export const dial = async (route: SshRoute, desk: PromptQueue): Promise<Result<Transport, Failure>> => {
  for (let round = 0; round < maximumRounds; round += 1) {
    const opened: { hop: Hop; client: Client }[] = [];
    const hangUp = () => {
      for (const { client } of opened.toReversed()) client.destroy();
    };
    let retry = false;
    for (const hop of route) {
      const via = opened.at(-1);
      const sock = via === undefined ? ok(null) : await tunnel(via.client, via.hop, hop);
      if (!sock.ok) {
        hangUp();
        return sock;
      }
      const proxy = via === undefined ? startProxy(hop) : null;
      const outcome = await attempt(hop, proxy?.socket ?? sock.value, desk);
      if (outcome.kind === 'ready') {
        if (proxy !== null) outcome.client.once('close', proxy.end);
        opened.push({ hop, client: outcome.client });
        continue;
      }
      const failure =
        outcome.kind === 'failed' ? ((await proxy?.blamed(outcome.failure)) ?? outcome.failure) : null;
      hangUp();
      proxy?.end();
      if (outcome.kind === 'failed') return fail(failure ?? outcome.failure);
      const refused = await consult(hop, outcome, desk);
      if (refused) return fail(refused);
      retry = true;
      break;
    }
    const last = opened.pop();
    if (retry || last === undefined) continue;
    tie(
      last.client,
      opened.map(({ client }) => client),
    );
    return ok(new Ssh2Transport(last.client));
  }
  const target = route[route.length - 1] ?? route[0];
  const what = `The connection to ${hopName(target)} asked the same questions over and over.`;
  const remedy = `Check the host key with \`ssh-keyscan -p ${target.port} ${target.host}\`; ${keyNameOf(target)} seems to show a different one each time.`;
  return fail({ problem: problem(what, remedy), final: true });
};

/** The last connection and those that carry it live and die together. */
const tie = (last: Client, carriers: readonly Client[]): void => {
  last.once('close', () => {
    for (const client of carriers.toReversed()) client.end();
  });
  for (const client of carriers) client.once('close', () => last.destroy());
};
