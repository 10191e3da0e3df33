import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fragment, quoted, sh } from '../cluster/fragment.ts';
import type { DemoLayout } from './layout.ts';

/** Ends whatever the demo's scripts have started, and takes the directory away unless it is to be kept. */
const script = (layout: DemoLayout): Fragment => sh`read -r _
cd ${quoted(layout.processes)} || exit 0
for group in *; do case $group in *[!0-9]*) ;; *) kill -s KILL -- "-$group" 2>/dev/null ;; esac; done
cd / ; [ -e ${quoted(join(layout.root, 'keep'))} ] || rm -rf ${quoted(layout.root)}
`;

export interface Sweeper {
  /** Sweeps, and resolves when nothing is left. */
  readonly sweep: () => Promise<void>;
}

/** A shell of its own that waits for the end of this process, whichever way it comes: a killed demo leaves nothing running. */
export const startSweeper = (layout: DemoLayout, keep: boolean): Sweeper => {
  if (keep) writeFileSync(join(layout.root, 'keep'), 'demo --keep\n');
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
  return {
    sweep: async () => {
      child.ref();
      child.stdin?.end();
      await gone;
    },
  };
};
