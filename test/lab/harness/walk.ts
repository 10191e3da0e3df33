import { type Console, openConsole } from './console.ts';
import { type ConsoleHome, createConsoleHome } from './console-home.ts';

export { type ConsoleHome, createConsoleHome };

export const openRun = (
  home: ConsoleHome,
  more: { command?: string; cols?: number; rows?: number } = {},
): Console =>
  openConsole({
    args: [more.command ?? 'run', ...home.args],
    env: home.env,
    cols: more.cols ?? 120,
    rows: more.rows ?? 40,
  });

/** The step whose turn it is, from the card's title, while the footer offers to run it. */
const offered = {
  exec: (screen: string): RegExpExecArray | null =>
    /Enter (?:run step|go on without step|(?:[A-Z, ]+: )?asks for the name)/.test(screen)
      ? /Step\s+(\d+)\/\d+ on ([\w.-]+)/.exec(screen)
      : null,
};
/** What `pgaf-upgrade rollback` shows before any step. */
const rollbackOpens = /Enter shows the first step/;
const typedWanted = /type the name of the host/;

export type Walked = 'finished' | 'stopped-before' | 'failed';

export interface WalkOptions {
  /** Stops before this step's confirmation. Its number, from 1. */
  readonly until?: (screen: string, step: number, host: string) => boolean | Promise<boolean>;
  readonly optional?: 'run' | 'skip';
  /** From this step on it runs to the next stop, again and again: `G` and the host's name, as an operator in the downtime does. */
  readonly runOnFrom?: (screen: string, step: number) => boolean;
  /** Milliseconds for one step. */
  readonly stepMs?: number;
}

/** Its last card, or what an Enter too many says there. */
const isFinished = (screen: string): boolean =>
  /every node runs PostgreSQL|Finished: nothing is left to run/i.test(screen);
const hasFailed = (screen: string): boolean => /\ba retry/.test(screen) && / failed\b/.test(screen);

/** Confirms one step after another by keys alone, as a DBA would: Enter, and the host's name where it is asked for. */
export const walk = async (console_: Console, options: WalkOptions = {}): Promise<Walked> => {
  const { stepMs = 180_000, optional = 'skip' } = options;
  let last = 0;
  let runsOn = false;
  for (;;) {
    const screen = await console_.waitFor(
      (text) =>
        isFinished(text) ||
        hasFailed(text) ||
        rollbackOpens.test(text) ||
        Number(offered.exec(text)?.[1] ?? 0) > last,
      { timeoutMs: stepMs, what: `the step after ${last}, or the end` },
    );
    if (rollbackOpens.test(screen)) {
      await enterUntil(console_, (text) => !rollbackOpens.test(text));
      continue;
    }
    if (isFinished(screen)) return 'finished';
    if (hasFailed(screen)) return 'failed';
    const [, number = '0', host = ''] = offered.exec(screen) ?? [];
    if ((await options.until?.(screen, Number(number), host)) === true) return 'stopped-before';
    last = Number(number);
    runsOn = runsOn || options.runOnFrom?.(screen, last) === true;
    const dryRun = /Enter go on without step/.test(screen);
    if (runsOn && !dryRun) {
      await runOn(console_, last, host);
      continue;
    }
    await (dryRun && optional === 'run' ? runOptional(console_, last) : confirm(console_, last, host));
  }
};

/** What a look at the screen gives within a short time; null when it does not come. */
const soon = (console_: Console, wanted: (screen: string) => boolean): Promise<string | null> =>
  console_
    .waitFor(wanted, { timeoutMs: 1_500 })
    .catch((thrown: unknown) => (String(thrown).includes('passed while') ? null : Promise.reject(thrown)));

/** Milliseconds that a hand takes: what is confirmed must have been seen, and the Enter before must have been let go. */
const seenMs = 350;
const apartMs = 750;
const untilReady = (console_: Console): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(seenMs, apartMs - console_.sincePressMs)));

/** Presses until it was taken, for a minute and a half at most: the console takes no key that may have been meant for what was shown before. */
const pressUntil = async (
  console_: Console,
  key: string,
  taken: (screen: string) => boolean,
): Promise<string> => {
  for (const began = performance.now(); performance.now() - began < 90_000; ) {
    await console_.press(key);
    const screen = await soon(console_, taken);
    if (screen !== null) return screen;
    await untilReady(console_);
  }
  return console_.waitFor(taken, { timeoutMs: 0, what: `what ${key} does` });
};

export const enterUntil = async (console_: Console, taken: (screen: string) => boolean): Promise<string> => {
  await untilReady(console_);
  return pressUntil(console_, 'enter', taken);
};

const confirm = async (console_: Console, step: number, host: string): Promise<void> => {
  const gone = (screen: string) => Number(offered.exec(screen)?.[1] ?? 0) !== step;
  const screen = await enterUntil(console_, (text) => gone(text) || typedWanted.test(text));
  if (!typedWanted.test(screen)) return;
  await console_.typeName(host);
  await enterUntil(console_, (text) => !typedWanted.test(text));
};

/** G, and the host's name: the run goes on by itself until something wants a person. */
const runOn = async (console_: Console, step: number, host: string): Promise<void> => {
  await pressUntil(console_, 'G', (text) => typedWanted.test(text));
  await console_.typeName(host);
  await enterUntil(console_, (text) => !typedWanted.test(text));
  await console_.waitFor((text) => Number(offered.exec(text)?.[1] ?? 0) !== step, {
    timeoutMs: 15_000,
    what: 'the run to the next stop',
  });
};

/** A switchover is only offered: Enter goes on without it. */
const runOptional = async (console_: Console, step: number): Promise<void> => {
  await pressUntil(console_, 'e', (screen) => Number(offered.exec(screen)?.[1] ?? 0) !== step);
};

/** Leaves as the footer says: q; and y where it asks, which it does unless everything is finished. Gives the exit code. */
export const leave = async (console_: Console): Promise<number> => {
  const shown = (wanted: RegExp) => soon(console_, (screen) => wanted.test(screen)).catch(() => null);
  await console_.press('q');
  await shown(/Leave the console\?/);
  while (console_.exitCode === null) {
    await console_.press('y');
    await Promise.race([console_.exited, shown(/$^/)]);
  }
  return console_.exited;
};
