import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { NotifySettings } from '../cluster/notify-settings.ts';
import { safeJson } from '../cluster/parse/terminal-text.ts';
import { type Problem, problem } from '../cluster/result.ts';
import type { RunHappening } from '../engine/view/run-events.ts';

/** `notify` of the cluster file: a command of this machine, or its syslog, hears of the chosen events: one run of it, or of logger, for each, its line on standard input. */

/** So long may one run of the command take. */
const limitMs = 30_000;
/** So many may wait for their turn; what comes then is not told. */
const mostWaiting = 100;
/** So long what waits is told at the end. */
const atEndMs = 5_000;

/** Whether the command is to hear of it. `failure`: of the ends of steps those that failed. */
export const isTold = (happening: RunHappening, on: NotifySettings['on']): boolean =>
  on.some((name) =>
    name === 'failure'
      ? happening.event === 'step-ends' && happening.result === 'failed'
      : happening.event === name,
  );

/** So long what an ended program has said may take to come here. */
const saidMs = 100;

/** Runs a program with the line on its standard input; null: it ended well, else why not. `over`: it is ended, with what it has started. */
const tell = (
  program: string,
  args: readonly string[],
  line: string,
  over: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | null> =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      env,
      // A process group of its own: what it has started is ended with it.
      detached: true,
    });
    let said = '';
    let late = false;
    const end = (): void => {
      late = true;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    };
    const timer = setTimeout(end, limitMs);
    over.addEventListener('abort', end);
    const ended = (why: string | null): void => {
      clearTimeout(timer);
      over.removeEventListener('abort', end);
      // What goes on in the background may keep it open for good: nobody waits for that.
      child.stderr.destroy();
      resolve(why);
    };
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString('utf8')}`.slice(-400);
    });
    // Who does not read its input has chosen to.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => {
      const why = (): string | null => {
        if (late) return `it was ended after ${limitMs / 1000} s, or with the run`;
        if (code === 0) return null;
        return `${code === null ? `ended by ${signal ?? 'a signal'}` : `exit code ${code}`}${said.trim() === '' ? '' : `: ${said.trim()}`}`;
      };
      const patience = setTimeout(() => ended(why()), saidMs);
      child.stderr.once('end', () => {
        clearTimeout(patience);
        ended(why());
      });
    });
    child.stdin.end(`${line}\n`);
    child.unref();
  });

export interface Notifier {
  readonly hear: (happening: RunHappening, line: string) => void;
  /** Waits some seconds for what is to be told still; then what went wrong. */
  readonly close: () => Promise<readonly Problem[]>;
}

/** Who is told of an event. */
interface Hearer {
  readonly name: string;
  /** What helps where it did not hear. */
  readonly remedy: string;
  /** Null: it has heard; else why not. */
  readonly tell: (happening: RunHappening, line: string, over: AbortSignal) => Promise<string | null>;
}

/** One behind the other, beside the run, which never waits for it. */
const queueFor = (hearer: Hearer, lastMs: number): Notifier => {
  const over = new AbortController();
  let failed = 0;
  let left = 0;
  let why: string | null = null;
  let waiting = 0;
  let work: Promise<void> = Promise.resolve();
  return {
    hear: (happening, line) => {
      if (waiting >= mostWaiting) {
        left += 1;
        return;
      }
      waiting += 1;
      work = work.then(async () => {
        // What is still waiting when the run is over is not told any more, and holds nothing up.
        if (over.signal.aborted) return;
        const trouble = await hearer.tell(happening, line, over.signal);
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
      over.abort();
      return untold === 0
        ? []
        : [
            problem(
              `${hearer.name} did not hear of ${untold} ${untold === 1 ? 'event' : 'events'}; the run went on without it.`,
              hearer.remedy,
              why ?? 'it takes too long',
            ),
          ];
    },
  };
};

const commandHearer = (command: string): Hearer => ({
  name: 'The command of notify in the cluster file',
  remedy: 'Run it by hand with a line of `--events` on its standard input.',
  tell: ({ event }, line, over) =>
    tell('/bin/sh', ['-c', command], line, over, { ...process.env, PGAF_EVENT: event }),
});

/** How urgent an event is. Source: RFC 5424, 6.2.1. */
const severityOf = (happening: RunHappening): string => {
  switch (happening.event) {
    case 'step-ends':
      return happening.result === 'failed' ? 'err' : 'info';
    case 'stopped':
      return 'err';
    case 'window-end':
      return happening.state === 'ahead' ? 'notice' : 'warning';
    case 'step-begins':
      return 'info';
    default:
      return 'notice';
  }
};

/** Longer messages are cut, or fall apart, on their way. Source: RFC 3164, 4.1, 1,024 bytes with what stands before the message. */
const mostBytes = 900;
/** The line as syslog takes it whole: its longest texts are cut, and it stays JSON. */
export const forSyslog = (line: string): string => {
  let short = line;
  for (let most = 400; Buffer.byteLength(short) > mostBytes && most > 10; most = Math.floor(most / 2))
    short = safeJson(
      JSON.stringify(
        JSON.parse(line, (_key, value: unknown) =>
          typeof value === 'string' && value.length > most ? `${value.slice(0, most)}…` : value,
        ),
      ),
    );
  return short;
};

/** logger(1), which knows how this machine has it: syslog or journald. `socket`: instead of the machine's. */
const syslogHearer = (facility: string, socket: string | null): Hearer => ({
  name: 'Syslog',
  remedy:
    'Try it by hand: `logger -t pgaf-upgrade -p user.notice hello`, or take `syslog` out of the cluster file.',
  tell: async (happening, line, over) => {
    // util-linux says nothing of it, and exits 0.
    if (process.platform === 'linux' && !existsSync(socket ?? '/dev/log'))
      return `there is no ${socket ?? '/dev/log'} on this machine: neither syslog nor journald listens`;
    const where = socket === null ? [] : ['-u', socket];
    const priority = `${facility}.${severityOf(happening)}`;
    return tell('logger', [...where, '-t', 'pgaf-upgrade', '-p', priority], forSyslog(line), over);
  },
});

/** The command and syslog, whichever the cluster file names, each for the chosen events. `socket`: another syslog than the machine's; `lastMs`: how long they may take behind the run. */
export const notifierOf = (
  { command, syslog, on }: NotifySettings,
  socket: string | null = null,
  lastMs = atEndMs,
): Notifier => {
  const hearers = [
    ...(command === undefined ? [] : [commandHearer(command)]),
    ...(syslog === undefined ? [] : [syslogHearer(syslog, socket)]),
  ].map((hearer) => queueFor(hearer, lastMs));
  return {
    hear: (happening, line) => {
      if (isTold(happening, on)) for (const { hear } of hearers) hear(happening, line);
    },
    close: async () => (await Promise.all(hearers.map(({ close }) => close()))).flat(),
  };
};
