import { spawn } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fragment, quoted, sh } from '../cluster/fragment.ts';
import type { DemoLayout } from './layout.ts';

/**
 * Ends whatever the demo's scripts have started, and takes the directory away unless it is to be kept. A group's file goes first: a
 * kept demo that is taken up again would take its number, which may be another's by then, for its own.
 */
const script = (layout: DemoLayout): Fragment => sh`read -r _
cd ${quoted(layout.processes)} || exit 0
for group in *; do case $group in *[!0-9]*) ;; *) rm -f "$group"; kill -s KILL -- "-$group" 2>/dev/null ;; esac; done
cd / ; [ -e ${quoted(join(layout.root, 'keep'))} ] || rm -rf ${quoted(layout.root)}
`;

/** Milliseconds in which no machine gives out all of its process numbers. */
const forgetMs = 100;

/** Whether a process, or a group, of this number is there and may be this user's. */
const exists = (number: number): boolean => {
  try {
    return process.kill(number, 0);
  } catch {
    return false;
  }
};

/** A group that has ended: its number is given to the next that comes, and what comes then is nobody's to end. */
const forgetEnded = ({ processes }: DemoLayout): void => {
  // A job writes its number before it has a group of its own.
  for (const name of readdirSync(processes))
    if (/^\d+$/.test(name) && !exists(Number(name)) && !exists(-Number(name)))
      rmSync(join(processes, name), { force: true });
};

export interface Sweeper {
  /** Sweeps, and resolves when nothing is left. */
  readonly sweep: () => Promise<void>;
}

/** A shell of its own that waits for the end of this process, whichever way it comes: a killed demo leaves nothing running. */
export const startSweeper = (layout: DemoLayout, keep: boolean): Sweeper => {
  if (keep) writeFileSync(join(layout.root, 'keep'), 'demo --keep\n');
  // Of a demo that is taken up again after a reboot: none of them is this one's.
  for (const name of readdirSync(layout.processes)) rmSync(join(layout.processes, name), { force: true });
  const child = spawn('/bin/sh', ['-c', script(layout).text], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.stdin?.on('error', () => undefined);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  child.unref();
  const forgetting = setInterval(() => forgetEnded(layout), forgetMs).unref();
  return {
    sweep: async () => {
      clearInterval(forgetting);
      child.ref();
      child.stdin?.end();
      await gone;
    },
  };
};
