import { problem } from '../../cluster/result.ts';
import { connectProblem, destination, type Failure, hopName, keyProblem } from '../problems.ts';
import type { Hop } from '../route.ts';

/** The codes of node for what ssh has in words, so that one cause has one sentence. Source: OpenSSH, sshconnect.c, ssh_connect_direct. */
const causes: readonly (readonly [RegExp, string])[] = [
  [/Could not resolve hostname/i, 'ENOTFOUND'],
  [/Connection refused/i, 'ECONNREFUSED'],
  [/timed out|Timeout, server/i, 'ETIMEDOUT'],
  [/No route to host/i, 'EHOSTUNREACH'],
  [/Network is unreachable/i, 'ENETUNREACH'],
];

const lastLines = (words: string): string =>
  words
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^@+$/.test(line.trim()))
    .slice(-4)
    .join(' ')
    .slice(-500);

/** Why ssh did not connect, from what it has said. Source: OpenSSH, sshconnect.c, verify_host_key; sshconnect2.c, userauth. */
export const sshFailure = (hop: Hop, words: string): Failure => {
  const cause = lastLines(words) || 'ssh ended without a word';
  const tryIt = `Try \`ssh ${destination(hop)}\` from this machine.`;
  if (/REVOKED HOST KEY|is revoked|marked as revoked/i.test(words))
    return {
      final: true,
      problem: problem(
        `The host key of ${hopName(hop)} is revoked. The connection was refused.`,
        'Do not connect to this host before its administrators have given it a new key.',
        cause,
      ),
    };
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/i.test(words)) {
    const [, file = 'known_hosts', line = '0'] = /Offending .*? in (.+?):(\d+)/.exec(words) ?? [];
    const name = /-R "(.+?)"/.exec(words)?.[1] ?? hop.host;
    const shown = /SHA256:[A-Za-z0-9+/]+/.exec(words)?.[0] ?? 'another one';
    const verdict = { kind: 'changed', file, line: Number(line), keyType: '' } as const;
    return { final: true, problem: keyProblem(hop, name, shown, verdict) };
  }
  if (/you have requested strict checking|Host key verification failed/i.test(words))
    return {
      final: true,
      problem: problem(
        `The host key of ${hopName(hop)} is not known, and was not accepted. The connection was refused.`,
        `Compare it with \`ssh-keygen -lf\` on ${hop.host}, then add it to known_hosts: \`ssh ${destination(hop)}\` does that.`,
        cause,
      ),
    };
  if (/Permission denied|Too many authentication failures/i.test(words))
    return {
      final: false,
      patient: true,
      problem: problem(
        `${hopName(hop)} did not let ${hop.user} in.`,
        `\`ssh -v ${destination(hop)}\` from this machine shows what was offered and what the server says.`,
        cause,
      ),
    };
  if (
    /Bad configuration option|bad configuration options|Unsupported option|keyword .* extra arguments/i.test(
      words,
    )
  )
    return {
      final: true,
      problem: problem(
        `OpenSSH cannot read its configuration for ${hop.host}.`,
        `Correct it; \`ssh -G ${hop.host}\` says the same.`,
        cause,
      ),
    };
  if (/ENOENT|ssh: not found|ssh: No such file/i.test(words))
    return {
      final: true,
      problem: problem(
        'There is no ssh on this machine.',
        'Install openssh-client, or set `ssh: { transport: ssh2 }`.',
        cause,
      ),
    };
  const code = causes.find(([pattern]) => pattern.test(words))?.[1];
  if (code !== undefined)
    return { final: false, problem: connectProblem(hop, Object.assign(new Error(cause), { code })) };
  return { final: false, problem: problem(`The SSH connection to ${hopName(hop)} failed.`, tryIt, cause) };
};
