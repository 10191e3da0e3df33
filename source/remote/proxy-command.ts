import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { cleanText } from '../cluster/parse/terminal-text.ts';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import { debugEvent } from './debug-events.ts';
import { type Failure, hopName } from './problems.ts';
import type { Hop } from './route.ts';

const maximumWords = 4_000;
/** For the command's exit code, once its output has ended. */
const lastWordsMs = 300;

/**
 * What a shell would not take as a word. OpenSSH refuses such names where they would get into a command (CVE-2023-51385). Source:
 * OpenSSH, ssh.c, valid_hostname and valid_ruser.
 */
const unsafe = (text: string): boolean =>
  text.startsWith('-') || /[^A-Za-z0-9_.:@%+=,/\u0080-\uffff-]/.test(text);

/** ProxyCommand with %%, %h, %n, %p and %r filled in. Errors: a name that a shell could read as more than a word. Source: ssh_config(5), TOKENS. */
export const proxyCommandFor = (hop: Hop, name: string, command: string): Result<string> => {
  const values = [hop.host, hop.user, name];
  const wrong = values.find(unsafe);
  if (wrong !== undefined)
    return fail(
      problem(
        `ProxyCommand for ${hopName(hop)} is not run: ${JSON.stringify(wrong)} could be read by a shell as more than a name.`,
        'Correct the name or the user in the cluster file, or in ~/.ssh/config.',
      ),
    );
  const byToken: Record<string, string> = {
    '%%': '%',
    '%h': hop.host,
    '%n': name,
    '%p': String(hop.port),
    '%r': hop.user,
  };
  return ok(command.replace(/%[%hnpr]/g, (token) => byToken[token] ?? token));
};

/** A ProxyCommand that runs: its input and output are the connection. */
interface Proxy {
  readonly socket: Duplex;
  /** Ends it, and what it has started. */
  readonly end: () => void;
  /** The failure of the connection that it carried, with what the command itself has said. */
  readonly blamed: (failure: Failure) => Promise<Failure>;
}

/** Runs the hop's ProxyCommand as OpenSSH does, by the user's shell. Null: it has none. Source: OpenSSH, sshconnect.c, ssh_proxy_connect. */
export const startProxy = (hop: Hop): Proxy | null => {
  const command = hop.proxyCommand;
  if (command === undefined) return null;
  debugEvent('ssh.proxy-command', { alias: hop.alias });
  // A process group of its own: it ends whole, and ^C at the terminal is the console's alone.
  const child = spawn(process.env.SHELL || '/bin/sh', ['-c', `exec ${command}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let words = '';
  let ended: string | null = null;
  const socket = Duplex.from({ readable: child.stdout, writable: child.stdin });
  socket.on('error', () => socket.destroy());
  child.stdin.on('error', () => undefined);
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-maximumWords);
  });
  const gone = (how: string): void => {
    ended ??= how;
    socket.destroy();
  };
  child.once('error', (error) => gone(error.message));
  const exited = new Promise((resolve) => child.once('close', resolve));
  child.once('exit', (code, signal) =>
    gone(signal === null ? `it ended with ${code}` : `killed by ${signal}`),
  );
  return {
    socket,
    end: () => {
      socket.destroy();
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      try {
        process.kill(-child.pid, 'SIGTERM');
      } catch (thrown) {
        debugEvent('ssh.proxy-command-gone', { alias: hop.alias, why: String(thrown) });
      }
    },
    blamed: async (failure) => {
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, lastWordsMs).unref())]);
      const said = cleanText(words).trim().split('\n').slice(-3).join(' ').slice(0, 400);
      if (failure.final || failure.patient === true || (said === '' && ended === null)) return failure;
      return {
        ...failure,
        problem: problem(
          failure.problem.what,
          `It is reached by ProxyCommand \`${command}\`: try that by hand.`,
          [said, ended, failure.problem.cause]
            .filter((one) => one !== null && one !== undefined && one !== '')
            .join('; '),
        ),
      };
    },
  };
};
