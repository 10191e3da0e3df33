import type { Readable } from 'node:stream';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import { becomeProblem, type Login, pack, scriptProblem, shellAs } from './become.ts';
import type { Output } from './host.ts';
import type { Sessions } from './sessions.ts';
import type { Ending } from './transport.ts';

const defaultTimeoutMs = 60_000;
const maximumBytes = 16 * 1024 * 1024;

export interface RunOptions {
  readonly as: string;
  /** Milliseconds for everything, waiting for the line and for a channel included. Default a minute. */
  readonly timeoutMs?: number;
  readonly stdin?: string;
}

/** Collects a stream; `overflow` is called once when it grows beyond the bound. */
const collect = (stream: Readable, overflow: () => void): (() => Buffer) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maximumBytes) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks);
};

/**
 * Runs a script over one exec channel and waits for its end. Errors: no line, no way to become the user, the time is up,
 * too much output (16 MiB), or an end without an exit code, which is unknown and never taken for success.
 */
export const runScript = async (
  sessions: Sessions,
  login: Login,
  script: string,
  options: RunOptions,
): Promise<Result<Output>> => {
  const { as, timeoutMs = defaultTimeoutMs, stdin } = options;
  const refused = scriptProblem(script);
  if (refused) return fail(refused);
  const parcel = pack(script, stdin);
  const command = shellAs(login, as, parcel.inner);
  if (!command.ok) return command;
  const deadline = performance.now() + timeoutMs;
  const opened = await sessions.open(command.value.text, timeoutMs);
  if (!opened.ok) return opened;
  const running = opened.value;

  let stopped: 'late' | 'flood' | null = null;
  let giveUp: (ending: Ending) => void;
  const givenUp = new Promise<Ending>((resolve) => {
    giveUp = resolve;
  });
  const stop = (why: 'late' | 'flood') => {
    if (stopped) return;
    stopped = why;
    running.stop();
    giveUp({ code: null, signal: null });
  };
  const timer = setTimeout(() => stop('late'), Math.max(0, deadline - performance.now()));
  const stdout = collect(running.stdout, () => stop('flood'));
  const stderr = collect(running.stderr, () => stop('flood'));
  running.stdin.end(parcel.payload);
  const { code, signal } = await Promise.race([running.ended, givenUp]);
  clearTimeout(timer);

  const { alias } = login;
  if (stopped === 'late')
    return fail(
      problem(`${alias} did not finish within ${timeoutMs / 1000} s.`, 'Is the host overloaded? Retry.'),
    );
  if (stopped === 'flood')
    return fail(
      problem(`${alias} printed more than 16 MiB; the rest was not read.`, 'Look at it on the host itself.'),
    );
  const errors = stderr();
  const markAt = errors.indexOf(parcel.mark);
  const body = (all: Buffer) => {
    const at = all.indexOf(parcel.mark);
    return at < 0 ? '' : all.toString('utf8', at + parcel.mark.length);
  };
  if (code === null) {
    const cause =
      signal === null
        ? (sessions.line.trouble?.cause ?? 'the channel closed without an exit code')
        : `killed by ${signal}`;
    return fail(
      problem(
        `The outcome of a command on ${alias} is unknown.`,
        'Retry once the SSH connection is back.',
        cause,
      ),
    );
  }
  if (markAt < 0) return fail(becomeProblem(login, as, errors.toString('utf8'), code));
  return ok({ code, stdout: body(stdout()), stderr: body(errors) });
};
