import { hostAndPort } from '../cluster/host-and-port.ts';
import { cleanText } from '../cluster/parse/terminal-text.ts';
import { type Problem, problem } from '../cluster/result.ts';
import type { KeyVerdict } from './known-hosts.ts';
import type { Hop } from './route.ts';

export interface Failure {
  readonly problem: Problem;
  /** Trying again changes nothing and may do harm: a wrong host key, a refusal by the operator. */
  readonly final: boolean;
  /** Trying again soon may do harm: sshd and fail2ban count refused logins. */
  readonly patient?: boolean;
}

/** `user@host -p port`, as it is typed behind ssh. */
export const destination = (hop: Hop): string =>
  `${hop.user}@${hop.host}${hop.port === 22 ? '' : ` -p ${hop.port}`}`;

/** Said of a user certificate beside a key. Source: ssh2 has none; ssh_config(5), CertificateFile. */
export const certificateWords = 'a certificate, which ssh2 cannot present';

/** What keyboard-interactive is called among what was tried. */
export const questionsLabel = 'answers to its questions';

/** The host as the screen names it, with its address where that says more. */
export const hopName = (hop: Hop): string =>
  hop.alias === hop.host
    ? hostAndPort(hop.host, hop.port)
    : `${hop.alias} (${hostAndPort(hop.host, hop.port)})`;

/** A socket's or ssh2's error while connecting, said to the operator. */
export const connectProblem = (hop: Hop, error: Error & { code?: unknown }): Problem => {
  const name = hopName(hop);
  const cause = error.message;
  const tryIt = `Try \`ssh ${destination(hop)}\` from this machine.`;
  switch (error.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return problem(
        `The name ${hop.host} (${hop.alias}) is not found in DNS.`,
        'Correct the host name (in the cluster file, or as it was given to init), or give it a HostName in ~/.ssh/config.',
        cause,
      );
    case 'ECONNREFUSED':
      return problem(
        `${name} refuses the connection.`,
        `Is sshd running there, on this port? ${tryIt}`,
        cause,
      );
    case 'ETIMEDOUT':
      return timeoutProblem(hop, cause);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return problem(`There is no route to ${name}.`, `Check the network, or the VPN. ${tryIt}`, cause);
    default:
      if (/no matching/i.test(cause))
        return problem(
          `${name} and this console have no algorithm in common. Signatures and checksums with SHA-1 are not taken.`,
          `Its sshd must be OpenSSH 7.2 or later, with HostKeyAlgorithms and MACs that hold one with SHA-2. ${tryIt}`,
          cause,
        );
      return problem(`The SSH connection to ${name} failed.`, tryIt, cause);
  }
};

export const timeoutProblem = (hop: Hop, cause?: string): Problem =>
  problem(
    `${hopName(hop)} did not answer within ${hop.timeoutMs / 1000} s.`,
    `Is the host up, and port ${hop.port} open in the firewall? Try \`ssh ${destination(hop)}\` from this machine.`,
    cause,
  );

export const authProblem = (
  hop: Hop,
  tried: readonly string[],
  skipped: readonly string[],
  accepts: readonly string[],
  cause?: string,
): Problem => {
  const offered = tried.length > 0 ? `offered: ${tried.join(', ')}` : 'there was no key to offer';
  const left = skipped.length > 0 ? `; left out: ${skipped.join(', ')}` : '';
  const wants = accepts.length > 0 ? `; the server accepts ${accepts.join(', ')}` : '';
  const remedy =
    cause !== undefined && /too many/i.test(cause)
      ? `The agent holds more keys than the server lets us try: set IdentityFile and \`IdentitiesOnly yes\` for ${hop.host} in ~/.ssh/config.`
      : `Load the right key with ssh-add, or name it with IdentityFile in ~/.ssh/config; \`ssh -v ${destination(hop)}\` shows what the server says. Where ssh gets in by other means, set \`ssh: { transport: openssh }\`.`;
  if (skipped.some((one) => one.includes(certificateWords)))
    return problem(
      `${hopName(hop)} did not let ${hop.user} in (${offered}${left}${wants}).`,
      `Set \`ssh: { transport: openssh }\`: this machine’s ssh presents certificates. Or let the key itself in for the window: ssh-copy-id -i FILE.pub ${destination(hop)}.`,
      cause,
    );
  return problem(`${hopName(hop)} did not let ${hop.user} in (${offered}${left}${wants}).`, remedy, cause);
};

/** The server asked for something at login, and nobody answered. */
export const unansweredProblem = (
  hop: Hop,
  prompt: string,
  tried: readonly string[],
  skipped: readonly string[],
): Problem => {
  const offered = tried.filter((one) => one !== questionsLabel);
  return problem(
    `${hopName(hop)} asks ${hop.user} “${cleanText(prompt).replace(/\s+/g, ' ').trim().slice(0, 100)}” at login, and nobody answered (${
      offered.length > 0 ? `offered: ${offered.join(', ')}` : 'there was no key to offer'
    }${skipped.length > 0 ? `; left out: ${skipped.join(', ')}` : ''}).`,
    `Start the console in a terminal and answer there; or let ${hop.user} in by a key alone for the window: \`ssh-copy-id ${destination(hop)}\`, and no second factor in AuthenticationMethods of its sshd.`,
  );
};

/** Why a host key is refused for good. */
export const keyProblem = (
  hop: Hop,
  name: string,
  fingerprint: string,
  verdict: Extract<KeyVerdict, { kind: 'changed' | 'revoked' }>,
): Problem => {
  const where = verdict.line === 0 ? verdict.file : `${verdict.file} line ${verdict.line}`;
  return verdict.kind === 'revoked'
    ? problem(
        `The host key of ${hopName(hop)} (${fingerprint}) is revoked in ${where}. The connection was refused.`,
        'Do not connect to this host before its administrators have given it a new key.',
      )
    : problem(
        `The host key of ${hopName(hop)} is not the one in ${where}: it shows ${fingerprint}. The connection was refused; somebody may be in between.`,
        `If the host was really reinstalled, check the fingerprint on its own console, then \`ssh-keygen -R '${name}' -f ${verdict.file}\` and connect again.`,
      );
};

/** StrictHostKeyChecking yes: an unknown key is refused, and nobody is asked. */
export const strictProblem = (hop: Hop, name: string, fingerprint: string): Problem =>
  problem(
    `The host key of ${hopName(hop)} (${fingerprint}) is not known, and the SSH configuration says StrictHostKeyChecking yes. The connection was refused.`,
    `Compare it with \`ssh-keygen -lf\` on ${hop.host}, then add the line for ${name} to ${hop.knownHostsFiles[0] ?? 'known_hosts'}.`,
  );

/** The only line for this host is @cert-authority, and ssh2 cannot check host certificates. */
export const certificateProblem = (hop: Hop, name: string): Problem =>
  problem(
    `${hopName(hop)} is known only by a certificate authority (@cert-authority), which ssh2 cannot verify.`,
    `Set \`ssh: { transport: openssh }\`: this machine’s ssh can. Or add its plain key: \`ssh-keyscan -p ${hop.port} ${hop.host}\`, compare the fingerprint, and append the line for ${name} to ${hop.knownHostsFiles[0] ?? 'known_hosts'}.`,
  );
