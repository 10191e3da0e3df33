import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { messageOf } from '../cluster/result.ts';
import type { Pager } from '../console/pager.ts';
import { pagerCommand, pagerEnvironment } from './pager-command.ts';

/** A pager that was there for a shorter time has shown nothing that anybody could read. */
const glanceMs = 1_500;

/** Exit code, or null and why it did not start. */
const endOf = (child: ChildProcess): Promise<string | null> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', () => resolve(null));
  });

/** Piece by piece, as fast as the pager reads. It may be left in the middle: then nobody wants the rest. */
const feed = async (
  text: AsyncIterable<readonly string[]>,
  into: Writable,
  over: AbortSignal,
): Promise<string | null> => {
  // EPIPE: the pager was left.
  into.on('error', () => into.destroy());
  try {
    for await (const lines of text) {
      if (lines.length === 0) continue;
      if (into.destroyed || over.aborted) return null;
      if (!into.write(`${lines.join('\n')}\n`)) await once(into, 'drain', { signal: over });
    }
  } catch (thrown) {
    if (!over.aborted && !into.destroyed) return messageOf(thrown);
  } finally {
    into.end();
  }
  return null;
};

const waitForEnter = async (signal: AbortSignal): Promise<void> => {
  const script = 'printf "\\n[Enter goes back to the console] "; read -r _ </dev/tty';
  const child = spawn('sh', ['-c', script], { stdio: 'inherit', signal });
  await endOf(child);
};

/**
 * The operator's pager. It reads the clean text from a pipe, and its keys from the terminal: whatever program it is, no
 * control sequence of a host reaches the terminal through it.
 */
export const pagerIn =
  (env: Readonly<Record<string, string | undefined>>): Pager =>
  async (text, { title, needle, signal }) => {
    const { program, args, staysOpen, isLess } = pagerCommand(env.PAGER, needle);
    const began = performance.now();
    const child = spawn(program, args, {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: isLess ? pagerEnvironment(env, title) : { ...env, LESSSECURE: '1' },
      signal,
    });
    const left = new AbortController();
    const ended = endOf(child).then((why) => {
      left.abort();
      return why;
    });
    const [trouble, why] = await Promise.all([feed(text, child.stdin, left.signal), ended]);
    if (signal.aborted) return null;
    if (why !== null)
      return `The pager “${program}” did not start (${why}). Set PAGER to one that is installed.`;
    // less stays until it is left, however soon that is.
    if (!staysOpen || (!isLess && performance.now() - began < glanceMs)) await waitForEnter(signal);
    return trouble === null ? null : `The log could not be read to its end: ${trouble}`;
  };
