import { appendFileSync } from 'node:fs';
import type { HostPaths } from '../layout.ts';

/** A line of pg_autoctl's log, where journalctl's stand-in finds it. */
export const journal = (paths: HostPaths, text: string): void => {
  appendFileSync(paths.journal, `${new Date().toISOString().slice(11, 19)} ${text}\n`);
};
