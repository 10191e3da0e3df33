import { readFile } from 'node:fs/promises';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import { parseRevokedKeys } from './known-hosts.ts';
import type { Hop } from './route.ts';

/**
 * The keys that RevokedHostKeys names for this host. As in OpenSSH, a file that cannot be read refuses every host.
 * Errors: that, a line that is no key, or a binary revocation list (KRL), which is not read here. Source: ssh_config(5), RevokedHostKeys.
 */
export const revokedKeys = async (hop: Hop): Promise<Result<readonly Buffer[]>> => {
  const file = hop.revokedKeysFile;
  if (file === undefined) return ok([]);
  try {
    const bytes = await readFile(file);
    if (bytes.subarray(0, 6).toString('latin1') === 'SSHKRL')
      return fail(
        problem(
          `RevokedHostKeys ${file} is a binary revocation list, which this console cannot read: no host is trusted.`,
          'Name a list of public keys there, one a line, or remove RevokedHostKeys for these hosts.',
        ),
      );
    const keys = parseRevokedKeys(bytes.toString('utf8'));
    if (typeof keys === 'number')
      return fail(
        problem(
          `RevokedHostKeys ${file}, line ${keys}, is no public key: no host is trusted.`,
          'Each line is a key as its .pub file has it (type, then base64); correct that line, or make it a comment.',
        ),
      );
    return ok(keys);
  } catch (thrown) {
    return fail(
      problem(
        `RevokedHostKeys ${file} cannot be read: no host is trusted.`,
        'Make it readable, or correct its path in ~/.ssh/config.',
        messageOf(thrown),
      ),
    );
  }
};
