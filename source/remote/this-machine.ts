import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import type { Duplex, Readable, Writable } from 'node:stream';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import type { RemoteHost } from './host.ts';
import { keptHost } from './kept-host.ts';
import { Line } from './line.ts';
import type { Ending, NotOpened, Running, Transport } from './transport.ts';

/**
 * The operator's own machine as a host: the same commands and jobs as over SSH, by the same scripts, without a connection. A job has a session of
 * its own, so it outlives this console, and another one on this machine finds it.
 */

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

class LocalTransport implements Transport {
  readonly #children = new Set<Child>();

  async exec(command: string): Promise<Result<Running, NotOpened>> {
    // A session of its own: ^C at the terminal is the console's alone.
    const child = spawn('/bin/sh', ['-c', command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Where there is none the shell says so, of a command that needs one; nothing could be started in it.
      cwd: existsSync(homedir()) ? homedir() : '/',
      detached: true,
    });
    const started = await new Promise<string | null>((resolve) => {
      child.once('spawn', () => resolve(null));
      child.once('error', (error) => resolve(error.message));
    });
    if (started !== null) return fail({ cause: started, refused: true });
    this.#children.add(child);
    // Writing to a command that is already gone is no news: its ending says more.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
    const ended = new Promise<Ending>((resolve) => {
      child.once('close', (code, signal) => {
        this.#children.delete(child);
        resolve({ code, signal });
      });
    });
    const stop = (): void => {
      end(child);
      child.stdout.destroy();
      child.stderr.destroy();
    };
    return ok({ stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended, stop });
  }

  async stream(): Promise<Result<Duplex, string>> {
    return fail('nothing on this machine is asked so');
  }

  onClosed(): void {
    // Nothing here is ever closed from the other side.
  }

  async end(): Promise<void> {
    this.destroy();
  }

  /** Followers go; a job is in a session of its own, and goes on. */
  destroy(): void {
    for (const child of this.#children) end(child);
  }
}

const end = ({ pid }: Child): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended meanwhile.
  }
};

/** Errors: this machine cannot keep jobs, because it is no Linux. `alias`: what the host is called. */
export const thisMachine = async (alias: string): Promise<Result<RemoteHost>> => {
  if (process.platform !== 'linux')
    return fail(
      problem(
        'The cluster file has a step run on this machine (on: console), and this is no Linux: what the console needs to keep a command beyond its own end is not there.',
        'Start the console on a Linux machine, or name another host in on.',
      ),
    );
  const line = new Line(alias, async () => ok(new LocalTransport()));
  const opened = await line.open();
  if (!opened.ok) return opened;
  const login = { alias, user: userInfo().username, become: 'none' as const };
  return ok(keptHost({ alias, host: 'this machine' }, line, login, () => line));
};
