import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import { debugEvent } from './debug-events.ts';
import { keyNameOf } from './hop.ts';
import type { HostAddress, TransportName } from './host.ts';
import { knownByAuthorityAlone } from './known-hosts.ts';
import { askSsh } from './openssh/ssh-program.ts';
import { hopName } from './problems.ts';
import type { PromptQueue } from './prompt-queue.ts';
import type { Hop, SshRoute } from './route.ts';

/** Which program keeps the connections to a host, and why where that was not asked for. */
export interface Choice {
  readonly transport: TransportName;
  readonly because: string | null;
}

const startOf = async (file: string): Promise<string> => {
  try {
    const handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    await handle.close();
    return buffer.toString('latin1', 0, bytesRead);
  } catch (thrown) {
    // A file that is not there, or not for us, asks for nothing.
    debugEvent('ssh.unread', { file, why: thrown instanceof Error ? thrown.message : String(thrown) });
    return '';
  }
};

/** A key that only a device can use. Source: OpenSSH, PROTOCOL.u2f; `sk-ssh-ed25519@openssh.com`. */
const onDevice = async (file: string): Promise<boolean> =>
  (await startOf(`${file}.pub`)).startsWith('sk-') || (/(?:_sk)$/.test(file) && (await startOf(file)) !== '');

/** What of this hop is beyond ssh2, in words; null: nothing. */
const beyond = async (hop: Hop, desk: PromptQueue): Promise<string | null> => {
  if (hop.beyondSsh2 !== undefined) return `ssh_config says ${hop.beyondSsh2}`;
  const identities = hop.identitiesNamed
    ? hop.identityFiles
    : [
        ...hop.identityFiles,
        ...['id_ed25519_sk', 'id_ecdsa_sk'].map((name) => join(homedir(), '.ssh', name)),
      ];
  for (const file of identities) {
    if (await onDevice(file)) return `${file} is a key on a device`;
    if ((await startOf(`${file}-cert.pub`)) !== '') return `${file}-cert.pub is a certificate`;
  }
  if (hop.revokedKeysFile !== undefined && (await startOf(hop.revokedKeysFile)).startsWith('SSHKRL'))
    return `RevokedHostKeys ${hop.revokedKeysFile} is a binary list`;
  const known = await desk.knownHosts.read(hop.knownHostsFiles);
  if (known.ok && knownByAuthorityAlone(known.value, keyNameOf(hop)))
    return 'its host key is known by a certificate authority (@cert-authority)';
  return null;
};

/**
 * By the cluster file, else by what the route needs: this machine's ssh where ssh2 cannot do it, ssh2 everywhere else.
 * Errors: ssh2 was asked for, or there is no ssh, and a setting that makes the connection safer would be lost.
 */
export const chooseTransport = async (
  address: HostAddress,
  route: SshRoute,
  desk: PromptQueue,
): Promise<Result<Choice>> => {
  const { transport } = address;
  if (transport === 'openssh') return ok({ transport, because: null });
  let because: string | null = null;
  for (const hop of route) because ??= await beyond(hop, desk);
  if (because === null) return ok({ transport: 'ssh2', because });
  if (transport === undefined && (await askSsh(['-V'])) !== null)
    return ok({ transport: 'openssh', because });
  const lost = route.find((hop) => hop.wouldBeLost === true);
  if (lost?.beyondSsh2 === undefined) return ok({ transport: 'ssh2', because: null });
  return fail(
    problem(
      `The SSH configuration says ${lost.beyondSsh2} for ${hopName(lost)}, which ssh2 does not honor: connecting without it could be less safe than you asked for.`,
      transport === undefined
        ? 'Install openssh-client on this machine: the console then reaches the host by it.'
        : 'Take `transport: ssh2` out of the cluster file: the host is then reached by this machine’s ssh, which honors it.',
    ),
  );
};
