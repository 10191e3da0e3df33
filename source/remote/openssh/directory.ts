import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, messageOf, ok, problem, type Result } from '../../cluster/result.ts';
import askpassFile from './askpass.sh' with { type: 'text' };

/** Longest path of a unix socket (macOS has 104 bytes), less what ssh adds while it makes one. Source: OpenSSH, mux.c, muxserver_listen. */
const maximumPath = 104 - 18;

/** What one connection of ssh needs on this machine's disk, for its user alone (0700). */
export interface PrivateDirectory {
  readonly path: string;
  /** The program that ssh asks by. */
  readonly askpass: string;
  /** The socket of the master. */
  readonly socket: string;
}

/**
 * Makes the directory, where a socket's path is short enough and a program may be run (/tmp may be mounted noexec).
 * Errors: there is no such place.
 */
export const makePrivateDirectory = async (): Promise<Result<PrivateDirectory>> => {
  const runtime = process.env.XDG_RUNTIME_DIR;
  const places = [tmpdir(), '/tmp', ...(runtime ? [runtime] : []), join(homedir(), '.ssh')];
  let cause = '';
  for (const place of places) {
    try {
      const path = await mkdtemp(join(place, 'pgaf-ssh-'));
      const directory = { path, askpass: join(path, 'askpass'), socket: join(path, 'master') };
      if (Buffer.byteLength(directory.socket) <= maximumPath) {
        await writeFile(directory.askpass, `#!/bin/sh\n${askpassFile}`, { mode: 0o700 });
        await access(directory.askpass, constants.X_OK);
        return ok(directory);
      }
      cause = `${directory.socket} is too long for a socket`;
      await rm(path, { recursive: true });
    } catch (thrown) {
      cause = messageOf(thrown);
    }
  }
  return fail(
    problem(
      'There is no directory on this machine for the sockets of ssh.',
      'Set TMPDIR to a directory with a short name, where you may write and programs may run.',
      cause,
    ),
  );
};
