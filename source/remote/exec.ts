import type { Client, ClientChannel } from 'ssh2';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import type { Line } from './line.ts';
import type { Slots } from './slots.ts';

/** How a command's channel ended. Both null: the line broke, or sshd did not say. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * sshd counts a session until it has reaped the command, a moment after its channel is closed: it may refuse
 * one more while we hold fewer than MaxSessions. For so long, in milliseconds, it is asked again.
 */
const refusedMs = 5_000;
const pauseMs = 25;

/** A command's channel, its ending already watched. */
export interface Running {
  readonly channel: ClientChannel;
  readonly ended: Promise<Ending>;
}

/**
 * Opens an exec channel in its turn (sshd's MaxSessions is 10 unless configured).
 * Errors: no line within `timeoutMs`, or sshd refuses the channel.
 */
export const openExec = async (
  line: Line,
  slots: Slots,
  alias: string,
  command: string,
  timeoutMs: number | undefined,
): Promise<Result<Running>> => {
  const release = await slots.take(timeoutMs);
  if (release === null) {
    const what = `${alias}: all SSH channels of this console are in use.`;
    return fail(problem(what, 'Retry when one of the running steps has ended.'));
  }
  const client = await line.client(timeoutMs);
  if (!client.ok) {
    release();
    return client;
  }
  const deadline = performance.now() + Math.min(timeoutMs ?? refusedMs, refusedMs);
  for (;;) {
    const tried = await openOnce(client.value, command);
    if (tried.ok) {
      tried.value.channel.once('close', release);
      return tried;
    }
    const { cause, refused } = tried.error;
    if (!refused || performance.now() > deadline) {
      release();
      const remedy = `If it persists, look at MaxSessions and at the log of sshd on ${alias}.`;
      return fail(problem(`${alias} did not open another SSH channel.`, remedy, cause));
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
};

interface NotOpened {
  readonly cause: string;
  /** sshd said no to the channel, so nothing ran: asking again is safe. */
  readonly refused: boolean;
}

const openOnce = (client: Client, command: string): Promise<Result<Running, NotOpened>> =>
  new Promise((resolve) => {
    try {
      client.exec(command, (error, channel) => {
        if (error)
          resolve(fail({ cause: error.message, refused: /channel open failure/i.test(error.message) }));
        // Here and not after an await: 'exit' may come with the same packet as the channel.
        else resolve(ok({ channel, ended: endingOf(channel) }));
      });
    } catch (thrown) {
      resolve(fail({ cause: messageOf(thrown), refused: false }));
    }
  });

/** Waits for 'close' (after both outputs ended), not for 'exit', which comes before the last output. */
const endingOf = (channel: ClientChannel): Promise<Ending> =>
  new Promise((resolve) => {
    let ending: Ending = { code: null, signal: null };
    channel.on('exit', (code: number | null, signal?: string) => {
      ending = { code: code ?? null, signal: signal ?? null };
    });
    channel.on('close', () => resolve(ending));
  });
