import { spawn } from 'node:child_process';
import type { NotifySettings } from '../cluster/notify-settings.ts';
import { type Problem, problem } from '../cluster/result.ts';
import type { RunHappening } from '../engine/view/run-events.ts';

/** `notify` of the cluster file: a command of this machine hears of the chosen events, one run of it for each, its line on standard input. */

/** So long may one run of the command take. */
const limitMs = 30_000;
/** So many may wait for their turn; what comes then is not told. */
const mostWaiting = 100;
/** So long what waits is told at the end. */
const lastMs = 5_000;

/** Whether the command is to hear of it. `failure`: of the ends of steps those that failed. */
export const isTold = (happening: RunHappening, on: NotifySettings['on']): boolean =>
  on.some((name) =>
    name === 'failure'
      ? happening.event === 'step-ends' && happening.result === 'failed'
      : happening.event === name,
  );

/** Runs the command with the line; null: it ended well, else why not. */
const tell = (command: string, line: string, event: string): Promise<string | null> =>
  new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, PGAF_EVENT: event },
      // A process group of its own: what it has started is ended with it.
      detached: true,
    });
    let said = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    }, limitMs);
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString('utf8')}`.slice(-400);
    });
    // Who does not read its input has chosen to.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve(error.message);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (late) resolve(`it was ended after ${limitMs / 1000} s`);
      else if (code === 0) resolve(null);
      else
        resolve(
          `${code === null ? `ended by ${signal ?? 'a signal'}` : `exit code ${code}`}${said.trim() === '' ? '' : `: ${said.trim()}`}`,
        );
    });
    child.stdin.end(`${line}\n`);
    child.unref();
  });

export interface Notifier {
  readonly hear: (happening: RunHappening, line: string) => void;
  /** Waits some seconds for what is to be told still; then what went wrong, null: nothing. */
  readonly close: () => Promise<Problem | null>;
}

/** One behind the other, beside the run, which never waits for it. */
export const notifierOf = ({ command, on }: NotifySettings): Notifier => {
  let failed = 0;
  let left = 0;
  let why: string | null = null;
  let waiting = 0;
  let work: Promise<void> = Promise.resolve();
  return {
    hear: (happening, line) => {
      if (!isTold(happening, on)) return;
      if (waiting >= mostWaiting) {
        left += 1;
        return;
      }
      waiting += 1;
      work = work.then(async () => {
        const trouble = await tell(command, line, happening.event);
        waiting -= 1;
        if (trouble === null) return;
        failed += 1;
        why ??= trouble;
      });
    },
    close: async () => {
      const timer = new Promise<void>((resolve) => {
        setTimeout(resolve, lastMs).unref();
      });
      await Promise.race([work, timer]);
      const untold = failed + left + waiting;
      return untold === 0
        ? null
        : problem(
            `The command of notify in the cluster file did not hear of ${untold} ${untold === 1 ? 'event' : 'events'}; the run went on without it.`,
            'Run it by hand with a line of `--events` on its standard input.',
            why ?? 'it takes too long',
          );
    },
  };
};
